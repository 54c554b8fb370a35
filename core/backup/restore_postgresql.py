"""Putting a PostgreSQL backup back: what is in the bot's schemas goes and the backup comes, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.backup import dump, export, server
from core.backup.checks import check_overwrite, compare
from core.backup.make import backup
from core.database.engine import APPLICATION
from core.database.identity import forget_postgresql
from core.database.url import parse_url
from core.migration.lock import one_process
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import URL

    from core.backup.archive import Manifest, Reader

_EMPTY = """
SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e'))
"""
# Everything in these schemas goes, but what belongs to an extension.
_CLEAR = """
DO $aha$ DECLARE statement text; BEGIN
  FOR statement IN
    SELECT format('CREATE SCHEMA %I', s) FROM unnest({schemas}) AS s WHERE to_regnamespace(quote_ident(s)) IS NULL
  LOOP EXECUTE statement; END LOOP;
  FOR statement IN
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
      'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY({schemas}) AND c.relkind IN ('v', 'm', 'r', 'p', 'f', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype IN ('e', 'i'))
    ORDER BY c.relkind = 'S', c.relkind <> 'v'
  LOOP EXECUTE statement; END LOOP;
  FOR statement IN
    SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY({schemas}) AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
  LOOP EXECUTE statement; END LOOP;
  FOR statement IN
    SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, t.typname)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE n.nspname = ANY({schemas}) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = t.oid AND e.deptype = 'e')
  LOOP EXECUTE statement; END LOOP;
END $aha$;
"""
_VERIFY = """
DO $aha$ BEGIN
  IF (SELECT count(*) FROM ONLY {table}) <> {rows} THEN
    RAISE EXCEPTION 'the backup is damaged: % has not the % rows that it should', {name}, {rows};
  END IF;
END $aha$;
"""
_NOBODY = """
DO $aha$ BEGIN
  PERFORM pg_stat_clear_snapshot();
  IF EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = {application})
  THEN RAISE EXCEPTION 'a bot has opened the database meanwhile: stop the bot first'; END IF;
END $aha$;
"""


async def put_back(reader: Reader, url: str, *, overwrite: bool, also: Sequence[Path], pg_dump: str) -> Path | None:
    """Put the database of `reader` to `url`; return the backup of what was there before, `also` with it.

    Raises BackupError.
    """
    parsed, saved = parse_url(url), None
    psql = dump.find_psql(pg_dump) if reader.manifest.form == "pg_dump" else ""
    engine = server.engine_for(parsed)
    try:
        async with server.connected(parsed) as connection, one_process(engine):
            await server.check_unused(connection, parsed)
            await _check_schemas(connection, reader.manifest)
            if not await connection.fetchval(_EMPTY, list(reader.manifest.schemas)):
                check_overwrite(f"the database {parsed.database}", overwrite=overwrite)
                saved = await backup(url, reader.path.parent, keep=0, also=also, pg_dump=pg_dump)
            for name in reader.manifest.extensions:
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {export.quoted(name)}")
            if psql:
                await _run_psql(psql, parsed, reader)
            else:
                await _read_export(connection, parsed, reader)
    finally:
        await engine.dispose()
    return saved


async def _check_schemas(connection: Any, manifest: Manifest) -> None:
    here = (await server.look(connection)).schemas[0]
    if here != manifest.schemas[0]:
        raise BackupError(
            f"the backup's tables are in the schema {manifest.schemas[0]}, this role's are in {here}: "
            f'ALTER ROLE ... SET search_path = "{manifest.schemas[0]}"'
        )


async def _read_export(connection: Any, url: URL, reader: Reader) -> None:
    async with connection.transaction():
        await connection.execute(_clear(reader.manifest))
        compare(reader.manifest, await export.read(connection, reader))
        await connection.execute(forget_postgresql(reader.manifest.schemas[0]))
        await server.check_unused(connection, url)


async def _run_psql(psql: str, url: URL, reader: Reader) -> None:
    manifest = reader.manifest
    verify = [_VERIFY.format(table=table, rows=rows, name=_literal(table)) for table, rows in manifest.tables.items()]
    nobody = _NOBODY.format(application=_literal(APPLICATION))
    forget = forget_postgresql(manifest.schemas[0])
    chunks = reader.chunks(dump.MEMBER)
    await dump.read(psql, url, before=_clear(manifest), dump=chunks, after="".join([*verify, forget, nobody]))


def _clear(manifest: Manifest) -> str:
    return _CLEAR.replace("{schemas}", f"ARRAY[{', '.join(map(_literal, manifest.schemas))}]::text[]")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
