"""The one file that touches what SQLAlchemy keeps private, with the reason beside each. Checked against 2.1.

SQLAlchemy offers no public way to store a table under another name than the one in `Table(name, metadata)`, so the
name is changed at the door, `Table._new`, for tables of our MetaData and no others (docs/adr/0003-table-names.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Sequence,
    SmallInteger,
    Table,
    event,
)
from sqlalchemy.orm import clsregistry
from sqlalchemy.schema import Constraint, ForeignKeyTarget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import registry
    from sqlalchemy.types import SchemaType

    from core.database.base import ModuleMetaData, dbBase


def redirect_tables(metadata: ModuleMetaData) -> None:
    """Store each Table that is declared on `metadata`, and all that is named in it, under its module's own name."""
    construct = Table._new.__func__  # type: ignore[attr-defined]

    def _new(cls: type[Table], *args: Any, **kw: Any) -> Any:
        if len(args) < 2 or args[1] is not metadata:
            return construct(cls, *args, **kw)
        name = str(args[0])
        table = construct(cls, metadata.claim_table(name), *args[1:], **kw)
        _number_itself_on_sqlite(table)
        metadata.own_table(name, table)
        return table

    def attached(part: Column[Any] | Constraint | Index, table: Any) -> None:
        if isinstance(table, Table) and table.metadata is metadata:
            _rename(part, metadata)

    Table._new = classmethod(_new)  # type: ignore[method-assign, assignment]
    for kind in (Column, Constraint, Index):
        event.listen(kind, "before_parent_attach", attached, propagate=True)


def _rename(part: Column[Any] | Constraint | Index, metadata: ModuleMetaData) -> None:
    """Give a named constraint or index of a table its stored name, and point its foreign keys at stored names."""
    named = part.constraints if isinstance(part, Column) else [part]
    for constraint in named:
        if isinstance(constraint.name, str):
            constraint.name = metadata.unique_name(constraint.name)
    if isinstance(part, ForeignKeyConstraint):
        # A ForeignKey("t.id") on a column comes by here too: SQLAlchemy makes a constraint of it first.
        for key in part.elements:
            _redirect_key(key, metadata)


def _redirect_key(key: ForeignKey, metadata: ModuleMetaData) -> None:
    """Point a key that was given as text (`"t.id"`) at the stored table; `_given_tokens` is where the text lives."""
    tokens = key._given_tokens
    if tokens is not None and tokens.table_name is not None:
        stored = metadata.referenced_name(tokens.table_name)
        key._given_tokens = ForeignKeyTarget(tokens.schema, stored, tokens.column_name)


def _number_itself_on_sqlite(table: Table) -> None:
    """Give a lone BigInteger key the type INTEGER on SQLite, the only one that numbers itself there.

    `_variant_mapping` shows whether the author has done so, or it was done when the table was first declared.
    """
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, BigInteger | SmallInteger):
        return
    if "sqlite" not in column.type._variant_mapping:
        column.type = column.type.with_variant(Integer(), "sqlite")


def use_registry(cls: type[dbBase], module_registry: registry) -> None:
    """Map `cls` in its module's registry; `_sa_registry` is where DeclarativeBase looks for it."""
    cls._sa_registry = module_registry


def resolve_names_in(names: type[Any]) -> None:
    """Let relationship strings such as `secondary="assoc"` find tables in a registry whose `metadata` is a `names`.

    SQLAlchemy looks them up in the class's own `metadata`, which is the one that all modules share.
    """
    lookup = clsregistry._metadata_for_cls  # type: ignore[attr-defined]

    def _metadata_for_cls(cls: type[Any], registry: registry) -> Any:
        found = registry.metadata
        return found if isinstance(found, names) else lookup(cls, registry)

    clsregistry._metadata_for_cls = _metadata_for_cls  # type: ignore[attr-defined]


def rename_object(obj: SchemaType | Sequence, name: str) -> None:
    """Rename a type or a sequence that is being registered; a Sequence also remembers its name as `_key`."""
    obj.name = name
    if isinstance(obj, Sequence):
        obj._key = name


def forget_objects(metadata: ModuleMetaData, table: Table, sequences: Iterable[Sequence]) -> None:
    """Forget the types of a table that was removed, and `sequences`; `MetaData.remove` leaves them behind."""
    for column in table.columns:
        metadata._objects.discard(column.type)
    for sequence in sequences:
        metadata._objects.discard(sequence)
        metadata._sequences.pop(sequence._key, None)
