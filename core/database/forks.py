"""What is done in a forked child, which has a copy of the connections to a server: they are cut off, and not closed.

What a child says there, its parent is answered; and to close a connection is to say something.
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
    """Let a file number, which others go on to use, be that of a line at whose other end is nobody."""
    dead, end = socket.socketpair()
    end.close()
    os.dup2(dead.fileno(), number, inheritable=False)
    dead.close()
