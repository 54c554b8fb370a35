"""What the values of a column mean, beyond what a database shows of its type: `Meaning`, recorded with every apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The families of values between which we know how to convert. OTHER converts to nothing but itself and text."""

    TEXT = "text"
    INTEGER = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    ENUM = "enum"
    BYTES = "bytes"
    ARRAY = "array"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The type of a column as the model means it, on one dialect.

    `sql` is the type as DDL writes it there. `members` are an enum's values as they are stored, `native` says that it
    is an enum type of the database. `decorator` is the `module:Class` of a TypeDecorator, None if there is none:
    then `kind` is that of what it is built on.
    """

    kind: Kind
    sql: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    timezone: bool = False
    members: tuple[str, ...] = ()
    native: bool = False
    decorator: str | None = None
