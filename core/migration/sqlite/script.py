"""What a unit's steps are as statements on SQLite: `script`. It reads the database and changes nothing.

ALTER TABLE does what it can do; all else that happens to a table is one rebuild. Renames come first, so that the rest
knows only the new names. Triggers are away while rows change: they are there for what the bot does with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.casts import cast as casts
from core.migration.kept import values as kept
from core.migration.members import is_shift
from core.migration.schema.create import create_statements, declared
from core.migration.schema.tokens import quoted
from core.migration.sqlite.check import check
from core.migration.sqlite.merge import follow, merge
from core.migration.sqlite.rename import in_order, renames
from core.migration.sqlite.schema import look
from core.migration.sqlite.table import change, rebuild
from core.migration.sqlite.target import is_alterable, target_of
from core.migration.sqlite.values import Work, values_of
from core.migration.statements import Script, Sql
from core.migration.steps import ConvertColumn, CreateTable, MergeTable, RenameColumn, RenameTable, RetireTable, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from core.migration.model import UnitPlan
    from core.migration.sqlite.schema import Schema
    from core.migration.state import TableState
    from core.migration.statements import Statement
    from core.migration.steps import Phase, Step

_LEGACY_ON, _LEGACY_OFF = Sql("PRAGMA legacy_alter_table=ON"), Sql("PRAGMA legacy_alter_table=OFF")
_BEFORE = (Sql("PRAGMA foreign_keys=OFF"),)
_AFTER = (_LEGACY_OFF, Sql("PRAGMA foreign_keys=ON"))


def script(connection: Connection, unit: UnitPlan, phase: Phase) -> Script:
    """The statements that take the steps of `unit` that are due in `phase`.

    The connection must be the one that they will run on: conversions are functions that are installed on it.
    """
    steps = [p.step for p in unit.steps if p.phase is phase and p.verdict in (Verdict.APPLY, Verdict.REPORT)]
    created = _create(connection, unit, steps)
    steps = [step for step in steps if not isinstance(step, CreateTable | RetireTable)]
    if not steps:
        return Script(created)
    casts.prepare(connection)
    renaming = renames(connection.dialect, steps)
    schema = look(connection, unit, names={step.table for step in steps}, renames=renaming)
    works = [_work(unit, state, steps, schema) for state in schema.tables.values()]
    rows = [*_change_tables(connection, works), *_carry(connection, unit, schema, works, steps)]
    before = [
        *(Sql(entry.drop) for entry in schema.broken),
        *map(Sql, renaming),
        *_follow_with_kept(connection, unit, steps),
        *(Sql(f"DROP INDEX {name}") for name in _dropped(works)),
        *created,
    ]
    after = [Sql(entry.sql) for entry in schema.broken]
    statements = [*before, *_without_triggers(schema, rows), *after]
    former = {step.table: step.old for step in steps if isinstance(step, RenameTable)}
    targets = {work.name: work.target for work in works}
    return Script(statements, _BEFORE, _AFTER, check(connection, schema, targets=targets, former=former, steps=steps))


def _dropped(works: Iterable[Work]) -> list[str]:
    """The indexes that go. They go first: another table may take their names."""
    return [quoted(index.name) for work in works for index in work.current.indexes if index not in work.target.indexes]


def _without_triggers(schema: Schema, statements: Sequence[Statement]) -> list[Statement]:
    tables = dict.fromkeys(s.table for s in statements if not isinstance(s, Sql) or s.rows)
    triggers = [trigger for table in tables for trigger in schema.triggers(table)]
    return [*(Sql(trigger.drop) for trigger in triggers), *statements, *(Sql(trigger.sql) for trigger in triggers)]


def _follow_with_kept(connection: Connection, unit: UnitPlan, steps: Sequence[Step]) -> Iterator[Sql]:
    """Let kept values go by the new names, so that they find their rows again."""
    columns: dict[str, dict[str, str]] = {}
    for old, new in in_order({step.old: step.table for step in steps if isinstance(step, RenameTable)}):
        module = unit.wanted[new].module if new in unit.wanted else None
        yield from kept.rename_sql(connection, old, table_to=new, module_to=module)
    for step in steps:
        if isinstance(step, RenameColumn):
            columns.setdefault(step.table, {})[step.old] = step.column
    for table, names in columns.items():
        yield from kept.rename_sql(connection, table, columns=names)


def _create(connection: Connection, unit: UnitPlan, steps: Iterable[Step]) -> list[Sql]:
    tables = {unit.wanted[step.table].table: step for step in steps if isinstance(step, CreateTable)}
    without = [key for table, step in tables.items() for key in declared(table, step.without)]
    return create_statements(connection.dialect, list(tables), without=without) if tables else []


def _work(unit: UnitPlan, current: TableState, steps: Iterable[Step], schema: Schema) -> Work:
    wanted, record = unit.wanted.get(current.name), unit.records.get(current.name)
    own = [step for step in steps if step.table == current.name]
    target = target_of(current, own, wanted.state if wanted else current)
    owner = wanted or record
    # Row after row, names that are exchanged would be there twice for a moment: a unique column would not have it.
    is_shifted = any(isinstance(step, ConvertColumn) and is_shift(step.members) for step in own)
    new = None if is_alterable(current, target) and not is_shifted else schema.unused_name(f"aha_new_{current.name}")
    return Work(owner.module if owner else "", current, target, own, record, new)


def _change_tables(connection: Connection, works: Iterable[Work]) -> list[Statement]:
    statements: list[Statement] = []
    for work in works:
        values = values_of(connection, work)
        if work.new is None:
            statements += change(values)
        else:
            statements += [_LEGACY_ON, *rebuild(values, work.new), _LEGACY_OFF]
    return statements


def _carry(
    connection: Connection, unit: UnitPlan, schema: Schema, works: Iterable[Work], steps: Sequence[Step]
) -> Iterator[Sql]:
    yield from follow(connection, schema, steps, states={work.name: work.current for work in works})
    yield from (merge(connection, unit, step) for step in steps if isinstance(step, MergeTable))
