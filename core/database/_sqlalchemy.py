"""What SQLAlchemy keeps private of tables, names and connections, with the reason beside each. Checked against 2.1.

SQLAlchemy offers no public way to store a table under another name than the one in `Table(name, metadata)`, so the
name is changed at the door, `Table._new`, for tables of our MetaData and no others (docs/adr/0003-table-names.md).
"""

from __future__ import annotations

from contextlib import contextmanager
from math import inf
from time import time
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
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import registry
    from sqlalchemy.types import SchemaType

    from core.database.base import ModuleMetaData, dbBase


# Table(name, metadata) declares nothing: it is the table of that name.
_LOOKED_UP = 2


def redirect_tables(metadata: ModuleMetaData) -> None:
    """Store each Table that is declared on `metadata`, and all that is named in it, under its module's own name."""
    construct = Table._new.__func__  # type: ignore[attr-defined]

    def _new(cls: type[Table], *args: Any, **kw: Any) -> Any:
        if len(args) < 2 or args[1] is not metadata:
            return construct(cls, *args, **kw)
        name = str(args[0])
        stored = metadata.claim_table(name)
        if len(args) > _LOOKED_UP and not (kw.get("extend_existing") or kw.get("keep_existing")):
            metadata.refuse_second(name, stored)
        table = construct(cls, stored, *args[1:], **kw)
        _number_itself_on_sqlite(table)
        metadata.own_table(name, table)
        return table

    def attached(part: Column[Any] | Constraint | Index, table: Any) -> None:
        if isinstance(table, Table) and table.metadata is metadata:
            metadata.check_part(part, table)
            _rename(part, metadata)
            if isinstance(part, Index):
                metadata.own_index(part, table)

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


def add_table(metadata: ModuleMetaData, table: Table) -> None:
    """Put a table in again that was removed. Foreign keys that have found another of its name find this one again."""
    metadata._add_table(table.name, table.schema, table)
    for key in table.foreign_keys:
        if key.target_column is None:
            _note_target(metadata, key)
    let_keys_look_again(metadata, table)


def let_keys_look_again(metadata: ModuleMetaData, table: Table) -> None:
    """Point every foreign key to what is called like `table` to the table that is there now.

    Without one they stay as they are: with keys that lead nowhere other modules could not even write their rows.
    """
    there = metadata.tables.get(table.key)
    if there is None:
        return
    for key in [key for each in metadata.tables.values() for key in each.foreign_keys]:
        found = vars(key).get("column")
        if found is None or found.table is there or key.target_table_key != table.key:
            continue
        if key.target_column is not None:  # it was given as a column, and has to go by the name of that from now on
            key._given_tokens, key._table_column = key.target_tokens, None
            _note_target(metadata, key)
        del vars(key)["column"]


def _note_target(metadata: ModuleMetaData, key: ForeignKey) -> None:
    """Have the key pointed to its column whenever that is declared."""
    _, table, column = key._resolve_col_tokens()
    metadata._fk_memos[table, column].append(key)


def add_object(metadata: ModuleMetaData, obj: Any) -> None:
    """Put a type or a sequence in again that was taken out."""
    metadata._objects.add(obj)
    if isinstance(obj, Sequence):
        metadata._sequences[obj._key] = obj


def forget_object(metadata: ModuleMetaData, obj: Any) -> None:
    """Take out a type or a sequence; `MetaData.remove` leaves those of a table behind."""
    metadata._objects.discard(obj)
    if isinstance(obj, Sequence) and metadata._sequences.get(obj._key) is obj:
        del metadata._sequences[obj._key]


def end_object(metadata: ModuleMetaData, obj: Any) -> None:
    """Let go of a type that was taken out: it listens to what becomes of the MetaData."""
    for occasion in ("before_create", "after_drop"):
        for listener in list(getattr(metadata.dispatch, occasion)):
            called = getattr(listener, "func", listener)  # a partial, or SQLAlchemy's own kind of bound method
            if obj in (getattr(called, "__self__", None), getattr(called, "target", None)):
                event.remove(metadata, occasion, listener)


def outdate_connections(engine: Engine) -> None:
    """Replace each connection that is open now before it is used again; what is under way on one goes on.

    `Engine.dispose` would leave those that are in use to the garbage collector.
    """
    engine.pool._invalidate_time = time()


@contextmanager
def preparing_anew(engine: Engine) -> Iterator[None]:
    """Let each connection, in the body and from then on, prepare a statement again that it prepared before.

    PostgreSQL refuses one whose table was altered since, be it while the statement waited for that very change. Only
    the dialect for asyncpg asks what `_invalidate_schema_cache_asof` says; nothing is prepared after infinity.
    """
    dialect: Any = engine.dialect
    dialect._invalidate_schema_cache_asof = inf
    try:
        yield
    finally:
        dialect._invalidate_schema_cache_asof = time()
