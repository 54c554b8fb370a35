"""`aha store quarantine`: what of the stores cannot be read, and what its owner can do with it."""

from __future__ import annotations

import asyncio
import shutil
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path  # noqa: TC003 - cyclopts looks annotations up
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter
from sqlalchemy import delete, select

from aha.commands.db.home import HOME, Home, Json, look, opened
from aha.commands.exits import plain_errors
from aha.stores import Entry
from aha.tables import write_json, write_table
from core.database import db_engine
from core.migration.schema.read import table_names
from models.exc import StoreError, UsageError
from services.data_store.pickles import names_in, plain
from services.data_store.quarantine import quarantine as table
from services.data_store.rows import unsealed, was_cast_out

from .carry import as_data, write_file
from .objects import MODULES, Folder
from .reading import read_stores
from .texts import answer, columns
from .troubles import aside_places, read_aside, troubles
from .trust import agreed
from .writing import change

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from .writing import Settled

# No id has more, and every database takes so many.
_DIGITS: Final = 18

app = App(name="quarantine", help="List what cannot be read, and what can be done; export it, put it back, drop it.")
Flag = Annotated[bool, Parameter(negative=())]


@app.default
@plain_errors
def quarantine(*, modules: Folder = MODULES, home: Home = HOME, json: Json = False) -> None:
    """List what of the stores cannot be read, with the reason, and what helps; nothing is changed."""
    found = read_stores(home.set_up(), lambda connection, stores: troubles(connection, stores, modules))
    if json:
        write_json([asdict(one) | {"at": one.at and one.at.isoformat()} for one in found])
    elif found:
        rows = [(one.id, one.at, one.module, one.key, one.why, one.helps) for one in found]
        write_table(columns("id", "when", "module", "key", "why", "help"), rows)
    else:
        sys.stderr.write(answer("nothing in quarantine"))


@app.command
@plain_errors
def export(
    id_: Annotated[str, Parameter(name="ID")],
    file: Path,
    /,
    *,
    module: str | None = None,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Write one of them to a file, which `aha store import` reads.

    Parameters
    ----------
    id_
        Its id in the list.
    file
        The file, which must not be there yet.
    module
        Of a journal that was put aside: the changes of this module.
    """
    url = home.set_up()
    places = {place.name: place for place in aside_places()}
    if id_ in places:
        owner, entries = _changes(places[id_], module)
    else:
        row = look(url, lambda connection: _row(connection, id_))
        owner, entries = row.module, [{**_packed(row), "reason": row.reason}]
    write_file(file, owner, entries)
    if json:
        write_json({"file": str(file), "keys": len(entries)})
    else:
        sys.stdout.write(answer("exported", n=len(entries), file=file))


def _changes(place: Path, module: str | None) -> tuple[str, list[dict[str, Any]]]:
    """The last change of each key of `module` in a journal that was put aside; it may be left out if there is one."""
    found = read_aside(place)
    names = [name for name in found.names if found.count(name)]
    if module is None and len(names) == 1:
        module = names[0]
    if module not in names:
        raise UsageError(f"say whose changes: --module NAME; there are those of: {', '.join(names) or 'none'}")
    records = [record for record in found.records(module) if was_cast_out(record.value) is None]
    changes = {record.key.decode(): record.value for record in records}
    return module, [
        {"key": key, "deleted": True} if value is None else as_data(Entry(key, *unsealed(value)))
        for key, value in changes.items()
    ]


def _packed(row: Row[Any]) -> dict[str, Any]:
    """A row of the quarantine as a value that can be imported, if it is one, else as a pickle that cannot."""
    return as_data(Entry(row.key, row.value, row.mac))


@app.command(name="put-back")
@plain_errors
def put_back(
    id_: Annotated[str, Parameter(name="ID")],
    /,
    *,
    overwrite: Flag = False,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Put a row back into the store of its module, as it is; the bot must not run.

    Parameters
    ----------
    id_
        Its id in the list.
    overwrite
        Replace what the store has under that key by now, which goes into quarantine.
    """
    url = home.set_up()
    row = look(url, lambda connection: _row(connection, id_))
    if names_in(row.value) is None:
        raise StoreError(f"nothing can be made of {id_}: look at it with: aha store quarantine export {id_} FILE")
    replaced = change(url, row.module, partial(_write_back, row, overwrite=overwrite))
    if json:
        write_json({"module": row.module, "key": row.key})
    else:
        sys.stdout.write(answer("put back", key=row.key, module=row.module))
        if replaced:
            sys.stdout.write(answer("kept replaced"))


async def _write_back(row: Row[Any], settled: Settled, *, overwrite: bool) -> bool:
    """Let a row of the quarantine be one of its store again; whether it replaces one, which is in quarantine then."""
    there = settled.contents.entries.get(row.key)
    if there is not None and not overwrite:
        raise StoreError(
            f"the SimpleStore of module {row.module} has key {row.key!r} again: nothing was changed; --overwrite "
            "replaces it"
        )
    signed = {} if plain(row.value) else {row.key: row.mac}
    replaced = there is not None and there.data != row.value
    kept = {row.key: f"{row.id} of the quarantine was put back in its place"} if replaced else {}
    await settled.write({row.key: row.value}, signed=signed, kept=kept)
    await settled.connection.execute(delete(table).where(table.c.id == row.id))
    return replaced


@app.command
@plain_errors
def drop(
    id_: Annotated[str, Parameter(name="ID")], /, *, yes: Flag = False, home: Home = HOME, json: Json = False
) -> int:
    """Remove one of them for good.

    Parameters
    ----------
    id_
        Its id in the list.
    yes
        Do not ask.
    """
    url = home.set_up()
    places = {place.name: place for place in aside_places()}
    if id_ not in places:
        row = look(url, lambda connection: _row(connection, id_))
    if not (yes or agreed("agree to drop")):
        sys.stderr.write(answer("not changed"))
        return 1
    if id_ in places:
        shutil.rmtree(places[id_])
    else:
        asyncio.run(_remove(url, row.id))
    if json:
        write_json({"dropped": id_})
    else:
        sys.stdout.write(answer("dropped", id=id_))
    return 0


async def _remove(url: str, number: int) -> None:
    async with opened(url), db_engine.connect() as connection:
        await connection.execute(delete(table).where(table.c.id == number))
        await connection.commit()


def _row(connection: Connection, id_: str) -> Row[Any]:
    """The row of the quarantine with this id; UsageError if there is none."""
    found = None
    if id_.isdecimal() and len(id_) <= _DIGITS and table.name in table_names(connection):
        found = connection.execute(select(table).where(table.c.id == int(id_))).one_or_none()
    if found is None:
        raise UsageError(f"{id_} is not in quarantine: aha store quarantine lists what is")
    return found
