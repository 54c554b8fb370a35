"""Which opcodes a pickle consists of: enough to know, without reading it, whether anything in it could act.

A pickle is a program, and only some of its opcodes bring something that can act: GLOBAL, STACK_GLOBAL, INST and EXT a
class or a function, PERSID and NEXT_BUFFER what the reader has. Without them the others (REDUCE, NEWOBJ, OBJ, BUILD)
have nothing to call. What is accepted here is less: what pickling by protocol 5 writes, opcode by opcode with the
lengths that each gives, from the first byte to the last. So no text can pass for an opcode, nor an opcode for text, and
no short row can ask for much memory (LONG_BINPUT, a length beyond the end).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# MEMOIZE NONE NEWTRUE NEWFALSE EMPTY_TUPLE MARK EMPTY_LIST EMPTY_DICT APPEND APPENDS SETITEM SETITEMS TUPLE
# TUPLE1 TUPLE2 TUPLE3 EMPTY_SET ADDITEMS FROZENSET POP POP_MARK
_BARE: Final = rb"\x94N\x88\x89)(\]}aesut\x85-\x87\x8f-\x9101"
# STACK_GLOBAL REDUCE BUILD NEWOBJ NEWOBJ_EX
_ACTING: Final = rb"\x93Rb\x81\x92"
# Opcodes whose operand begins with its own length, and how many bytes that length takes: BINUNICODE BINUNICODE8
# BINBYTES BINBYTES8 BYTEARRAY8 LONG4, and where the pattern ends: SHORT_BINUNICODE SHORT_BINBYTES LONG1.
_MEASURED: Final = {0x58: 4, 0x8D: 8, 0x42: 4, 0x8E: 8, 0x96: 8, 0x8B: 4, 0x8C: 1, 0x43: 1, 0x8A: 1}
_HEAD: Final = b"\x80\x05"
STACK_GLOBAL: Final = b"\x93"
"""Pickling writes it for every class and function: in a value that was pickled here without it, nothing can act."""


def _counted(longest: int) -> bytes:
    """A pattern for up to `longest` bytes with their number before them."""
    return b"|".join(re.escape(bytes([size])) + b".{%d}" % size for size in range(longest + 1))


def _run_of(bare: bytes) -> bytes:
    """A pattern for the longest run of opcodes, `bare` ones and those with short operands."""
    # SHORT_BINUNICODE, BININT1 BINGET, BININT2, BININT LONG_BINGET, BINFLOAT FRAME, LONG1. It never steps back (`*+`),
    # so it takes no memory and the same time for a byte whatever a row says.
    short = rb"\x8c(?:%b)|[Kh].|M..|[Jj].{4}|[G\x95].{8}|\x8a(?:%b)" % (_counted(127), _counted(9))
    return rb"[%b]*+(?:(?:%b)[%b]*+)*+" % (bare, short, bare)


def _runs_of(bare: bytes) -> re.Pattern[bytes]:
    """A pattern for such a run; its group is a last STOP."""
    return re.compile(rb"(?s)%b(\.\Z)?+" % _run_of(bare))


@cache
def _with_classes() -> re.Pattern[bytes]:
    return _runs_of(_BARE + _ACTING)


_PLAIN: Final = _runs_of(_BARE)
_SHORT: Final = re.compile(rb"(?s)%b%b\." % (re.escape(_HEAD), _run_of(_BARE)))


def plain(data: bytes) -> bool:
    """Whether it is certain that reading `data` with `pickle.loads` runs nothing: no class and no function is in it."""
    return _consists_of(_PLAIN, data)


def all_plain(rows: Sequence[bytes]) -> bool:
    """Whether all `rows` are certainly plain, at one look; False says that each has to be looked at with `plain`.

    What is found in them one after the other can only be the rows themselves if each of them is such a find.
    """
    return _SHORT.findall(b"".join(rows)) == list(rows)


def well_formed(data: bytes) -> bool:
    """Whether `data` is, opcode by opcode, what pickling by protocol 5 writes, with or without classes."""
    return _consists_of(_with_classes(), data)


def _consists_of(runs: re.Pattern[bytes], data: bytes) -> bool:
    """Whether `data` is nothing but such runs, with long operands between them, and a STOP at its very end."""
    size = len(data)
    at = len(_HEAD) if data.startswith(_HEAD) else size
    while at < size:
        found = runs.match(data, at)
        if found is None or found.lastindex:
            return found is not None
        at = found.end()
        width = _MEASURED.get(data[at]) if at < size else None
        if width is None:
            return False
        operand = at + 1 + width
        at = operand + int.from_bytes(data[at + 1 : operand], "little")
    return False
