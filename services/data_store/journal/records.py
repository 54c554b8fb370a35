"""A record of the journal as bytes, and how records are found in bytes again. It opens no file and keeps nothing.

    crc u32 | size of value u32 | number of the record u64 | number of the store u16 | size of key u16 | key | value

All little endian. The checksum covers what comes after it and begins with the journal's own seed, so bytes that merely
look like a record, sent by whoever, are none. A size of DELETED says that the key was deleted.
"""

from __future__ import annotations

from array import array
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

DELETED: Final = 0xFFFFFFFF
# The store with this number holds the names of all others: key is the name, value its number in two bytes.
NAMES: Final = 0
HEAD: Final = Struct("<IIQHH")
HEAD_SIZE: Final = HEAD.size
# A record is written as its checksum and the rest.
pack_rest: Final = Struct("<IQHH").pack
# How many records may be missing where a search for the next whole one still finds it.
REACH: Final = 1 << 16


class Record(NamedTuple):
    """One change: `value` is None if the key was deleted."""

    seq: int
    key: bytes
    value: bytes | None


def record_at(data: bytes, start: int) -> Record:
    """Return the record at `start`, where a whole one must be."""
    _, size, seq, _, key_size = HEAD.unpack_from(data, start)
    key_end = start + HEAD.size + key_size
    value = None if size == DELETED else data[key_end : key_end + size]
    return Record(seq, data[start + HEAD.size : key_end], value)


def run(data: bytes, seed: int, start: int, seq: int, *, starts: dict[int, array[int]]) -> tuple[int, int]:
    """Follow whole records from `start` on, the first with the number `seq`, and note in `starts` those of each store.

    Returns where the next record would start, which is not there or not whole, and the number that it would have.
    """
    view = memoryview(data)
    last_start = len(data) - HEAD.size
    while start <= last_start:
        crc, size, found, number, key_size = HEAD.unpack_from(view, start)
        end = start + HEAD.size + key_size + (0 if size == DELETED else size)
        if found != seq or end > len(data) or crc != crc32(view[start + 4 : end], seed):
            break
        if number not in starts:
            starts[number] = array("Q")
        starts[number].append(start)
        start = end
        seq += 1
    return start, seq


def next_whole(data: bytes, seed: int, start: int, seq: int) -> int:
    """Return where the first whole record begins, after `start`, that comes later than `seq`; -1 if there is none.

    The upper six bytes of its number are known, or are one of two, so almost all of the search is `bytes.find`.
    """
    begins = []
    for upper in {(seq + 1) >> 16, (seq + REACH) >> 16}:
        pattern = upper.to_bytes(6, "little")
        hit = data.find(pattern, start + 11)
        while hit >= 0:
            begin = hit - 10
            found = seq_at(data, begin)
            if seq < found <= seq + REACH and run(data, seed, begin, found, starts={})[0] > begin:
                begins.append(begin)
                break
            hit = data.find(pattern, hit + 1)
    return min(begins, default=-1)


def written(data: bytes, start: int) -> int:
    """Return where what was ever written from `start` on ends; `start` if that is nothing but zeroes."""
    if start >= len(data) or data[start:] == bytes(len(data) - start):
        return start
    return len(data.rstrip(b"\0"))


def seq_at(data: bytes, start: int) -> int:
    """Return what the record at `start` says its number is."""
    return int.from_bytes(data[start + 8 : start + 16], "little")
