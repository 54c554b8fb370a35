"""SQL as tokens and back, so that two texts that differ in spaces, quotes or comments are the same. It parses nothing.

The text that `spell` writes is valid SQL; which names are columns, and how they are quoted, the caller says.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


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


_OPEN = Token(Sort.SIGN, "(")

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
# Some are names, too, without quotes: where an operand has to stand.
_RESERVED = KEYWORDS - set(
    re.findall(r"\w+", "ANY ASC BY DESC END EXCLUDE FILTER GLOB INDEXED KEY LIKE MATCH OVER REGEXP SIMILAR WITH")
)
_ENDS_OPERAND = {"END", "ISNULL", "NOTNULL", "NULL"}
_UNARY = {"-", "+", "~"}
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


def folded(name: str) -> str:
    """`name` as SQLite compares it: it does not tell A from a, but Ä from ä."""
    return name.lower() if name.isascii() else re.sub("[A-Z]+", lambda match: match[0].lower(), name)


def spell(part: Sequence[Token], name: Callable[[Token], str | None] | None = None) -> str:
    """Write tokens as text that depends on nothing but them.

    `name` says how a token is written that may stand for a column; None: it stands for none.
    """
    text, before = "", None
    for token, may_be_column, follows_operand in _places(part):
        written = (name(token) if name is not None and may_be_column else None) or _written(token)
        if before is not None and _is_apart(before, token, follows_operand):
            text += " "
        is_unary = token.sort is Sort.SIGN and token.text in _UNARY and not follows_operand
        before = _OPEN if is_unary else token
        text += written
    return text


def _places(part: Sequence[Token]) -> Iterator[tuple[Token, bool, bool]]:
    """The tokens, each with whether it may stand for a column and whether an operand ends before it."""
    follows_operand = False
    for at, token in enumerate(part):
        is_call = token.sort is Sort.WORD and at + 1 < len(part) and part[at + 1] == _OPEN
        is_keyword = token.word in (KEYWORDS if follows_operand else _RESERVED)
        is_collation = at > 0 and part[at - 1].word == "COLLATE"
        may_be_column = token.is_name and not (is_call or is_keyword or is_collation)
        yield token, may_be_column, follows_operand
        follows_operand = may_be_column or _ends_operand(token)


def _ends_operand(token: Token) -> bool:
    if token.sort is Sort.SIGN:
        return token.text in (")", "]")
    return token.word not in KEYWORDS or token.word in _ENDS_OPERAND


def _written(token: Token) -> str:
    if token.sort is Sort.QUOTED:
        return quoted(token.text)
    return token.word if token.word in KEYWORDS else token.text


def _is_apart(before: Token, token: Token, follows_operand: bool) -> bool:
    if before.sort is Sort.SIGN and before.text in _OPENING:
        return False
    if token.sort is not Sort.SIGN:
        return True
    if token.text == "(":
        return not before.is_name or before.word in KEYWORDS
    return token.text not in _CLOSING or (token.text == "[" and not follows_operand)


def named(part: Sequence[Token], columns: Mapping[str, str]) -> tuple[str, ...]:
    """Which of `columns` (folded -> as it is written) `part` names, in the order in which it does."""
    found = (columns.get(folded(token.text)) for token, may_be_column, _ in _places(part) if may_be_column)
    return tuple(dict.fromkeys(column for column in found if column is not None))
