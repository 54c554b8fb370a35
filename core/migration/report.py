"""What a migration did, or would do, in lines for the owner: table, what, how many rows, which, the remedy. Pure."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.migration.meaning import Kind
from core.migration.steps import (
    AddColumn,
    AlterColumn,
    ChangeOptions,
    ConvertColumn,
    FillColumn,
    RetireColumn,
    RetireTable,
    SetNullable,
    Source,
    Verdict,
)
from core.migration.texts import texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.migration.model import UnitPlan
    from core.migration.steps import Fill, Planned, Step

# A literal longer than this is called "default" instead of shown.
_SHOWN_LITERAL = 24
_AROUND = {Verdict.POSTPONE: "postponed", Verdict.REFUSE: "refused"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report. `where` is `table.column`, or the table with the constraint or index in brackets."""

    module: str
    where: str
    what: str
    planned: Planned

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def verdict(self) -> Verdict:
        """What becomes of the step."""
        return self.planned.verdict

    def as_data(self) -> dict[str, Any]:
        """The line for programs; the keys stay what they are from release to release."""
        planned = self.planned
        return {
            "module": self.module,
            "table": planned.step.table,
            "column": getattr(planned.step, "column", None),
            "step": type(planned.step).__name__,
            "phase": str(planned.phase),
            "verdict": str(planned.verdict),
            "rows": planned.rows,
            "kept": planned.kept,
            "keys": list(planned.keys),
            "remedy": planned.remedy,
            "text": str(self),
        }


def lines(units: Iterable[UnitPlan], *, lang: str = "en") -> list[Line]:
    """Say what each step of `units` does, in the language `lang` ("en" or "zh"; an unknown one counts as "en")."""
    return [
        line(_told_once(planned, unit), _module(planned.step, unit), lang=lang, options=_options(planned.step, unit))
        for unit in units
        for planned in unit.steps
    ]


def line(planned: Planned, module: str, *, lang: str = "en", options: Sequence[str] = ()) -> Line:
    """Say what a step for a table of `module` does; `options` are those that the table gets by it."""
    texts = texts_in(lang)
    what = _what(planned, options, texts)
    if planned.remedy:
        around = _AROUND.get(planned.verdict, "reported")
        what = texts[around].format(what=what, why=_why(planned, module, texts))
    return Line(module, _where(planned.step), what, planned)


def _told_once(planned: Planned, unit: UnitPlan) -> Planned:
    """`planned` as it is said in its unit: what keeps a new column from NOT NULL is said where that is postponed."""
    step = planned.step
    if planned.remedy == "duplicates" and _filled(step, unit):
        return replace(planned, remedy="filled_duplicates") if planned.rows else planned
    if isinstance(step, AddColumn) and planned.remedy == "fill_nulls":
        waits = SetNullable(step.table, step.column, nullable=False)
        if any(other.step == waits and other.verdict is Verdict.POSTPONE for other in unit.steps):
            return replace(planned, remedy="")
    return planned


def _filled(step: Step, unit: UnitPlan) -> bool:
    """Whether the unit fills a column that has to be unique."""
    part = getattr(step, "constraint", None) or getattr(step, "index", None)
    fills = (other.step for other in unit.steps if isinstance(other.step, AddColumn | FillColumn))
    return part is not None and any(
        fill.table == step.table and fill.column in part.columns and fill.fill.source is not Source.NOTHING
        for fill in fills
    )


def refusal(unit: UnitPlan, *, lang: str = "en") -> str:
    """Say why the unit cannot be carried out, for the error that puts its modules off; "" if nothing is refused."""
    return "; ".join(str(said) for said in lines([unit], lang=lang) if said.verdict is Verdict.REFUSE)


def heading(units: Iterable[UnitPlan], *, lang: str = "en", seconds: float | None = None) -> str:
    """Say in one line which modules changed, and in what time; or that none did, and what waits."""
    units = list(units)
    texts = texts_in(lang)
    acting = [unit for unit in units if unit.acts]
    if not units:
        return texts["nothing to do"]
    if not acting:
        is_for_rows = any(planned.remedy != "on_start" for unit in units for planned in unit.steps)
        return texts["waiting" if is_for_rows else "unfinished"].format(modules=_modules(units, texts))
    key = "changed" if seconds is None else "changed.seconds"
    return texts[key].format(modules=_modules(acting, texts), seconds=seconds)


def undo(backup: object, *, options: Sequence[str] = (), lang: str = "en") -> str:
    """Say how to go back to what was in the database before; `backup` is the file, `options` say which database."""
    pasted = " ".join(map(_pasted, (str(backup), *options)))
    return texts_in(lang)["undo"].format(file=backup, pasted=pasted)


def _pasted(word: str) -> str:
    """`word` as a command line takes it for one; on Windows only double quotes make it that."""
    if os.name == "nt":
        return f'"{word}"' if " " in word else word
    return shlex.quote(word)


def unfinished(modules: Iterable[str], *, lang: str = "en") -> str:
    """Say in one line which modules have an on_start that has to succeed before the change of their tables is done."""
    return texts_in(lang)["unfinished"].format(modules=", ".join(modules))


def still_waiting(modules: Iterable[str], *, lang: str = "en") -> str:
    """Say in one line which modules have changes that still wait for rows to be put right."""
    return texts_in(lang)["still waiting"].format(modules=", ".join(modules))


def _modules(units: Iterable[UnitPlan], texts: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(name or texts["framework"] for unit in units for name in unit.modules))


def _options(step: Step, unit: UnitPlan) -> Sequence[str]:
    return unit.wanted[step.table].state.options if isinstance(step, ChangeOptions) else ()


def _why(planned: Planned, module: str, texts: Mapping[str, str]) -> str:
    about = "table" if isinstance(planned.step, RetireTable) else planned.kept or planned.rows
    return texts.get(f"{planned.remedy}.{about}", texts[planned.remedy]).format(
        rows=_count(planned.rows, "rows", texts),
        kept=_count(planned.kept or planned.rows, "values", texts),
        left=_count(planned.kept, "rows", texts),
        keys=_keys(planned, texts),
        module=module,
        column=getattr(planned.step, "column", ""),
        table=_declared_name(planned.step.table, module),
    )


def _declared_name(table: str, module: str) -> str:
    """What `module` calls the table; of a schema's, and of one whose long name was cut, the stored name does too."""
    return table.rpartition(".")[2].removesuffix(f"__{module}")


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


def _what(planned: Planned, options: Sequence[str], texts: Mapping[str, str]) -> str:
    step = planned.step
    # Of a conversion, the rows whose values are kept are counted apart.
    rows = planned.rows - (planned.kept if isinstance(step, ConvertColumn) else 0)
    values: dict[str, str] = {"rows": _count(rows, "rows", texts)}
    for name in ("constraint", "old", "new"):
        part = getattr(step, name, None)
        if part is not None:
            values["old" if name == "old" else "definition"] = _named(part)
    if isinstance(step, ConvertColumn):
        values["change"] = _change(step, texts)
    if isinstance(step, AlterColumn):
        values["what"] = step.what
    if isinstance(step, AddColumn | FillColumn):
        values["fill"] = _fill(step.fill, texts)
    if isinstance(step, ChangeOptions):
        values["options"] = ", ".join(options) or texts["nothing"]
    return texts[_key(planned)].format(**values)


def _change(step: ConvertColumn, texts: Mapping[str, str]) -> str:
    """What a conversion changes: the type, or what its values mean where the database shows the same type."""
    before, after = step.before, step.after
    members = ", ".join(_changed_members(step, texts))
    # An enum that is no type of the database is stored as text, which is as long as its longest member.
    is_text = before.kind is after.kind is Kind.ENUM and not before.native and not after.native
    if before.sql != after.sql and not (is_text and members):
        return f"{before.sql} -> {after.sql}"
    if before.kind is not after.kind:
        return f"{before.sql} ({before.kind}) -> {after.sql} ({after.kind})"
    return members or texts["converted"]


def _changed_members(step: ConvertColumn, texts: Mapping[str, str]) -> Iterator[str]:
    before, after = step.before.members, step.after.members
    named = {old: new for old, new in step.members.items() if old in before or not before}
    yield from (texts["member renamed"].format(old=old, new=new) for old, new in named.items())
    yield from (texts["member removed"].format(member=name) for name in before if name not in (*after, *named))
    new = [name for name in after if name not in (*(set(before) - set(named)), *named.values())]
    yield from (texts["member added"].format(member=name) for name in new)


def _key(planned: Planned) -> str:
    step = planned.step
    name = type(step).__name__
    if isinstance(step, AlterColumn) and step.plain:
        return f"{name}.plain"
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
    if concerned > len(planned.keys):
        return texts["keys.more"].format(keys=", ".join(planned.keys))
    return texts.get(f"keys.{concerned}", texts["keys"]).format(keys=", ".join(planned.keys))
