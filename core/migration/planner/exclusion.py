"""What an EXCLUDE constraint of PostgreSQL compares of two rows, read from its text. It asks no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.migration.schema.tokens import spell, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.migration.schema.tokens import Token


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Two rows that meet `where` exclude each other if every operator holds between their values: `elements`."""

    elements: tuple[tuple[str, str], ...]
    where: str = ""


def exclusion_of(definition: str) -> Exclusion:
    """Read `EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (NOT gone)`."""
    part = tokens(definition, brackets=False)
    start = _index(part, "(")
    end = _closing(part, start)
    condition = next((at for at in range(end, len(part)) if part[at].word == "WHERE"), None)
    where = "" if condition is None else spell(part[condition + 1 : _closing(part, condition + 1) + 1])
    return Exclusion(tuple(_element(piece) for piece in _pieces(part[start + 1 : end])), where)


def _element(piece: Sequence[Token]) -> tuple[str, str]:
    """The expression, without its operator class, and the operator."""
    operator = next(at for at in range(len(piece) - 1, -1, -1) if piece[at].word == "WITH")
    end = 0 if piece[0].text == "(" else 1
    if piece[end].text == "(":
        end = _closing(piece, end) + 1
    if piece[end].word == "COLLATE":
        end += 2 if piece[end + 2].text != "." else 4
    return spell(piece[:end]), "".join(token.text for token in piece[operator + 1 :])


def _pieces(part: Sequence[Token]) -> Iterator[list[Token]]:
    """What stands between the commas that are in no parentheses."""
    piece: list[Token] = []
    depth = 0
    for token in part:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if token.text == "," and not depth:
            yield piece
            piece = []
        else:
            piece.append(token)
    yield piece


def _index(part: Sequence[Token], text: str) -> int:
    return next(at for at, token in enumerate(part) if token.text == text)


def _closing(part: Sequence[Token], start: int) -> int:
    """Where the parenthesis ends that is opened at `start`."""
    depth = 0
    for at in range(start, len(part)):
        depth += {"(": 1, ")": -1}.get(part[at].text, 0)
        if not depth:
            return at
    return len(part)
