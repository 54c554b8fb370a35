"""SQL as tokens and back, so that two texts that differ in spaces, quotes or comments are the same. It parses nothing.

The text that `spell` writes is valid SQL; which names are columns, and how they are quoted, the caller says.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Sort(Enum):
    """What a token is. QUOTED is a name in quotes of any style, without them."""

    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    NUMBER = auto()
    SIGN = auto()


class Token(NamedTuple):
    """One token; `text` is as it was written, but for the quotes of a QUOTED name."""

    sort: Sort
    text: str

    @property
    def word(self) -> str:
        """The token in upper case if it is a word, else ""."""
        return self.text.upper() if self.sort is Sort.WORD else ""

    @property
    def is_name(self) -> bool:
        """Whether it may name a table, a column or a function."""
        return self.sort is Sort.WORD or self.sort is Sort.QUOTED


_PARTS = r"""
    (?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<STRING>[xXeEbBnN]?'(?:[^']|'')*')
  | (?P<QUOTED>"(?:[^"]|"")*"|`(?:[^`]|``)*`%s)
  | (?P<NUMBER>0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<WORD>[^\W\d][\w$]*)
  | (?P<SIGN>->>|\|\||<<|>>|<=|>=|==|<>|!=|->|::|!~~?\*?|~~\*?|.)
"""
_SQLITE = re.compile(_PARTS % r"|\[[^\]]*\]", re.VERBOSE | re.DOTALL)
# PostgreSQL writes subscripts with the brackets that quote a name in SQLite.
_POSTGRESQL = re.compile(_PARTS % "", re.VERBOSE | re.DOTALL)

# Written in capitals, and with a space before a parenthesis; anything else before one is a function or a type.
KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "ALL AND ANY AS ASC BETWEEN BY CASE CHECK COLLATE DEFAULT DESC DISTINCT ELSE END ESCAPE EXCLUDE EXISTS "
        "FILTER FROM GLOB IN INDEXED IS ISNULL KEY LIKE MATCH NOT NOTNULL NULL ON OR OVER PRIMARY REFERENCES "
        "REGEXP SELECT SIMILAR THEN UNIQUE USING WHEN WHERE WITH",
    )
)
_OPENING = {"(", ".", "[", "::"}
_CLOSING = {")", ",", ".", "]", "[", "::"}


def tokens(sql: str, *, brackets: bool = True) -> list[Token]:
    """Cut `sql` into tokens, without spaces and comments. `brackets`: as SQLite does, `[a]` is a name."""
    pattern = _SQLITE if brackets else _POSTGRESQL
    return [_token(match) for match in pattern.finditer(sql) if match.lastgroup != "skip"]


_SORTS = dict(Sort.__members__)


def _token(match: re.Match[str]) -> Token:
    text = match[0]
    if match.lastgroup == "QUOTED":
        end = text[-1]
        return Token(Sort.QUOTED, text[1:-1].replace(end * 2, end))
    return Token(_SORTS[match.lastgroup or ""], text)


def quoted(name: str) -> str:
    """`name` in quotes."""
    return '"' + name.replace('"', '""') + '"'


def spell(part: Iterable[Token], name: Callable[[Token], str | None] | None = None) -> str:
    """Write tokens as text that depends on nothing but them.

    `name` says how a WORD or QUOTED is written that stands for a column; None: as any other word.
    """
    text, before = "", None
    binary = False  # whether the token before can be the left side of an operator
    for token in part:
        written = (name(token) if name is not None and token.is_name else None) or _written(token)
        if before is not None and _is_apart(before, token, binary):
            text += " "
        unary = token.text in ("-", "+", "~") and token.sort is Sort.SIGN and not binary
        before = Token(Sort.SIGN, "(") if unary else token
        binary = (token.sort is not Sort.SIGN and token.word not in KEYWORDS) or token.text in (")", "]")
        text += written
    return text


def _written(token: Token) -> str:
    if token.sort is Sort.QUOTED:
        return quoted(token.text)
    return token.word if token.word in KEYWORDS else token.text


def _is_apart(before: Token, token: Token, binary: bool) -> bool:
    if before.sort is Sort.SIGN and before.text in _OPENING:
        return False
    if token.sort is not Sort.SIGN:
        return True
    if token.text == "(":
        return not before.is_name or before.word in KEYWORDS
    return token.text not in _CLOSING or (token.text == "[" and not binary)


def named(part: Sequence[Token], columns: dict[str, str]) -> tuple[str, ...]:
    """Which of `columns` (in lower case -> as it is written) `part` names, in the order in which it does."""
    found: dict[str, None] = {}
    for before, token, after in zip([None, *part], part, [*part[1:], None], strict=False):
        is_call = token.sort is Sort.WORD and after == Token(Sort.SIGN, "(")
        is_collation = before is not None and before.word == "COLLATE"
        column = columns.get(token.text.lower()) if token.is_name else None
        if column is not None and not is_call and not is_collation:
            found[column] = None
    return tuple(found)
