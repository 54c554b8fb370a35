"""Which enum types and domains have to be made, for all columns that have them at once. Columns change elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.migration.postgresql.ddl import Place, quote
from core.migration.postgresql.job import Remade, Stage
from core.migration.statements import Sql
from core.migration.steps import AddColumn, AlterColumn, ConvertColumn, CreateTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from core.migration.postgresql.job import Conversion, Job, Work
    from core.migration.state import ColumnState

_NAMED = re.compile(r"(?P<name>.*?)(?P<array>(?:\[\])*) (?P<made>(?:ENUM|DOMAIN)\(.*\))", re.DOTALL)
_MAX_BYTES = 63


def ddl_type(type_: str) -> str:
    """The type of a ColumnState as DDL writes it: without what an enum type or a domain consists of."""
    named = _NAMED.fullmatch(type_)
    return named["name"] + named["array"] if named else type_


def remade_types(job: Job) -> dict[str, Remade]:
    """The types that columns of this job need and that are not there as they have to be, by name."""
    found: dict[str, Remade] = {}
    for column in _columns(job):
        named = _NAMED.fullmatch(column.type)
        if named is None:
            continue
        live = job.catalogue.types.get(named["name"])
        if live is None or live.made != named["made"]:
            found[named["name"]] = Remade(named["name"], named["made"], _place(job, named["name"], live=live), live)
    return found


def _columns(job: Job) -> Iterator[ColumnState]:
    """The columns of the model that are made or changed."""
    for step in job.steps:
        if isinstance(step, CreateTable):
            yield from job.unit.wanted[step.table].state.columns
        elif isinstance(step, AddColumn | AlterColumn | ConvertColumn):
            wanted = job.wanted(step.table, step.column)
            if wanted:
                yield wanted


def plain_name(name: str) -> str:
    """The name of a type without its schema and quotes."""
    quoted = re.search(r'"((?:[^"]|"")*)"$', name)
    return quoted[1].replace('""', '"') if quoted else name.rpartition(".")[2]


def type_work(job: Job, remade: Mapping[str, Remade], conversions: Mapping[tuple[str, str], Conversion]) -> Work:
    """Make types before columns are converted; afterwards the old ones go, unless something else has them."""
    for new in remade.values():
        yield Stage.TYPES, Sql(_create(new))
        if new.live is None:
            continue
        old = new.live.place
        if new.live.elsewhere or new.live.columns - conversions.keys():
            yield Stage.TYPES_DONE, _rename(old, _free(job, old, "__aha_old"))
        else:
            yield Stage.TYPES_DONE, Sql(f"DROP TYPE {old.sql}")
        yield Stage.TYPES_DONE, _rename(new.place, old.name)
    yield from _drop_unused(job, conversions, remade)


def _drop_unused(job: Job, conversions: Mapping[tuple[str, str], Conversion], remade: Collection[str]) -> Work:
    """Drop the types that no column has any more, now that these have another one."""
    left = {job.catalogue.columns[key].type for key, new in conversions.items() if new.moves}
    wanted = {ddl_type(column.type) for table in job.unit.wanted.values() for column in table.state.columns}
    for name in sorted(left - wanted - set(remade)):
        live = job.catalogue.types.get(name)
        if live and not live.elsewhere and live.columns <= conversions.keys():
            yield Stage.CLEAR, Sql(f"DROP TYPE {live.place.sql}")


def _create(new: Remade) -> str:
    kind, _, inside = new.made.partition("(")
    if kind == "ENUM":
        return f"CREATE TYPE {_created_name(new)} AS ENUM ({inside}"
    return f"CREATE DOMAIN {_created_name(new)} AS {inside.removesuffix(')')}"


def _created_name(new: Remade) -> str:
    return new.name if new.live is None else new.place.sql


def _place(job: Job, name: str, *, live: object) -> Place:
    """A free name beside the type that is to be replaced; without one, its own."""
    if live is None:
        return Place(None, name)
    old = job.catalogue.types[name].place
    return Place(old.schema, _free(job, old, "__aha_new"))


def _free(job: Job, old: Place, suffix: str) -> str:
    """The name of a type with `suffix`, cut to what PostgreSQL takes, that no type has."""
    taken = {(live.place.schema, live.place.name) for live in job.catalogue.types.values()}
    return next(name for name in _suffixed(old.name, suffix) if (old.schema, name) not in taken)


def _suffixed(name: str, suffix: str) -> Iterator[str]:
    number = 0
    while True:
        tail = f"{suffix}{number or ''}"
        yield name.encode()[: _MAX_BYTES - len(tail)].decode(errors="ignore") + tail
        number += 1


def _rename(place: Place, name: str) -> Sql:
    return Sql(f"ALTER TYPE {place.sql} RENAME TO {quote(name)}")
