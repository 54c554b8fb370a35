"""Which table and column on disk is which of the model: declared renames, rollbacks, late declarations. Pure.

Nothing is guessed. A name counts if the model declares it (`was`), if an older release has it again that the record
says was renamed since, or if SQLite takes the two for the same because they differ in upper and lower case only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from core.migration.model import TableRecord, WantedTable
    from core.migration.state import TableState


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
    """One space of names, tables or the columns of one table. `known` are those that the record has."""

    wanted: Collection[str]
    live: Collection[str]
    known: Collection[str]
    declared: Mapping[str, Sequence[str]]
    former: Mapping[str, Sequence[str]]
    folds: bool

    def renamed(self) -> dict[str, str]:
        """New name -> old for those that are on disk under another name; the nearest former names go first."""
        found: dict[str, str] = {}
        candidates = {name: list(self._candidates(name)) for name in self.wanted if name not in self.live}
        for distance in range(max(map(len, candidates.values()), default=0)):
            for name, olds in candidates.items():
                if name not in found and distance < len(olds) and olds[distance] not in found.values():
                    found[name] = olds[distance]
        return found

    def rivals(self, renamed: Mapping[str, str]) -> tuple[str, str, str] | None:
        """A name that is on disk, and two that declare it as their former one, of which only one could get it."""
        taken = {old: name for name, old in renamed.items()}
        for name in self.wanted:
            if name not in self.live and name not in renamed:
                for old in self.declared.get(name, ()):
                    if old in taken and old in self.declared.get(taken[old], ()):
                        return old, taken[old], name
        return None

    def _candidates(self, name: str) -> Iterator[str]:
        if self.folds:
            yield from (old for old in self.live if old.lower() == name.lower() and old not in self.wanted)
        for old in self.declared.get(name, ()):
            # The old name may have been given to something new in the same release: then this one was never there.
            if old in self.live and (old not in self.wanted or name not in self.known):
                yield old
        back = [(olds.index(name), new) for new, olds in self.former.items() if name in olds]
        yield from (new for _, new in sorted(back) if new in self.live and new not in self.wanted)

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

    Raises TableRefused if two of the model declare that they were the same one that is on disk, or each other.
    """
    names = _Names(
        wanted=wanted,
        live=live,
        known=records,
        declared={name: table.was for name, table in wanted.items()},
        former={name: record.was for name, record in records.items()},
        folds=folds,
    )
    tables = names.renamed()
    if (rivals := names.rivals(tables)) is not None:
        raise _refusal("tables", *rivals, table=rivals[1], others=rivals[2:])
    merged = {name: records[old].merged for name in wanted if (old := tables.get(name, name)) in records}
    done = {name: [old.removeprefix("table:") for old in olds] for name, olds in merged.items()}
    columns, fills = {}, {}
    for name, table in wanted.items():
        source = tables.get(name, name)
        if source in live and not (source in tables.values() and name not in tables):
            columns[name], fills[name] = _columns(table, live[source], records.get(source), folds=folds)
    return Renames(
        tables=tables,
        columns={name: found for name, found in columns.items() if found},
        merges=names.late(tables, done),
        fills={name: found for name, found in fills.items() if found},
    )


def _columns(
    table: WantedTable, live: TableState, record: TableRecord | None, *, folds: bool
) -> tuple[dict[str, str], dict[str, str]]:
    names = _Names(
        wanted=table.state.column_names,
        live=live.column_names,
        known=record.meanings if record else (),
        declared=table.column_was,
        former=record.renamed if record else {},
        folds=folds,
    )
    renamed = names.renamed()
    if (rivals := names.rivals(renamed)) is not None:
        raise _refusal(f"columns of {table.state.name}", *rivals, table=table.state.name)
    if record is not None and (pair := _exchanged(table, live, record)) is not None:
        raise TableRefused(
            f"the columns {pair[0]} and {pair[1]} of {table.state.name} say that they were each other: call one of "
            "them otherwise in a release of its own, and then what the other was; until then nothing is changed",
            table=table.state.name,
        )
    merged = record.merged if record else ()
    stored = [column.name for column in table.state.columns if not column.computed]
    late = names.late(renamed, dict.fromkeys(stored, merged))
    return renamed, {name: old for name, old in late.items() if name in stored}


def _exchanged(table: WantedTable, live: TableState, record: TableRecord) -> tuple[str, str] | None:
    """Two columns on disk that only now declare to have been each other: that shows in no name."""
    known = set(live.column_names).intersection(table.state.column_names, record.state.column_names)
    for name in sorted(known):
        for old in known.intersection(table.column_was.get(name, ())).difference(record.renamed.get(name, ()), (name,)):
            if name in table.column_was.get(old, ()):
                return name, old
    return None


def _refusal(what: str, old: str, one: str, other: str, *, table: str, others: tuple[str, ...] = ()) -> TableRefused:
    return TableRefused(
        f"the {what} {one} and {other} both declare that they were {old}: which of them is it? Take it out of the "
        'info={"was": ...} of the other one, or out of its module\'s __was__; until then nothing is changed',
        table=table,
        others=others,
    )
