"""Values with sets, which every process pickles in an order of its own: only what was changed is saved. No database."""

from __future__ import annotations

import pickle
from collections import deque

import pytest

from services.data_store.changes import tick
from services.data_store.pickles import pickled
from tests.store_parts import fresh


class Team:
    """A value with a set in it, as a module would define it."""

    def __init__(self) -> None:
        self.members = {1, 13, 6}


class Chest:
    """A value that does not like to be pickled."""

    open = False

    def __init__(self) -> None:
        self.content = {1, 13, 6}

    def __getstate__(self) -> object:
        if not self.open:
            raise RuntimeError("locked")
        return vars(self)


def as_stored(value: object) -> bytes:
    """What another process has stored for `value`, in which there is the set {1, 13, 6}."""
    data = pickled("k", value)
    other = data.replace(b"K\x01K\x0dK\x06", b"K\x0dK\x06K\x01")
    assert pickled("k", pickle.loads(other)) == data != other
    return other


def loaded(value: object):
    return fresh({"k": as_stored(value)})


def stored(entries):
    return pickle.loads(entries.data["k"])


VALUES = {
    "set": {1, 13, 6},
    "frozenset": frozenset({1, 13, 6}),
    "in others": [{"a": ({1, 13, 6}, "é")}],
    "object": Team(),
    "large": deque(["x" * 70_000, {1, 13, 6}]),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("held", [True, False], ids=["held", "let go of"])
def test_what_was_only_read_is_not_saved(value, held):
    entries = loaded(value)
    holder = [entries.read("k")][: int(held)]
    for _ in range(3):
        tick([entries])
        entries.notice(entries.lent.all())
        entries.read("k")
    assert len(holder) == held
    assert entries.dirty == entries.journal.seq == 0


def test_what_was_changed_is_saved_each_time():
    entries = loaded({1, 13, 6})
    value = entries.read("k")
    tick([entries])
    for change in (value.add, value.remove, value.add):
        change(99)
        tick([entries])
        assert stored(entries) == value
    assert entries.journal.seq == 3


def test_what_was_changed_before_the_first_look_is_saved():
    entries = loaded({1, 13, 6})
    entries.read("k").add(99)
    tick([entries])
    assert stored(entries) == {1, 13, 6, 99}


@pytest.mark.parametrize("looked_at", [True, False], ids=["", "while nobody looked"])
def test_what_becomes_again_what_it_was_when_something_else_is_stored_is_saved(looked_at):
    entries = loaded({1, 13, 6})
    value = entries.read("k")
    entries.put("k", other := set())
    if looked_at:
        tick([entries])
    other |= value
    tick([entries])
    assert stored(entries) == {1, 13, 6}


def test_what_is_read_anew_is_compared_with_what_is_stored_then():
    entries = loaded(Team())
    entries.read("k").members.add(99)
    entries.part("k")
    assert entries.journal.seq == 1
    entries.read("k")
    tick([entries])
    assert entries.journal.seq == 1


def test_what_cannot_be_pickled_when_it_is_read_is_read(monkeypatch):
    monkeypatch.setattr(Chest, "open", True)
    entries = loaded(Chest())
    monkeypatch.undo()
    assert entries.read("k").content == {1, 13, 6}
