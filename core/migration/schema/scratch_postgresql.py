"""The models' tables in a schema of PostgreSQL that is rolled back, for reading them back. Nothing of it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Sequence as DBSequence
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM, CreateDomainType, CreateEnumType
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateSequence, CreateTable, SetColumnComment, SetTableComment
from sqlalchemy.sql.functions import next_value
from sqlalchemy.types import ARRAY, TypeDecorator

from core.database.base import ModuleMetaData
from core.database.naming import MAX_BYTES
from core.migration.schema import postgresql as read_postgresql
from core.migration.schema.aside import move_aside
from core.migration.schema.create import create_statements
from core.migration.schema.refusal import refusal
from models.exc import NothingToCompare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import Column, Connection, Dialect, Table
    from sqlalchemy.schema import ExecutableDDLElement
    from sqlalchemy.types import TypeEngine

    from core.migration.state import TableState


def states(connection: Connection, tables: Collection[Table]) -> list[TableState]:
    """What PostgreSQL shows of `tables` when they are new; raises TableRefused.

    It happens in a savepoint. A role that may not create schemas uses its temporary one; one that has neither, or has
    tables in several schemas, makes them where they belong, and those that are there are aside meanwhile.
    """
    savepoint = connection.begin_nested()
    try:
        default = read_postgresql.default_schema(connection)
        schemas = _enter_scratch(connection, sorted({table.schema for table in tables if table.schema} - {default}))
        names = None
        if schemas is None:
            schemas, names = _make_way(connection, tables), {table.name for table in tables}
        _create(
            connection, list(_statements(connection.dialect, tables, _compile(connection.dialect, schemas, default)))
        )
        return read_postgresql.tables(connection, names, schemas=schemas)
    finally:
        savepoint.rollback()


def _enter_scratch(connection: Connection, schemas: list[str]) -> dict[str, str | None] | None:
    """Make new tables go to a scratch schema; return what it, and one for each of `schemas`, stands for.

    None if the role may create no such place; temporary tables are all in one.
    """
    may_create, may_temporary, path = connection.exec_driver_sql(
        "SELECT has_database_privilege(current_database(), 'CREATE'),"
        " has_database_privilege(current_database(), 'TEMPORARY'), current_setting('search_path')"
    ).one()
    if may_create:
        standing_for = {f"aha_scratch_{uuid4().hex}": schema for schema in (None, *schemas)}
        for name in standing_for:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        first = next(iter(standing_for))
    elif may_temporary and not schemas:
        first, standing_for = "pg_temp", {}
    else:
        return None
    connection.exec_driver_sql(f"SET LOCAL search_path TO {', '.join(part for part in (first, path) if part)}")
    return standing_for or _temporary(connection)


_RIGHTS = """
SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS name,
  quote_ident(current_schema()) AS schema, coalesce(bool_and(has_schema_privilege(n.nspname, 'CREATE')), true) AS enough
FROM pg_namespace n WHERE n.nspname = ANY($1::text[])
"""


def _make_way(connection: Connection, tables: Collection[Table]) -> dict[str, str | None]:
    """Let the models' tables be made where they belong; return what the schemas there are shown as.

    Raises NothingToCompare if the role may not do that either.
    """
    schemas: dict[str, str | None] = {table.schema: table.schema for table in tables if table.schema}
    schemas |= {read_postgresql.default_schema(connection): None}
    rights = connection.exec_driver_sql(_RIGHTS, (list(schemas),)).one()
    if not rights.enough:
        right = "CREATE" if len(schemas) > 1 else "TEMPORARY"
        raise NothingToCompare(
            f"the bot's role {rights.role} may create nothing in the database {rights.name}, so what its tables should "
            f"be cannot be found out: GRANT {right} ON DATABASE {rights.name} TO {rights.role}, then start again; "
            f"to change tables it also needs GRANT CREATE ON SCHEMA {rights.schema} TO {rights.role}"
        )
    made = [(table.schema, table.name) for table in tables]
    made += [(sequence.schema, sequence.name) for table in tables for sequence in _sequences(table)]
    types = [
        type_ for table in tables for column in table.columns for type_ in _named_types(column.type, connection.dialect)
    ]
    move_aside(connection, tables=made, types=[(type_.schema, str(type_.name)) for type_ in types])
    return schemas


def _temporary(connection: Connection) -> dict[str, str | None]:
    # It gets its number when the first thing is made in it.
    connection.exec_driver_sql("CREATE TEMPORARY TABLE aha_scratch ()")
    connection.exec_driver_sql("DROP TABLE pg_temp.aha_scratch")
    return {connection.exec_driver_sql("SELECT pg_my_temp_schema()::regnamespace::text").scalar_one(): None}


def _compile(dialect: Dialect, schemas: dict[str, str | None], default: str) -> Callable[[ExecutableDDLElement], str]:
    # What is said to be in the default schema is there, too, if nothing is said.
    names: dict[str | None, str] = {shown or default: real for real, shown in schemas.items()}
    options: dict[str, Any] = {"schema_translate_map": names, "render_schema_translate": True} if names else {}

    def compile_(element: ExecutableDDLElement) -> str:
        # An index cannot be made concurrently in a transaction, nor need it be.
        return str(element.compile(dialect=dialect, **options)).replace(" CONCURRENTLY ", " ", 1)

    return compile_


def _statements(
    dialect: Dialect, tables: Collection[Table], compile_: Callable[[ExecutableDDLElement], str]
) -> Iterator[tuple[Table, str]]:
    """All statements with the table that they are for; foreign keys come last, so that the order is none of ours."""
    seen: set[str] = set()
    for elements in (_needed, _table, _keys):
        for table in tables:
            try:
                for element in elements(table, dialect):
                    sql = compile_(element)
                    if elements is not _needed or sql not in seen:
                        seen.add(sql)
                        yield table, sql
            except Exception as error:
                # A type of the author's own may raise anything.
                raise refusal(table, "PostgreSQL", error) from error


def _needed(table: Table, dialect: Dialect) -> Iterator[ExecutableDDLElement]:
    """Types and sequences."""
    for sequence in _sequences(table):
        yield CreateSequence(sequence)
    for column in table.columns:
        for type_ in _named_types(column.type, dialect):
            yield CreateDomainType(type_) if isinstance(type_, DOMAIN) else CreateEnumType(type_)


def _sequences(table: Table) -> list[DBSequence]:
    found: dict[DBSequence, None] = {}
    if isinstance(table.metadata, ModuleMetaData):
        found.update(dict.fromkeys(table.metadata.sequences.get(table.metadata.owners.get(table.name), ())))
    for column in table.columns:
        if isinstance(column.default, DBSequence):
            found[column.default] = None
        if isinstance(value := getattr(column.server_default, "arg", None), next_value):
            found[value.sequence] = None
    return list(found)


def _named_types(type_: TypeEngine[Any], dialect: Dialect) -> Iterator[Any]:
    """The types of PostgreSQL's own kind, enums and domains, that have to be there for a column of `type_`."""
    impl = type_.dialect_impl(dialect)
    while isinstance(impl, TypeDecorator):
        impl = impl.impl_instance
    if isinstance(impl, ARRAY):
        yield from _named_types(impl.item_type, dialect)
    elif isinstance(impl, DOMAIN):
        yield from _named_types(impl.data_type, dialect)
    if isinstance(impl, DOMAIN | ENUM) and impl.create_type:
        yield impl


def _table(table: Table, _dialect: Dialect) -> Iterator[ExecutableDDLElement]:
    _check_names(table)
    yield CreateTable(table, include_foreign_key_constraints=[])
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield CreateIndex(index)
    if table.comment is not None:
        yield SetTableComment(table)
    for column in table.columns:
        if column.comment is not None:
            yield SetColumnComment(column)


def _check_names(table: Table) -> None:
    """Raise ValueError if PostgreSQL would cut the name of a column: then it is not the model's any more."""
    for column in table.columns:
        if (size := len(column.name.encode())) > MAX_BYTES:
            raise ValueError(
                f"the name of column {column.name} has {size} bytes, and PostgreSQL takes {MAX_BYTES}: give it a "
                "shorter one"
            )


def _keys(table: Table, _dialect: Dialect) -> Iterator[ExecutableDDLElement]:
    at: dict[Column[Any], int] = {column: number for number, column in enumerate(table.columns)}
    for key in sorted(table.foreign_key_constraints, key=lambda key: [at[column] for column in key.columns]):
        yield AddConstraint(key, isolate_from_table=False)


def _create(connection: Connection, statements: list[tuple[Table, str]]) -> None:
    """Run all statements at once; if one fails, find out which."""
    try:
        with connection.begin_nested():
            _run_at_once(connection, ";\n".join(sql for _, sql in statements))
    except SQLAlchemyError:
        if _is_closed(connection):
            raise
        for table, sql in statements:
            _create_one(connection, table, sql)


def _create_one(connection: Connection, table: Table, sql: str) -> None:
    """Run a statement; if it needs what the author creates before the table, an extension say, run that first."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(sql)
    except SQLAlchemyError as error:
        said = error
    else:
        return
    try:
        for own in _own_statements(table, connection.dialect):
            connection.exec_driver_sql(own)
        connection.exec_driver_sql(sql)
    except Exception as error:
        raise refusal(table, "PostgreSQL", said) from error


def _own_statements(table: Table, dialect: Dialect) -> list[str]:
    """The DDL that the author attached to the table's `before_create`."""
    types = [type_.name for column in table.columns for type_ in _named_types(column.type, dialect)]
    texts = [sql.text for sql in create_statements(dialect, [table], existing=types)]
    return texts[: next(at for at, text in enumerate(texts) if text.startswith("CREATE TABLE "))]


def _is_closed(connection: Connection) -> bool:
    """Whether the server is gone, for which no table is to blame."""
    driver: Any = None if connection.invalidated else connection.connection.driver_connection
    return driver is None or bool(driver.is_closed())


def _run_at_once(connection: Connection, script: str) -> None:
    """Run many statements in one round trip, which takes the driver itself: SQLAlchemy prepares single ones."""
    adapted: Any = connection.connection.dbapi_connection
    try:
        adapted.run_async(lambda raw: raw.execute(script))
    except Exception as error:
        raise SQLAlchemyError(str(error)) from error
