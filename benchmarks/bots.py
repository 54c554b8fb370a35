"""The bots that are measured: a module with a table, folders with modules and configuration, and what starts them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.programs import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.programs import Command

AHA: Command = [Path(sys.executable).parent / "aha", "run"]

# The code of a module, or of a part of one, that has one small table.
TABLE = """
from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import dbBase


class NoteNUMBER(dbBase):
    __tablename__ = "note_NUMBER"

    user: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    data: Mapped[str] = mapped_column(Text)
"""


def write_bot(folder: Path, modules: Mapping[str, str], *, url: str = "") -> Path:
    """Make the folder of a bot with an OneBot adapter that listens; `url` "" is an SQLite file in it. Return it."""
    (folder / "modules").mkdir(parents=True)
    for name, code in modules.items():
        (folder / "modules" / f"{name}.py").write_text(code)
    bots = f"bots:\n- adapter: onebot\n  mode: reverse\n  port: {free_port()}\n"
    (folder / "config.yml").write_text(f"{bots}aha:\n  database: {json.dumps(url)}\n")
    return folder
