"""The other end of the socket: a command that wishes something of the bot that runs, and waits for the answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aha.data_folder import is_held
from models.exc import AhaError

from .sockets import connected
from .wishes import read_answer

if TYPE_CHECKING:
    from pathlib import Path

    from .wishes import Answer, Wish


class NoBot(AhaError):  # noqa: N818 - reads as the sentence it is
    """No bot runs that could be told anything."""


def tell(folder: Path, wish: Wish) -> Answer:
    """Tell the bot that has the data folder `folder`, and wait until it is done.

    Raises NoBot if none has started, UsageError if it cannot do that, AhaError if it ended before it was done.
    """
    if sys.platform == "win32":
        raise NoBot("a bot that runs cannot be told anything on Windows: say reload to it in a chat, or use --reload")
    try:
        connection = connected(folder)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        if is_held(folder):
            raise NoBot(
                f"the bot with the data folder {folder} does not answer, it is starting or stopping: "
                "try again in a moment"
            ) from None
        raise NoBot(f"no bot runs with the data folder {folder}: start it with: aha run") from None
    except PermissionError:
        raise AhaError(f"the bot with the data folder {folder} is another user's: be that user") from None
    with connection, connection.makefile("rb") as answers:
        try:
            connection.sendall(wish.line())
            line = answers.readline()
        except ConnectionError:
            line = b""
    if not line:
        raise AhaError("the bot ended before it was done; its log says how far it came")
    return read_answer(line)
