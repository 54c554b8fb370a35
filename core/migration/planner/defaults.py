"""What existing rows get in a column: the model's default as SQL that stores what the ORM would. It runs no SQL."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from inspect import iscoroutine
from math import isfinite
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal
from sqlalchemy.exc import SQLAlchemyError

from core.migration.steps import Fill, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Column, Dialect, Table
    from sqlalchemy.sql import ColumnElement
    from sqlalchemy.types import TypeEngine

    from core.migration.state import ColumnState

log = logging.getLogger(__name__)


def fill_of(column: Column[Any], state: ColumnState, dialect: Dialect, *, required: bool) -> Fill:
    """What rows get that have no value: the plain Python default, else the server default, else nothing.

    A callable default counts if the column is `required` to have a value. A column that numbers or computes itself
    needs no fill, on either database, and gets Fill(): that is how an AddColumn of a new surrogate key looks.
    """
    if makes_itself(column, state):
        return Fill()
    return _python_default(column, dialect, required) or server_fill(state)


def makes_itself(column: Column[Any], state: ColumnState) -> bool:
    """Whether the database gives the column its values: a computed one, an identity, a serial, SQLite's own number."""
    table: Table = column.table
    numbered = column is table.autoincrement_column and column.default is None and state.default in (None, "serial")
    return bool(state.computed or state.identity or state.default == "serial" or numbered)


def server_fill(state: ColumnState) -> Fill:
    """The server default, if there is one."""
    own = state.default is not None and state.default != "serial"
    return Fill(Source.SERVER, sql=state.default) if own else Fill()


def _python_default(column: Column[Any], dialect: Dialect, required: bool) -> Fill | None:
    default: Any = column.default
    if default is None or default.is_sequence:
        return None
    if default.is_callable:
        # SQLAlchemy has wrapped functions of the author's that take no context into ones that pass it over.
        return Fill(Source.CALLABLE, make=partial(default.arg, None)) if required else None
    if default.is_clause_element:
        sql = _rendered(default.arg, dialect)
        return Fill(Source.VALUE, sql=f"({sql})") if sql else None
    sql = _literal(default.arg, column.type, dialect)
    if sql is not None:
        return Fill(Source.VALUE, sql=sql)
    # A type that cannot write its values as SQL still knows how to bind them.
    return Fill(Source.CALLABLE, make=lambda: default.arg) if required else None


def _literal(value: Any, type_: TypeEngine[Any], dialect: Dialect) -> str | None:
    """`value` as a literal that stores what binding it would; None if there is no way to write it."""
    try:
        bind = type_.dialect_impl(dialect).bind_processor(dialect)
        bound = value if bind is None else bind(value)
    except Exception as error:  # noqa: BLE001 - a type may be the module's own code
        log.debug("the default %r cannot be bound: %r", value, error)
        return None
    if isinstance(bound, str):
        return "'" + bound.replace("'", "''") + "'"
    if isinstance(bound, bytes):
        return f"X'{bound.hex()}'" if dialect.name == "sqlite" else f"'\\x{bound.hex()}'"
    if dialect.name == "sqlite" and isinstance(bound, int | float) and isfinite(bound):
        return repr(+bound)
    return _rendered(literal(value, type_), dialect)


def _rendered(expression: ColumnElement[Any], dialect: Dialect) -> str | None:
    """`expression` as SQL, just as its type stores values; None if its type cannot be written so."""
    try:
        return str(expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    except (SQLAlchemyError, NotImplementedError, TypeError, ValueError, AttributeError):
        return None


def tried(fill: Fill, column: Column[Any], dialect: Dialect) -> Fill | None:
    """`fill`, whose default is called, with what it usually makes; None if it cannot be called for a row that exists.

    That is one that raises, or wants a context. One that makes the same value twice, such as `dict`, is taken to make
    no other: rows that still hold it are known not to have been written since, and may get a kept value back.
    """
    values = [_called(fill.make) for _ in range(2)] if fill.make else []
    if any(value is None for value in values):
        return None
    one, other = values
    return replace(fill, usual=_literal(one, column.type, dialect)) if _are_equal(one, other) else fill


def _called(make: Callable[[], Any]) -> Any:
    try:
        value = make()
    except Exception as error:  # noqa: BLE001 - it is the module's code
        log.debug("a default cannot be called for existing rows: %r", error)
        return None
    if iscoroutine(value):
        value.close()
        return None
    return value


def _are_equal(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001 - a value may be of a class of the module's
        return False
