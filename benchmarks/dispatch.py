"""What a thousand callbacks cost a message that is for one of them, against a bot that has this one callback only.

Both dispatchers get the same message in turns, one after the other has been answered; nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Row, Section
from core.dispatcher.defaults import defaults_for
from core.dispatcher.engine import Dispatcher
from core.dispatcher.registration import Registration
from core.expr import And, Pcommand, Pmsg
from core.expr.nodes import mentioned
from models.api import Message

if TYPE_CHECKING:
    from core.expr import Expr

CALLBACKS = 1_000
MESSAGES = 300
NEEDED = 0.8
MATCHING = CALLBACKS // 2


HOW = f"""\
Messages per second through `Dispatcher.feed`, each awaited, nothing sent anywhere. One dispatcher has {CALLBACKS:,}
callbacks, whose conditions are of all five kinds in turn; the other has only the one that the message is for. Groups of
{MESSAGES} messages, in turns. Each row is one kind of condition for that one callback."""


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


async def compare(what: str, one: Dispatcher, thousand: Dispatcher, *, text: str, rounds: int) -> Row:
    event = Message(message=text, user_id="1", platform="test")
    ones, thousands = [], []
    for _ in range(rounds):
        ones.append(await rate(one, event))
        thousands.append(await rate(thousand, event))
    return Row(
        what=f"{CALLBACKS:,} callbacks, a {what} matches",
        against="that callback alone",
        ours=tuple(thousands),
        peer=tuple(ones),
        unit="per second",
        allowed=NEEDED,
    )


def measure(rounds: int) -> Section:
    rows = []
    for case, (what, text) in enumerate(CASES.items()):
        one = with_callbacks(case, range(MATCHING, MATCHING + 1))
        thousand = with_callbacks(case, range(CALLBACKS))
        rows.append(asyncio.run(compare(what, one, thousand, text=text, rounds=rounds)))
    return Section("Dispatch in process", HOW, tuple(rows))
