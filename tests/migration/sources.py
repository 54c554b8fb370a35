"""Module releases in few words. What comes out is the code that an author would have written; nothing is run here.

`table("note", "text: str", "stars: int = column(default=3)")` is

    class Note(dbBase):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]
        stars: Mapped[int] = mapped_column(default=3)

A key `id` comes by itself if no column is a key. `args` is what stands in `__table_args__`, other keywords its dict.
"""

from __future__ import annotations

import re
from typing import Any

HEADER = """
import enum
import json
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count

from sqlalchemy import *
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.orm import mapped_column as column

from core.database import db_sessionmaker, dbBase, metadata
from core.dispatcher import on_start
"""
CALLBACKS = "from core.database import migrating, old_table, once\n"

_SHORT = re.compile(r"(?P<name>\w+): (?P<type>[^=]+?)(?P<rest> = .*)?", re.DOTALL)


def table(name: str, *lines: str, args: str = "", base: str = "dbBase", **options: Any) -> str:
    """The class of table `name`, with one column for each of `lines`."""
    code = [f"class {class_name(name)}({base}):", f"__tablename__ = {name!r}"]
    if "primary_key" not in "".join(lines) and "PrimaryKey" not in args:
        code.append("id: Mapped[int] = column(primary_key=True)")
    code += [_written_out(line) for line in lines]
    if args or options:
        code.append(f"__table_args__ = ({args.rstrip(', ') + ', ' if args else ''}{options})")
    return "\n    ".join(code) + "\n"


def class_name(name: str) -> str:
    """What the class of table `name` is called: NoteTag for note_tag."""
    return "".join(part.capitalize() for part in name.split("_"))


def note(*lines: str, args: str = "", **options: Any) -> str:
    """The class of table `note`: most changes need no more than one table."""
    return table("note", *lines, args=args, **options)


def start(body: str, *, once: str | None = None) -> str:
    """A callback that is run at the start with a `session` that is committed at the end."""
    head = ["@on_start"] + ([f"@once({once!r})"] if once else [])
    code = "".join(f"\n        {line}" for line in body.strip().splitlines())
    return (
        CALLBACKS
        + "\n".join(head)
        + f"\nasync def _():\n    async with db_sessionmaker() as session:{code}\n        await session.commit()\n"
    )


def module(*parts: str) -> str:
    """The code of a module of these parts."""
    return HEADER + "\n\n" + "\n\n".join(parts)


def _written_out(line: str) -> str:
    match = _SHORT.fullmatch(line)
    if match is None or match["type"].startswith("Mapped"):
        return line
    return f"{match['name']}: Mapped[{match['type']}]{match['rest'] or ''}"
