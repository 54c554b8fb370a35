"""`once("name")`: work of a module's @on_start that is done once per database. When it is called, others decide."""

from __future__ import annotations

import functools
import inspect
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, DateTime, Table, Text, select

from core.context import current_module
from core.database.base import metadata
from core.database.engine import db_engine
from core.database.shared import sharing
from models.exc import UsageError
from utils.sqlalchemy import insert_ignore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

done = Table(
    "aha_once",
    metadata,
    Column("module", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""What was done, by module and name."""


def once(name: str) -> Callable[[Callable[[], Any]], Callable[[], Awaitable[None]]]:
    """Do the decorated work once per database: `@on_start`, and below it `@once("2026-points-to-decimal")`.

    All sessions of `db_sessionmaker()` inside it are part of one transaction, in which it is also recorded that
    `name` is done; what they commit is there when the function returns. So tasks in it use sessions one after another:
    a loop, not `asyncio.gather`. If it raises, all of that is rolled back, and the next start tries again.
    `name` is the module's own. The function, async or not, takes no arguments.
    Raises UsageError if the name was given before, or if this decorator stands above `@on_start`.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(
            f'once takes the name under which the work is recorded, as in @once("split-names"), not {name!r}'
        )

    def decorate(function: Callable[[], Any]) -> Callable[[], Awaitable[None]]:
        _check(name, function)

        @functools.wraps(function)
        async def run() -> None:
            module = current_module.get()
            async with db_engine.connect() as connection:
                if await _claim(connection, module.name if module else "", name):
                    await _call(function, connection)
                    await connection.commit()

        return run

    return decorate


def _check(name: str, function: Any) -> None:
    if not callable(function):
        raise UsageError(f"@once({name!r}) takes the function to call and nothing else, not {function!r}")
    if occasion := getattr(function, "__aha_occasion__", None):
        raise UsageError(
            f"@once({name!r}) stands above @{occasion}, which would call the function at every start: write it below"
        )
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise UsageError(f"the function under @once({name!r}) is called without arguments, but {error}") from None
    module = current_module.get()
    if module is None:
        return
    module.check()
    if name in module.once:
        raise UsageError(f"@once({name!r}) is there twice in module {module.name}: give each work a name of its own")
    module.enter(partial(module.once.discard, name), redo=partial(module.once.add, name))
    module.once.add(name)


async def _claim(connection: AsyncConnection, module: str, name: str) -> bool:
    """Record it as done in the transaction on `connection`; False if it has been done before.

    Another process that does the same work just now is waited for.
    """
    recorded = select(done.c.name).where(done.c.module == module, done.c.name == name)
    if await connection.scalar(recorded) is not None:
        return False
    now = datetime.now(UTC)
    result = await connection.execute(insert_ignore(done, module=module, name=name, at=now))
    return result.rowcount == 1


async def _call(function: Callable[[], Any], connection: AsyncConnection) -> None:
    with sharing(connection):
        result = function()
        if inspect.isawaitable(result):
            await result
