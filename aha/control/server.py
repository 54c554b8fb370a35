"""The bot's end of the socket: whoever may connect sends one line, which is a wish, and hears how it went."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from models.exc import AhaError

from .ending import end
from .sockets import AVAILABLE, SOCKET_FILE, listening
from .wishes import LONGEST, read_wish, refusal

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter, Task
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from .wishes import Answer, Wish

logger = logging.getLogger(__name__)

# Seconds that a line may take to come.
_PATIENCE: Final = 10.0


class Server:
    """Has `grant` do what is wished, one wish for a connection; a client that leaves stops nothing."""

    def __init__(self, grant: Callable[[Wish], Awaitable[Answer]]) -> None:
        self._grant = grant
        self._clients: set[Task[None]] = set()
        self._idle: set[Task[None]] = set()

    @asynccontextmanager
    async def listen(self, folder: Path) -> AsyncIterator[None]:
        """Take wishes at the socket in `folder` for the body. Where there can be no socket, that is logged."""
        if not AVAILABLE:
            yield
            return
        try:
            made = listening(folder)
        except OSError as error:
            logger.warning("aha reload cannot reach this bot, no socket can be made in %s: %s", folder, error)
            yield
            return
        # Given a path, asyncio would listen at once, before we could keep others out.
        server = await asyncio.start_server(self._serve, sock=made, limit=LONGEST)
        try:
            yield
        finally:
            server.close()
            (folder / SOCKET_FILE).unlink(missing_ok=True)
            await end(self._clients)

    async def ended(self) -> None:
        """Wait until everybody has heard how it went who has said what they wish."""
        if busy := self._clients - self._idle:
            await asyncio.wait(busy)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        client = asyncio.current_task()
        assert client is not None  # noqa: S101 - asyncio makes one for each connection
        self._clients.add(client)
        try:
            line = await self._line(reader, client)
            with suppress(ConnectionError):  # it did not wait for the answer
                writer.write(await self._answer(line))
                await writer.drain()
        except asyncio.CancelledError:
            pass  # until Python 3.12, asyncio logs a connection whose task was cancelled as a fault
        finally:
            self._clients.discard(client)
            writer.close()

    async def _line(self, reader: StreamReader, client: Task[None]) -> bytes:
        """Return what the client sends; what is too long or too slow is no line."""
        self._idle.add(client)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await reader.readline()
        except (TimeoutError, ValueError, ConnectionError):
            return b""
        finally:
            self._idle.discard(client)

    async def _answer(self, line: bytes) -> bytes:
        try:
            answer = await self._grant(read_wish(line))
        except AhaError as error:
            return refusal(error)
        except Exception:
            logger.exception("failed at what aha reload had asked for")
            return refusal(AhaError("the bot failed at it; its log says how"))
        return answer.line()
