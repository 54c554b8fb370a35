"""Which constraints and indexes of a table are missing, have another name, or are no longer wanted. Pure.

Only what a record says is ours is dropped, and what names a column that is unused now. Others' are left alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from core.migration.planner.rewrite import demand, wording
from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddConstraint,
    AddIndex,
    DropConstraint,
    DropIndex,
    RenameConstraint,
    Step,
    ValidateConstraint,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Dialect, Table

    from core.migration.planner.matching import Match
    from core.migration.state import ConstraintState, IndexState


def constraint_steps(match: Match, *, unused: Collection[str], dialect: Dialect) -> Iterator[Step]:
    """The steps for the table's constraints, its primary key among them."""
    there = match.now.constraints if match.now else ()
    recorded = match.record.state.constraints if match.record else ()
    if there == match.wanted.state.constraints and all(known.validated for known in (*there, *recorded)):
        return
    compared = _Constraints(match, dialect)
    pairs = compared.pairs()
    renamed = compared.renamed(pairs)
    for wanted, now in pairs:
        if any(now is old for _, old in renamed):
            yield RenameConstraint(match.name, now, wanted)
        if not now.validated or compared.is_unvalidated(wanted):
            named = wanted if any(now is old for _, old in renamed) else replace(wanted, name=now.name)
            yield ValidateConstraint(match.name, named)
    for constraint in compared.now:
        if all(constraint is not now for _, now in pairs) and compared.goes(constraint, unused):
            yield DropConstraint(match.name, constraint)
    for constraint in match.wanted.state.constraints:
        if all(constraint is not wanted for wanted, _ in pairs):
            yield AddConstraint(match.name, to_add(match, constraint))


def unchanged(match: Match, dialect: Dialect) -> list[_Pair]:
    """The constraints of the model that are there, each with the one on disk, whatever that is called."""
    return _Constraints(match, dialect).pairs()


def to_add(match: Match, constraint: ConstraintState) -> ConstraintState:
    """`constraint` as it is to be made: the database names it if nobody else has, as the name may be taken by now."""
    is_free = constraint.kind in _WITH_INDEX and not _is_named(match.wanted.table, constraint)
    return replace(constraint, name=None) if is_free else constraint


# The names of these are those of indexes: PostgreSQL has one space for all tables.
_WITH_INDEX = {ConstraintKind.PRIMARY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE}
_Pair: TypeAlias = "tuple[ConstraintState, ConstraintState]"


def _is_named(table: Table, constraint: ConstraintState) -> bool:
    """Whether the author gave the constraint its name, and not the database."""
    kind = constraint.kind.value.replace(" KEY", "").lower()
    alike = [c.name for c in table.constraints if kind in c.__visit_name__]
    return constraint.name in alike or (bool(alike) and all(isinstance(name, str) for name in alike))


class _Constraints:
    """The constraints of one table, on disk, in the model and in the record, by what they demand."""

    def __init__(self, match: Match, dialect: Dialect) -> None:
        self.now = match.now.constraints if match.now else ()
        self._dialect = dialect
        self._wanted = match.wanted.state.constraints
        self._is_recorded = match.record is not None
        recorded = match.record.state.constraints if match.record else ()
        self._names = {constraint.name for constraint in recorded if constraint.name}
        self._demands = {demand(constraint, dialect): constraint for constraint in recorded}
        self._match = match

    def renamed(self, pairs: Sequence[_Pair]) -> list[_Pair]:
        """Those of `pairs` that get the model's name. One that the database made up is given only if it is free."""
        found = [(wanted, now) for wanted, now in pairs if now.name != wanted.name and self.is_ours(now)]
        found = [(wanted, now) for wanted, now in found if self._is_new_name(wanted)]
        while taken := self._taken(found):
            found = [pair for pair in found if pair not in taken]
        return found

    def _is_new_name(self, wanted: ConstraintState) -> bool:
        """Whether the model, and not only what else is in the database, is why the name is another one."""
        if wanted.name is None or _is_named(self._match.wanted.table, wanted) or self._match.is_renamed:
            return True
        recorded = self._demands.get(demand(wanted, self._dialect))
        return recorded is not None and recorded.name != wanted.name

    def _taken(self, found: Sequence[_Pair]) -> list[_Pair]:
        given_up = {now.name for _, now in found}
        own = {constraint.name for constraint in self.now} - given_up
        others = self._match.taken - given_up
        return [
            (wanted, now)
            for wanted, now in found
            if wanted.name is not None
            and not _is_named(self._match.wanted.table, wanted)
            and (wanted.name in own or (wanted.kind in _WITH_INDEX and wanted.name in others))
        ]

    def pairs(self) -> list[_Pair]:
        """The constraints of the model that are there, each with the one on disk; the same names come first."""
        found: list[tuple[ConstraintState, ConstraintState]] = []
        left = {id(now): (now, demand(now, self._dialect)) for now in self.now}
        for same_name in (True, False):
            for wanted in self._wanted:
                if any(wanted is paired for paired, _ in found):
                    continue
                wants = demand(wanted, self._dialect)
                for now, demands in left.values():
                    if demands == wants and (
                        now.name == wanted.name if same_name else self._may_stand_for(now, wanted)
                    ):
                        found.append((wanted, now))
                        del left[id(now)]
                        break
        return found

    def _may_stand_for(self, now: ConstraintState, wanted: ConstraintState) -> bool:
        return self.is_ours(now) or wanted.name is None or wanted.kind is ConstraintKind.PRIMARY

    def is_ours(self, constraint: ConstraintState) -> bool:
        """Whether a record says so; without a record, one that does what ours does is.

        The record has the name that the database gives where nothing else is; it may have given another one.
        """
        if not self._is_recorded or constraint.name in self._names:
            return True
        recorded = self._demands.get(demand(constraint, self._dialect))
        return recorded is not None and (
            constraint.name is None or all(recorded.name != other.name for other in self.now)
        )

    def is_unvalidated(self, wanted: ConstraintState) -> bool:
        """Whether old rows may violate the constraint: SQLite itself does not remember that."""
        recorded = self._demands.get(demand(wanted, self._dialect))
        return recorded is not None and not recorded.validated

    def goes(self, constraint: ConstraintState, unused: Collection[str]) -> bool:
        """Whether a constraint that the model does not have is dropped."""
        if constraint.kind is ConstraintKind.PRIMARY or not set(unused).isdisjoint(constraint.columns):
            return True
        if any(_is_replaced_by(wanted, constraint) for wanted in self._wanted):
            return True
        return self._is_recorded and self.is_ours(constraint)


def _is_replaced_by(wanted: ConstraintState, now: ConstraintState) -> bool:
    """Whether both cannot stand beside each other: one name, or one foreign key with other actions."""
    if now.name is not None and now.name == wanted.name:
        return True
    key, other = (c.kind is ConstraintKind.FOREIGN and (c.columns, c.target, c.target_columns) for c in (now, wanted))
    return key is not False and key == other


def index_steps(match: Match, *, unused: Collection[str], dialect: Dialect) -> Iterator[Step]:
    """The steps for the table's indexes; one that differs is dropped and made anew."""
    wanted = {index.name: index for index in match.wanted.state.indexes}
    recorded = {index.name for index in match.record.state.indexes} if match.record else set()
    there = set()
    for index in match.now.indexes if match.now else ():
        blocks = index.unique and not set(unused).isdisjoint(index.columns)
        if index.name in wanted and _is_same(index, wanted[index.name], dialect):
            there.add(index.name)
        elif index.name in wanted or index.name in recorded or blocks:
            yield DropIndex(match.name, index)
    for name, index in wanted.items():
        if name not in there:
            yield AddIndex(match.name, index)


def _is_same(now: IndexState, wanted: IndexState, dialect: Dialect) -> bool:
    if now == wanted:
        return True
    return now.unique == wanted.unique and wording(now.definition, dialect) == wording(wanted.definition, dialect)
