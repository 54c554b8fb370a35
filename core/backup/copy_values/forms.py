"""Values as SQLite stores them, in the one proper form; and what is said of one that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from core.migration.casts import values
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

Convert: TypeAlias = "Callable[[Any], Any]"
_SHOWN = 40


class Unfit(ValueError):  # noqa: N818 - reads as the sentence it is
    """A value that the target cannot hold as it is, or that makes no sense in its column."""


def shown(value: object) -> str:
    """A value for a message: short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def unchanged(value: Any) -> Any:
    """The value itself: it has but one form."""
    return value


def proper_moment(value: Any) -> str | None:
    """A moment in its proper form; None if it is none."""
    moment = values.parse_moment(value) if isinstance(value, str) else None
    return None if moment is None else moment.isoformat(" ", "microseconds")


def proper_date(value: Any) -> str | None:
    """A date in its proper form; None if it is none."""
    day = values.parse_date(value) if isinstance(value, str) else None
    return None if day is None else day.isoformat()


def proper_time(value: Any) -> str | None:
    """A time of day in its proper form; None if it is none."""
    time = values.parse_time(value) if isinstance(value, str) else None
    return None if time is None else time.isoformat("microseconds")


def is_moment(meaning: Meaning) -> bool:
    """Whether it is an Interval that PostgreSQL stores as a moment after 1970."""
    return meaning.kind is Kind.INTERVAL and meaning.sql.upper().startswith("TIMESTAMP")
