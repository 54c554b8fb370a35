"""The command line: which commands there are. What one does stands in `aha.commands`, imported when it is given."""

from __future__ import annotations

import gc
import io
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from . import __version__
from .ending import bounded
from .tree import intruder

if TYPE_CHECKING:
    from collections.abc import Sequence

app = App(
    name="aha",
    help="A chat-bot framework whose modules never lose data.",
    suppress_keyboard_interrupt=False,
    version=f"aha-bot {__version__}",
    help_epilogue="Begin in an empty folder: aha new hello, then: aha run",
)
app.command("aha.commands.run:run", name="run", help="Run the bot of this folder.")
app.command(
    "aha.commands.reload:reload", name="reload", help="Let the bot that runs take over changed files of modules."
)
app.command("aha.commands.new:new", name="new", help="Write a module that works, and a test of it.")
app.command("aha.commands.modules:app", name="modules", help="List the modules; enable or disable them.")
app.command("aha.commands.db:app", name="db", help="Look at the database, bring it up to date, back it up.")
app.command(
    "aha.commands.store:app", name="store", help="Look at what modules have in their SimpleStores, and change it."
)
app.command("aha.commands.config:config", name="config", help="Print or write a configuration file.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments`, None: that of the process, and exit with its code."""
    with bounded() if arguments is None else nullcontext():
        _run(arguments)


def _run(arguments: Sequence[str] | None) -> None:
    gc.disable()  # nothing that an import makes is garbage, and looking for some takes a fifth of the start
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As standard error does: no command, nor print() in a module, fails for what an output cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    if complaint := intruder():
        sys.stderr.write(f"aha: {complaint}\n")
        sys.exit(1)
    try:
        app(arguments, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        sys.stderr.write(f"aha: {_one_line(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        # Imported late: before `intruder` has looked, `core` may be another's.
        from .telling import told  # noqa: PLC0415

        sys.stderr.write(f"\naha: {told('broken off')}\n")
        sys.exit(130)


def _one_line(error: CycloptsError) -> str:
    command = " ".join(["aha", *(error.command_chain or ())])
    return f"{' '.join(str(error).split())} See: {command} --help"
