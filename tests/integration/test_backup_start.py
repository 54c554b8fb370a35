"""The backup before a migration: made while the bot has the database open, and good for going back."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Column, Integer, Table, Text, insert, select, text

from core.backup import backup, backups, restore
from core.context import entered
from core.database import close_database, db_engine, metadata, open_database
from core.migration.start import expand, settle


def declare(record, *more):
    with entered(record):
        return Table("note", metadata, Column("id", Integer, primary_key=True), Column("text", Text), *more)


async def test_a_backup_before_a_change_brings_the_release_before_back(database, module, tmp_path):
    save = partial(backup, database, tmp_path / "backups", keep=5)
    first = module("demo")
    note = declare(first)
    await expand([first], backup=save)
    await settle([first])
    async with db_engine.begin() as connection:
        await connection.execute(insert(note), {"text": "old"})
    assert backups(tmp_path / "backups") == []  # there was nothing to lose
    first.drop()
    second = module("demo")
    declare(second, Column("size", Integer, server_default=text("1")))
    assert (await expand([second], backup=save)).failures == {}
    await settle([second])
    (made,) = backups(tmp_path / "backups")
    assert made.manifest.tables[f"{'public.' * (made.dialect == 'postgresql')}note__demo"] == 1
    await close_database()
    await restore(made.path, database, overwrite=True)
    second.drop()
    third = module("demo")
    note = declare(third)
    await open_database(database)
    assert (await expand([third])).units == ()
    async with db_engine.connect() as connection:
        assert [row.text for row in await connection.execute(select(note))] == ["old"]
