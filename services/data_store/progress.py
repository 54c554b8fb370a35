"""How much of each journal a database has: read at the start, written in the transaction of every fold.

Numbers are kept by journal, as processes with folders of their own may use one database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Table, Text, select

from core.database import db_engine, metadata
from utils.sqlalchemy import upsert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

_table = Table(
    "aha_store_journal",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    Column("folded", BigInteger, nullable=False),
)
TABLE = _table.name
# Under the name that no module has stands how often the journal was folded.
_FOLDS = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the database has of one journal: how often it was folded, and by module up to which record."""

    folds: int = 0
    folded: Mapping[str, int] = field(default_factory=dict)


async def read_progress(journal: str) -> Progress:
    """Read what the database has of `journal`."""
    async with db_engine.connect() as connection:
        return (await connection.run_sync(progress_on)).get(journal, Progress())


def progress_on(connection: Connection) -> dict[str, Progress]:
    """What the database on `connection` has of each journal."""
    folded: dict[str, dict[str, int]] = {}
    for journal, module, seq in connection.execute(select(_table)):
        folded.setdefault(journal, {})[module] = seq
    return {journal: Progress(of.pop(_FOLDS, 0), of) for journal, of in folded.items()}


async def write_progress(connection: AsyncConnection, journal: str, progress: Progress) -> None:
    """Note, in the transaction on `connection`, what the database has of `journal` from now on."""
    numbers = {**progress.folded, _FOLDS: progress.folds}
    rows = [{"journal": journal, "module": name, "folded": number} for name, number in numbers.items()]
    await connection.execute(upsert(_table, rows))
