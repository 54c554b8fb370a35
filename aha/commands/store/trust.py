"""`aha store trust`: sign what this installation has not signed, once its owner has seen what it is."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.db.home import HOME, Home, Json
from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from models.exc import StoreError, UsageError
from services.data_store.pickles import names_in, plain

from .carry import named
from .objects import MODULES, Folder, Objects
from .reading import read_store
from .texts import answer, columns, texts
from .writing import change, signatures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aha.stores import Contents, Entry

    from .writing import Settled


@plain_errors
def trust(
    module: str,
    /,
    *,
    yes: Annotated[bool, Parameter(negative=())] = False,
    modules: Folder = MODULES,
    home: Home = HOME,
    json: Json = False,
) -> int:
    """Sign what the store of a module holds and this installation has not signed, after showing what it names.

    It is for a bot whose store.key is lost, or whose data came from another one. Nothing of it is run here.

    Parameters
    ----------
    module
        The module's name.
    yes
        Do not ask.
    """
    url = home.set_up()
    unsigned = _unsigned(read_store(url, module), modules)
    known, unknown = _by_names(unsigned)
    if not json:
        _show(known, unknown)
    if not known:
        if json:
            write_json(_as_data({}, unknown))
        return int(bool(unknown))
    if not (yes or agreed("agree to trust")):
        sys.stderr.write(answer("not changed"))
        return 1
    change(url, module, partial(_sign, {key: unsigned[key].data for key in known}))
    if json:
        write_json(_as_data(known, unknown))
    else:
        sys.stdout.write(answer("trusted", n=len(known)))
    return 0


def _unsigned(contents: Contents, modules: Path) -> dict[str, Entry]:
    """What may act when it is read, and is not signed here."""
    with Objects(contents.module, modules) as objects:
        return {
            key: entry
            for key, entry in contents.entries.items()
            if not plain(entry.data) and not objects.is_signed(entry)
        }


def _by_names(entries: Mapping[str, Entry]) -> tuple[dict[str, list[str]], list[str]]:
    """The classes and functions that values name, by key; and the keys of values of which nobody can know it."""
    names = {key: None if entry.damaged else names_in(entry.data) for key, entry in entries.items()}
    known = {key: found for key, found in names.items() if found is not None}
    return known, [key for key, found in names.items() if found is None]


async def _sign(shown: Mapping[str, bytes], settled: Settled) -> None:
    """Sign values as they were shown to the owner, by key; StoreError if they are others by now."""
    module = settled.contents.module
    values = {key: settled.contents.entry(key).data for key in shown}
    if values != shown:
        raise StoreError(f"the SimpleStore of module {module} has changed meanwhile: look again")
    await settled.write(values, signed=signatures(module, values))


def _show(known: dict[str, list[str]], unknown: list[str]) -> None:
    by_names: dict[str, list[str]] = {}
    for key, names in known.items():
        by_names.setdefault(", ".join(names), []).append(key)
    if by_names:
        rows = [(names, len(keys), named(keys)) for names, keys in sorted(by_names.items())]
        write_table([*columns("classes", "keys"), ""], rows)
    if unknown:
        sys.stderr.write(answer("unknowable", keys=named(unknown)))
    elif not known:
        sys.stderr.write(answer("nothing to trust"))


def _as_data(known: dict[str, list[str]], unknown: list[str]) -> dict[str, Any]:
    return {"signed": known, "not_signed": unknown}


def agreed(question: str) -> bool:
    """Whether the owner, asked at the terminal, says yes. UsageError if there is nobody to ask."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: say --yes if that is what you want")
    sys.stderr.write(texts()[question])
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"
