"""What a reload of one module among many costs beside the import of its files."""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aha.discovery import survey
from aha.lifecycle import Bot, Plan
from aha.selection import choose
from benchmarks.bots import TABLE
from benchmarks.rows import Row, Section
from core.config import cfg
from core.context import Module, entered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aha.selection import Selection

MODULES = 100
ALLOWED = 0.05

HOW = f"""\
A bot with {MODULES} modules on an SQLite file, none of which imports another; all but the one that is reloaded have one
table and one command. Before each reload the module's `__init__.py` is edited. Ours is all of a reload: look at the
folder, hold events, on_cleanup, drop, compile, import, compare its tables with the database, on_start. The other is
what `importlib` takes in the same process to import the same files under another name, from cached byte code. In turns,
after a round that does not count."""

COMMAND = """
from core.dispatcher import on_message


@on_message(["command", "NUMBER", str])
async def command_NUMBER(event, args):
    await event.reply(f"{args[0]} NUMBER")
"""


def numbered(code: str, number: int) -> str:
    return code.replace("NUMBER", str(number))


# What is reloaded: its files, by what it is an example of.
MODELS = {
    "one file, a table and a command": {"__init__.py": numbered(TABLE + COMMAND, 0)},
    "a package with 5 tables and 50 commands": {
        "__init__.py": "from . import commands, database, tables\n",
        "commands.py": "".join(numbered(COMMAND, number) for number in range(50)),
        "database.py": numbered(TABLE, 0),
        "tables.py": "".join(numbered(TABLE, number) for number in range(1, 5)),
    },
}


def measure(rounds: int) -> Section:
    """Return what was found; raises RuntimeError if a reload fails."""
    rows = []
    for what in MODELS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            ours, peer = process.submit(compare, what, rounds * 10).result()
        rows.append(
            Row(
                what=f"reload one module among {MODULES}: {what}",
                against="bare import",
                ours=tuple(ours),
                peer=tuple(peer),
                unit="seconds",
                allowed=ALLOWED,
            )
        )
    return Section("Reload", HOW, tuple(rows))


def compare(what: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of reloads, and those of imports."""
    with TemporaryDirectory() as folder:
        return asyncio.run(run(Path(folder), MODELS[what], rounds))


async def run(folder: Path, files: Mapping[str, str], rounds: int) -> tuple[list[float], list[float]]:
    modules = folder / "modules"
    for number in range(1, MODULES):
        write(modules / f"other_{number}", {"__init__.py": numbered(TABLE + COMMAND, number)})
    write(modules / "shop", files)
    cfg.load(values={"aha": {"data_dir": folder}}, environ={})
    look = partial(chosen, modules)
    bot = Bot(Plan(look(), f"sqlite:///{folder}/aha.db", folder, lambda _: [], look=look), on_failure=fail)
    try:
        await bot.start()
        ours, peer = [], []
        for number in range(rounds + 1):
            write(modules / "shop", {"__init__.py": f"{files['__init__.py']}\nROUND = {number}\n"})
            bare_import(modules / "shop")  # leaves its byte code behind
            for kind in ("ours", "peer") if number % 2 else ("peer", "ours"):
                if kind == "ours":
                    ours.append(await reload(bot))
                else:
                    peer.append(bare_import(modules / "shop"))
        return ours[1:], peer[1:]
    finally:
        await bot.stop(hurry=asyncio.Event())


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, code in files.items():
        (folder / name).write_text(code)


def chosen(modules: Path) -> Selection:
    return choose(survey(modules))


def fail(name: str, what: str, error: BaseException) -> None:
    raise RuntimeError(f"module {name} failed to {what}") from error


async def reload(bot: Bot) -> float:
    begun = time.perf_counter()
    outcome = await bot.reloader.reload(["shop"])
    seconds = time.perf_counter() - begun
    if outcome.reloaded != ("shop",):
        raise RuntimeError(f"the module was not reloaded: {outcome}")
    return seconds


def bare_import(folder: Path) -> float:
    """Import the package in this folder as `bare`, and forget it again."""
    spec = importlib.util.spec_from_file_location(
        "bare", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    record = Module("bare")
    try:
        with entered(record):
            begun = time.perf_counter()
            sys.modules["bare"] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules["bare"])
            return time.perf_counter() - begun
    finally:
        record.drop()
        for name in [name for name in sys.modules if name.partition(".")[0] == "bare"]:
            del sys.modules[name]
