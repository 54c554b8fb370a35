"""Which table and column on disk is which of the model: declared renames, rollbacks, late declarations. Pure.

Nothing is guessed. A name counts if the model declares it (`was`), if an older release has it again that the record
says was renamed since, or if SQLite takes the two for the same because they differ in upper and lower case only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.migration.planner.exchanges import Claims
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from core.migration.model import TableRecord, WantedTable
    from core.migration.state import TableState

_SINGLY = (
    "rename one after the other, each in a release of its own, the first to a name that is free; until then nothing is "
    "changed"
)


@dataclass(frozen=True, slots=True)
class Renames:
    """New names -> names on disk. `columns`, `fills` are by the table's new name and have only what is renamed.

    `tables` and `columns` are renamed in place. `merges` and `fills` were declared a release late: both exist.
    """

    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    merges: Mapping[str, str]
    fills: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Names:
    """One space of names, tables or the columns of one table. `known` are those that the record has, `used` or not."""

    wanted: Collection[str]
    live: Collection[str]
    known: Collection[str]
    used: Collection[str]
    declared: Mapping[str, Sequence[str]]
    former: Mapping[str, Sequence[str]]
    folds: bool

    def renamed(self) -> dict[str, str]:
        """New name -> old for those that are on disk under another name.

        The nearest former names go first, and of names as near that of the one that has the least to choose from.
        """
        found: dict[str, str] = {}
        candidates = {name: list(self._candidates(name)) for name in self.wanted if name not in self.live}
        while more := self._nearest(candidates, found):
            found |= more
            given_up = {old: name for name, old in more.items() if old in self.wanted and old not in found}
            candidates = {name: list(self._next(name, taker)) for name, taker in given_up.items()}
        return found

    @staticmethod
    def _nearest(candidates: Mapping[str, Sequence[str]], renamed: Mapping[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        taken = set(renamed.values())
        for distance in range(max(map(len, candidates.values()), default=0)):
            for name, olds in sorted(candidates.items(), key=lambda found: len(found[1])):
                if name not in found and distance < len(olds) and olds[distance] not in taken:
                    found[name] = olds[distance]
                    taken.add(olds[distance])
        return found

    def rivals(self, renamed: Mapping[str, str], late: Mapping[str, str]) -> tuple[str, str, str] | None:
        """A name that is on disk, and two that declare it as their former one, of which only one could get it."""
        taken = {old: name for name, old in renamed.items()}
        for name in self.wanted:
            if name not in self.live and name not in renamed:
                for old in self.declared.get(name, ()):
                    if old in taken and old in self.declared.get(taken[old], ()):
                        return old, taken[old], name
        for name, old in late.items():
            if (first := taken.setdefault(old, name)) != name:
                return old, first, name
        return None

    def passed_on(self, renamed: Mapping[str, str], late: Mapping[str, str]) -> dict[str, str]:
        """Names and what each declares to have been, of which only now they say so, and which are all in use."""
        used = [name for name in self.live if name in self.used]
        claims = Claims(
            wanted=self.wanted,
            declared=self.declared,
            renamed=renamed,
            late=late,
            used=used,
            former=self.former,
            folds=self.folds,
        )
        return claims.passed_on()

    def _candidates(self, name: str) -> Iterator[str]:
        if self.folds:
            yield from (old for old in self.live if old.lower() == name.lower() and old not in self.wanted)
        later = self._later(name)
        yield from (new for new in later if self._is_older(name, new))
        # The old name may have been given to something new in the same release: then this one was never there.
        olds = [old for old in self.declared.get(name, ()) if old in self.live]
        olds = [old for old in olds if old not in self.wanted or name not in self.known]
        yield from sorted(olds, key=lambda old: self._is_another(old, olds))
        yield from (new for new in later if not self._is_claimed(new, name))

    def _is_another(self, old: str, olds: Sequence[str]) -> bool:
        """Whether `old`, which goes on, is not what was any of `olds`: that has its name now, and it never had that."""
        apart = set(olds).intersection(self.used).difference(self.wanted, self.former.get(old, ()), [old])
        return old in self.wanted and old in self.used and bool(apart)

    def _next(self, name: str, taker: str) -> Iterator[str]:
        """What may get `name` when it becomes free: as declared, or as before if the taker, too, goes back."""
        later = self._later(name)
        yield from (new for new in later if self._is_itself(name, new))
        yield from (old for old in self.declared.get(name, ()) if old in self.live)
        if name not in self.declared.get(taker, ()):
            yield from later

    def _later(self, name: str, *, before: tuple[str, ...] = ()) -> list[str]:
        """What is known to have been `name` and is called otherwise since, the latest first.

        That may be a name of this release, too, if it has been given on and what had it before gets it back.
        """
        back = sorted((olds.index(name), new) for new, olds in self.former.items() if name in olds and new in self.live)
        return [new for _, new in back if new not in self.wanted or self._is_given_on(new, name, before)]

    def _is_given_on(self, new: str, name: str, before: tuple[str, ...]) -> bool:
        if new in before or (name in self.declared.get(new, ()) and not self._is_itself(name, new)):
            return False
        return bool(self._later(new, before=(*before, name, new)))

    def _is_itself(self, name: str, new: str) -> bool:
        """Whether `new` is known to have been `name`, and before that just what `name` declares."""
        declared, olds = tuple(self.declared.get(name, ())), tuple(self.former[new])
        after = olds[olds.index(name) + 1 :]
        return bool(declared) and after[: len(declared)] == declared

    def _is_older(self, name: str, new: str) -> bool:
        """Whether the release is from before `name` became `new`: that is known to have been all that it declares."""
        if not {name, new, *self.former[new]}.issuperset(self.declared.get(name, ())):
            return False
        return not self._is_claimed(new, name)

    def _is_claimed(self, new: str, name: str) -> bool:
        """Whether any but `name` only now declares to have been `new`."""
        others = (other for other, olds in self.declared.items() if new in olds and other != name)
        return any(self._is_news(other, new) for other in others)

    def _is_news(self, name: str, old: str) -> bool:
        """Whether nothing that has the name, or had it, is known to have been `old`."""
        return not any(old in olds for new, olds in self.former.items() if name in (new, *olds))

    def late(self, renamed: Mapping[str, str], done: Mapping[str, Collection[str]]) -> dict[str, str]:
        """Name -> former one for those of which both are on disk and that are not `done`.

        What is `renamed` now may have been something before that, and that may be there still.
        """
        found: dict[str, str] = {}
        for name in self.wanted:
            for old in self.declared.get(name, ()) if name in self.live or name in renamed else ():
                free = old in self.live and old not in self.wanted and old not in renamed.values()
                if free and old not in done.get(name, ()):
                    found.setdefault(name, old)
        return found


def resolve(
    wanted: Mapping[str, WantedTable],
    live: Mapping[str, TableState],
    records: Mapping[str, TableRecord],
    *,
    folds: bool = False,
) -> Renames:
    """Find what is to be renamed or filled from former names. `folds`: the database does not tell a from A.

    Raises TableRefused if two of the model declare that they were the same one that is on disk, or each other, be it
    in a circle.
    """
    names = _Names(
        wanted=wanted,
        live=live,
        known=records,
        used=[name for name, record in records.items() if record.used],
        declared={name: table.was for name, table in wanted.items()},
        former={name: record.was for name, record in records.items()},
        folds=folds,
    )
    tables, merges = _tables(names, records)
    columns, fills = {}, {}
    for name, table in wanted.items():
        source = tables.get(name, name)
        if source in live and not (source in tables.values() and name not in tables):
            columns[name], fills[name] = _columns(table, live[source], records.get(source), folds=folds)
    return Renames(
        tables=tables,
        columns={name: found for name, found in columns.items() if found},
        merges=merges,
        fills={name: found for name, found in fills.items() if found},
    )


def _tables(names: _Names, records: Mapping[str, TableRecord]) -> tuple[dict[str, str], dict[str, str]]:
    renamed = names.renamed()
    done = {name: records[old].merged for name in names.wanted if (old := renamed.get(name, name)) in records}
    merges = names.late(renamed, done)
    if (rivals := names.rivals(renamed, merges)) is not None:
        old, one, other = rivals
        raise _refusal(f"tables {one} and {other}", old, table=one, others=(other,))
    if moves := names.passed_on(renamed, merges):
        refused = f"the tables take names from each other that are in use ({_shown(moves, renamed)}): {_SINGLY}"
        raise TableRefused(refused, table=next(iter(moves)), others=tuple(moves))
    return renamed, merges


def _columns(
    table: WantedTable, live: TableState, record: TableRecord | None, *, folds: bool
) -> tuple[dict[str, str], dict[str, str]]:
    name = table.state.name
    names = _Names(
        wanted=table.state.column_names,
        live=live.column_names,
        known=record.meanings if record else (),
        used=record.state.column_names if record else (),
        declared=table.column_was,
        former=record.renamed if record else {},
        folds=folds,
    )
    renamed = names.renamed()
    filled_from = record.filled_from if record else {}
    done = {column: filled_from.get(renamed.get(column, column), ()) for column in names.wanted}
    stored = [column.name for column in table.state.columns if not column.computed]
    late = names.late(renamed, done)
    fills = {column: old for column, old in late.items() if column in stored}
    if (rivals := names.rivals(renamed, fills)) is not None:
        old, one, other = rivals
        raise _refusal(f"columns of {name} {one} and {other}", old, table=name)
    if moves := names.passed_on(renamed, fills):
        refused = (
            f"the columns of {name} take names from each other that are in use ({_shown(moves, renamed)}): {_SINGLY}"
        )
        raise TableRefused(refused, table=name)
    return renamed, fills


def _shown(moves: Mapping[str, str], renamed: Mapping[str, str]) -> str:
    return ", ".join(f"{renamed.get(old, old)} -> {new}" for new, old in moves.items())


def _refusal(both: str, old: str, *, table: str, others: tuple[str, ...] = ()) -> TableRefused:
    return TableRefused(
        f"the {both} both declare that they were {old}: which of them is it? Take it out of the "
        'info={"was": ...} of the other one, or out of its module\'s __was__; until then nothing is changed',
        table=table,
        others=others,
    )
