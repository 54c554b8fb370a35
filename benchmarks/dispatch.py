"""What a thousand callbacks cost a message that is for one of them, against a bot that has this one callback only.

Both dispatchers get the same message in turns, one after the other has been answered; nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.dispatcher.defaults import defaults_for
from core.dispatcher.engine import Dispatcher
from core.dispatcher.registration import Registration
from core.expr import And, Pcommand, Pmsg
from core.expr.nodes import mentioned
from models.api import Message

if TYPE_CHECKING:
    from core.expr import Expr

CALLBACKS = 1_000
ROUNDS = 25
MESSAGES = 300
NEEDED = 0.8
MATCHING = CALLBACKS // 2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result: messages per second, medians, and the median of what each round's ratio was."""

    what: str
    one: float
    thousand: float
    ratio: float
    needed: float = NEEDED


def conditions(number: int) -> tuple[Expr, ...]:
    """One of each kind that is looked up; `number` tells them from all others."""
    return (
        And(f"literal {number}"),
        And(re.compile(rf"say{number} (\w+)")),
        And([f"set{number}", str]),
        Pcommand.prefixof([f"echo{number}"]),
        Pmsg.prefixof(f"!{number} "),
    )


CASES = {
    "literal": f"literal {MATCHING}",
    "pattern": f"say{MATCHING} hello",
    "command": f"set{MATCHING} hello",
    "command prefix": f"echo{MATCHING} hello world",
    "prefix": f"!{MATCHING} hello",
}


async def callback(event: Message, match_: Any, args: Any) -> None:
    """Do nothing: the dispatcher is measured."""


def register(dispatcher: Dispatcher, condition: Expr) -> None:
    mentions = mentioned(condition.__node__)
    dispatcher.registry.add(
        Registration(
            kind=Message,
            callback=callback,
            wants=frozenset({"event", "match_", "args"}),
            condition=condition.__node__,
            mentions=mentions,
            defaults=defaults_for(Message, mentions),
        )
    )


def with_callbacks(case: int, numbers: range) -> Dispatcher:
    """Return a dispatcher with all kinds of conditions in turn, of which MATCHING has that of `case`."""
    dispatcher = Dispatcher()
    for number in numbers:
        register(dispatcher, conditions(number)[(number - MATCHING + case) % len(CASES)])
    return dispatcher


async def rate(dispatcher: Dispatcher, event: Message) -> float:
    """Messages per second, each awaited."""
    start = time.perf_counter()
    for _ in range(MESSAGES):
        await dispatcher.feed(event)
    return MESSAGES / (time.perf_counter() - start)


async def compare(what: str, one: Dispatcher, thousand: Dispatcher, text: str) -> Row:
    event = Message(message=text, user_id="1", platform="test")
    ones, thousands = [], []
    for _ in range(ROUNDS):
        ones.append(await rate(one, event))
        thousands.append(await rate(thousand, event))
    ratios = [many / single for single, many in zip(ones, thousands, strict=True)]
    return Row(what, statistics.median(ones), statistics.median(thousands), statistics.median(ratios))


def measure() -> list[Row]:
    """Return the rows of the result."""
    rows = []
    for case, (what, text) in enumerate(CASES.items()):
        one = with_callbacks(case, range(MATCHING, MATCHING + 1))
        thousand = with_callbacks(case, range(CALLBACKS))
        rows.append(asyncio.run(compare(what, one, thousand, text)))
    return rows


def main() -> None:
    print(f"| dispatch, messages per second, by what matches | 1 callback | {CALLBACKS:,} callbacks | ratio | needed |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for row in measure():
        print(f"| {row.what} | {row.one:,.0f} | {row.thousand:,.0f} | {row.ratio:.2f} | {row.needed} |")


if __name__ == "__main__":
    main()
