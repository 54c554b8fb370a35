"""The console on a terminal: a prompt with history and colours, answers above it. No messages are made here."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from typing import TYPE_CHECKING, TextIO

from core.context import entered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import StyleAndTextTuples


class Terminal:
    """`place` says what stands before the cursor; the lines typed are kept in the file `history`."""

    def __init__(self, place: Callable[[], str], *, history: Path) -> None:
        self._place = place
        self._history = history

    async def lines(self, stdin: TextIO | None) -> AsyncGenerator[str]:
        """Yield what is typed until Ctrl-D. Ctrl-C stops the program, as it does everywhere."""
        typed: asyncio.Queue[str | None] = asyncio.Queue()
        prompting = asyncio.create_task(self._prompt_into(typed, stdin))
        prompting.add_done_callback(lambda _: typed.put_nowait(None))
        try:
            while (line := await typed.get()) is not None:
                yield line
        finally:
            prompting.cancel()
            await asyncio.wait([prompting])  # it leaves the terminal as it was
        prompting.result()

    async def _prompt_into(self, typed: asyncio.Queue[str | None], stdin: TextIO | None) -> None:
        """Prompt all the time, also while a line is being answered: a prompt is where Ctrl-C is heard."""
        # Heavy to import, and of no use to a bot without a terminal.
        from prompt_toolkit import PromptSession  # noqa: PLC0415
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory  # noqa: PLC0415
        from prompt_toolkit.history import FileHistory, InMemoryHistory  # noqa: PLC0415
        from prompt_toolkit.input import create_input  # noqa: PLC0415
        from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415

        history = FileHistory(str(self._history)) if _can_write(self._history) else InMemoryHistory()
        session: PromptSession[str] = PromptSession(
            self._prompt, history=history, auto_suggest=AutoSuggestFromHistory(), input=create_input(stdin)
        )
        stderr = sys.stderr
        with patch_stdout(), session.app.input.raw_mode():  # no key is lost between two prompts
            if stderr is None or not stderr.isatty():
                sys.stderr = stderr  # what goes to a file (2>bot.log) is not for above the prompt
            while (line := await _next_line(session)) is not None:
                typed.put_nowait(line)

    def show(self, answer: str) -> None:
        """Write an answer of the bot. Raise BrokenPipeError if the terminal was closed."""
        _print([("ansicyan bold", "bot> "), ("", answer)])

    def tell(self, remark: str) -> None:
        """Write a remark of the console itself."""
        _print([("ansibrightblack", remark)])

    def _prompt(self) -> StyleAndTextTuples:
        return [("ansigreen bold", f"{self._place()}> ")]


async def _next_line(session: PromptSession[str]) -> str | None:
    """Prompt for a line; None at the end of the input, and when the terminal was closed."""
    while True:
        try:
            return _readable(await session.prompt_async(handle_sigint=False))
        except EOFError:
            return None
        except OSError as error:
            if not _is_gone(error):
                raise
            return None
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)


def _can_write(file: Path) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()
    except OSError:
        return False
    return True


def _print(parts: StyleAndTextTuples) -> None:
    from prompt_toolkit import print_formatted_text  # noqa: PLC0415
    from prompt_toolkit.formatted_text import FormattedText  # noqa: PLC0415

    # It waits in a task for what is printed before it. Ended with the module that speaks, it would block what follows.
    with entered(None):
        try:
            print_formatted_text(FormattedText(parts))
        except OSError as error:
            if _is_gone(error):
                raise BrokenPipeError from error
            raise


def _is_gone(error: OSError) -> bool:
    """Whether the terminal was closed."""
    return error.errno == errno.EIO


def _readable(line: str) -> str:
    """Return the line as UTF-8, whatever the locale; bytes of another encoding stand in it as halves of characters."""
    return line.encode(errors="surrogateescape").decode(errors="replace")
