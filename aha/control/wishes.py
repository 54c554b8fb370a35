"""What another terminal wishes of the bot and what it hears, as lines of JSON. Nothing is sent or done here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from models.exc import AhaError, UsageError

Verb = Literal["reload", "follow"]

LONGEST: Final = 64 * 1024
"""Bytes of a wish; a longer one is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """To `reload` these modules, or all, or to `follow` what became of them on disk.

    With those in `with_database`, what stays otherwise is replaced, too. `modules` is the folder that is meant, "" if
    it is whichever the bot has.
    """

    verb: Verb
    names: tuple[str, ...] = ()
    with_database: tuple[str, ...] = ()
    modules: str = ""

    def line(self) -> bytes:
        """Return the wish as it is sent."""
        return _line(asdict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """How it went: `text` for people, `outcome` for programs. `elsewhere` says that the bot has other modules."""

    ok: bool
    text: str = ""
    outcome: dict[str, Any] = field(default_factory=dict)
    elsewhere: bool = False

    def line(self) -> bytes:
        """Return the answer as it is sent."""
        return _line(asdict(self))


def refusal(error: AhaError) -> bytes:
    """Return what is sent if a wish cannot even be tried."""
    return _line({"error": str(error), "usage": isinstance(error, UsageError)})


def read_wish(line: bytes) -> Wish:
    """Return what was sent. Raises UsageError if it is no wish."""
    said = _object(line)
    names, with_database, modules = said.get("names", []), said.get("with_database", []), said.get("modules", "")
    if said.get("verb") not in get_args(Verb) or not (_are_texts(names) and _are_texts(with_database)):
        raise UsageError("the bot does not understand what it was asked: use the aha that it runs with")
    if not isinstance(modules, str):
        raise UsageError("the bot does not understand which folder is meant: use the aha that it runs with")
    return Wish(said["verb"], tuple(names), tuple(with_database), modules)


def read_answer(line: bytes) -> Answer:
    """Return what was answered. Raises AhaError with the reason if the wish was refused, or if this is no answer."""
    said = _object(line)
    if isinstance(error := said.get("error"), str):
        raise (UsageError if said.get("usage") else AhaError)(error)
    try:
        return Answer(**said)
    except TypeError:
        raise AhaError("the bot's answer cannot be read: use the aha that it runs with") from None


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _object(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"
