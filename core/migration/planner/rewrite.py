"""SQL texts of constraints and indexes under other names, or with expressions in place of columns. It runs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.schema.tokens import Sort, Token, spell, tokens
from core.migration.state import ConstraintKind, ConstraintState, IndexState

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from sqlalchemy import Dialect


def substituted(sql: str, columns: Mapping[str, str], *, dialect: Dialect) -> str:
    """`sql` with the text of `columns` in place of each column; functions, types and qualified names stay."""
    in_sqlite = dialect.name == "sqlite"
    texts = {_folded(name, in_sqlite): text for name, text in columns.items()}
    part = tokens(sql, brackets=in_sqlite)
    fixed = {id(token) for token in _not_columns(part)}

    def name(token: Token) -> str | None:
        exact = token.sort is Sort.QUOTED and not in_sqlite
        return None if id(token) in fixed else texts.get(_folded(token.text, not exact))

    return spell(part, name)


def _folded(name: str, fold: bool) -> str:
    return name.lower() if fold else name


def _not_columns(part: Sequence[Token]) -> Iterator[Token]:
    for before, token, after in zip([None, *part], part, [*part[1:], None], strict=False):
        follows = before is not None and (before.text in ("::", ".") or before.word == "COLLATE")
        is_call = after == Token(Sort.SIGN, "(") and token.sort is Sort.WORD
        if follows or is_call:
            yield token


def renamed_constraint(
    constraint: ConstraintState,
    columns: Mapping[str, str],
    *,
    target: str | None,
    target_columns: Mapping[str, str],
    dialect: Dialect,
) -> ConstraintState:
    """`constraint` after columns (old name -> new), the table that it refers to, or columns there were renamed."""
    names = tuple(columns.get(name, name) for name in constraint.columns)
    if constraint.kind is not ConstraintKind.FOREIGN:
        return replace(constraint, columns=names, definition=_renamed(constraint.definition, columns, dialect))
    there = tuple(target_columns.get(name, name) for name in constraint.target_columns)
    quote: Callable[[str], str] = dialect.identifier_preparer.quote
    end = spell(_after_target(constraint.definition, dialect))
    definition = (
        f"FOREIGN KEY({', '.join(map(quote, names))}) REFERENCES {_quoted_table(target or '', quote)} "
        f"({', '.join(map(quote, there))}){end and ' ' + end}"
    )
    return replace(constraint, columns=names, definition=definition, target=target, target_columns=there)


def renamed_index(index: IndexState, columns: Mapping[str, str], *, dialect: Dialect) -> IndexState:
    """`index` after columns were renamed, old name -> new."""
    names = tuple(columns.get(name, name) for name in index.columns)
    return replace(index, columns=names, definition=_renamed(index.definition, columns, dialect))


def _renamed(definition: str, columns: Mapping[str, str], dialect: Dialect) -> str:
    """`definition` with new names behind its first parenthesis: a column may be called as a word before it."""
    head, opening, body = definition.partition("(")
    return head + substituted(opening + body, quoted(columns, dialect), dialect=dialect) if columns else definition


def quoted(columns: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    """Old name -> new, the new ones as they stand in SQL."""
    return {old: dialect.identifier_preparer.quote(new) for old, new in columns.items()}


def _quoted_table(name: str, quote: Callable[[str], str]) -> str:
    return ".".join(quote(part) for part in name.split("."))


def _after_target(definition: str, dialect: Dialect) -> list[Token]:
    """What stands behind the columns that a foreign key refers to: its actions."""
    part = tokens(definition, brackets=dialect.name == "sqlite")
    start = next(at for at, token in enumerate(part) if token.word == "REFERENCES")
    end = next(at for at, token in enumerate(part) if at > start and token.text == ")")
    return part[end + 1 :]


def demand(constraint: ConstraintState, dialect: Dialect) -> Hashable:
    """What `constraint` demands of rows, as a value that does not depend on how its text is quoted or spaced."""
    if constraint.kind is ConstraintKind.FOREIGN:
        end = tuple(token.text.upper() for token in _after_target(constraint.definition, dialect))
        return constraint.kind, constraint.columns, constraint.target, constraint.target_columns, end
    return constraint.kind, wording(constraint.definition, dialect)


def wording(definition: str, dialect: Dialect) -> Hashable:
    """`definition` as a value that does not depend on quotes and spaces, nor on how PostgreSQL writes casts to text.

    What it shows of `a IN ('x', 'y')` comes out in another way, when it is read in again.
    """
    if dialect.name == "sqlite":
        return tuple(token.text for token in tokens(definition))
    part = [token.text for token in _without_text_casts(tokens(definition, brackets=False))]
    while (shorter := _without_idle_parentheses(part)) != part:
        part = shorter
    return tuple(part)


_TEXT_TYPES = {"TEXT", "VARCHAR", "BPCHAR", "CHARACTER", "VARYING"}


def _without_text_casts(part: Sequence[Token]) -> Iterator[Token]:
    at = 0
    while at < len(part):
        end = at + 1
        if part[at].text == "::":
            while end < len(part) and part[end].word in _TEXT_TYPES:
                end += 1
        if end == at + 1:
            yield part[at]
        else:
            if "".join(token.sort.name[:3] for token in part[end : end + 3]) == "SIGNUMSIG":
                end += 3
            if [token.text for token in part[end : end + 2]] == ["[", "]"]:
                end += 2
        at = end


def _without_idle_parentheses(part: Sequence[str]) -> list[str]:
    """`part` without the first parentheses around a single token, an array, or other parentheses."""
    closing = {"(": ")", "[": "]"}
    opened: list[int] = []
    ends: dict[int, int] = {}
    for at, text in enumerate(part):
        if text in closing:
            opened.append(at)
        elif text in closing.values() and opened:
            ends[opened.pop()] = at
    for start, end in sorted(ends.items()):
        inner = part[start + 1 : end]
        is_array = inner[:2] == ["ARRAY", "["] and ends.get(start + 2) == end - 1
        is_double = inner[:1] == ["("] and ends.get(start + 1) == end - 1
        is_call = start > 0 and (part[start - 1].isidentifier() or part[start - 1] == '"')
        if part[start] == "(" and (is_double or ((is_array or len(inner) == 1) and not is_call)):
            return [*part[:start], *inner, *part[end + 1 :]]
    return list(part)
