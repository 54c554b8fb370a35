"""What a CREATE TABLE or CREATE INDEX of SQLite says, from its text: PRAGMAs do not tell all of it. It runs no SQL.

It takes what SQLite has accepted, so it checks nothing; what it does not know it skips.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.migration.schema.tokens import Sort, Token, spell, tokens
from core.migration.state import ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLE_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}
_BEHIND_TYPE = {
    *("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "NOT", "NULL", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS")
}


@dataclass(slots=True)
class ConstraintText:
    """A constraint as it is written: `columns` as they are named there, `body` what stands in its parentheses."""

    kind: ConstraintKind
    name: str | None = None
    columns: list[str] = field(default_factory=list)
    body: list[Token] = field(default_factory=list)
    target: str | None = None
    target_columns: list[str] = field(default_factory=list)
    suffix: str = ""


@dataclass(slots=True)
class ColumnText:
    """A column as it is written."""

    name: str
    type: str = ""
    nullable: bool = True
    default: list[Token] = field(default_factory=list)
    computed: list[Token] = field(default_factory=list)
    stored: bool = False
    collation: str | None = None
    conflict: str = ""


@dataclass(slots=True)
class TableText:
    """A table as it is written; `autoincrement` stands at its key, `options` behind the parenthesis."""

    name: str
    columns: list[ColumnText] = field(default_factory=list)
    constraints: list[ConstraintText] = field(default_factory=list)
    autoincrement: bool = False
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class IndexText:
    """An index as it is written: its parts, and what stands behind WHERE."""

    name: str
    table: str
    unique: bool
    body: list[Token]
    where: list[Token]


class _Reader:
    """Goes through tokens from left to right."""

    def __init__(self, part: Sequence[Token]) -> None:
        self._tokens = part
        self._at = 0

    @property
    def token(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def word(self) -> str:
        return self.token.word if self.token else ""

    def take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def skip(self, *words: str) -> bool:
        """Pass over `words` if they are next."""
        if self._at >= len(self._tokens) or _said(self._tokens[self._at]) != words[0]:
            return False
        ahead = self._tokens[self._at : self._at + len(words)]
        if len(words) > 1 and tuple(map(_said, ahead)) != words:
            return False
        self._at += len(words)
        return True

    def name(self) -> str:
        """The next name, without its schema; 'a' may be one too."""
        name = _bare(self.take())
        return self.name() if self.skip(".") else name

    def group(self) -> list[Token]:
        """What stands between the parenthesis that is next and its partner, both passed over; [] if none is next."""
        if not self.skip("("):
            return []
        start, depth = self._at, 1
        while depth and self._at < len(self._tokens):
            depth += _DEPTH.get(self._tokens[self._at], 0)
            self._at += 1
        return list(self._tokens[start : self._at - 1])

    def rest(self) -> list[Token]:
        return list(self._tokens[self._at :])


_OPEN, _CLOSE, _COMMA = (Token(Sort.SIGN, sign) for sign in "(),")
_DEPTH = {_OPEN: 1, _CLOSE: -1}


def _said(token: Token) -> str:
    return token.word or token.text


def _bare(token: Token) -> str:
    return token.text[1:-1].replace("''", "'") if token.sort is Sort.STRING else token.text


def split(part: Sequence[Token]) -> list[list[Token]]:
    """The pieces of `part` between the commas that are in no parentheses."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in part:
        depth += _DEPTH.get(token, 0)
        if depth == 0 and token == _COMMA:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [piece for piece in pieces if piece]


def parse_table(sql: str) -> TableText:
    """Read a CREATE TABLE."""
    reader = _Reader(tokens(sql))
    _header(reader, "TABLE")
    table = TableText(reader.name())
    for item in split(reader.group()):
        if item[0].word in _TABLE_CONSTRAINTS:
            _read_constraints(table, _Reader(item))
        else:
            _read_column(table, _Reader(item))
    table.options = sorted(spell(option).upper() for option in split(reader.rest()))
    return table


def parse_index(sql: str) -> IndexText:
    """Read a CREATE INDEX."""
    reader = _Reader(tokens(sql))
    unique = _header(reader, "INDEX")
    name = reader.name()
    reader.skip("ON")
    table, body = reader.name(), reader.group()
    reader.skip("WHERE")
    return IndexText(name, table, unique, body, reader.rest())


def _header(reader: _Reader, what: str) -> bool:
    """Pass over all that stands before the name; whether UNIQUE was there."""
    unique = False
    while not reader.skip(what):
        unique = reader.take().word == "UNIQUE" or unique
    reader.skip("IF", "NOT", "EXISTS")
    return unique


def _read_column(table: TableText, reader: _Reader) -> None:
    column = ColumnText(_bare(reader.take()))
    table.columns.append(column)
    kind: list[Token] = []
    while reader.token and reader.word not in _BEHIND_TYPE:
        kind.append(reader.take())
    column.type = " ".join(map(_bare, kind)).upper() if _is_quoted(kind) else spell(kind).upper()
    name = None
    while reader.token:
        if reader.skip("CONSTRAINT"):
            name = reader.name()
        else:
            if not _read_property(column, reader):
                _read_column_constraint(table, column, reader, name=name)
            name = None


def _is_quoted(kind: list[Token]) -> bool:
    return any(token.sort in (Sort.QUOTED, Sort.STRING) for token in kind)


def _read_property(column: ColumnText, reader: _Reader) -> bool:
    """Read what concerns the column alone; whether it was such a thing."""
    if reader.skip("NOT", "NULL"):
        column.nullable, column.conflict = False, _conflict(reader)
    elif reader.skip("DEFAULT"):
        column.default = _default(reader)
    elif reader.skip("COLLATE"):
        column.collation = reader.name()
    elif reader.skip("GENERATED", "ALWAYS", "AS") or reader.skip("AS"):
        column.computed = reader.group()
        column.stored = reader.skip("STORED")
        reader.skip("VIRTUAL")
    else:
        return False
    return True


def _read_column_constraint(table: TableText, column: ColumnText, reader: _Reader, *, name: str | None) -> None:
    if (constraint := _constraint(reader)) is None:
        reader.take()
        return
    constraint.name = name
    if constraint.kind is not ConstraintKind.CHECK:
        constraint.columns = [column.name]
        constraint.body.insert(0, Token(Sort.QUOTED, column.name))
    _add(table, constraint)


def _read_constraints(table: TableText, reader: _Reader) -> None:
    """Read constraints of a table; SQLite asks for no comma between them."""
    name = None
    while reader.token:
        if reader.skip("CONSTRAINT"):
            name = reader.name()
        elif (constraint := _constraint(reader)) is None:
            reader.take()
        else:
            constraint.name, name = name, None
            _add(table, constraint)


def _add(table: TableText, constraint: ConstraintText) -> None:
    if any(token.word == "AUTOINCREMENT" for token in constraint.body):
        table.autoincrement = True
        constraint.body = [token for token in constraint.body if token.word != "AUTOINCREMENT"]
    table.constraints.append(constraint)


def _constraint(reader: _Reader) -> ConstraintText | None:
    """Read a constraint of a column or a table, without its name; None if none is next."""
    if reader.skip("PRIMARY", "KEY"):
        return _key(reader, ConstraintKind.PRIMARY)
    if reader.skip("UNIQUE"):
        return _key(reader, ConstraintKind.UNIQUE)
    if reader.skip("CHECK"):
        return ConstraintText(ConstraintKind.CHECK, body=reader.group(), suffix=_conflict(reader))
    if reader.skip("FOREIGN", "KEY"):
        columns = [_bare(token) for token in reader.group() if token != _COMMA]
        reader.skip("REFERENCES")
        return _reference(reader, columns)
    return _reference(reader, []) if reader.skip("REFERENCES") else None


def _key(reader: _Reader, kind: ConstraintKind) -> ConstraintText:
    body = reader.group()
    columns = [_bare(piece[0]) for piece in split(body)]
    while not body and reader.word in ("ASC", "DESC"):  # behind the column, which the caller puts before it
        body.append(reader.take())
    suffix = _conflict(reader)
    if reader.skip("AUTOINCREMENT"):
        body.append(Token(Sort.WORD, "AUTOINCREMENT"))
    return ConstraintText(kind, columns=columns, body=body, suffix=suffix)


def _reference(reader: _Reader, columns: list[str]) -> ConstraintText:
    target = reader.name()
    target_columns = [_bare(token) for token in reader.group() if token != _COMMA]
    actions: dict[str, str] = {}
    while reader.word in ("ON", "MATCH"):
        what = "MATCH" if reader.take().word == "MATCH" else f"ON {reader.take().word}"
        actions[what] = _action(reader)
    suffix = "".join(
        f" {what} {actions[what]}"
        for what in ("MATCH", "ON DELETE", "ON UPDATE")
        if actions.get(what) not in (None, "NO ACTION", "SIMPLE")
    )
    return ConstraintText(
        ConstraintKind.FOREIGN,
        columns=columns,
        target=target,
        target_columns=target_columns,
        suffix=suffix + _deferred(reader),
    )


def _action(reader: _Reader) -> str:
    first = reader.take().word
    return f"{first} {reader.take().word}" if first in ("SET", "NO") else first


def _deferred(reader: _Reader) -> str:
    """Read when the key is checked. INITIALLY DEFERRED is the only form that SQLite does not take for the usual one."""
    never = reader.skip("NOT", "DEFERRABLE")
    if not never and not reader.skip("DEFERRABLE"):
        return ""
    deferred = reader.skip("INITIALLY", "DEFERRED")
    reader.skip("INITIALLY", "IMMEDIATE")
    return " DEFERRABLE INITIALLY DEFERRED" if deferred and not never else ""


def _conflict(reader: _Reader) -> str:
    if not reader.skip("ON", "CONFLICT"):
        return ""
    how = reader.take().word
    return "" if how == "ABORT" else f" ON CONFLICT {how}"


def _default(reader: _Reader) -> list[Token]:
    """The value of a DEFAULT; an expression in its parentheses."""
    if reader.token == _OPEN:
        return [_OPEN, *reader.group(), _CLOSE]
    taken = [reader.take()]
    if taken[0].text in ("+", "-"):
        taken.append(reader.take())
    return taken
