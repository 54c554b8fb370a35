"""Questions to the rows of one table that are answered by trying: what raises an error, which rows exclude each other.

Nothing that is tried stays. It decides nothing.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.migration.planner.exclusion import exclusion_of
from core.migration.planner.probes import SAMPLE, Evidence
from core.migration.steps import RAISES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.migration.planner.exclusion import Exclusion
    from core.migration.planner.probes import Rows

# To name two rows that exclude each other may take each of them to be compared with each.
_LONGEST_SEARCH = "20s"


def raising(rows: Rows, expressions: Sequence[str], *, where: str = "") -> Evidence:
    """The rows for which one of the expressions, or the condition `where`, raises an error; some, if they are many.

    They are found by halving: a database can say of a query that it fails, but not for which row.
    """
    counted = " + ".join(f"count({expression})" for expression in expressions)
    question = f"SELECT {counted} FROM ({{rows}}) AS aha_r" + (f" WHERE {where}" if where else "")
    everything = question.replace("{rows}", f"SELECT * FROM {rows.source}")
    if _runs(rows, everything):
        return Evidence()
    if not _runs(rows, question.replace("{rows}", _slice(rows, "*", 0, 0))):
        return Evidence(known=False)
    places = islice(_failing(rows, question, 0, rows.count), SAMPLE)
    found = [rows.connection.exec_driver_sql(_slice(rows, rows.keys, place, 1)).one() for place in places]
    return Evidence(len(found), tuple(map(rows.shown, found)), f"{RAISES} {everything}")


def _failing(rows: Rows, question: str, start: int, size: int) -> Iterator[int]:
    """Which of the rows, in the order of their keys, `question` fails for."""
    if not size or _runs(rows, question.replace("{rows}", _slice(rows, "*", start, size))):
        return
    if size == 1:
        yield start
        return
    yield from _failing(rows, question, start, size // 2)
    yield from _failing(rows, question, start + size // 2, size - size // 2)


def _slice(rows: Rows, columns: str, start: int, size: int) -> str:
    return f"SELECT {columns} FROM {rows.source} ORDER BY {', '.join(rows.key)} LIMIT {size} OFFSET {start}"


def _runs(rows: Rows, query: str) -> bool:
    """Whether the database can answer the query."""
    try:
        with rows.tried():
            rows.connection.exec_driver_sql(query).all()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True


def excluding(rows: Rows, definition: str) -> Evidence:
    """Two rows that violate the EXCLUDE constraint, if any do: it is made and taken back.

    Whether these still do is what is asked later: as long as they do, nothing else matters.
    """
    savepoint = rows.connection.begin_nested()
    try:
        rows.connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        rows.connection.exec_driver_sql(f"ALTER TABLE {rows.source} ADD {definition}")
    except IntegrityError:
        pass
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return Evidence(known=False)
    else:
        return Evidence()
    finally:
        if savepoint.is_active:
            savepoint.rollback()
    return _a_pair(rows, exclusion_of(definition))


def _a_pair(rows: Rows, exclusion: Exclusion) -> Evidence:
    """Two rows that exclude each other; if the search takes too long it is only known that there are some."""
    pairs, numbers = _pairs(rows, exclusion), range(len(rows.key))
    keys = [f"{side}.aha_k{i}" for side in ("aha_a", "aha_b") for i in numbers]
    written = [f"quote_literal(CAST({key} AS text))" for key in keys]
    try:
        with rows.connection.begin_nested() as savepoint:
            rows.connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_LONGEST_SEARCH}'")
            found = rows.connection.exec_driver_sql(f"SELECT {', '.join((*keys, *written))} {pairs} LIMIT 1").first()
            savepoint.rollback()  # and with it the limit
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        found = None
    if found is None:
        return Evidence(rows=2)
    one, other, literals = found[: len(numbers)], found[len(numbers) : len(keys)], found[len(keys) :]
    same = " AND ".join(f"{key} = {literal}" for key, literal in zip(keys, literals, strict=True))
    return Evidence(2, (rows.shown(one), rows.shown(other)), f"SELECT count(*) {pairs} WHERE {same}")


def _pairs(rows: Rows, exclusion: Exclusion) -> str:
    """FROM and what follows: the pairs of rows, each with keys and values, that exclude each other."""
    values = ", ".join(f"{expression} AS aha_v{i}" for i, (expression, _) in enumerate(exclusion.elements))
    where = f" WHERE {exclusion.where}" if exclusion.where else ""
    each = f"(SELECT {rows.keys}, ctid AS aha_row, {values} FROM {rows.source}{where})"
    meet = (f"aha_a.aha_v{i} {operator} aha_b.aha_v{i}" for i, (_, operator) in enumerate(exclusion.elements))
    return f"FROM {each} AS aha_a JOIN {each} AS aha_b ON aha_a.aha_row < aha_b.aha_row AND {' AND '.join(meet)}"
