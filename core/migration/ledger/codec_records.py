"""The records and steps of a migration as plain data and back: for the ledger, and for who reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.migration.ledger.codec import known, meaning_from, plain
from core.migration.model import TableRecord
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import KINDS, Fill, Phase, Planned, Source, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def planned_as_data(planned: Planned) -> dict[str, Any]:
    """A step with its verdict as plain data, the name of its kind under "step"."""
    step = {"step": type(planned.step).__name__, **plain(planned.step)}
    return {**plain(planned), **step}


def planned_from(given: Mapping[str, Any]) -> Planned | None:
    """What `planned_as_data` made of a step; what made a default is forgotten. None for a kind that is not known."""
    kind = KINDS.get(given["step"])
    if kind is None:
        return None
    data = known(kind, given)
    names = (name for name in data.keys() & _PARTS.keys() if isinstance(data[name], Mapping | tuple))
    parts = {name: _PARTS[name](data[name]) for name in names}
    rest = {name: value for name, value in known(Planned, given).items() if name != "step"}
    given_as = {"phase": Phase(rest["phase"]), "verdict": Verdict(rest["verdict"])}
    return Planned(kind(**{**data, **parts}), **{**rest, **given_as})


def record_from(text: str) -> TableRecord:
    """The record that `encode` wrote."""
    data = known(TableRecord, json.loads(text))
    meanings = {name: meaning_from(given) for name, given in data["meanings"].items()}
    renamed, filled_from = (_names(data.get(part, {})) for part in ("renamed", "filled_from"))
    wrote = {name: _literals(given) for name, given in data.get("wrote", {}).items()}
    state = _table(data["state"])
    found = {"state": state, "meanings": meanings, "renamed": renamed, "wrote": wrote, "filled_from": filled_from}
    return TableRecord(**{**data, **found})


def _names(given: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(olds) for name, olds in given.items()}


def _literals(given: str | Sequence[str]) -> tuple[str, ...]:
    """What was filled into a column; an older Aha wrote down the last literal only."""
    return (given,) if isinstance(given, str) else tuple(given)


def _table(given: Mapping[str, Any]) -> TableState:
    data = known(TableState, given)
    return TableState(
        **{
            **data,
            "columns": tuple(ColumnState(**known(ColumnState, column)) for column in data["columns"]),
            "constraints": _constraints(data.get("constraints", ())),
            "indexes": tuple(_index(index) for index in data.get("indexes", ())),
        }
    )


def _constraint(given: Mapping[str, Any]) -> ConstraintState:
    data = known(ConstraintState, given)
    return ConstraintState(**{**data, "kind": ConstraintKind(data["kind"])})


def _fill(given: Mapping[str, Any]) -> Fill:
    return Fill(Source(given["source"]), given["sql"], usual=given.get("usual"))


def _index(given: Mapping[str, Any]) -> IndexState:
    return IndexState(**known(IndexState, given))


def _part(given: Mapping[str, Any]) -> ConstraintState | IndexState:
    return _constraint(given) if "kind" in given else _index(given)


def _constraints(given: Sequence[Mapping[str, Any]]) -> tuple[ConstraintState, ...]:
    return tuple(_constraint(constraint) for constraint in given)


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "fill": _fill,
    "before": meaning_from,
    "after": meaning_from,
    "constraint": _constraint,
    "index": _index,
    "old": _part,
    "new": _part,
    "without": _constraints,
}
