"""Whatever can be declared besides types: what was just created is read as what the models want."""

import enum

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    func,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import postgresql

from core.database import db_engine
from core.migration.schema.read import read_tables, table_names
from core.migration.schema.scratch import wanted_tables
from core.migration.state import ConstraintKind
from tests.integration.migration_read.reading import live_and_wanted

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


def _everything():
    """Tables with all that can be declared besides types; only what one database lacks is left to its variants."""
    metadata = MetaData()
    color = Enum(Color, name="color")
    numbers = Sequence("numbers", start=10)
    Table(
        "user",
        metadata,
        Column("id", Integer, primary_key=True, comment="its number"),
        Column("Name", String(20), nullable=False, server_default="it's", unique=True),
        Column("order", Integer, server_default=sql_text("1 + 1"), index=True),
        Column("at", DateTime, server_default=func.now()),
        Column("flag", Boolean, server_default=false()),
        Column("signs", Text, server_default="50% :x -- ; ' \\ \n", comment="100% :y"),
        Column("color", color, server_default="RED"),
        Column("data", JSON, server_default="{}"),
        Column("half", Integer, Computed('"order" / 2', persisted=True)),
        Column("numbered", Integer, numbers),
        CheckConstraint('"order" > 0 AND length("Name") BETWEEN 1 AND 20', name="ck order"),
        CheckConstraint("flag = false OR flag"),
        UniqueConstraint("order", "flag", name="uq_user"),
        comment="it's the users",
    )
    Table(
        "post",
        metadata,
        Column("user", ForeignKey("user.id", ondelete="CASCADE", onupdate="SET NULL"), primary_key=True),
        Column("no", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
        Column("color", color),
        Column("title", Text),
        Column("best_user", Integer),
        Column("best_no", Integer),
        ForeignKeyConstraint(
            ["best_user", "best_no"], ["post.user", "post.no"], deferrable=True, initially="DEFERRED", name="fk_best"
        ),
    )
    post = metadata.tables["post"]
    Index("ix_lower", func.lower(post.c.title), post.c.no.desc(), unique=True)
    Index("ix_partial", post.c.best_no, postgresql_where=post.c.no > 3, sqlite_where=post.c.no > 3)
    Table(
        "a",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("b", ForeignKey("b.id", use_alter=True, name="fk_b")),
    )
    Table("b", metadata, Column("id", Integer, primary_key=True), Column("a", ForeignKey("a.id", use_alter=True)))
    Table("counted", metadata, Column("id", Integer, primary_key=True), sqlite_autoincrement=True)
    Table("text_key", metadata, Column("id", Text, primary_key=True), sqlite_with_rowid=False)
    Table("no_key", metadata, Column("id", Integer), sqlite_strict=True)
    return metadata


async def test_everything_declared_reads_as_wanted(database):
    live, wanted = await live_and_wanted(_everything())
    assert live == wanted


@on_postgresql
async def test_what_only_postgresql_has_reads_as_wanted(database):
    metadata = MetaData()
    table = Table(
        "t",
        metadata,
        Column(
            "id",
            BigInteger,
            Identity(always=True, start=5, increment=-2, minvalue=-100, maxvalue=7, cycle=True, cache=3),
            primary_key=True,
        ),
        Column("by_default", SmallInteger, Identity()),
        Column("big", BigInteger, Identity(start=3, increment=10)),
        Column("number", Integer, Sequence("s"), server_default=Sequence("Quoted s", metadata=metadata).next_value()),
        Column("period", postgresql.TSRANGE()),
        Column("names", postgresql.ARRAY(Text), server_default=sql_text("'{}'::text[]")),
        Column("name", Text(collation="C")),
        Column("twice", Integer, Computed("number * 2", persisted=True)),
        postgresql.ExcludeConstraint(("period", "&&"), using="gist", where=sql_text("number > 3"), name="ex"),
        UniqueConstraint("number", "name", postgresql_nulls_not_distinct=True),
        UniqueConstraint("name", deferrable=True, initially="DEFERRED", postgresql_include=["period"]),
    )
    Index("ix_gin", table.c.names, postgresql_using="gin")
    Index("ix_include", table.c.number, postgresql_include=["name"], postgresql_with={"fillfactor": 50})
    Index("ix_ops", table.c.name, postgresql_ops={"name": "text_pattern_ops"}, postgresql_concurrently=True)
    Index("ix_nulls", table.c.number.desc().nulls_last(), unique=True, postgresql_nulls_not_distinct=True)
    for index in table.indexes:
        index.dialect_options["postgresql"]["concurrently"] = False
    async with db_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    next(index for index in table.indexes if index.name == "ix_ops").dialect_options["postgresql"]["concurrently"] = (
        True
    )
    async with db_engine.connect() as connection:
        live = await connection.run_sync(read_tables)
        wanted = await connection.run_sync(wanted_tables, [table], {}, {})
    assert live["t"] == wanted["t"].state
    identities = {column.name: column.identity for column in live["t"].columns if column.identity}
    assert identities == {
        "id": "GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY -2 MINVALUE -100 MAXVALUE 7 CACHE 3 CYCLE)",
        "by_default": "GENERATED BY DEFAULT AS IDENTITY",
        "big": "GENERATED BY DEFAULT AS IDENTITY (START WITH 3 INCREMENT BY 10)",
    }


@on_postgresql
async def test_a_serial_column_is_one_under_any_name(database):
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True))
    async with db_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for statement in (
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE u RENAME id TO no",
            'ALTER SEQUENCE t_id_seq RENAME TO "S q"',
        ):
            await connection.execute(sql_text(statement))
        state = (await connection.run_sync(read_tables))["u"]
    assert state.column("no").default == "serial"


@on_postgresql
async def test_a_default_that_takes_another_columns_sequence_is_no_serial(database):
    async with db_engine.begin() as connection:
        await connection.execute(sql_text("CREATE TABLE t (id SERIAL, other INTEGER DEFAULT nextval('t_id_seq'))"))
        await connection.execute(sql_text("CREATE SEQUENCE second OWNED BY t.id"))
        state = (await connection.run_sync(read_tables))["t"]
    assert [column.default for column in state.columns] == ["serial", "nextval('t_id_seq'::regclass)"]


@on_postgresql
async def test_a_constraint_that_is_not_validated_says_so_and_equals_one_that_is(database):
    async with db_engine.begin() as connection:
        for statement in (
            "CREATE TABLE t (id INTEGER, CHECK (id > 0), CHECK (id < 9))",
            "ALTER TABLE t DROP CONSTRAINT t_id_check, DROP CONSTRAINT t_id_check1",
            "ALTER TABLE t ADD CHECK (id > 0) NOT VALID",
        ):
            await connection.execute(sql_text(statement))
        (constraint,) = (await connection.run_sync(read_tables))["t"].constraints
    assert (constraint.definition, constraint.validated) == ("CHECK ((id > 0))", False)


async def test_indexes_and_constraints_read_can_be_made_again(database):
    async with db_engine.begin() as connection:
        await connection.run_sync(_everything().create_all)
        before = await connection.run_sync(read_tables)
        for state in before.values():
            for index in state.indexes:
                await connection.exec_driver_sql(f'DROP INDEX "{index.name}"')
                await connection.exec_driver_sql(index.sql)
            for constraint in state.constraints:
                if connection.dialect.name == "postgresql" and constraint.kind in (
                    ConstraintKind.FOREIGN,
                    ConstraintKind.CHECK,
                ):
                    await connection.exec_driver_sql(f'ALTER TABLE "{state.name}" DROP CONSTRAINT "{constraint.name}"')
                    await connection.exec_driver_sql(
                        f'ALTER TABLE "{state.name}" ADD CONSTRAINT "{constraint.name}" {constraint.definition}'
                    )
        assert await connection.run_sync(read_tables) == before


@on_postgresql
@pytest.mark.parametrize("schema", ["side", "Si de", "user"])
async def test_tables_of_a_schema_carry_its_name(database, schema):
    metadata = MetaData()
    mood = Enum("a", "b", name="mood", schema=schema)
    table = Table("t", metadata, Column("id", Integer, primary_key=True), Column("mood", mood), schema=schema)
    Table("u", metadata, Column("id", ForeignKey(f"{schema}.t.id"), index=True), schema=schema)
    Table("v", metadata, Column("id", ForeignKey(f"{schema}.t.id")), Column("text", Text, server_default=f"{schema}.x"))
    Index("ix_t", table.c.mood)
    async with db_engine.begin() as connection:
        await connection.execute(sql_text(f'CREATE SCHEMA "{schema}"'))
        await connection.run_sync(metadata.create_all)
        live = await connection.run_sync(read_tables, [f"{schema}.t", f"{schema}.u", "v", f"{schema}.v"])
        wanted = await connection.run_sync(wanted_tables, list(metadata.tables.values()), {}, {})
    assert live == {name: table.state for name, table in wanted.items()}
    quoted = schema if schema == "side" else f'"{schema}"'
    assert live[f"{schema}.t"].column("mood").type == f"{quoted}.mood ENUM('a','b')"
    assert live[f"{schema}.t"].indexes[0].sql == f"CREATE INDEX ix_t ON {quoted}.t USING btree (mood)"
    assert live["v"].constraints[0].target == f"{schema}.t"


@on_postgresql
async def test_the_default_schema_may_be_another_one_with_types_in_the_next(database):
    metadata = MetaData()
    color = postgresql.ENUM("red", name="color", create_type=False)
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("color", color, server_default="red"))
    Table("u", metadata, Column("id", ForeignKey("t.id"), index=True), Column("own", Enum("a", name="own")))
    async with db_engine.begin() as connection:
        for statement in (
            "CREATE SCHEMA app",
            "CREATE TYPE color AS ENUM ('red')",
            "CREATE TABLE public.t (shadowed INTEGER)",
            "SET search_path TO app, public",
        ):
            await connection.execute(sql_text(statement))
        await connection.run_sync(metadata.create_all, checkfirst=False)
        live = await connection.run_sync(read_tables)
        wanted = await connection.run_sync(wanted_tables, metadata.sorted_tables, {}, {})
        await connection.execute(sql_text("SET search_path TO public"))
    assert live == {name: table.state for name, table in wanted.items()}
    assert live["t"].column("color").type == "color ENUM('red')"


async def _queries(connection, work, *args):
    """How many statements `work` takes."""
    seen = []
    listening = (connection.sync_engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    event.listen(*listening)
    await connection.run_sync(work, *args)
    event.remove(*listening)
    return len(seen)


async def test_as_many_queries_for_two_tables_as_for_forty(database):
    async with db_engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE a (id INTEGER)")
        few = await _queries(connection, read_tables), await _queries(connection, table_names)
        for number in range(40):
            await connection.exec_driver_sql(f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, a INTEGER UNIQUE)")
        assert (await _queries(connection, read_tables), await _queries(connection, table_names)) == few


async def test_only_what_is_asked_for_is_read(database):
    async with db_engine.begin() as connection:
        await connection.run_sync(_everything().create_all)
        assert (await connection.run_sync(read_tables, ["a", "nowhere"])).keys() == {"a"}
        assert await connection.run_sync(read_tables, []) == {}
