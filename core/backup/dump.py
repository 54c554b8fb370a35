"""pg_dump and psql: which are there, how they are run, and the script that puts a dump back in one transaction.

Where to connect travels in the environment of the child, the password too; a command line is for everyone to read.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.backup.threads import apart
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from sqlalchemy import URL

MEMBER = "dump.sql"
NONE = "none"
_CHUNK = 2**20
_SCHEMA = re.compile(rb"CREATE SCHEMA [^\n]*;\n")
_FIRST_OBJECT = re.compile(rb"^(?:CREATE (?!SCHEMA )|COPY |ALTER )", re.MULTILINE)


async def find_pg_dump(given: str, major: int) -> str | None:
    """The pg_dump to use for a server of that version; None if there is none, or only older ones.

    `given` is the owner's own, "" means that on PATH. Raises BackupError if the owner's own cannot be used.
    """
    if given.lower() == NONE:
        return None
    program = shutil.which(given or "pg_dump")
    version = await _version(program) if program else 0
    if program and version >= major:
        return program
    if given:
        what = f"is of version {version}, the server of version {major}" if version else "cannot be run"
        raise BackupError(f"aha.database.pg_dump: {given} {what}: name another one, or leave the key empty")
    return None


async def _version(program: str) -> int:
    try:
        process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    except OSError:
        return 0
    said, _ = await process.communicate()
    found = re.search(rb"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def find_psql(given: str) -> str:
    """The psql that lies beside the owner's pg_dump, or is on PATH; raises BackupError if there is none."""
    beside = shutil.which(str(Path(given).with_name("psql"))) if given and given.lower() != NONE else None
    program = beside or shutil.which("psql")
    if program is None:
        raise BackupError(
            "this backup was made by pg_dump, and psql is needed to put it back: install the PostgreSQL client programs"
        )
    return program


def environment(url: URL) -> dict[str, str]:
    """The environment in which PostgreSQL's programs connect as `url` says."""
    query = url.query
    given = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": url.port or query.get("port"),
        "PGUSER": url.username or query.get("user"),
        "PGPASSWORD": url.password or query.get("password"),
        "PGDATABASE": url.database or query.get("database"),
        "PGSSLMODE": query.get("ssl"),
        "PGPASSFILE": query.get("passfile"),
    }
    more = {name: value if isinstance(value, str) else str(value) for name, value in given.items() if value}
    return {**os.environ, **more, "PGAPPNAME": "aha backup", "PGCONNECT_TIMEOUT": "15"}


async def write(
    program: str, url: URL, *, schemas: Sequence[str], snapshot: str, put: Callable[[bytes], object]
) -> None:
    """Dump `schemas` as they are in the exported `snapshot`."""
    options = ["--no-password", "--no-owner", "--no-privileges", "--encoding=UTF8", f"--snapshot={snapshot}"]
    options += [f"--schema={_pattern(schema)}" for schema in schemas]
    async with _Child(program, options, environment(url)) as child:
        while chunk := await child.process.stdout.read(_CHUNK):  # type: ignore[union-attr]
            await apart(put, chunk)


async def read(program: str, url: URL, *, before: str, dump: Iterable[bytes], after: str) -> None:
    """Run SQL, the dump and more SQL in one transaction, which is only committed if nothing fails.

    Raises BackupError.
    """
    options = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--single-transaction", "--file=-"]
    async with _Child(program, options, environment(url)) as child:
        stdin = child.process.stdin
        try:
            async for chunk in _script(before, dump, after):
                stdin.write(chunk)  # type: ignore[union-attr]
                await stdin.drain()  # type: ignore[union-attr]
            stdin.close()  # type: ignore[union-attr]
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has ended, and says why


async def _script(before: str, dump: Iterable[bytes], after: str) -> AsyncIterator[bytes]:
    yield before.encode()
    chunks = iter(dump)
    first = b""
    while not _FIRST_OBJECT.search(first) and (chunk := await apart(next, chunks, b"")):
        first += chunk
    yield _without_schemas(first)
    while chunk := await apart(next, chunks, b""):
        yield chunk
    yield after.encode()


def _without_schemas(start: bytes) -> bytes:
    """The beginning of a dump, up to its first object, without the making of schemas: they are there."""
    found = _FIRST_OBJECT.search(start)
    end = found.start() if found else len(start)
    return _SCHEMA.sub(b"", start[:end]) + start[end:]


def _pattern(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


class _Child:
    """A program that is run to its end; whoever leaves early ends it. Raises BackupError with what it said."""

    def __init__(self, program: str, options: Sequence[str], environment: dict[str, str]) -> None:
        self._command = [program, *options]
        self._environment = environment
        self._said = b""

    async def __aenter__(self) -> _Child:
        pipe = asyncio.subprocess.PIPE
        is_reader = "--file=-" in self._command
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=pipe if is_reader else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL if is_reader else pipe,
            stderr=pipe,
        )
        self._listening = asyncio.create_task(self._listen())
        return self

    async def _listen(self) -> None:
        while line := await self.process.stderr.read(4096):  # type: ignore[union-attr]
            self._said = (self._said + line)[-2000:]

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is not None and self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._listening
        if kind is None and self.process.returncode:
            said = " ".join(self._said.decode(errors="replace").split())
            raise BackupError(f"{self._command[0]} failed: {said or f'exit code {self.process.returncode}'}")
