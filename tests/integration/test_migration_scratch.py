"""The tables of the models are made in a scratch place: nothing of it stays, and a bad one is named."""

import pytest
from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import UserDefinedType

from core.context import entered
from core.database import db_engine, metadata
from core.migration.faults import fatal
from core.migration.schema import scratch_postgresql
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from models.exc import DatabaseError, TableRefused


async def _wanted(tables, owners=None, former=None):
    async with db_engine.connect() as connection:
        return await connection.run_sync(wanted_tables, tables, owners or {}, former or {})


async def _live():
    async with db_engine.connect() as connection:
        return await connection.run_sync(read_tables)


async def test_nothing_stays(database):
    table = Table(
        "t", MetaData(), Column("id", Integer, Sequence("s"), primary_key=True), Column("e", Enum("a", name="e"))
    )
    await _wanted([table])
    assert await _live() == {}
    async with db_engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for left in (
                "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'aha%'",
                "SELECT typname FROM pg_type WHERE typname = 'e'",
            ):
                assert (await connection.execute(text(left))).all() == []
            assert await connection.scalar(text("SHOW search_path")) == '"$user", public'


async def test_tables_that_exist_are_not_touched_and_not_asked(database):
    async with db_engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (other INTEGER)"))
        await connection.execute(text("INSERT INTO t VALUES (7)"))
    wanted = await _wanted([Table("t", MetaData(), Column("id", Integer, primary_key=True))])
    assert wanted["t"].state.column_names == ("id",)
    assert (await _live())["t"].column_names == ("other",)
    async with db_engine.connect() as connection:
        assert await connection.scalar(text("SELECT other FROM t")) == 7


async def test_it_happens_inside_a_transaction_that_goes_on(database):
    async with db_engine.begin() as connection:
        await connection.execute(text("CREATE TABLE mine (id INTEGER)"))
        await connection.run_sync(wanted_tables, [Table("t", MetaData(), Column("id", Integer))], {}, {})
        await connection.execute(text("INSERT INTO mine VALUES (1)"))
    assert (await _live()).keys() == {"mine"}


async def test_only_the_tables_asked_for_are_wanted_but_they_may_refer_to_others(database):
    models = MetaData()
    Table("owner", models, Column("id", Integer, primary_key=True))
    table = Table("t", models, Column("owner", ForeignKey("owner.id")), Column("self", ForeignKey("t.owner")))
    table.append_constraint(UniqueConstraint("owner"))
    wanted = await _wanted([table], {"t": "m"})
    assert wanted.keys() == {"t"}
    assert {key.target for key in wanted["t"].state.constraints if key.target} == {"owner", "t"}
    assert (wanted["t"].module, wanted["t"].table) == ("m", table)


class Broken(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return {}["of the author's own"]


BAD = {
    "a type that raises": lambda m: Table("bad", m, Column("id", Broken())),
    "a CHECK of nonsense": lambda m: Table("bad", m, Column("id", Integer), CheckConstraint("nonsense(")),
    "a key to nowhere": lambda m: Table("bad", m, Column("id", ForeignKey("nowhere.id"))),
    "a key to no column": lambda m: Table("bad", m, Column("id", ForeignKey("good.nothing"))),
    "a default of nonsense": lambda m: Table("bad", m, Column("id", Integer, server_default=text("nonsense("))),
    "a computed column of nothing": lambda m: Table("bad", m, Column("id", Integer, Computed("nothing + 1"))),
    "a column without a type": lambda m: Table("bad", m, Column("id")),
}


@pytest.mark.parametrize("declare", BAD.values(), ids=BAD)
async def test_a_bad_table_is_named(database, declare):
    models = MetaData()
    good = Table("good", models, Column("id", Integer, primary_key=True))
    with pytest.raises(TableRefused, match="bad") as caught:
        await _wanted([good, declare(models)])
    assert caught.value.table == "bad"
    assert (await _wanted([good])).keys() == {"good"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_type_of_the_other_database_is_named(database):
    with pytest.raises(TableRefused, match="ARRAY"):
        await _wanted([Table("bad", MetaData(), Column("id", ARRAY(Integer)))])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_default_that_only_the_other_database_has_is_named(database):
    value = Sequence("s").next_value()
    with pytest.raises(TableRefused, match="bad"):
        await _wanted([Table("bad", MetaData(), Column("id", Integer, server_default=value))])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_column_whose_name_postgresql_would_cut_is_named(database):
    """What is there has another name then than the model has, and no later release could be compared with it."""
    await _wanted([Table("good", MetaData(), Column("列" * 21, Integer))])
    with pytest.raises(TableRefused, match="bad.*column 列{22}.*66 bytes.*63"):
        await _wanted([Table("bad", MetaData(), Column("列" * 22, Integer))])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_no_table_is_blamed_when_the_server_goes(database, monkeypatch):
    table = Table("t", MetaData(), Column("id", Integer))
    end = [(table, "SELECT pg_terminate_backend(pg_backend_pid())")]
    monkeypatch.setattr(scratch_postgresql, "_statements", lambda *_: end)
    with pytest.raises(SQLAlchemyError) as caught:
        await _wanted([table])
    assert fatal(caught.value)


async def test_what_an_author_runs_with_a_table_is_not_run(database):
    table = Table("t", MetaData(), Column("id", Integer))
    calls = []
    event.listen(table, "after_create", lambda *a, **k: calls.append(a))
    event.listen(table, "before_create", DDL("THIS IS NO SQL"))
    event.listen(table, "after_create", DDL("NOR IS THIS"))
    wanted = await _wanted([table])
    assert wanted["t"].state.column_names == ("id",)
    assert calls == []


class Special(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "special"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_the_author_creates_before_the_table_is_there_if_the_table_needs_it(database):
    table = Table("t", MetaData(), Column("id", Special()), Column("e", Enum("a", name="letter")))
    event.listen(table, "before_create", DDL("CREATE DOMAIN special AS TEXT"))
    assert (await _wanted([table]))["t"].state.column("id").type == "special DOMAIN(text)"


def _two_tables():
    models = MetaData()
    letter = Enum("x", "y", name="letter")
    return [
        Table(
            "a", models, Column("id", Integer, primary_key=True), Column("e", letter), Column("n", String, index=True)
        ),
        Table("t", models, Column("a", ForeignKey("a.id"), primary_key=True)),
    ]


async def _enter_role(connection, grant=""):
    """Let `connection` go on as a role that may use its database and nothing else but what `grant` gives it."""
    name = await connection.scalar(text("SELECT quote_ident(current_database())"))
    for statement in (
        f"CREATE ROLE {name}",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        grant.format(name),
        f"SET ROLE {name}",
    ):
        if statement:
            await connection.execute(text(statement))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_role_that_may_not_create_schemas_uses_temporary_tables(database):
    tables = _two_tables()
    usual = await _wanted(tables)
    async with db_engine.connect() as connection:
        await _enter_role(connection, "GRANT TEMPORARY ON DATABASE {0} TO {0}")
        assert await connection.run_sync(wanted_tables, tables, {}, {}) == usual


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_role_that_may_create_tables_only_makes_them_in_the_place_of_those_that_are_there(database):
    tables = _two_tables()
    usual = await _wanted(tables)
    async with db_engine.connect() as connection:
        await _enter_role(connection, "GRANT ALL ON SCHEMA public TO {0}")
        assert await connection.run_sync(wanted_tables, tables, {}, {}) == usual
        await connection.run_sync(tables[0].metadata.create_all)
        await connection.execute(text("INSERT INTO a (id, n) VALUES (1, 'n')"))
        live = await connection.run_sync(read_tables)
        again = await connection.run_sync(wanted_tables, tables, {}, {})
        assert {name: table.state for name, table in again.items()} == {n: t.state for n, t in usual.items()}
        assert await connection.run_sync(read_tables) == live
        assert (await connection.execute(text("SELECT id, n FROM a"))).all() == [(1, "n")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_role_that_may_create_nothing_is_told_what_to_grant(database):
    async with db_engine.connect() as connection:
        await _enter_role(connection)
        with pytest.raises(DatabaseError, match="GRANT TEMPORARY ON DATABASE"):
            await connection.run_sync(wanted_tables, _two_tables(), {}, {})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("may", [True, False], ids=["that it may create tables in", "that it may only use"])
async def test_a_role_with_temporary_tables_has_tables_in_another_schema(database, may):
    models = MetaData()
    tables = [
        Table("a", models, Column("id", Integer, primary_key=True), schema="elsewhere"),
        Table("t", models, Column("a", ForeignKey("elsewhere.a.id"), primary_key=True)),
    ]
    async with db_engine.connect() as connection:
        await connection.execute(text("CREATE SCHEMA elsewhere"))
        usual = await connection.run_sync(wanted_tables, tables, {}, {})
        await _enter_role(connection, "GRANT TEMPORARY ON DATABASE {0} TO {0}")
        for statement in (
            "RESET ROLE",
            f"GRANT {'ALL' if may else 'USAGE'} ON SCHEMA elsewhere TO PUBLIC",
            "GRANT ALL ON SCHEMA public TO PUBLIC",
            "SELECT set_config('role', current_database(), false)",
        ):
            await connection.execute(text(statement))
        if may:
            await connection.run_sync(models.create_all)
            again = await connection.run_sync(wanted_tables, tables, {}, {})
            assert {name: table.state for name, table in again.items()} == {n: t.state for n, t in usual.items()}
        else:
            with pytest.raises(DatabaseError, match="GRANT CREATE ON DATABASE"):
                await connection.run_sync(wanted_tables, tables, {}, {})


async def test_two_modules_may_have_the_same_names(database, module):
    wanted = {}
    for name in ("one", "two"):
        record = module(name)
        with entered(record):
            table = Table(
                "t",
                metadata,
                Column("id", Integer, Sequence("s"), primary_key=True),
                Column("e", Enum(name, name="e"), index=True),
            )
        wanted[name] = table
    found = await _wanted(list(wanted.values()), {"t__one": "one", "t__two": "two"})
    assert found.keys() == {"t__one", "t__two"}
    assert {table.module for table in found.values()} == {"one", "two"}
    if database.startswith("postgresql"):
        assert found["t__two"].state.column("e").type == "e__two ENUM('two')"
