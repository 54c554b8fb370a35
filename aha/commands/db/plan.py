"""`aha db plan` and `aha db check`: what the next start would do to the tables. Nothing is changed by looking."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.exits import plain_errors
from aha.printable import printable
from aha.reports import NO_TABLES, failure_report, one_line
from aha.tables import write_json
from core.config import cfg
from core.migration.report import lines, unfinished
from core.migration.steps import Verdict
from core.migration.texts import texts_in
from core.migration.upkeep.preview import preview, scripts

from .home import HOME, MODULES, Home, Json, Modules, loaded, logger, opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.migration.report import Line
    from core.migration.upkeep.preview import Preview

_WAITS = Verdict.POSTPONE

Sql = Annotated[bool, Parameter(negative=())]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start would do before on_start, and what waits until after it; what is refused; which modules are off.

    Those that are `unfinished` have an on_start that has to succeed before the change of their tables is done.
    """

    expand: Sequence[Line]
    settle: Sequence[Line]
    refused: Sequence[Line]
    off: Mapping[str, str]
    unfinished: Sequence[str] = ()
    sql: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done but to wait, for rows to be put right or for an on_start to succeed."""
        return not (self.expand or self.refused or self.off or any(line.verdict is not _WAITS for line in self.settle))

    def as_data(self) -> dict[str, Any]:
        """The plan for programs."""
        parts = {name: [line.as_data() for line in getattr(self, name)] for name in ("expand", "settle", "refused")}
        return {"done": self.is_done, **parts, "off": dict(self.off), "unfinished": list(self.unfinished)}


@plain_errors
def plan(*, modules: Modules = MODULES, home: Home = HOME, sql: Sql = False, json: Json = False) -> int:
    """Say what the next start would do to the tables, and change nothing.

    First comes what is done before the modules start (expand), then what has to wait until after their on_start, and
    for rows to be put right (settle).

    Parameters
    ----------
    sql
        Show the statements instead, as the database would get them.
    """
    made = _made(modules, home, sql=sql)
    if json:
        write_json(made.as_data() | ({"sql": made.sql} if sql else {}))
    elif sql:
        sys.stdout.write(made.sql)
    else:
        _write(made)
    return int(bool(made.off))


@plain_errors
def check(*, modules: Modules = MODULES, home: Home = HOME, json: Json = False) -> int:
    """Exit with 0 if the database is as the modules declare it, else with 1.

    What waits for rows to be put right, or for an on_start to succeed, is listed, and is no failure.
    """
    made = _made(modules, home, sql=False)
    if json:
        write_json(made.as_data())
    else:
        _write(made)
    return int(not made.is_done)


def _made(modules: Modules, home: Home, *, sql: bool) -> Plan:
    url = home.set_up()
    with loaded(modules) as here:

        async def ask() -> Plan:
            async with opened(url, read_only=True):
                seen = await preview(here.modules)
                off = dict(here.off)
                for module, error in seen.failures.items():
                    logger.error("%s", failure_report(module.name, NO_TABLES, error, full=cfg.aha.debug))
                    off[module.name] = one_line(error)
                waiting = [module.name for module in here.modules if module.name in seen.unfinished]
                return _sorted(seen, off, waiting, await scripts(seen.units) if sql else "")

        return asyncio.run(ask())


def _sorted(seen: Preview, off: Mapping[str, str], waiting: Sequence[str], sql: str) -> Plan:
    lang = cfg.aha.lang
    refused = [unit for unit in seen.units if unit.is_refused]
    said = [
        (line, line.verdict is Verdict.POSTPONE or seen.settling.issuperset(unit.modules))
        for unit in seen.units
        if not unit.is_refused
        for line in lines([unit], lang=lang)
    ]
    return Plan(
        expand=[line for line, is_for_later in said if not is_for_later],
        settle=[line for line, is_for_later in said if is_for_later],
        refused=[line for line in lines(refused, lang=lang) if line.verdict is Verdict.REFUSE],
        off=off,
        unfinished=waiting,
        sql=sql,
    )


def _write(made: Plan) -> None:
    texts = texts_in(cfg.aha.lang)
    for name in ("expand", "settle", "refused"):
        if part := getattr(made, name):
            sys.stdout.write(f"{texts[f'plan.{name}']}\n")
            sys.stdout.writelines(f"  {printable(str(line))}\n" for line in part)
    if made.unfinished:
        sys.stdout.write(f"{unfinished(made.unfinished, lang=cfg.aha.lang)}\n")
    if made.is_done:
        sys.stdout.write(f"{texts['nothing now' if made.settle or made.unfinished else 'nothing to do']}\n")
