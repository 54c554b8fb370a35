"""What a unique constraint or index compares: the expressions, over which rows, and whether NULLs are equal. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.migration.state import ConstraintState

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Index, Table

    from core.migration.state import IndexState

_NULLS_EQUAL = "NULLS NOT DISTINCT"


@dataclass(frozen=True, slots=True)
class Keys:
    """`expressions` and `where` are SQL with plain column names; `named` are all columns that they name.

    `columns` are those that are compared as they are.
    """

    expressions: tuple[str, ...]
    named: tuple[str, ...]
    columns: tuple[str, ...]
    where: str = ""
    nulls_equal: bool = False


def keys_of(unique: ConstraintState | IndexState, table: Table, *, dialect: Dialect) -> Keys:
    """What `unique` compares; an index is looked up in the model, where its expressions are."""
    nulls_equal = _NULLS_EQUAL in unique.definition.upper()
    index = next((index for index in table.indexes if index.name == unique.name), None)
    if isinstance(unique, ConstraintState) or index is None:
        quote = dialect.identifier_preparer.quote
        names = unique.columns
        return Keys(tuple(map(quote, names)), names, names, nulls_equal=nulls_equal)
    expressions = tuple(_sql(expression, dialect) for expression in index.expressions)
    where = _where(index, dialect)
    plain = tuple(name for name in unique.columns if name in {getattr(e, "name", None) for e in index.expressions})
    return Keys(expressions, unique.columns, plain, where, nulls_equal)


def _where(index: Index, dialect: Dialect) -> str:
    condition = index.dialect_options[dialect.name]["where"]
    return "" if condition is None else _sql(condition, dialect)


def _sql(expression: Any, dialect: Dialect) -> str:
    if isinstance(expression, str):
        return expression
    compiler: Any = dialect.statement_compiler(dialect, None)
    return str(compiler.process(expression.self_group(), include_table=False, literal_binds=True))
