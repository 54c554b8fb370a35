"""The console without a terminal: plain lines from standard input, plain answers on standard output."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024
# A longer line is cut: an input without line breaks must not fill the memory.
LONGEST = 1024 * 1024


class Pipe:
    """Standard input may be a pipe, a file, a device, or closed."""

    async def lines(self, stdin: TextIO | None) -> AsyncGenerator[str]:
        """Yield the lines without their ends. What is no UTF-8 becomes U+FFFD."""
        rest = b""
        while chunk := await _read(stdin):
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) >= LONGEST:
                whole, rest = [*whole, rest], b""
            for line in whole:
                yield _text(line)
        if rest:
            yield _text(rest)

    def show(self, answer: str) -> None:
        """Write an answer of the bot. Raise BrokenPipeError if nobody reads it."""
        _write(sys.stdout, answer)

    def tell(self, remark: str) -> None:
        """Write a remark of the console itself, which is no result."""
        _write(sys.stderr, remark)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")


async def _read(stream: TextIO | None) -> bytes:
    """Wait for something to read and return it, b"" at the end. Cancelled, it has read nothing."""
    if stream is None:  # started with standard input closed
        return b""
    try:
        return await _read_file(stream.fileno())
    except (OSError, ValueError) as problem:
        log.warning("standard input cannot be read any more: %s", problem)
        return b""


async def _read_file(file: int) -> bytes:
    try:
        await _readable(file)
    except (PermissionError, NotImplementedError):
        # Files and /dev/null cannot be waited for, and need not be. Windows cannot wait for pipes either.
        return await asyncio.to_thread(os.read, file, _CHUNK)
    return os.read(file, _CHUNK)


async def _readable(file: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(file, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(file)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding) + "\n")
        stream.flush()
