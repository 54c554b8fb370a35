"""Runs a statement and its commit straight on the driver, past SQLAlchemy's Connection; when to, `session` decides.

It uses what SQLAlchemy keeps private, checked against 2.1 (docs/adr/0010-direct-upserts.md).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

if TYPE_CHECKING:
    from sqlalchemy import CursorResult, Engine
    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.engine import ExecutionContext


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
