"""A module with a table, and how tests read what a command and its database say."""

from __future__ import annotations

from hashlib import sha256

MODULE = """
from sqlalchemy import Column, Integer, Table, Text{imports}
from core.database import metadata
from core.dispatcher import on_start

print("imported")
Table("note", metadata, Column("id", Integer, primary_key=True), {columns})

@on_start
def begin():
    print("on_start ran")
"""


def digest(folder):
    file = folder / "data" / "aha.db"
    return sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns


def lines(text):
    """What was said, without the time in front."""
    return [line[9:].partition(" ")[2].strip() for line in text.splitlines()]
