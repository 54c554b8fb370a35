"""What a command found, on standard output: a table for people, JSON for programs. It knows nothing of it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from aha.printable import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def write_json(value: Any) -> None:
    """Write `value` as JSON; what JSON does not know is written as its text."""
    shows_all = (sys.stdout.encoding or "").lower().startswith("utf")
    sys.stdout.write(printable_json(json.dumps(value, ensure_ascii=not shows_all, indent=2, default=str)) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows below the names of their columns: in colour and to its width on a terminal, else just in line.

    A moment, which has to know its time zone, is written in local time.
    """
    texts = [[_text(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _write_on_terminal(columns, texts)
    else:
        _write_plain([list(columns), *texts])


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone():%Y-%m-%d %H:%M:%S}"
    return "" if cell is None else printable(" ".join(str(cell).split()))


def padded(text: str, width: int) -> str:
    """`text` in a column of that width; Chinese characters are as wide as two others."""
    return text + " " * (width - cell_len(text))


def _write_plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write("  ".join(map(padded, row, widths)).rstrip() + "\n")


def _write_on_terminal(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # Imported late: a pipe needs nothing of it.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
