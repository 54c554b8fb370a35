"""What a migration did, or would do, in lines for the owner: table, what, how many rows, which, the remedy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.migration.steps import (
    AddColumn,
    AlterColumn,
    ChangeOptions,
    ConvertColumn,
    FillColumn,
    Planned,
    RetireColumn,
    SetNullable,
    Source,
    Verdict,
)
from core.migration.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.migration.model import UnitPlan
    from core.migration.steps import Fill, Step

# A literal longer than this is called "default" instead of shown.
_SHOWN_LITERAL = 24


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report. `where` is `table.column`, or the table with the constraint or index in brackets."""

    module: str
    where: str
    what: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def lines(units: Iterable[UnitPlan], *, lang: str = "en") -> list[Line]:
    """Say what each step of `units` does, in the language `lang` ("en" or "zh"; an unknown one counts as "en")."""
    texts = LANGUAGES.get(lang, LANGUAGES["en"])
    return [_line(planned, unit, texts) for unit in units for planned in unit.steps]


def heading(units: Sequence[UnitPlan], *, lang: str = "en") -> str:
    """Say which modules changed, in one line; or that none did."""
    texts = LANGUAGES.get(lang, LANGUAGES["en"])
    modules = dict.fromkeys(name or texts["framework"] for unit in units for name in unit.modules)
    return texts["changed"].format(modules=", ".join(modules)) if modules else texts["nothing to do"]


def _line(planned: Planned, unit: UnitPlan, texts: Mapping[str, str]) -> Line:
    step = planned.step
    module = _module(step, unit)
    what = _what(planned, unit, texts)
    if planned.remedy:
        why = texts[planned.remedy].format(
            rows=_count(planned.rows, "rows", texts),
            kept=_count(planned.kept or planned.rows, "values", texts),
            keys=_keys(planned, texts),
            module=module,
            column=getattr(step, "column", ""),
        )
        around = {Verdict.POSTPONE: "postponed", Verdict.REFUSE: "refused"}.get(planned.verdict, "reported")
        what = texts[around].format(what=what, why=why)
    return Line(module, _where(step), what, planned.verdict)


def _module(step: Step, unit: UnitPlan) -> str:
    wanted, record = unit.wanted.get(step.table), unit.records.get(step.table)
    if wanted is not None:
        return wanted.module
    return record.module if record is not None else unit.modules[0]


def _where(step: Step) -> str:
    column = getattr(step, "column", None)
    if column is not None:
        return f"{step.table}.{column}"
    part = getattr(step, "constraint", None) or getattr(step, "index", None) or getattr(step, "new", None)
    return f"{step.table} [{part.name}]" if part is not None and part.name else step.table


def _what(planned: Planned, unit: UnitPlan, texts: Mapping[str, str]) -> str:
    step = planned.step
    values: dict[str, str] = {"rows": _count(planned.rows, "rows", texts)}
    for name in ("constraint", "old", "new"):
        part = getattr(step, name, None)
        if part is not None:
            values["old" if name == "old" else "definition"] = _named(part)
    if isinstance(step, ConvertColumn):
        values |= {"before": step.before.sql, "after": step.after.sql}
    if isinstance(step, AlterColumn):
        values["what"] = step.what
    if isinstance(step, AddColumn | FillColumn):
        values["fill"] = _fill(step.fill, texts)
    if isinstance(step, ChangeOptions):
        values["options"] = ", ".join(unit.wanted[step.table].state.options) or texts["nothing"]
    return texts[_key(planned)].format(**values)


def _key(planned: Planned) -> str:
    step = planned.step
    name = type(step).__name__
    if isinstance(step, SetNullable):
        return f"{name}.{'on' if step.nullable else 'off'}"
    if planned.verdict in {Verdict.POSTPONE, Verdict.REFUSE} or not planned.rows:
        return name
    if isinstance(step, AddColumn) and step.fill.source is Source.NOTHING:
        return name
    return f"{name}.filled" if isinstance(step, AddColumn | RetireColumn | ConvertColumn) else name


def _named(part: object) -> str:
    return part if isinstance(part, str) else str(getattr(part, "definition", part))


def _fill(fill: Fill, texts: Mapping[str, str]) -> str:
    if fill.sql is not None and fill.source is Source.VALUE and len(fill.sql) <= _SHOWN_LITERAL:
        return fill.sql
    return texts[fill.source.value]


def _count(n: int, what: str, texts: Mapping[str, str]) -> str:
    return texts.get(f"{what}.{n}", texts[what]).format(n=n)


def _keys(planned: Planned, texts: Mapping[str, str]) -> str:
    if not planned.keys:
        return ""
    concerned = planned.kept or planned.rows
    key = "keys.more" if concerned > len(planned.keys) else "keys"
    return texts[key].format(keys=", ".join(planned.keys))
