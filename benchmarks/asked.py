"""The inner side of a program that is asked in turn: it does what a line of JSON says and answers with another."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANSWER = "= "


def serve(works: Mapping[str, Callable[..., object]]) -> None:
    """Answer each line of standard input, the name of a work and its arguments, until the input ends."""
    answer("ready")
    for line in sys.stdin:
        name, arguments = question(line)
        answer(works[name](*arguments))


def question(line: str) -> tuple[str, list[Any]]:
    """What is asked for."""
    name, *arguments = json.loads(line)
    return name, arguments


def megabytes() -> float:
    """What this process has of the machine's memory now."""
    import psutil  # noqa: PLC0415 - the peers' environment has none

    return float(psutil.Process().memory_info().rss) / 1e6


def answer(found: object) -> None:
    """Say what was found, which JSON must know."""
    print(ANSWER + json.dumps(found), flush=True)
