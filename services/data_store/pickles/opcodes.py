"""Which opcodes a pickle consists of: enough to know, without reading it, whether anything in it could act.

A pickle is a program, and only some of its opcodes bring something that can act: GLOBAL, STACK_GLOBAL, INST and EXT a
class or a function, PERSID and NEXT_BUFFER what the reader has. Without them the others (REDUCE, NEWOBJ, OBJ, BUILD)
have nothing to call. What is accepted here is less: what pickling by protocol 5 writes, opcode by opcode with the
lengths that each gives, from the first byte to the last. So no text can pass for an opcode, nor an opcode for text, and
no short row can ask for much memory (LONG_BINPUT, a length beyond the end).
"""

from __future__ import annotations

import re
from typing import Final

# MEMOIZE NONE NEWTRUE NEWFALSE EMPTY_TUPLE MARK EMPTY_LIST EMPTY_DICT APPEND APPENDS SETITEM SETITEMS TUPLE
# TUPLE1 TUPLE2 TUPLE3 EMPTY_SET ADDITEMS FROZENSET POP POP_MARK
_BARE: Final = rb"\x94N\x88\x89)(\]}aesut\x85-\x87\x8f-\x9101"
# STACK_GLOBAL REDUCE BUILD NEWOBJ NEWOBJ_EX
_ACTING: Final = rb"\x93Rb\x81\x92"
# Opcodes whose operand begins with its own length, and how many bytes that length takes: BINUNICODE BINUNICODE8
# BINBYTES BINBYTES8 BYTEARRAY8 LONG4, and where the pattern ends: SHORT_BINUNICODE SHORT_BINBYTES LONG1.
_MEASURED: Final = {0x58: 4, 0x8D: 8, 0x42: 4, 0x8E: 8, 0x96: 8, 0x8B: 4, 0x8C: 1, 0x43: 1, 0x8A: 1}
_HEAD: Final = b"\x80\x05"
_STOP: Final = 0x2E


def _counted(longest: int) -> bytes:
    """A pattern for up to `longest` bytes with their number before them."""
    return b"|".join(re.escape(bytes([size])) + b".{%d}" % size for size in range(longest + 1))


def _run_of(bare: bytes) -> re.Pattern[bytes]:
    """A pattern for the longest run of opcodes, `bare` ones and those with short operands."""
    # SHORT_BINUNICODE, BININT1 BINGET, BININT2, BININT LONG_BINGET, BINFLOAT FRAME, LONG1. It never steps back (`*+`),
    # so it takes no memory and the same time for a byte whatever a row says.
    short = rb"\x8c(?:%b)|[Kh].|M..|[Jj].{4}|[G\x95].{8}|\x8a(?:%b)" % (_counted(127), _counted(9))
    return re.compile(b"(?s)[%b]*+(?:(?:%b)[%b]*+)*+" % (bare, short, bare))


_PLAIN: Final = _run_of(_BARE)
_ANY: Final = _run_of(_BARE + _ACTING)


def plain(data: bytes) -> bool:
    """Whether it is certain that reading `data` with `pickle.loads` runs nothing: no class and no function is in it."""
    return _consists_of(_PLAIN, data)


def well_formed(data: bytes) -> bool:
    """Whether `data` is, opcode by opcode, what pickling by protocol 5 writes, with or without classes."""
    return _consists_of(_ANY, data)


def _consists_of(run: re.Pattern[bytes], data: bytes) -> bool:
    """Whether `data` is nothing but such opcodes, and a STOP at its very end."""
    if data[:2] != _HEAD:
        return False
    last = len(data) - 1
    at = _end(run, data, 2)
    while at < last:
        width = _MEASURED.get(data[at])
        if width is None:
            return False
        operand = at + 1 + width
        at = _end(run, data, operand + int.from_bytes(data[at + 1 : operand], "little"))
    return at == last and data[at] == _STOP


def _end(run: re.Pattern[bytes], data: bytes, start: int) -> int:
    """Where the run of opcodes that begins at `start` ends; beyond the data if `start` is."""
    if start >= len(data):
        return len(data)
    found = run.match(data, start)
    return found.end() if found else start
