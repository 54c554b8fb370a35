"""What a regular expression says literally, and when two texts are the same to `re.IGNORECASE`. It matches nothing.

The standard library tells neither. Everything here may say less than is true of a pattern, never more.
"""

from __future__ import annotations

import re
from typing import Final

# A piece of a pattern: an escape, a character class, or one character.
_PIECE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_SPECIAL: Final = frozenset(".^$*+?{}[]()|\\")
# Groups that begin with anything else (comments, flags, conditions) are not worth understanding.
_ODD_GROUP: Final = re.compile(r"\(\?(?![:P=!<])")
_READABLE_FLAGS: Final = re.IGNORECASE | re.UNICODE | re.ASCII | re.MULTILINE | re.DOTALL


def fold(text: str) -> str:
    """Return the same text for all that `re.IGNORECASE` takes for equal, character by character.

    Some texts that it tells apart become equal as well, such as "ß" and "ss".
    """
    if text.isascii():
        return text.upper()
    return text.replace("İ", "i").lower().upper()  # İ is the only character with two in lower case


def literals(pattern: re.Pattern[str]) -> list[tuple[str, bool]] | None:
    """Return, for each top-level alternative, the text with which it begins and whether that is all of it.

    Texts are without regard to case if the pattern is. None if the pattern cannot be told from the outside.
    """
    if not isinstance(pattern.pattern, str) or pattern.flags & ~_READABLE_FLAGS or _ODD_GROUP.search(pattern.pattern):
        return None
    return [_literal_head(tokens) for tokens in _alternatives(_PIECE.findall(pattern.pattern))]


def _alternatives(pieces: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _literal_head(pieces: list[str]) -> tuple[str, bool]:
    if pieces[:1] == ["^"]:
        pieces = pieces[1:]
    text = ""
    for piece in pieces:
        plain = _plain(piece)
        if plain is None:
            # What follows may make the last character optional.
            return (text[:-1] if piece in ("*", "?", "{") else text), False
        text += plain
    return text, True


def _plain(piece: str) -> str | None:
    """Return the character that a piece stands for, None if it stands for anything else."""
    if len(piece) == 1:
        return None if piece in _SPECIAL else piece
    return piece[1] if piece[0] == "\\" and not piece[1].isalnum() else None
