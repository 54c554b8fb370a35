"""The tables of what a database remembers of its migrations. Who reads and writes them is `ledger`."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, Table, Text

from core.database.base import metadata

schema_table = Table(
    "aha_schema",
    metadata,
    Column("name", Text, primary_key=True),
    Column("module", Text, nullable=False),
    Column("record", Text, nullable=False),
)
history_table = Table(
    "aha_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("modules", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("release", Text, nullable=False),
)
