"""Statements that both databases understand: `upsert` and `insert_ignore`. They are built here and executed by you."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Column, Table, inspect
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import InstrumentedAttribute, Mapper

Row = Mapping[str, Any]
Rows = Sequence[Row]


def upsert(
    entity: type[Any] | Table,
    rows: Rows | Row | None = None,
    /,
    *,
    index_elements: Sequence[Any] | None = None,
    **values: Any,
) -> Insert:
    """INSERT, or UPDATE the row that has the same primary key: `upsert(Test, user=1, data="x")`.

    Only the columns that are given are written to an existing row (and those with an `onupdate`); all others keep
    what they hold. Columns are named by attribute, or by column name. Several rows are given as a list of mappings
    with the same names; the last of two rows with the same key wins. `index_elements` names another unique key, as
    attributes, columns or their names. `.returning(...)` works on the result, for new and for existing rows alike.

    Raises TypeError if no values are given or the entity is no mapped class or Table, ValueError if a name is unknown
    or the rows name different columns.
    """
    target = _target(entity)
    names = tuple(values) if rows is None and index_elements is None else None
    if names in target.known:
        template = target.known[names]
        return template.of([dict(zip(template.columns, values.values(), strict=True))])
    given = target.resolve(rows, values)
    key = target.key(index_elements)
    template = target.upserting(tuple(given[0]), key)
    if names and template.is_kept and target.means(names, template.columns):
        target.known[names] = template
    return template.of(_last_of_each(given, key))


def insert_ignore(
    entity: type[Any] | Table,
    rows: Rows | Row | None = None,
    /,
    *,
    index_elements: Sequence[Any] | None = None,
    **values: Any,
) -> Insert:
    """INSERT, or leave the row that has the same primary key as it is: `insert_ignore(Test, user=1, data="x")`.

    Arguments and errors as for `upsert`. `.returning(...)` gives the rows that were inserted, and nothing for others.
    """
    target = _target(entity)
    key = target.key(index_elements)
    return target.build(lambda statement: statement.on_conflict_do_nothing(index_elements=key)).of(
        target.resolve(rows, values)
    )


def _target(entity: type[Any] | Table) -> _Target:
    """The target that `entity` is. It is kept on its mapper or table, so that it goes when that goes."""
    found = inspect(entity, raiseerr=False)
    if not isinstance(found, Mapper | Table):
        return _Target(entity, found)
    kept: _Target | None = vars(found).get("_aha_target")
    if kept is None:
        kept = vars(found)["_aha_target"] = _Target(entity, found)
    return kept


class _Target:
    """The one table behind a mapped class or a Table, and what its columns are called."""

    def __init__(self, entity: type[Any] | Table, found: Any) -> None:
        self.entity = entity
        self.mapper: Mapper[Any] | None = None
        self.known: dict[tuple[str, ...] | None, _Template] = {}
        """By the names of the values: the statement that a second upsert with the same names and no more is."""
        if isinstance(found, Mapper) and isinstance(found.local_table, Table):
            self.table, self.mapper, self.name = found.local_table, found, found.class_.__name__
            if len(found.tables) > 1:
                names = ", ".join(table.name for table in found.tables)
                raise TypeError(f"{self.name} is spread over the tables {names}: write to each of them, or use add()")
        elif isinstance(entity, Table):
            self.table, self.name = entity, entity.name
        else:
            raise TypeError(f"{entity!r} is neither a mapped class nor a Table: pass the class that inherits dbBase")

    def resolve(self, rows: Rows | Row | None, values: Row) -> list[dict[Column[Any], Any]]:
        """The rows to write, keyed by column."""
        if isinstance(rows, Mapping):
            rows = [rows]
        given: Rows = [{**row, **values} for row in rows] if rows is not None else [values]
        if not given or not given[0]:
            raise TypeError(f"no values for {self.name}: name at least one column, as in upsert({self.name}, id=1)")
        resolved = [{self.column(name): value for name, value in row.items()} for row in given]
        for row in resolved:
            if row.keys() != resolved[0].keys():
                raise ValueError(f"the rows for {self.name} name different columns: write them in several statements")
        return [{**self._identity(), **row} for row in resolved]

    def column(self, name: Any) -> Column[Any]:
        """The column that `name` means: an attribute's name first, then a column's, or the attribute or column."""
        if isinstance(name, InstrumentedAttribute):
            name = name.key
        columns: Any = self.mapper.columns if self.mapper is not None else self.table.c
        if isinstance(name, Column):
            columns, name = self.table.c, name.key
        elif self.mapper is not None and name in self.mapper.synonyms:
            name = self.mapper.synonyms[name].name
        found = columns.get(name)
        if found is None:
            found = next((column for column in self.table.c if column.name == name), None)
        if not isinstance(found, Column):
            known = ", ".join(columns.keys())
            raise ValueError(f"{self.name} has no column {name!r}; it has {known}")  # noqa: TRY004 - a wrong name
        return found

    def means(self, names: Sequence[str], columns: Sequence[Column[Any]]) -> bool:
        """Whether the names mean these columns, in this order."""
        return [id(self.column(name)) for name in names] == [id(column) for column in columns]

    def key(self, index_elements: Sequence[Any] | None) -> tuple[Column[Any], ...]:
        """The columns whose values identify a row."""
        if index_elements is not None:
            return tuple(self.column(element) for element in index_elements)
        key = tuple(self.table.primary_key.columns)
        if not key:
            raise TypeError(f"{self.name} has no primary key: name a unique key with index_elements=[...]")
        return key

    def upserting(self, given: tuple[Column[Any], ...], key: tuple[Column[Any], ...]) -> _Template:
        """The statement for these columns, still without values.

        Building it takes longer than running it. It is kept on the table, so that it goes when the table goes.
        """
        kept = vars(self.table).setdefault("_aha_upserts", {})
        template: _Template | None = kept.get((self.entity, given, key))
        if template is None:
            on_update = {column: value for column, value in self.values_on_update() if column not in given}

            def add_conflict(statement: Insert) -> Insert:
                written = {column: statement.excluded[column.key] for column in given if column not in key}
                # With nothing to write, writing the key to itself makes RETURNING answer all the same.
                written = written | on_update or {column: statement.excluded[column.key] for column in key}
                return statement.on_conflict_do_update(index_elements=key, set_=written)

            template = replace(self.build(add_conflict), columns=given, is_kept=not on_update)
            if template.is_kept:  # what an onupdate gives may differ each time
                kept[self.entity, given, key] = template
        return template

    def build(self, add_conflict: Callable[[Insert], Insert]) -> _Template:
        """The statement without values, for the entity and for its table."""
        plain = add_conflict(insert(self.table))
        return _Template(plain if self.mapper is None else add_conflict(insert(self.entity)), plain)

    def values_on_update(self) -> list[tuple[Column[Any], Any]]:
        """What the columns with an `onupdate` become."""
        found = []
        for column in self.table.c:
            default: Any = column.onupdate
            if default is not None and not default.is_sequence:
                # A callable takes the execution context, which a statement that is not running yet does not have.
                found.append((column, default.arg(None) if default.is_callable else default.arg))
        return found

    def _identity(self) -> dict[Column[Any], Any]:
        """What tells a class from the others in its table (single-table inheritance)."""
        kind = None if self.mapper is None else self.mapper.polymorphic_on
        if self.mapper is None or not isinstance(kind, Column) or not self.table.c.contains_column(kind):
            return {}
        return {kind: self.mapper.polymorphic_identity}


def _last_of_each(rows: list[dict[Column[Any], Any]], key: tuple[Column[Any], ...]) -> list[dict[Column[Any], Any]]:
    """Without the rows that a later one with the same key replaces: PostgreSQL refuses to write a row twice."""
    if len(rows) == 1 or any(column not in rows[0] for column in key):
        return rows
    return list({tuple(row[column] for column in key): row for row in rows}.values())


class Prepared(NamedTuple):
    """The quick way to run a statement of one row: `statement` with the parameters `row`."""

    id: int
    statement: Insert
    row: dict[str, Any]


def prepared(statement: Any) -> Prepared | None:
    """Return the quick way to run `statement`; None if there is none, or if it was changed since it was built."""
    found: Prepared | None = getattr(statement, "__dict__", {}).get("_aha_prepared")
    # A statement that `.returning(...)` or the like made of ours carries the attribute on, but is another object.
    return found if found is not None and found.id == id(statement) else None


@dataclass(frozen=True, slots=True)
class _Template:
    """A statement without values: `full`, which may be told to return objects, and `plain`, which is quicker to run."""

    full: Insert
    plain: Insert
    columns: tuple[Column[Any], ...] = ()
    is_kept: bool = False

    def of(self, rows: list[dict[Column[Any], Any]]) -> Insert:
        """The statement with its rows.

        SQLAlchemy finds the compiled form of `plain` at once, that of a statement with values by comparing them all.
        """
        if len(rows) > 1:
            return self.full.values(rows)
        if not all(map(_is_plain, rows[0].values())):
            return self.full.values(rows[0])
        statement = _Unfinished.__new__(_Unfinished)
        row = {column.key: value for column, value in rows[0].items()}
        vars(statement).update(_aha_values=(self.full, rows[0]), _aha_prepared=Prepared(id(statement), self.plain, row))
        return statement


def _is_plain(value: Any) -> bool:
    """Whether it is a value, and no expression that the database is to compute."""
    kind = type(value)
    return kind is str or kind is int or not (isinstance(value, ClauseElement) or hasattr(value, "__clause_element__"))


class _Unfinished(Insert):
    """An Insert that gets its values, which takes long, when it is first looked at. Running it as prepared never does.

    By then it is an Insert like any other: it is no longer of this class.
    """

    def __getattribute__(self, name: str) -> Any:
        if name in ("__dict__", "__class__"):
            return object.__getattribute__(self, name)
        unfinished = vars(self).pop("_aha_values", None)  # None in a copy: what is copied is looked at
        self.__class__ = Insert  # type: ignore[assignment]
        if unfinished is not None:
            full, values = unfinished
            vars(self).update(vars(full.values(values)))
        return getattr(self, name)
