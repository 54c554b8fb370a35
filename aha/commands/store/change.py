"""`aha store set` and `delete`: one key of a store, while no bot runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aha.commands.db.home import HOME, Home, Json
from aha.commands.exits import plain_errors
from aha.tables import write_json
from models.exc import StoredValueError
from services.data_store.pickles import pickled

from .carry import named
from .objects import MODULES, Folder, Objects
from .reading import read_store
from .texts import answer
from .values import as_data, shown, type_in, type_of, value_of
from .writing import change

if TYPE_CHECKING:
    from pathlib import Path

    from aha.stores import Entry

    from .writing import Settled


@plain_errors
def set_(
    module: str, key: str, value: str, /, *, modules: Folder = MODULES, home: Home = HOME, json: Json = False
) -> None:
    """Store a value: a number, true, a list, ... if it reads as JSON, else the text. '"1"' is the text 1.

    Parameters
    ----------
    module
        The module's name.
    key
        The key.
    value
        The value.
    """
    meant = value_of(value)
    data = pickled(key, meant)
    url = home.set_up()
    there = read_store(url, module).entries
    with Objects(module, modules) as objects:
        unreadable = objects.unreadable([there[key]] if key in there else [])

    async def store(settled: Settled) -> Entry | None:
        await settled.write({key: data}, signed={}, kept=unreadable)
        return settled.contents.entries.get(key)

    before = _described(change(url, module, store), module, modules)
    if json:
        write_json({"key": key, **as_data(meant), "before": before})
        return
    told = {"key": key, "value": shown(meant), "type": type_of(meant)}
    sys.stdout.write(answer("replaced", **told, before=before["text"]) if before else answer("stored", **told))
    if unreadable:
        sys.stdout.write(answer("kept unread", keys=named(unreadable)))


@plain_errors
def delete(module: str, key: str, /, *, modules: Folder = MODULES, home: Home = HOME, json: Json = False) -> None:
    """Delete a key, also one whose value cannot be read.

    Parameters
    ----------
    module
        The module's name.
    key
        The key.
    """

    async def remove(settled: Settled) -> Entry:
        entry = settled.contents.entry(key)
        await settled.write({key: None}, signed={})
        return entry

    before = _described(change(home.set_up(), module, remove), module, modules)
    if json:
        write_json({"key": key, "deleted": before})
    elif before is None or "unreadable" in before:
        sys.stdout.write(answer("deleted unread", key=key))
    else:
        sys.stdout.write(answer("deleted", key=key, value=before["text"], type=before["type"]))


def _described(entry: Entry | None, module: str, modules: Path) -> dict[str, Any] | None:
    """What was there before; None if nothing was."""
    if entry is None:
        return None
    with Objects(module, modules) as objects:
        try:
            value = objects.value(entry)
        except StoredValueError as error:
            place = error.place or type_in(entry.data)
            return {"type": place, "unreadable": str(error), "text": f"({place})"}
        return {**as_data(value), "text": shown(value)}
