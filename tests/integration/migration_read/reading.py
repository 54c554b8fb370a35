"""What is read of a database in which tables were just created, and what the models want there."""

from __future__ import annotations

from core.database import db_engine
from core.migration.schema.read import read_tables, table_names
from core.migration.schema.scratch import wanted_tables


async def live_and_wanted(metadata, *, before=()):
    async with db_engine.begin() as connection:
        for statement in before:
            await connection.exec_driver_sql(statement)
        await connection.run_sync(metadata.create_all)
    async with db_engine.connect() as connection:
        live = await connection.run_sync(read_tables)
        wanted = await connection.run_sync(wanted_tables, metadata.sorted_tables, {}, {})
        assert await connection.run_sync(table_names) == live.keys()
    return live, {name: table.state for name, table in wanted.items()}
