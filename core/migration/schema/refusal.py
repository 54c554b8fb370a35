"""What is said when the database, or code of the author's, does not take a table as it is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.url import what_it_said
from core.migration.refused import remedy_for
from models.exc import TableRefused

if TYPE_CHECKING:
    from sqlalchemy import Table


def refusal(table: Table, database: str, error: Exception) -> TableRefused:
    """The error for `table`, which names it and says what to do; `error` is what `database` said."""
    remedy = remedy_for(error, otherwise="correct the declaration, or use a type that both databases have")
    return TableRefused(
        f"table {table.fullname} cannot be made on {database} as it is declared: {what_it_said(error)}; {remedy}",
        table=table.fullname,
    )
