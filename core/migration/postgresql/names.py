"""Renames on PostgreSQL: tables and columns before all else, then what was named after them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from core.migration.kept.values import rename_sql
from core.migration.postgresql.ddl import Place, alter, quote, rename_column, rename_table
from core.migration.postgresql.job import Stage, place_in_model
from core.migration.statements import Sql
from core.migration.steps import AddIndex, AlterColumn, DropIndex, RenameColumn, RenameConstraint, RenameTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import UnitPlan
    from core.migration.postgresql.catalogue import Relation
    from core.migration.postgresql.job import Job, Work
    from core.migration.steps import Step

_MAX_BYTES = 63


def renames(unit: UnitPlan, steps: Sequence[Step], relations: Mapping[str, Relation]) -> list[Sql]:
    """The statements that give tables and columns their new names."""
    tables, columns = _renamed(steps)
    made = [*_table_renames(unit, tables, relations)]
    for table, names in columns.items():
        place = place_in_model(unit, table) if table in unit.wanted else relations[table].place
        made += [rename_column(place, old, new) for old, new in in_order(names)]
    return made


def kept_renames(connection: Connection, unit: UnitPlan, steps: Sequence[Step]) -> Iterator[Sql]:
    """The statements that let kept values go by the new names, so that they find their rows again."""
    tables, columns = _renamed(steps)
    for old, new in in_order(tables):
        owner = unit.wanted.get(new)
        yield from rename_sql(connection, old, table_to=new, module_to=owner.module if owner else None)
    for table, names in columns.items():
        yield from rename_sql(connection, table, columns=names)


def _renamed(steps: Sequence[Step]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Old to new names of the tables, and of the columns by their table's new name."""
    tables = {step.old: step.table for step in steps if isinstance(step, RenameTable)}
    columns: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for step in steps:
        if isinstance(step, RenameColumn):
            columns[step.table][step.old] = step.column
    return tables, columns


def _table_renames(unit: UnitPlan, tables: Mapping[str, str], relations: Mapping[str, Relation]) -> Iterator[Sql]:
    moved: dict[str, Place] = {}
    for old, new in in_order(tables):
        place = moved.pop(old, None) or relations[old].place
        target = place_in_model(unit, new) if new in unit.wanted else Place(place.schema, new)
        yield rename_table(place, target.name)
        moved[new] = Place(place.schema, target.name)
        if new in unit.wanted and target.schema != place.schema:
            schema = "current_schema()" if target.schema is None else quote(target.schema)
            yield alter(moved[new], f"SET SCHEMA {schema}")


def in_order(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Renames (old, new) one after the other, none to a name that another one still has: names may be swapped."""
    todo = dict(names)
    moves: list[tuple[str, str]] = []
    while todo:
        old = next((old for old, new in todo.items() if new not in todo), None)
        if old is None:
            old, new = next(iter(todo.items()))
            todo[aside := f"aha_aside_{len(moves)}"] = new
            moves.append((old, aside))
            del todo[old]
        else:
            moves.append((old, todo.pop(old)))
    return moves


# --- what is named after tables and columns ---


def name_work(job: Job, aside: Collection[tuple[str, str | None]], indexes: Mapping[tuple[str, str], str]) -> Work:
    """Constraints and `indexes` get the model's names, the sequences of renamed columns those that they would have.

    Those that stand `aside` for a while are made again under their new names.
    """
    constraints: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for step in job.steps:
        if isinstance(step, RenameConstraint) and step.old.name and step.new.name:
            constraints[step.table][step.old.name] = step.new.name
    for table, names in constraints.items():
        for old, new in in_order(names):
            if (table, old) not in aside:
                yield Stage.RENAME, alter(job.place(table), f"RENAME CONSTRAINT {quote(old)} TO {quote(new)}")
    # Indexes of all tables share their names.
    places = {old: job.place(table) for table, old in indexes}
    for old, new in in_order({old: new for (_, old), new in indexes.items()}):
        place = places.setdefault(new, places[old])
        yield Stage.RENAME, Sql(f"ALTER INDEX {place.beside(old)} RENAME TO {quote(new)}", table=place.name)
    yield from _sequence_names(job)


def same_indexes(steps: Sequence[Step], changed: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Indexes, by table and name, that one step drops and another one makes again under the name that is returned.

    Not those on columns that are `changed`: they have to be made anew.
    """
    added = {(s.table, s.index.definition, s.index.unique): s.index.name for s in steps if isinstance(s, AddIndex)}
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        if isinstance(step, DropIndex) and not any((step.table, c) in changed for c in step.index.columns):
            new = added.pop((step.table, step.index.definition, step.index.unique), None)
            if new is not None:
                found[step.table, step.index.name] = new
    return found


def _sequence_names(job: Job) -> Work:
    tables = {step.table: step.old for step in job.steps if isinstance(step, RenameTable)}
    columns = {(step.table, step.column): step.old for step in job.steps if isinstance(step, RenameColumn)}
    # A column that numbers itself in another way from now on has lost its sequence by then.
    remade = {
        (s.table, s.column) for s in job.steps if isinstance(s, AlterColumn) and s.what in ("default", "identity")
    }
    taken = set(job.catalogue.sequences) | {relation.place.name for relation in job.catalogue.relations.values()}
    for (table, column), live in job.catalogue.columns.items():
        if (table, column) in remade:
            continue
        old_name = automatic_name(_plain(tables.get(table, table)), columns.get((table, column), column), "seq")
        new_name = automatic_name(_plain(table), column, "seq")
        if live.sequence and live.sequence.name == old_name != new_name and new_name not in taken:
            yield Stage.RENAME, Sql(f"ALTER SEQUENCE {live.sequence.sql} RENAME TO {quote(new_name)}")


def automatic_name(table: str, column: str, label: str) -> str:
    """The name that PostgreSQL gives what belongs to a column: the longer part is cut until all of it fits."""
    parts, room = [table.encode(), column.encode()], _MAX_BYTES - len(label) - 2
    while sum(map(len, parts)) > room:
        longer = 0 if len(parts[0]) > len(parts[1]) else 1
        parts[longer] = parts[longer][:-1]
    return "_".join([*(part.decode(errors="ignore") for part in parts), label])


def _plain(table: str) -> str:
    return table.rpartition(".")[2]
