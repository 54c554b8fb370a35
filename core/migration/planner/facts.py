"""What the rows say of the steps for a table: the evidence on which `rules` judges. It asks, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.planner.facts_columns import ColumnFacts
from core.migration.planner.probes import Evidence, table_sql
from core.migration.planner.trials import excluding, raising
from core.migration.planner.unique import keys_of
from core.migration.steps import AddColumn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.migration.state import ConstraintState, IndexState


class Facts(ColumnFacts):
    """All that can be asked of a table that is on disk while its `steps` are judged: its columns and constraints."""

    def duplicates(self, unique: ConstraintState | IndexState) -> Evidence:
        """The rows that would violate a unique constraint, unique index or primary key."""
        if self.rows <= 1 and not self.is_merged:
            return Evidence()
        keys = keys_of(unique, self.match.wanted.table, dialect=self._connection.dialect)
        if any(self._is_numbered_anew(column) for column in keys.columns):
            return Evidence()
        values = self.known_values(keys.named)
        if values is None or self.is_merged:
            return Evidence(known=False)
        expressions = [self._substituted(expression, values) for expression in keys.expressions]
        where = self._substituted(keys.where, values) if keys.where else ""
        return self._rows.duplicates(expressions, where=where, nulls_equal=keys.nulls_equal)

    def unindexable(self, index: IndexState) -> Evidence:
        """The rows for which an expression of an index raises an error; one that only names columns has none."""
        keys = keys_of(index, self.match.wanted.table, dialect=self._connection.dialect)
        if not self.rows or (len(keys.columns) == len(keys.expressions) and not keys.where):
            return Evidence()
        values = self.known_values(keys.named)
        if values is None:
            return Evidence(known=False)
        expressions = [self._substituted(expression, values) for expression in keys.expressions]
        where = self._substituted(keys.where, values) if keys.where else ""
        found = raising(self._rows, expressions, where=where)
        return found if found.known else Evidence()  # what is not an expression only, such as `n DESC`

    def excluding(self, exclusion: ConstraintState) -> Evidence:
        """The rows that would exclude each other."""
        if self.rows <= 1 and not self.is_merged:
            return Evidence()
        changing = self.rewritten | set(self.match.columns)
        if not changing.isdisjoint(exclusion.columns) or any(map(self._is_new, exclusion.columns)) or self.is_merged:
            return Evidence(known=False)
        return excluding(self._rows, exclusion.definition)

    def failing(self, check: ConstraintState) -> Evidence:
        """The rows that would violate a CHECK."""
        if not self.rows and not self.is_merged:
            return Evidence()
        values = self.known_values(check.columns)
        if values is None or self.is_merged:
            return Evidence(known=False)
        condition = self._substituted(check.definition.partition("(")[2].rpartition(")")[0], values)
        found = self._rows.where(f"NOT ({condition})")
        return found if found.known else raising(self._rows, [condition])

    def orphans(self, key: ConstraintState) -> Evidence:
        """The rows that refer to nothing."""
        if not self.rows and not self.is_merged:
            return Evidence()
        values = self.known_values(key.columns)
        if values is None or self.is_merged:
            return Evidence(known=False)
        parent = self._others.get(key.target or "")
        if parent is None:
            return self._orphans_of_others(key, values)
        targets = parent.known_values(key.target_columns)
        if targets is None or parent.is_merged:
            return Evidence(known=False)
        columns = [targets[name] for name in key.target_columns]
        return self._rows.orphans([values[name] for name in key.columns], parent.source, columns)

    def _orphans_of_others(self, key: ConstraintState, values: Mapping[str, str]) -> Evidence:
        """The same for a table that is not in the plan, or not there yet."""
        if key.target not in self._live:
            given = " AND ".join(f"({value}) IS NOT NULL" for value in values.values())
            return self._rows.where(given)
        schema = (key.target or "").rpartition(".")[0] or None
        source = table_sql(self._connection, key.target or "", schema=schema)
        columns = [self._rows.quote(name) for name in key.target_columns]
        return self._rows.orphans([values[name] for name in key.columns], source, columns)

    def _is_numbered_anew(self, column: str) -> bool:
        """Whether the database will give each row a number of its own in a column that is not there yet."""
        state = self.match.wanted.state.column(column)
        is_stored = state is not None and state.computed is None
        return is_stored and self._is_new(column) and self.match.is_made(column)

    @property
    def _has_called(self) -> bool:
        """Whether rows are written because of a new column."""
        return any(isinstance(step, AddColumn) and step.fill.make is not None for step in self.steps)

    @property
    def may_break(self) -> bool:
        """Whether a constraint that stays as it is may be violated by what the steps make of the rows."""
        targets = {constraint.target or "" for constraint in self.match.wanted.state.constraints}
        parents = [self._others[target] for target in targets if target in self._others]
        return any(facts.rewritten for facts in (self, *parents)) or self._has_called

    def concerns(self, constraint: ConstraintState) -> bool:
        """Whether the values change that the constraint demands something of."""
        parent = self._others.get(constraint.target or "")
        targets = parent.rewritten if parent else frozenset()
        return not (self.rewritten.isdisjoint(constraint.columns) and targets.isdisjoint(constraint.target_columns))
