"""`aha store list`, `show` and `get`: what the stores hold. A bot may run meanwhile; nothing is changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aha.commands.db.home import HOME, Home, Json
from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from models.exc import StoredValueError, StoreError

from .objects import MODULES, Folder, Objects, found_in
from .reading import read_store, read_stores
from .texts import answer, columns, texts
from .values import as_data, shown, type_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aha.stores import Contents, Entry, Stores

# A longer value is cut in a table; `get` and --json have all of it.
_SHOWN = 60


@plain_errors
def list_(*, modules: Folder = MODULES, home: Home = HOME, json: Json = False) -> None:
    """List the stores: how many keys and bytes each holds, and how many changes stand in the journal only."""
    found = read_stores(home.set_up(), _summaries)
    states = {module.name: module.state for module in found_in(modules)}
    for store in found:
        store["state"] = states.get(store["module"], "gone")
    if json:
        write_json(found)
    elif found:
        rows = [(s["module"], s["state"], s["keys"], f"{s['bytes']:,}", s["waiting"]) for s in found]
        write_table(columns("module", "is", "keys", "bytes", "waiting"), rows)
    else:
        sys.stderr.write(answer("no stores"))


def _summaries(connection: Connection, stores: Stores) -> list[dict[str, Any]]:
    return [_summary(stores.contents(connection, module)) for module in stores.modules]


def _summary(contents: Contents) -> dict[str, Any]:
    return {
        "module": contents.module,
        "table": contents.table,
        "keys": len(contents.entries),
        "bytes": sum(len(entry.key.encode()) + len(entry.data) for entry in contents.entries.values()),
        "waiting": contents.waiting,
    }


@plain_errors
def show(module: str, /, *, modules: Folder = MODULES, home: Home = HOME, json: Json = False) -> None:
    """List the keys of a module's store with their values, as far as they can be read.

    Parameters
    ----------
    module
        The module's name.
    """
    contents = read_store(home.set_up(), module)
    with Objects(module, modules) as objects:
        found = [_described(objects, entry) for entry in contents.entries.values()]
    if json:
        write_json(found)
    elif not found:
        sys.stderr.write(answer("empty", module=module))
    else:
        write_table(columns("key", "value", "type", "when"), map(_row, found, contents.entries.values()))
        if any("unreadable" in one for one in found):
            sys.stderr.write(answer("some unreadable"))


def _described(objects: Objects, entry: Entry) -> dict[str, Any]:
    """What programs get of an entry."""
    head = {"key": entry.key, "at": entry.at and entry.at.isoformat(), "bytes": len(entry.data)}
    try:
        value = objects.value(entry)
    except StoredValueError as error:
        return {**head, "type": error.place or type_in(entry.data), "unreadable": str(error)}
    return {**head, **as_data(value), "text": shown(value)}


def _row(found: dict[str, Any], entry: Entry) -> tuple[object, ...]:
    value = found.get("text", texts()["not readable"])
    when = entry.at or texts()["in journal"]
    return entry.key, value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...", found["type"], when


@plain_errors
def get(module: str, key: str, /, *, modules: Folder = MODULES, home: Home = HOME, json: Json = False) -> None:
    """Print one value: as `set` takes it, or as Python shows what JSON has no word for.

    Parameters
    ----------
    module
        The module's name.
    key
        The key.
    """
    entry = read_store(home.set_up(), module).entry(key)
    with Objects(module, modules) as objects:
        try:
            value = objects.value(entry)
        except StoredValueError as error:
            raise StoreError(str(error)) from error
        found = {"key": key, **as_data(value)}
        text = shown(value)
    if json:
        write_json(found)
    else:
        sys.stdout.write(f"{text}\n")
