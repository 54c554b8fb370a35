"""What the statements for new tables are and in which order they come. No database is opened."""

from __future__ import annotations

import enum
import sqlite3

import pytest
from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    Column,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from core.database.sqlite import AhaSQLite
from core.migration.schema.create import create_statements

POSTGRESQL = PGDialect_asyncpg()
SQLITE = AhaSQLite()
DIALECTS = pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def texts(dialect: Dialect, *tables: Table, **options) -> list[str]:
    return [" ".join(statement.text.split()) for statement in create_statements(dialect, tables, **options)]


def position(statements: list[str], beginning: str) -> int:
    return next(n for n, statement in enumerate(statements) if statement.startswith(beginning))


@DIALECTS
def test_a_table_comes_after_those_that_it_refers_to(dialect):
    metadata = MetaData()
    child = Table("child", metadata, Column("id", Integer, primary_key=True), Column("p", ForeignKey("parent.id")))
    parent = Table("parent", metadata, Column("id", Integer, primary_key=True))
    made = texts(dialect, child, parent)
    assert position(made, "CREATE TABLE parent") < position(made, "CREATE TABLE child")


@DIALECTS
def test_tables_that_refer_to_each_other_are_both_created_with_their_keys(dialect):
    metadata = MetaData()
    a = Table("a", metadata, Column("id", Integer, primary_key=True), Column("b", ForeignKey("b.id", name="to_b")))
    b = Table("b", metadata, Column("id", Integer, primary_key=True), Column("a", ForeignKey("a.id", name="to_a")))
    made = texts(dialect, a, b)
    assert sum("REFERENCES a (id)" in statement for statement in made) == 1
    assert sum("REFERENCES b (id)" in statement for statement in made) == 1
    assert any(statement.startswith("ALTER TABLE") for statement in made) == dialect.supports_alter


@DIALECTS
def test_the_model_is_left_as_it_was(dialect):
    metadata = MetaData()
    a = Table("a", metadata, Column("id", Integer, primary_key=True), Column("b", ForeignKey("b.id", name="to_b")))
    b = Table("b", metadata, Column("id", Integer, primary_key=True), Column("a", ForeignKey("a.id", name="to_a")))
    assert texts(dialect, a, b) == texts(dialect, a, b)
    assert not any(key.use_alter for table in (a, b) for key in table.foreign_key_constraints)


@DIALECTS
def test_indexes_follow_their_table(dialect):
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("a", Text))
    Index("ix_part", table.c.a, sqlite_where=table.c.a != "x", postgresql_where=table.c.a != "x")
    Index("ix_expression", text("lower(a)"), _table=table)
    made = texts(dialect, table)
    assert made[0].startswith("CREATE TABLE t")
    assert "CREATE INDEX ix_part ON t (a) WHERE a != 'x'" in made
    assert any("ix_expression" in statement for statement in made)


@DIALECTS
def test_ddl_of_the_author_is_part_of_it(dialect):
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True))
    event.listen(table, "before_create", DDL("SELECT 'before'"))
    event.listen(table, "after_create", DDL("SELECT 'after %(table)s'"))
    event.listen(table, "after_create", DDL("SELECT 'elsewhere'").execute_if(dialect="mysql"))
    made = texts(dialect, table)
    assert (made[0], made[-1]) == ("SELECT 'before'", "SELECT 'after t'")


@DIALECTS
def test_a_percent_sign_stays_one(dialect):
    table = Table("t", MetaData(), Column("a", Text), CheckConstraint("a LIKE 'x%'"))
    assert "LIKE 'x%')" in texts(dialect, table)[0]


def test_an_enum_type_is_created_once_before_the_tables_that_use_it():
    metadata = MetaData()
    one = Table("one", metadata, Column("c", Enum(Colour)), Column("many", ARRAY(Enum(Colour))))
    two = Table("two", metadata, Column("c", Enum(Colour)))
    made = texts(POSTGRESQL, one, two)
    assert made[0] == "CREATE TYPE colour AS ENUM ('RED', 'BLUE')"
    assert sum("CREATE TYPE" in statement for statement in made) == 1


def test_types_of_other_tables_are_not_created():
    metadata = MetaData()
    Table("off", metadata, Column("c", Enum("a", name="of_another")))
    assert not any("TYPE" in statement for statement in texts(POSTGRESQL, Table("t", metadata, Column("a", Integer))))


def test_a_sequence_is_created_once_although_a_column_names_it_too():
    metadata = MetaData()
    numbers, lonely = Sequence("numbers", metadata=metadata), Sequence("lonely", metadata=metadata)
    table = Table("t", metadata, Column("n", Integer, numbers, server_default=numbers.next_value()))
    made = texts(POSTGRESQL, table, sequences=[numbers, lonely])
    assert made[:2] == ["CREATE SEQUENCE numbers", "CREATE SEQUENCE lonely"]
    assert len(made) == 3


def test_existing_types_and_sequences_are_left_out():
    metadata = MetaData()
    numbers = Sequence("numbers", metadata=metadata)
    table = Table("t", metadata, Column("c", Enum(Colour)), Column("n", Integer, numbers))
    made = texts(POSTGRESQL, table, sequences=[numbers], existing={"colour", "numbers"})
    assert [statement[:12] for statement in made] == ["CREATE TABLE"]


def test_comments_are_set_where_the_database_has_them():
    table = Table("t", MetaData(), Column("a", Text, comment="of a"), comment="of t")
    assert texts(POSTGRESQL, table)[1:] == ["COMMENT ON TABLE t IS 'of t'", "COMMENT ON COLUMN t.a IS 'of a'"]
    assert len(texts(SQLITE, table)) == 1


def test_sqlite_has_neither_types_nor_sequences_and_takes_it_all():
    metadata = MetaData()
    numbers = Sequence("numbers", metadata=metadata)
    table = Table("se lect", metadata, Column("order", Enum(Colour)), Column('n"😀', Integer, numbers))
    connection = sqlite3.connect(":memory:")
    for statement in create_statements(SQLITE, [table], [numbers]):
        connection.execute(statement.text)
    assert connection.execute("SELECT name FROM pragma_table_info('se lect')").fetchall() == [("order",), ('n"😀',)]
    connection.close()


def test_an_index_that_is_to_be_made_concurrently_is_made_with_its_table_and_that_is_said(caplog):
    table = Table("t", MetaData(), Column("a", Integer))
    Index("ix", table.c.a, postgresql_concurrently=True)
    with caplog.at_level("INFO"):
        assert texts(POSTGRESQL, table)[-1] == "CREATE INDEX ix ON t (a)"
    assert "index ix is made in the transaction" in caplog.text
