"""`aha db kept`: the values that could not follow a change of their column, and the way back for them."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from core.migration import inventory
from core.migration.kept import entries
from core.migration.put_back import put_back
from models.exc import UsageError

from .home import HOME, Home, Json, look, opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from core.migration.inventory import Left
    from core.migration.kept import Kept

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
    found = look(url, lambda connection: [_as_data(kept) for kept in entries(connection, module)])
    if json:
        write_json(found)
    elif found:
        rows = [(k["id"], k["at"][:19], k["name"], _key(k["key"]), _cut(k["value"]), k["type"]) for k in found]
        write_table(("id", "when (UTC)", "column", "row", "value", "type"), rows)
    else:
        sys.stderr.write("no values are kept\n")


def _check(connection: Connection, module: str) -> None:
    known = {left.module for left in inventory.kept(connection)}
    if module not in known | {owned.module for owned in inventory.owners(connection)}:
        raise UsageError(f"--module {module}: no table belongs to it; values are kept of: {_all(known)}")


def _all(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _restore(url: str, module: str | None, *, json: bool) -> None:
    async def do() -> list[tuple[Left, int]]:
        async with opened(url):
            return await put_back(module)

    # Nothing is opened for writing, nor made, if there is nothing to put back.
    done = asyncio.run(do()) if look(url, inventory.kept) else []
    if json:
        write_json(
            [{"column": f"{left.table}.{left.column}", "restored": n, "kept": left.rows - n} for left, n in done]
        )
    elif done:
        rows = [(f"{left.table}.{left.column}", restored, left.rows - restored) for left, restored in done]
        write_table(("column", "went back", "still kept"), rows)
    else:
        sys.stderr.write("no values are kept\n")


def _as_data(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "at": kept.at.isoformat(),
        "module": kept.module,
        "name": f"{kept.table}.{kept.column}",
        "table": kept.table,
        "column": kept.column,
        "key": dict(kept.key),
        "value": kept.value.hex() if isinstance(kept.value, bytes) else kept.value,
        "type": kept.meaning.sql,
        "reason": kept.reason,
    }


def _key(key: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in key.items())


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
