"""The one file that touches what SQLAlchemy keeps private, with the reason beside each. Checked against 2.1.

SQLAlchemy offers no public way to store a table under another name than the one in `Table(name, metadata)`, so the
name is changed at the door, `Table._new`, for tables of our MetaData and no others (docs/adr/0003-table-names.md).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from math import inf
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Sequence,
    SmallInteger,
    Table,
    event,
)
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.orm import Session, clsregistry
from sqlalchemy.schema import Constraint, ForeignKeyTarget
from sqlalchemy.util import await_only, greenlet_spawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import CursorResult, Engine
    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.engine import ExecutionContext
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


# --- a statement on the driver, past the Connection's own way (docs/adr/0010-direct-upserts.md) ---


def is_watched(engine: Engine) -> bool:
    """Whether somebody listens to events, has statements logged or has set options: they want SQLAlchemy's own way."""
    heard = engine.pool.dispatch
    return bool(
        engine._has_events
        or engine.dialect._has_events
        or Connection._has_events
        or engine._execution_options
        or engine._should_log_info()
        or any(_session_listeners)
        or len(heard.checkout) > _OUR_LISTENERS[engine.dialect.name]
        or heard.checkin
        or heard.reset
    )


# PostgreSQL's replaces a connection whose server is gone. `take_idle` leaves those alone.
_OUR_LISTENERS = {"sqlite": 0, "postgresql": 1}


def _listeners_of_all_sessions() -> list[Any]:
    """The collections that hold the listeners of the class Session, those that are yet to come too."""
    heard: Any = Session().dispatch
    return [getattr(heard, name).parent_listeners for name in heard._event_names]


_session_listeners = _listeners_of_all_sessions()


def take_idle(engine: Engine) -> Connection | None:
    """A connection that is open and free; None if one must be opened, replaced or waited for, in a greenlet."""
    pool: Any = engine.pool
    idle = pool._pool._queue._queue  # the last one is next, see pool_use_lifo
    if not idle or idle[-1]._is_hard_or_soft_invalidated() or _is_closed(idle[-1].driver_connection):
        return None
    return Connection(engine)


def _is_closed(driver_connection: Any) -> bool:
    """Whether the server is gone, which only asyncpg knows."""
    is_closed = getattr(driver_connection, "is_closed", None)
    return is_closed is not None and is_closed()


class Compiled(NamedTuple):
    """A statement as `ExecutionContext._init_compiled` takes it."""

    compiled: Any
    parameters: list[dict[str, Any]]
    statement: Insert
    extracted_parameters: Any
    cache_hit: Any
    param_dict: Any


def compile_directly(engine: Engine, statement: Insert, row: dict[str, Any]) -> Compiled | None:
    """Find `statement` in the engine's cache, as a Connection does; None if running it takes more than the driver."""
    compiled: Any
    compiled, extracted, values, hit = statement._compile_w_cache(
        dialect=engine.dialect, compiled_cache=engine._compiled_cache, column_keys=sorted(row), for_executemany=False
    )
    if (
        compiled.insert_prefetch
        or compiled.update_prefetch
        or compiled.effective_returning
        or compiled.literal_execute_params
        or compiled.post_compile_params
    ):
        return None
    return Compiled(compiled, [row], statement, extracted, hit, values)


def make_context(connection: Connection, compiled: Compiled) -> ExecutionContext:
    """What a Connection makes to run a statement; raises what the types of its columns raise."""
    dialect: Any = connection.dialect
    options = compiled.statement._execution_options
    context: ExecutionContext = dialect.execution_ctx_cls._init_compiled(
        dialect, connection, connection._dbapi_connection, options, *compiled
    )
    return context


async def execute_directly(connection: Connection, context: Any) -> CursorResult[Any]:
    """Do what Connection.execute does with a context, but await the driver right here and not in a greenlet."""
    try:
        context.pre_exec()
        await _run(connection.connection.dbapi_connection, context)
        context.post_exec()
        result: CursorResult[Any] = context._setup_result_proxy()
    except BaseException as error:
        await greenlet_spawn(_fail, connection, error, context)
        raise
    return result


async def _run(adapted: Any, context: Any) -> None:
    cursor, statement, parameters = context.cursor, context.statement, context.parameters[0]
    if context.dialect.name == "postgresql":
        await cursor._prepare_and_execute(statement, parameters)
        return
    try:
        await context.dialect.enter(adapted)
        await cursor._execute_async(statement, parameters)
    except Exception as error:  # noqa: BLE001 - as in the adapter's own methods
        adapted._handle_exception(error)


def _fail(connection: Connection, error: BaseException, context: Any = None) -> None:
    """Raise what a Connection makes of `error`, after it has done whatever it does then."""
    if not connection.in_transaction():
        connection.begin()
    about = (None, None, None) if context is None else (context.statement, context.parameters[0], context.cursor)
    statement, parameters, cursor = about
    try:
        raise error  # noqa: TRY301 - _handle_dbapi_exception looks at what is being handled
    except BaseException as caught:  # noqa: BLE001
        connection._handle_dbapi_exception(caught, statement, parameters, cursor, context)


async def commit_directly(connection: Connection) -> None:
    """Commit on the driver, and raise what the driver raises."""
    adapted: Any = connection.connection.dbapi_connection
    try:
        if connection.dialect.name == "sqlite":
            dialect: Any = connection.dialect
            await dialect.commit(adapted)
        elif adapted._transaction is not None:
            await adapted._call_and_discard(adapted._transaction.commit)
    except Exception as error:  # noqa: BLE001
        adapted._handle_exception(error)


def fail_to_commit(session: Session, connection: Connection, error: BaseException) -> None:
    """Commit the session, whose transaction is on `connection`, as if the driver raised `error` now."""
    connection._commit_impl = partial(_fail, connection, error)  # type: ignore[method-assign]
    try:
        session.commit()
    finally:
        del connection._commit_impl


def join(session: Session, connection: Connection) -> None:
    """Make the transaction on `connection` the session's, as if the session had begun it."""
    if not connection.in_transaction():
        connection.begin()
    transaction = session._autobegin_t()
    begun: Any = (connection, connection.get_transaction(), True, True)  # the session commits it, and closes it
    transaction._connections[connection] = transaction._connections[connection.engine] = begun
    session.dispatch.after_begin(session, transaction, connection)


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


# --- our driver for SQLite, as SQLAlchemy adapts drivers ---


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that needs no greenlet to be opened or closed: ours has nothing to wait for then."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor


class _AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor


class SQLiteDriver(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite with the connections and cursors of `core.database.driver`."""

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        creator = kw.pop("async_creator_fn")
        return _AdaptedConnection(self, await_only(creator(*arg, **kw)))
