"""`aha db history`, `owners` and `unused`: what the database remembers of its tables. They need no module to run."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from core.config import cfg
from core.migration.ledger import records as ledger
from core.migration.ledger import stamp
from core.migration.ledger.codec_records import planned_from
from core.migration.report import line, unfinished
from core.migration.schema.read import table_names
from core.migration.upkeep import inventory

from .home import HOME, MODULES, Home, Json, Modules, look
from .texts import answer, columns, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Connection

    from core.migration.ledger.records import Entry
    from core.migration.upkeep.inventory import Left


@plain_errors
def history(
    *, home: Home = HOME, last: Annotated[int, Parameter(validator=Number(gte=0))] = 0, json: Json = False
) -> None:
    """List what was done to the tables, and when, the oldest first.

    Parameters
    ----------
    last
        Only so many of the newest entries; 0 is all.
    """
    url = home.set_up()
    entries = look(url, lambda connection: ledger.history(connection, table_names(connection)))[-last:]
    if json:
        write_json([_entry(entry) for entry in entries])
    elif entries:
        rows = [(*_head(entry), said["text"]) for entry in entries for said in _said(entry)]
        write_table(columns("no.", "when", "modules", "phase", "what"), rows)
    else:
        sys.stderr.write(answer("no history"))


def _head(entry: Entry) -> tuple[object, ...]:
    modules = ", ".join(name or texts()["framework"] for name in entry.modules)
    return entry.id, entry.at, modules, entry.phase


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "release": entry.release,
        "modules": entry.modules,
        "phase": entry.phase,
        "steps": list(_said(entry)),
    }


def _said(entry: Entry) -> Iterator[Mapping[str, Any]]:
    for step in entry.steps:
        planned = planned_from(step)
        if planned is None:  # a newer release of Aha took it
            yield {"table": step.get("table"), "step": step.get("step"), "text": f"{step.get('table')}: {step['step']}"}
        elif planned.verdict != "postpone":
            yield line(planned, entry.modules[0], lang=cfg.aha.lang).as_data()


@plain_errors
def owners(*, modules: Modules = MODULES, home: Home = HOME, json: Json = False) -> None:
    """List the tables with the modules that they belong to, and whether these are there."""
    url = home.set_up()
    states = _states(modules)
    found = look(url, inventory.owners)
    if json:
        write_json([asdict(owned) | {"state": _state(owned.module, states)} for owned in found])
        return
    said = texts()
    shown = {"": said["framework"], None: said["nobody"]}
    declared = {True: "", False: said["no more"]}
    write_table(
        columns("table", "rows", "module", "is", "declared"),
        [(o.table, o.rows, shown.get(o.module, o.module), _state(o.module, states), declared[o.used]) for o in found],
    )


def _states(modules: Modules) -> dict[str, str]:
    return {module.name: module.state for module in modules.found()}


def _state(module: str | None, states: Mapping[str, str]) -> str:
    return states.get(module, "gone") if module else ""


@plain_errors
def unused(*, modules: Modules = MODULES, home: Home = HOME, json: Json = False) -> None:
    """List the tables and columns that no module declares any more; tables of modules that are gone are among them.

    They stay until they are named to: aha db prune
    """
    url = home.set_up()
    states = _states(modules)
    found, pending = look(url, lambda connection: _unused(connection, states))
    if json:
        write_json([_left(left, states) | {"unfinished": left.module in pending} for left in found])
    elif found:
        rows = [(left.name, left.rows, left.module, _state(left.module, states)) for left in found]
        write_table(columns("name", "rows", "module", "is"), rows)
        if waiting := sorted(pending & {left.module for left in found}):
            sys.stderr.write(f"{unfinished(waiting, lang=cfg.aha.lang)}\n")
    else:
        sys.stderr.write(answer("nothing unused"))


def _unused(connection: Connection, modules: Collection[str]) -> tuple[list[Left], set[str]]:
    """What is unused, and the modules whose on_start may yet need it."""
    found, _ = stamp.read(connection)
    return inventory.unused(connection, modules), set(found.pending if found else ()) & set(modules)


def _left(left: Left, states: Mapping[str, str]) -> dict[str, Any]:
    return asdict(left) | {"name": left.name, "state": _state(left.module, states)}
