"""`aha db plan` and `aha db check`: what the next start would do to the tables. Nothing is changed by looking."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.exits import plain_errors
from aha.reports import NO_TABLES, failure_report, one_line
from aha.tables import write_json
from core.config import cfg
from core.migration.report import lines
from core.migration.steps import Verdict
from core.migration.texts import texts_in
from core.migration.upkeep.preview import plan_only, scripts

from .home import HOME, MODULES, Home, Json, Modules, loaded, logger, opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.migration.model import UnitPlan
    from core.migration.report import Line

Sql = Annotated[bool, Parameter(negative=())]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start would do before on_start, and what waits until after it; what is refused; which modules are off."""

    expand: Sequence[Line]
    settle: Sequence[Line]
    refused: Sequence[Line]
    off: Mapping[str, str]
    sql: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done but to wait for rows to be put right."""
        return not (self.expand or self.refused or self.off)

    def as_data(self) -> dict[str, Any]:
        """The plan for programs."""
        parts = {name: [line.as_data() for line in getattr(self, name)] for name in ("expand", "settle", "refused")}
        return {"done": self.is_done, **parts, "off": dict(self.off)}


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

    What waits for rows to be put right is listed, and is no failure.
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
                outcome = await plan_only(here.modules)
                off = dict(here.off)
                for module, error in outcome.failures.items():
                    logger.error("%s", failure_report(module.name, NO_TABLES, error, full=cfg.aha.debug))
                    off[module.name] = one_line(error)
                return _sorted(outcome.units, off, await scripts(outcome.units) if sql else "")

        return asyncio.run(ask())


def _sorted(units: Sequence[UnitPlan], off: Mapping[str, str], sql: str) -> Plan:
    lang = cfg.aha.lang
    refused = [unit for unit in units if unit.is_refused]
    said = lines([unit for unit in units if not unit.is_refused], lang=lang)
    return Plan(
        expand=[line for line in said if line.verdict is not Verdict.POSTPONE],
        settle=[line for line in said if line.verdict is Verdict.POSTPONE],
        refused=[line for line in lines(refused, lang=lang) if line.verdict is Verdict.REFUSE],
        off=off,
        sql=sql,
    )


def _write(made: Plan) -> None:
    texts = texts_in(cfg.aha.lang)
    for name in ("expand", "settle", "refused"):
        if part := getattr(made, name):
            sys.stdout.write(f"{texts[f'plan.{name}']}\n")
            sys.stdout.writelines(f"  {line}\n" for line in part)
    if made.is_done:
        sys.stdout.write(f"{texts['nothing now' if made.settle else 'nothing to do']}\n")
