"""OneBot end to end: bots started as their users start them answer "ping" over a socket, asked by another process.

All bots run all the time; in every round each of them is asked in turn, by the same load.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.load import Load
from benchmarks.programs import PEER_PYTHON, ROOT, Program, free_port
from benchmarks.rows import Row, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.programs import Command

PEERS = ROOT / "benchmarks" / "peers"
CALLBACKS = 1_000
WINDOW = 50
LATENCIES = 300

PING = """
from core.dispatcher import on_message


@on_message("ping")
async def _(event):
    await event.send("pong")
"""

# In the kinds that are looked up, in turn: a literal, a command, the beginning of a text.
OTHERS = """
from core.dispatcher import on_message
from core.expr import Pmsg

CONDITIONS = (lambda n: f"literal {n}", lambda n: [f"set{n}", str], lambda n: Pmsg.prefixof(f"!{n} "))

for number in range(COUNT):

    @on_message(CONDITIONS[number % 3](number))
    async def _(event):
        await event.send("not pong")
"""

HOW = f"""\
Every bot is a process of its own, started as its users start it, on the same Python, asyncio's own event loop, logging
from WARNING on; ours is `aha run` with SQLite. The load is another process that connects to each as NapCat does
(reverse WebSocket) and sends messages to a group, "ping", of which {WINDOW} are in flight: a new one goes out for every
"pong" that came and was acknowledged. {LATENCIES} more are sent one at a time for the latency. All bots run all the
time and are asked in turn, in each round in another order."""


@dataclass(frozen=True, slots=True)
class Bot:
    """How a bot is started at a port, where it is connected to, and how many messages a round has."""

    name: str
    command: Callable[[int, Path], Command]
    path: str
    messages: int


def ours(callbacks: int) -> Callable[[int, Path], Command]:
    """Write a folder as a bot owner has it, with that many callbacks, and return what starts it."""

    def command(port: int, folder: Path) -> Command:
        (folder / "modules").mkdir()
        (folder / "modules" / "others.py").write_text(OTHERS.replace("COUNT", str(callbacks - 1)))
        (folder / "modules" / "ping.py").write_text(PING)
        (folder / "config.yml").write_text(
            f"log:\n  level: warning\nbots:\n- adapter: onebot\n  mode: reverse\n  port: {port}\n"
        )
        return [Path(sys.executable).parent / "aha", "run"]

    return command


ONE = Bot("Aha", ours(1), "/", 4_000)
THOUSAND = Bot(f"Aha with {CALLBACKS:,} callbacks", ours(CALLBACKS), "/", 4_000)
AIOCQHTTP = Bot("aiocqhttp", lambda port, _: [PEER_PYTHON, PEERS / "aiocqhttp_bot.py", str(port)], "/ws", 4_000)
NONEBOT = Bot(
    "NoneBot2",
    lambda port, _: [PEER_PYTHON, PEERS / "nonebot_bot.py", str(port), "WARNING", "asyncio"],
    "/onebot/v11/ws",
    400,
)
NONEBOT_UVLOOP = Bot(
    "NoneBot2 on uvloop",
    lambda port, _: [PEER_PYTHON, PEERS / "nonebot_bot.py", str(port), "WARNING", "uvloop"],
    "/onebot/v11/ws",
    400,
)
BOTS = (ONE, THOUSAND, AIOCQHTTP, NONEBOT, NONEBOT_UVLOOP)

COMPARISONS = (
    (ONE, AIOCQHTTP, 0.8),
    (ONE, NONEBOT, 5.0),
    (ONE, NONEBOT_UVLOOP, None),
    (THOUSAND, ONE, 0.8),
)


def ask(bot: Bot, port: int) -> Load:
    """Let the load run against a bot."""
    numbers = [port, bot.path, bot.messages, WINDOW, LATENCIES]
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *map(str, numbers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    return Load(**json.loads(result.stdout))


def measure(rounds: int) -> Section:
    """Return what was found; raises RuntimeError or CalledProcessError if a bot does not run."""
    loads: dict[Bot, list[Load]] = defaultdict(list)
    with ExitStack() as stack:
        ports = {bot: start(bot, stack) for bot in BOTS}
        for number in range(rounds):
            shift = number % len(BOTS)
            for bot in BOTS[shift:] + BOTS[:shift]:
                loads[bot].append(ask(bot, ports[bot]))
            shown = ", ".join(f"{bot.name} {loads[bot][-1].rate:,.0f}" for bot in BOTS)
            print(f"  round {number + 1} of {rounds}: {shown} per second", file=sys.stderr)
    return Section(
        "OneBot end to end",
        HOW,
        tuple(row(mine, peer, allowed, loads=loads) for mine, peer, allowed in COMPARISONS),
        latencies(loads),
    )


def start(bot: Bot, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    port = free_port()
    stack.enter_context(Program(bot.command(port, folder), folder=folder)).wait_for_port(port)
    return port


def row(mine: Bot, peer: Bot, allowed: float | None, *, loads: Mapping[Bot, Sequence[Load]]) -> Row:
    return Row(
        what=f'{mine.name}: "ping" answered "pong"',
        against=peer.name,
        ours=tuple(load.rate for load in loads[mine]),
        peer=tuple(load.rate for load in loads[peer]),
        unit="per second",
        allowed=allowed,
    )


def latencies(loads: Mapping[Bot, Sequence[Load]]) -> tuple[str, ...]:
    """Say how long an answer takes when messages come one at a time: medians over the rounds."""

    def median(bot: Bot, name: str) -> str:
        return f"{statistics.median(getattr(load, name) for load in loads[bot]) * 1000:.2f} ms"

    return tuple(
        f"One at a time, {bot.name}: half are answered within {median(bot, 'p50')}, 99 % within {median(bot, 'p99')}."
        for bot in BOTS
    )
