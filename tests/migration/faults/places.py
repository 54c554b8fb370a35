"""Databases that can be copied, and starts of a bot on them in processes of their own. It judges nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aha.testing import release
from tests.migration.story import Release
from tests.migration.theatre import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aha.testing.databases import Postgres
    from tests.migration.story import Act, Story

FAULTS: Counter[str] = Counter()
"""How many times something has happened after which all was well again; shown at the end of a test run."""


def survived(fault: str, database: str) -> None:
    """Count a fault that a database has survived."""
    FAULTS[f"{'SQLite' if database.startswith('sqlite') else 'PostgreSQL'}, {fault}"] += 1


class Starts:
    """Starts bots in processes of their own (see `zygote`)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.migration.faults.zygote"]
        self._zygote = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def all(self, database: str, modules: Sequence[Path], **job: Any) -> list[dict[str, Any]]:
        """Start, and say how each process ended: `status` as in subprocess, and `failures`, `error`, `points`."""
        job = {"database": database, "modules": [str(path) for path in modules], **job}
        print(json.dumps(job), file=self._zygote.stdin, flush=True)
        ends: list[dict[str, Any]] = json.loads(self._zygote.stdout.readline())
        return ends

    def one(self, database: str, modules: Sequence[Path], **job: Any) -> dict[str, Any]:
        """The same for one process."""
        [end] = self.all(database, modules, **job)
        return end

    def close(self) -> None:
        """End the process that starts the others."""
        self._zygote.stdin.close()
        self._zygote.stdout.close()
        self._zygote.wait()


class Files:
    """SQLite databases as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0

    def empty(self) -> str:
        """The URL of a new database."""
        self._number += 1
        return f"sqlite:///{self.folder / f'{self._number}.db'}"

    def copy(self, database: str) -> str:
        """The URL of a copy of a database that nobody has open."""
        copied = self.empty()
        shutil.copy(path_of(database), path_of(copied))
        return copied

    def drop(self, database: str) -> None:
        """Remove a database."""
        for path in self.folder.glob(f"{path_of(database).name}*"):
            path.unlink()


class Server:
    """PostgreSQL databases on the server of the tests."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.made: list[str] = []

    def empty(self) -> str:
        """The URL of a new database."""
        self.made.append(self.postgres.create())
        return self.made[-1]

    def copy(self, database: str) -> str:
        """The URL of a copy of a database that nobody has open."""
        self.made.append(self.postgres.create(template=database))
        return self.made[-1]

    def drop(self, database: str) -> None:
        """Remove a database."""
        self.made.remove(database)
        self.postgres.drop(database)

    def close(self) -> None:
        """Remove what is left."""
        for database in list(self.made):
            self.drop(database)


def path_of(database: str) -> Path:
    """The file of a SQLite database."""
    return Path(database.removeprefix("sqlite:///"))


class Scene:
    """A story up to its second release, on a database of which there can be copies, and what follows."""

    def __init__(self, story: Story, place: Files | Server, folder: Path) -> None:
        self.place = place
        self.folder = folder
        second = [number for number, act in enumerate(story.acts) if isinstance(act, Release)][1]
        self.before: Sequence[Act] = story.acts[:second]
        self.rest: Sequence[Act] = story.acts[second:]
        self.database = place.empty()
        self.counts: dict[str, int] = {}
        change: Any = story.acts[second]
        self.modules = [release(name, code, folder=folder) for name, code in change.modules.items()]

    async def begin(self) -> Scene:
        """Play what comes before the change."""
        async with AsyncExitStack() as stack:
            stage = Stage(self.database, self.place.empty, self.folder, stack)
            for act in self.before:
                await stage.play(act)
            await stage.stop()
            self.counts = stage.counts
        return self

    async def go_on(self, database: str, acts: Iterable[Act] = ()) -> None:
        """Play what comes after the fault: nothing is lost, the change is made, and then there is nothing to do.

        `acts` come before that.
        """
        async with AsyncExitStack() as stack:
            stage = Stage(database, self.place.empty, self.folder, stack, counts=self.counts)
            for act in (*acts, *self.rest):
                await stage.play(act)
