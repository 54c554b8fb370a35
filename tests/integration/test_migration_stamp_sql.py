"""The stamp of a live schema is another one after every change of a table, and the same whatever its rows do."""

import pytest
from sqlalchemy import text

from core.database import db_engine
from core.migration.schema.fingerprint import live_stamp_sql

TABLES = ("CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(9))")


async def _stamp(connection):
    return await connection.scalar(text(f"SELECT {live_stamp_sql(connection.dialect.name)}"))


async def _run(connection, *statements):
    for statement in statements:
        await connection.exec_driver_sql(statement)


CHANGES = {
    "table": "CREATE TABLE u (id INTEGER)",
    "table dropped": "DROP TABLE p",
    "table renamed": "ALTER TABLE t RENAME TO u",
    "column": "ALTER TABLE t ADD COLUMN c INTEGER",
    "column with a default": "ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 1",
    "column renamed": "ALTER TABLE t RENAME COLUMN a TO c",
    "column dropped": "ALTER TABLE t DROP COLUMN a",
    "index": "CREATE INDEX ix ON t (a)",
    "partial index": "CREATE INDEX ix ON t (a) WHERE a > 3",
}
CHANGES_ON_POSTGRESQL = {
    "type": "ALTER TABLE t ALTER a TYPE BIGINT",
    "length": "ALTER TABLE t ALTER b TYPE VARCHAR(10)",
    "nullability": "ALTER TABLE t ALTER a SET NOT NULL",
    "default": "ALTER TABLE t ALTER a SET DEFAULT 3",
    "identity": "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "unique": "ALTER TABLE t ADD UNIQUE (a)",
    "check": "ALTER TABLE t ADD CHECK (a > 0)",
    "key": "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p",
    "key not validated": "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID",
    "primary key": "ALTER TABLE t DROP CONSTRAINT t_pkey",
    "constraint renamed": "ALTER TABLE t RENAME CONSTRAINT t_pkey TO other",
    "comment": "COMMENT ON TABLE t IS 'x'",
    "comment of a column": "COMMENT ON COLUMN t.a IS 'x'",
    "enum member": "ALTER TYPE state RENAME VALUE 'a' TO 'b'",
    "enum": "CREATE TYPE mood AS ENUM ('a')",
    "domain": "CREATE DOMAIN d AS INTEGER CHECK (VALUE > 0)",
    "collation": 'ALTER TABLE t ALTER b TYPE VARCHAR(9) COLLATE "C"',
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_is_seen(database, change):
    async with db_engine.connect() as connection:
        await _run(connection, *TABLES)
        before = await _stamp(connection)
        await _run(connection, change)
        assert await _stamp(connection) != before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("change", CHANGES_ON_POSTGRESQL.values(), ids=CHANGES_ON_POSTGRESQL)
async def test_a_change_that_only_postgresql_can_make_is_seen(database, change):
    async with db_engine.connect() as connection:
        await _run(connection, *TABLES, "CREATE TYPE state AS ENUM ('a')")
        before = await _stamp(connection)
        await _run(connection, change)
        assert await _stamp(connection) != before


async def test_rows_and_reading_change_nothing(database):
    async with db_engine.begin() as connection:
        await _run(connection, *TABLES)
    async with db_engine.begin() as connection:
        before = await _stamp(connection)
        await _run(connection, "INSERT INTO t VALUES (1, 2, 'x')", "DELETE FROM t")
    async with db_engine.connect() as connection:
        assert await _stamp(connection) == before
