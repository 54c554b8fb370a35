"""Random histories of a table: releases that change it one after the other, and the way of an owner through them.

Of every column it is known which one of an earlier release it is. So it is known what a release has to show: whatever
was written into a column, as soon as that has its type again. What is seen then is none of its business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.migration.sources import table
from tests.migration.story import Release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

LEVEL = "Enum('low', 'high', 'none', name='{}'"
# By kind: what stands in Python, the type, a default as both take it, and values, none of which is the default.
KINDS: dict[str, tuple[str, str, str, list[Any]]] = {
    "text": ("str", "Text", "'77'", ["12", "007", "1.50", "", "yes", "high", '{"a": 1}', str(UUID(int=5)), "é'\""]),
    "integer": ("int", "BigInteger", "77", [0, 1, -7, 12, 2**53 + 1, 1700000000]),
    "float": ("float", "Float", "77.5", [0.0, 0.1, 1.5, -2.25, 1e20]),
    "numeric": ("Decimal", "Numeric(12, 3)", "Decimal('77.25')", [Decimal("1.5"), Decimal("0.125"), Decimal(12)]),
    "boolean": ("bool", "Boolean", "", [True, False]),
    "moment": (
        "datetime",
        "DateTime",
        "datetime(2001, 1, 1)",
        [datetime(2024, 1, 2, 3, 4, 5, 250000), datetime(2020, 2, 29)],
    ),
    "json": ("object", "JSON", "{'d': 77}", [{"a": 1}, [1, None], 5, "x", True, 1.5]),
    "uuid": ("uuid.UUID", "Uuid", "uuid.UUID(int=77)", [UUID(int=5), UUID(int=2**100)]),
    "native": ("str", LEVEL + ")", "'none'", ["low", "high"]),
    "plain": ("str", LEVEL + ", native_enum=False)", "'none'", ["low", "high"]),
    "checked": ("str", LEVEL + ", native_enum=False, create_constraint=True)", "'none'", ["low", "high"]),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a release. `ids` are the columns that it is: its own, then what it was by a late declaration."""

    name: str
    ids: tuple[int, ...]
    kind: str
    default: bool = False
    was: tuple[str, ...] = ()

    def line(self) -> str:
        """The column as its author writes it: it must have a value if there is a default for it."""
        python, type_, default, _ = KINDS[self.kind]
        given = f", default={default}" if self.default and default else ""
        former = f", info={{'was': {list(self.was)}}}" if self.was else ""
        optional = "" if given else " | None"
        return f"{self.name}: {python}{optional} = column({type_.format(f'level_{self.ids[0]}')}{given}{former})"


@dataclass(frozen=True, slots=True)
class Version:
    """The table in one release. `gone` has the columns that earlier ones had, `forgotten` what was not declared."""

    columns: tuple[Column, ...] = ()
    table: str = "note"
    was: tuple[str, ...] = ()
    gone: tuple[Column, ...] = ()
    forgotten: tuple[tuple[int, Column], ...] = ()

    def release(self) -> Release:
        """The code of it."""
        info = {"info": {"was": list(self.was)}} if self.was else {}
        return Release(table(self.table, *(column.line() for column in self.columns), **info))

    def without(self, column: Column) -> tuple[Column, ...]:
        """The other columns."""
        return tuple(other for other in self.columns if other is not column)


class History:
    """Versions one after the other: `versions`; and `way`, which of them starts when."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ids = count(1)
        self._tables = count(1)
        self.versions = [self._add(self._add(Version()))]
        for _ in range(random.randint(2, 4)):
            version = self.versions[-1]
            for _ in range(random.randint(1, 3)):
                version = self._changed(version)
            self.versions.append(version)
        self.way = [*self._way()]

    def _way(self) -> Iterator[Version]:
        at = 0
        for _ in range(len(self.versions) + 3):
            yield self.versions[at]
            is_next = at + 1 < len(self.versions) and self._random.random() < 0.5
            at = at + 1 if is_next else self._random.randrange(len(self.versions))

    def _changed(self, version: Version) -> Version:
        changes = [self._add, self._take_up, self._declare_late, self._rename_table]
        if version.columns:
            changes += [self._remove, self._rename, self._rename_silently, self._retype, self._retype, self._default]
        return self._random.choice(changes)(version)

    def _add(self, version: Version) -> Version:
        number = next(self._ids)
        column = Column(f"c{number}", (number,), self._random.choice([*KINDS]), self._random.random() < 0.5)
        return replace(version, columns=(*version.columns, column))

    def _remove(self, version: Version) -> Version:
        column = self._random.choice(version.columns)
        return replace(version, columns=version.without(column), gone=(*version.gone, column))

    def _take_up(self, version: Version) -> Version:
        declared = {name for column in version.columns for name in column.was}
        columns = [column for column in version.gone if column.name not in declared]
        if not columns:
            return version
        column = self._random.choice(columns)
        gone = tuple(other for other in version.gone if other is not column)
        forgotten = tuple(pair for pair in version.forgotten if pair[1] is not column)
        return replace(version, columns=(*version.columns, column), gone=gone, forgotten=forgotten)

    def _rename(self, version: Version) -> Version:
        column = self._random.choice(version.columns)
        renamed = replace(column, name=f"c{next(self._ids)}", was=(column.name, *column.was))
        return replace(version, columns=(*version.without(column), renamed))

    def _rename_silently(self, version: Version) -> Version:
        column, number = self._random.choice(version.columns), next(self._ids)
        renamed = replace(column, name=f"c{number}", ids=(number,), was=())
        forgotten = (*version.forgotten, (number, column))
        return replace(
            version, columns=(*version.without(column), renamed), gone=(*version.gone, column), forgotten=forgotten
        )

    def _declare_late(self, version: Version) -> Version:
        for number, old in version.forgotten:
            for column in version.columns:
                if column.ids[0] == number and not set(column.ids) & set(old.ids):
                    late = replace(column, ids=(*column.ids, *old.ids), was=(*column.was, old.name, *old.was))
                    gone = tuple(other for other in version.gone if other is not old)
                    rest = tuple(pair for pair in version.forgotten if pair[1] is not old)
                    return replace(version, columns=(*version.without(column), late), gone=gone, forgotten=rest)
        return version

    def _retype(self, version: Version) -> Version:
        column = self._random.choice(version.columns)
        return replace(version, columns=(*version.without(column), replace(column, kind=self._random.choice([*KINDS]))))

    def _default(self, version: Version) -> Version:
        column = self._random.choice(version.columns)
        return replace(version, columns=(*version.without(column), replace(column, default=not column.default)))

    def _rename_table(self, version: Version) -> Version:
        return replace(version, table=f"note_{next(self._tables)}", was=(version.table, *version.was))
