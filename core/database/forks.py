"""What is done in a forked child, which has a copy of the connections to a server: they are cut off, and not closed.

The server would answer to the parent what a child sends there, and closing a connection sends something, too.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from utils.forks import after_fork

if TYPE_CHECKING:
    from asyncpg import Connection  # type: ignore[import-untyped]

IN_A_CHILD: Final = (
    "this is a forked child process, and the database is its parent's: give the child the values that it needs, let it "
    "return its result, and write that in the parent; or start the child anew (spawn) with an engine of its own"
)

_connections: Final[WeakSet[Any]] = WeakSet()


def keep_from_children(connection: Connection) -> None:
    """Take note of a connection to a server: children that are forked from now on can say nothing there."""
    _connections.add(connection)


@after_fork
def _cut_off() -> None:
    for connection in list(_connections):
        line = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg gives it to nobody
        if line is not None and line.fileno() >= 0:
            _lead_nowhere(line.fileno())


def _lead_nowhere(number: int) -> None:
    """Put a socket that nobody is connected to behind a file descriptor, which others go on to use."""
    dead, end = socket.socketpair()
    end.close()
    os.dup2(dead.fileno(), number, inheritable=False)
    dead.close()
