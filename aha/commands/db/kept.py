"""`aha db kept`: the values that could not follow a change of their column, and the way back for them."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from core.migration.kept.values import entries
from core.migration.upkeep import inventory
from core.migration.upkeep.put_back import put_back
from models.exc import UsageError

from .home import HOME, Home, Json, look, opened
from .texts import answer, columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from core.migration.kept.values import Kept
    from core.migration.upkeep.inventory import Left

# A longer value is cut on a terminal and in a pipe; --json has all of it.
_SHOWN = 60


@plain_errors
def kept(
    *,
    module: str | None = None,
    restore: Annotated[bool, Parameter(negative=())] = False,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """List values that could not follow a change of their column, with the rows that they are of.

    Parameters
    ----------
    module
        Only those of this module.
    restore
        Put back those that fit by now, into rows that have nothing there.
    """
    url = home.set_up()
    if module is not None:
        look(url, lambda connection: _check(connection, module))
    if restore:
        _restore(url, module, json=json)
        return
    found = look(url, lambda connection: list(entries(connection, module)))
    if json:
        write_json([_as_data(kept) for kept in found])
    elif found:
        write_table(columns("id", "when", "column", "row", "value", "type"), map(_row, found))
    else:
        sys.stderr.write(answer("nothing kept"))


def _check(connection: Connection, module: str) -> None:
    known = {left.module for left in inventory.kept(connection)}
    if module not in known | {owned.module for owned in inventory.owners(connection)}:
        raise UsageError(f"--module {module}: no table belongs to it; values are kept of: {_all(known)}")


def _all(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _restore(url: str, module: str | None, *, json: bool) -> None:
    async def do() -> list[tuple[Left, int, int]]:
        async with opened(url):
            return await put_back(module)

    # Nothing is opened for writing, nor made, if there is nothing to put back.
    done = asyncio.run(do()) if look(url, inventory.kept) else []
    if json:
        write_json([{"column": f"{left.table}.{left.column}", "restored": n, "kept": still} for left, n, still in done])
    elif done:
        rows = [(f"{left.table}.{left.column}", restored, still) for left, restored, still in done]
        write_table(columns("column", "went back", "still kept"), rows)
    else:
        sys.stderr.write(answer("nothing kept"))


def _row(kept: Kept) -> tuple[object, ...]:
    return kept.id, _at(kept), _name(kept), _key(kept.key), _cut(_value(kept)), kept.meaning.sql


def _as_data(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "at": _at(kept).isoformat(),
        "module": kept.module,
        "name": _name(kept),
        "table": kept.table,
        "column": kept.column,
        "key": dict(kept.key),
        "value": _value(kept),
        "type": kept.meaning.sql,
        "reason": kept.reason,
        "stale": kept.stale and kept.stale.replace(tzinfo=UTC).isoformat(),
    }


def _name(kept: Kept) -> str:
    return f"{kept.table}.{kept.column}"


def _at(kept: Kept) -> datetime:
    return kept.at.replace(tzinfo=UTC)  # which it is in, without saying so


def _value(kept: Kept) -> object:
    return kept.value.hex() if isinstance(kept.value, bytes) else kept.value


def _key(key: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in key.items())


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
