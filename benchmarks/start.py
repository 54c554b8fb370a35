"""How long a bot takes to be ready, against what cannot be avoided: the import of the libraries and of the modules."""

from __future__ import annotations

import json
import signal
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import schema
from benchmarks.bots import AHA, TABLE, write_bot
from benchmarks.onebot import PEERS
from benchmarks.postgresql import new_databases, postgresql
from benchmarks.programs import PEER_PYTHON, Program, free_port, seconds_to, told
from benchmarks.rows import Row, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.programs import Command

MODULES = 100

# Tells, when it gets a signal, which modules its process has imported; theirs are those below site-packages.
TELL = """
import json
import signal
import sys

from core.dispatcher import on_start


def tell(*_):
    theirs, ours = [], []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is None or spec.name != name or spec.origin is None:
            continue
        if "site-packages" in spec.origin:
            theirs.append(name)
        elif name.split(".")[0] in ("aha", "bots", "core", "models", "services", "utils"):
            ours.append(name)
    print("imported", json.dumps([theirs, ours]), flush=True)


@on_start
def _():
    signal.signal(signal.SIGUSR1, tell)
"""

BARE_FILES = """
import sys
import time

import ours

sys.path.insert(0, "modules")
names = sys.argv[1:]
start = time.perf_counter()
for name in names:
    __import__(name)
print("seconds", time.perf_counter() - start, flush=True)
"""

HOW = f"""\
From the start of the process to the line "ready", with an OneBot adapter that listens and an SQLite database that
exists; NoneBot2 with its OneBot adapter, to the line that says where it listens. The bare import is a fresh interpreter
that imports exactly those third-party modules that our process has imported when it is ready, in the same order, and
does nothing else. The {MODULES} modules have one table each, and nothing has changed since the start before; their bare
import is the time that plain `import` takes for the same files in a process that has everything of Aha imported. All
byte code is cached. One after the other, in each round.

{schema.HOW}"""


def measure(rounds: int) -> Section:
    """Return what was found; raises RuntimeError if a program does not become ready."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = stack.enter_context(postgresql(folder / "server"))
        timed = prepare(folder, *stack.enter_context(new_databases(server, ["aha_bench", "aha_bench_empty"])))
        for run in timed.values():
            run()
        samples = []
        for number in range(rounds):
            samples.append({name: run() for name, run in timed.items()})
            shown = ", ".join(f"{name} {seconds:.2f}" for name, seconds in samples[-1].items())
            print(f"  round {number + 1} of {rounds}: {shown} s", file=sys.stderr)
    return Section("Start", HOW, tuple(rows(samples)))


def prepare(folder: Path, tables_url: str, empty_url: str) -> dict[str, Callable[[], float]]:
    """Write the folders of all bots and return what is timed, by name; each returns seconds."""
    modules = {f"note_{number:03}": TABLE.replace("NUMBER", f"{number:03}") for number in range(MODULES)}
    empty, many = write_bot(folder / "empty", {}), write_bot(folder / "many", modules)
    empty_there = write_bot(folder / "empty there", {}, url=empty_url)
    theirs, ours = imported(empty, AHA)
    (many / "bare.py").write_text(BARE_FILES)
    (many / "ours.py").write_text("".join(f"import {name}\n" for name in ours))
    (empty / "theirs.py").write_text("".join(f"import {name}\n" for name in theirs))
    libraries: Command = [sys.executable, "-c", "import theirs; print('ready', flush=True)"]
    nonebot: Command = [PEER_PYTHON, PEERS / "nonebot_bot.py", str(free_port()), "INFO", "asyncio"]
    files: Command = [sys.executable, "bare.py", *modules]
    return {
        "empty": lambda: seconds_to("ready: 0 modules", AHA, empty),
        "libraries": lambda: seconds_to("ready", libraries, empty),
        "NoneBot2": lambda: seconds_to("Uvicorn running on", nonebot, empty),
        "many": lambda: seconds_to(f"ready: {MODULES} modules", AHA, many),
        "files": lambda: float(told("seconds", files, many)),
        **schema.prepare("SQLite", folder / "tables", url="", ours=ours, bare=BARE_FILES),
        "empty on PostgreSQL": lambda: seconds_to("ready: 0 modules", AHA, empty_there),
        **schema.prepare("PostgreSQL", folder / "tables there", url=tables_url, ours=ours, bare=BARE_FILES),
    }


def imported(folder: Path, command: Command) -> tuple[list[str], list[str]]:
    """Return the names of the third-party modules and of our own that a bot has imported when it is ready."""
    module = folder / "modules" / "tell.py"
    module.write_text(TELL)
    with Program(command, folder=folder) as program:
        program.line_with("ready: 1 module")
        program.process.send_signal(signal.SIGUSR1)
        line, _ = program.line_with("imported ")
    module.unlink()
    theirs, ours = json.loads(line.removeprefix("imported "))
    return theirs, ours


def rows(samples: Sequence[dict[str, float]]) -> list[Row]:
    def series(name: str) -> tuple[float, ...]:
        return tuple(sample[name] for sample in samples)

    files = statistics.median(series("files"))
    return [
        Row(
            what="an empty bot to ready",
            against="bare import of the same third-party modules",
            ours=series("empty"),
            peer=series("libraries"),
            unit="seconds",
            allowed=0.3,
        ),
        Row(
            what="an empty bot to ready",
            against="NoneBot2 to ready",
            ours=series("empty"),
            peer=series("NoneBot2"),
            unit="seconds",
        ),
        Row(
            what=f"{MODULES} modules to ready, nothing changed",
            against=f"empty start + 1.3 × bare import of the files ({files:.2f} s)",
            ours=series("many"),
            peer=tuple(sample["empty"] + 1.3 * sample["files"] for sample in samples),
            unit="seconds",
            allowed=0.2,
        ),
        *schema.rows("SQLite", "empty", samples),
        *schema.rows("PostgreSQL", "empty on PostgreSQL", samples),
    ]
