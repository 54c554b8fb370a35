"""`aha store export` and `import`: what a store holds in a file, and back. The file is JSON, for people to read.

What JSON has no word for stands in it as a pickle, with the signature that it has. The installation that signed it
takes it back as it is; any other one as far as it is plain data or of classes of the module.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - cyclopts looks annotations up
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from aha.commands.db.home import HOME, Home, Json
from aha.commands.exits import plain_errors
from aha.printable import printable_json
from aha.stores import Entry
from aha.tables import write_json
from models.exc import StoredValueError, StoreError, ValueDamaged
from services.data_store.keys import checked_key
from services.data_store.pickles import names_in, pickled, plain, unpickled

from .objects import MODULES, Folder, Objects
from .reading import read_store
from .texts import answer
from .values import is_json
from .writing import change, signatures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aha.stores import Contents

    from .writing import Settled

FORMAT: Final = "aha store 1"
# So many keys are named at once.
_SHOWN: Final = 5

Flag = Annotated[bool, Parameter(negative=())]


@plain_errors
def export(module: str, file: Path, /, *, home: Home = HOME, json: Json = False) -> None:
    """Write what the store of a module holds to a file, without running any code of the module; the bot may run.

    Parameters
    ----------
    module
        The module's name.
    file
        The file, which must not be there yet.
    """
    contents = read_store(home.set_up(), module)
    damaged = [entry.key for entry in contents.entries.values() if entry.damaged]
    entries = [as_data(entry) for entry in contents.entries.values() if not entry.damaged]
    write_file(file, module, entries)
    if json:
        write_json({"file": str(file), "keys": len(entries), "left_out": damaged})
        return
    sys.stdout.write(answer("exported", n=len(entries), file=file))
    if damaged:
        sys.stderr.write(answer("left out", keys=named(damaged)))


def write_file(file: Path, module: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write entries to a file that is not there yet, for its owner only: they are the bot's data."""
    text = json.dumps({"format": FORMAT, "module": module, "entries": list(entries)}, ensure_ascii=False, indent=1)
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StoreError(f"{file} is there already: name another file, or remove it") from None
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as target:
            target.write(printable_json(text) + "\n")
    except OSError as error:  # the disk is full: half a file is none
        file.unlink()
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{file} cannot be written ({error.strerror}): name a file in a folder that is there and yours to write in"
    )


def as_data(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in a file. A value that names classes is not looked into."""
    if plain(entry.data):
        value = unpickled(entry.data, trusted=False, key=entry.key)
        if is_json(value):
            return {"key": entry.key, "value": value}
    packed: dict[str, Any] = {"key": entry.key, "pickle": b64encode(entry.data).decode()}
    if not plain(entry.data):
        packed["names"] = names_in(entry.data)
        packed["mac"] = entry.mac and entry.mac.hex()
    return packed


@plain_errors
def import_(
    module: str,
    file: Path,
    /,
    *,
    overwrite: Flag = False,
    trust: Flag = False,
    modules: Folder = MODULES,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Read a file that `export` wrote into the store of a module: all of it, or nothing.

    Parameters
    ----------
    module
        The module's name.
    file
        The file.
    overwrite
        Replace values that are there already, and are others.
    trust
        Take also what this installation has not signed and may run code when it is read: you know who wrote the file.
    """
    url = home.set_up()
    there = read_store(url, module).entries
    with Objects(module, modules) as objects:
        given = dict(_read(objects, one, trust=trust) for one in _entries(file))
        replaced = [there[key] for key, data in given.items() if key in there and data != there[key].data]
        unreadable = objects.unreadable(replaced)

    async def store(settled: Settled) -> _Done:
        done = _compared(settled.contents, given, overwrite=overwrite)
        values = {key: data for key in done.changed if (data := given[key]) is not None}
        changes = {key: given[key] for key in done.changed}
        await settled.write(changes, signed=signatures(module, values), kept=unreadable)
        return done

    done = change(url, module, store)
    counts = {name: len(getattr(done, name)) for name in ("new", "replaced", "deleted", "same")}
    if json:
        write_json(counts)
    else:
        sys.stdout.write(answer("imported", **counts))
        if unreadable:
            sys.stdout.write(answer("kept unread", keys=named(unreadable)))


@dataclass(frozen=True, slots=True)
class _Done:
    """The keys of a file, by what becomes of them."""

    new: list[str]
    replaced: list[str]
    deleted: list[str]
    same: list[str]

    @property
    def changed(self) -> list[str]:
        return [*self.new, *self.replaced, *self.deleted]


def _compared(contents: Contents, given: Mapping[str, bytes | None], *, overwrite: bool) -> _Done:
    """What becomes of each key. StoreError if values would be replaced or deleted, and may not."""
    there = {key: entry.data for key, entry in contents.entries.items()}
    done = _Done(
        new=[key for key, data in given.items() if data is not None and key not in there],
        replaced=[key for key, data in given.items() if data is not None and there.get(key, data) != data],
        deleted=[key for key, data in given.items() if data is None and key in there],
        same=[key for key, data in given.items() if there.get(key) == data],
    )
    if (others := [*done.replaced, *done.deleted]) and not overwrite:
        raise StoreError(
            f"the SimpleStore of module {contents.module} has other values under {len(others)} keys ({named(others)}): "
            "nothing was changed; --overwrite replaces them"
        )
    return done


def _entries(file: Path) -> list[dict[str, Any]]:
    """What stands in the file. StoreError if it is none of ours."""
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))  # some editors put a mark before it
        if found["format"] == FORMAT and all(isinstance(one["key"], str) for one in found["entries"]):
            return list(found["entries"])
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read ({error.strerror}): name a file that aha store export wrote; nothing was changed"
        ) from error
    except (ValueError, KeyError, TypeError):
        pass
    raise StoreError(f"{file} is not what aha store export writes: nothing was changed")


def _read(objects: Objects, one: Mapping[str, Any], *, trust: bool) -> tuple[str, bytes | None]:
    """The key, and the pickled value that is to be stored; None deletes. StoreError if it cannot be taken."""
    key = checked_key(one["key"])
    if one.get("deleted") is True:
        return key, None
    if "value" in one:
        return key, pickled(key, one["value"])
    try:
        mac = bytes.fromhex(one.get("mac") or "") or None
        entry = Entry(key, b64decode(one["pickle"], validate=True), mac)
    except (KeyError, ValueError, TypeError):
        raise StoreError(f"the value for key {key!r} is no pickle in base64: nothing was changed") from None
    return key, _trusted(objects, entry, trust=trust)


def _trusted(objects: Objects, entry: Entry, *, trust: bool) -> bytes:
    """The pickled value of `entry`: as it is if it is plain, signed here or trusted, else made anew."""
    if names_in(entry.data) is None:
        raise StoreError(f"the value for key {entry.key!r} is damaged: nothing was changed")
    if plain(entry.data) or objects.is_signed(entry) or trust:
        return entry.data
    try:
        return pickled(entry.key, objects.value(entry))
    except ValueDamaged as error:
        raise StoreError(f"{error}: nothing was changed") from error
    except StoredValueError as error:
        raise StoreError(
            f"key {entry.key!r} has {error.place}, and was not signed here: nothing was changed; if you know who wrote "
            "the file, say --trust"
        ) from error


def named(keys: Iterable[str]) -> str:
    """Name some of the keys."""
    keys = list(keys)
    return ", ".join(map(repr, keys[:_SHOWN])) + (", ..." if len(keys) > _SHOWN else "")
