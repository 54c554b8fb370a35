"""Whether the bot's role may do what a unit's steps need: found out before the first of them. It grants nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from core.migration.postgresql.ddl import quote
from core.migration.statements import RestoreRows, Sql
from core.migration.steps import (
    AddConstraint,
    AddIndex,
    ConvertColumn,
    CreateTable,
    MergeTable,
    RenameTable,
    RetireTable,
)
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.postgresql.catalogue import Relation
    from core.migration.statements import Statement
    from core.migration.steps import Step

# These put something new into the schema: a table, an index, a type, or a name.
_MAKING = (CreateTable, RenameTable, AddConstraint, AddIndex, ConvertColumn)


def demand_rights(connection: Connection, steps: Sequence[Step], relations: Mapping[str, Relation]) -> None:
    """Raise DatabaseError, which says which right is missing on what and how it is given, if one is."""
    role = str(connection.execute(text("SELECT current_user::text")).scalar_one())
    for name in _altered(steps):
        relation = relations.get(name)
        if relation and not relation.owned:
            raise DatabaseError(
                f"table {name} belongs to the role {relation.owner}, so the bot's role {role} may not alter it: "
                f"ALTER TABLE {relation.place.sql} OWNER TO {quote(role)}, or GRANT {quote(relation.owner)} "
                f"TO {quote(role)}, then start again"
            )
    for target in _referred(steps):
        _demand_references(connection, target, relations, role)
    if any(isinstance(step, _MAKING) for step in steps):
        _demand_schema(connection, role)


def demand_no_functions(connection: Connection, statements: Iterable[Statement]) -> None:
    """Raise DatabaseError if one of the statements needs the functions that the role may not have."""
    for statement in statements:
        if isinstance(statement, RestoreRows) or (isinstance(statement, Sql) and "pg_temp." in statement.text):
            query = text("SELECT quote_ident(current_database()), quote_ident(current_user)")
            name, role = connection.execute(query).one()
            raise DatabaseError(
                f"{statement.table or 'its data'}: values have to be converted, for which the bot's role {role} needs "
                f"functions of its own: GRANT TEMPORARY ON DATABASE {name} TO {role}, then start again"
            )


def _altered(steps: Iterable[Step]) -> list[str]:
    """The tables that are altered, by the names that they have before."""
    old = {step.table: step.old for step in steps if isinstance(step, RenameTable)}
    altered = (step.table for step in steps if not isinstance(step, RetireTable | CreateTable | MergeTable))
    return list(dict.fromkeys(old.get(table, table) for table in altered))


def _referred(steps: Iterable[Step]) -> list[str]:
    targets = (step.constraint.target for step in steps if isinstance(step, AddConstraint))
    return [target for target in dict.fromkeys(targets) if target]


def _demand_references(connection: Connection, target: str, relations: Mapping[str, Relation], role: str) -> None:
    relation = relations.get(target)
    if relation is None:
        return
    query = text("SELECT has_table_privilege(CAST(:oid AS oid), 'REFERENCES')")
    if not connection.execute(query, {"oid": relation.oid}).scalar_one():
        raise DatabaseError(
            f"the bot's role {role} may not refer to table {target}: "
            f"GRANT REFERENCES ON {relation.place.sql} TO {quote(role)}, then start again"
        )


def _demand_schema(connection: Connection, role: str) -> None:
    query = text("SELECT current_schema()::text, has_schema_privilege(current_schema(), 'CREATE')")
    schema, may_create = connection.execute(query).one()
    if schema is None:
        raise DatabaseError(f"no schema of the search path is there for the role {role}: CREATE SCHEMA {quote(role)}")
    if not may_create:
        raise DatabaseError(
            f"the bot's role {role} may not create anything in the schema {schema}: "
            f"GRANT CREATE ON SCHEMA {quote(schema)} TO {quote(role)}, then start again"
        )
