"""The record of a module: what was registered is taken back, put back as it was, or let go of for good."""

from __future__ import annotations

import gc
import weakref
from contextvars import copy_context
from typing import Generic, TypeVar

import pytest

from core.context import Module, entered
from core.database import once
from core.dispatcher import dispatcher, help_items, on_cleanup, on_external, on_message, on_notice, on_start
from core.expr.validation import set_validator, validators
from models.exc import UsageError


def note(module, name, told):
    """Register something that tells what becomes of it."""
    return module.enter(
        lambda: told.append(f"-{name}"), redo=lambda: told.append(f"+{name}"), end=lambda: told.append(f"x{name}")
    )


def test_what_is_taken_back_goes_newest_first_comes_oldest_first_and_ends_newest_first():
    module, told = Module("m"), []
    note(module, "a", told)
    note(module, "b", told)
    module.take_back().put_back()
    assert told == ["-b", "-a", "+a", "+b"]
    told.clear()
    module.take_back().end()
    assert told == ["-b", "-a", "xb", "xa"]


def test_what_was_put_back_is_taken_back_again_in_the_same_order():
    module, told = Module("m"), []
    note(module, "a", told)
    note(module, "b", told)
    module.take_back().put_back()
    told.clear()
    module.drop()
    assert told == ["-b", "-a", "xb", "xa"]


def test_what_a_start_registered_is_ended_instead_of_put_back_as_the_start_runs_again():
    module, told = Module("m"), []
    note(module, "a", told)
    with entered(module, starting=True):
        note(module, "s", told)
        later = copy_context()
        with module.keeping(kept=True):
            note(module, "kept", told)
    module.take_back(with_kept=True).put_back()
    assert told == ["-kept", "-s", "-a", "xs", "+a", "+kept"]
    later.run(note, module, "s", told)
    told.clear()
    module.take_back().put_back()
    assert told == ["-s", "-a", "xs", "+a"]


@pytest.mark.parametrize("then", ["put_back", "end"])
def test_what_was_taken_back_is_put_back_or_ended_only_once(then):
    module, told = Module("m"), []
    note(module, "a", told)
    taken = module.take_back()
    getattr(taken, then)()
    told.clear()
    taken.put_back()
    taken.end()
    assert told == []


def test_what_is_kept_stays_unless_it_is_asked_for():
    module, told = Module("m"), []
    with module.keeping(kept=True):
        note(module, "kept", told)
        with module.keeping(kept=False):
            note(module, "inner", told)
        note(module, "too", told)
    note(module, "code", told)
    module.take_back()
    assert told == ["-code", "-inner"]
    told.clear()
    module.take_back(with_kept=True)
    assert told == ["-too", "-kept"]


def test_what_is_registered_since_a_mark_is_taken_back_kept_or_not():
    module, told = Module("m"), []
    note(module, "a", told)
    mark = module.mark()
    with module.keeping(kept=True):
        note(module, "kept", told)
    note(module, "b", told)
    module.take_back(since=mark).end()
    assert told == ["-b", "-kept", "xb", "xkept"]


def test_whatever_fails_everything_else_is_taken_back_put_back_and_ended(caplog):
    module, told = Module("m"), []
    note(module, "a", told)
    module.enter(lambda: 1 / 0, redo=lambda: 1 / 0, end=lambda: 1 / 0)
    note(module, "b", told)
    taken = module.take_back()
    assert caplog.messages == ["module m could not take back all that it registered"]
    with pytest.raises(ZeroDivisionError):
        taken.put_back()
    assert told == ["-b", "-a", "+a", "+b"]
    told.clear()
    with pytest.raises(ZeroDivisionError):
        module.take_back().end()
    assert told == ["-b", "-a", "xb", "xa"]


def test_a_module_that_fails_to_go_is_over_all_the_same():
    module, told = Module("m"), []
    note(module, "a", told)
    module.enter(lambda: 1 / 0, redo=lambda: None)
    with pytest.raises(ZeroDivisionError):
        module.drop()
    assert told == ["-a", "xa"]
    assert module.is_over


def test_a_registration_that_is_over_by_itself_is_not_taken_back():
    module, told = Module("m"), []
    module.withdraw(note(module, "a", told))
    module.drop()
    assert told == []


REGISTRATIONS = {
    "callback": lambda: on_message("a", callback=answer, register_help={"a": None}),
    "hook": lambda: on_start(lambda: None),
    "validator": lambda: set_validator(lambda event: True),
    "work": lambda: once("work")(lambda: None),
}


async def answer():
    pass


@pytest.mark.parametrize("register", REGISTRATIONS.values(), ids=REGISTRATIONS)
def test_code_of_an_unloaded_module_can_register_nothing(register):
    module = Module("m")
    module.drop()
    before = state()
    with entered(module), pytest.raises(UsageError, match="module m was unloaded"):
        register()
    assert state() == before
    assert (module.callbacks, module.once) == ([], set())


@pytest.mark.parametrize("register", REGISTRATIONS.values(), ids=REGISTRATIONS)
def test_old_code_can_register_nothing_unless_it_is_put_back(module, register):
    record = module("m")
    with entered(record):
        old = copy_context()
    taken = record.take_back()
    with entered(record):
        new = copy_context()
        new.run(register)
    before = state()
    with pytest.raises(UsageError, match="module m was reloaded"):
        old.run(register)
    assert state() == before
    record.take_back().end()
    taken.put_back()
    with pytest.raises(UsageError, match="module m was reloaded"):
        new.run(register)
    old.run(register)
    assert record._entries


def state():
    """What modules have registered, in its order."""
    kinds = dispatcher.registry._indexes
    return (
        list(help_items),
        list(validators),
        {module: list(hooks) for module, hooks in dispatcher.on_start._by_module.items()},
        {module: list(hooks) for module, hooks in dispatcher.on_cleanup._by_module.items()},
        [list(index._all) for index in kinds.values() if hasattr(index, "_all")],
        [list(index._rest) for index in kinds.values() if hasattr(index, "_rest")],
        {key: list(found) for index in kinds.values() if hasattr(index, "_buckets")
         for key, found in index._buckets._buckets.items()},
        dict(dispatcher.registry._one_shots),
    )  # fmt: skip


def register_everything():
    on_message("a", callback=answer, register_help={"a": "does a", "b": None})
    on_message(callback=answer)
    on_message("a", exp=60, callback=answer)
    on_notice("a", callback=answer)
    on_external("key", answer)
    on_start(lambda: None)
    on_cleanup(lambda: None)
    set_validator(lambda event: True)
    once("work")(lambda: None)


def test_what_is_put_back_has_the_place_among_that_of_others_that_it_had(module):
    records = [module(name) for name in "abc"]
    for record in records:
        with entered(record):
            register_everything()
    before = state(), list(records[1].callbacks), set(records[1].once)
    taken = records[1].take_back()
    assert (records[1].callbacks, records[1].once) == ([], set())
    with entered(records[1]):
        register_everything()
    records[1].take_back().end()
    taken.put_back()
    assert (state(), list(records[1].callbacks), set(records[1].once)) == before


def test_a_validator_counts_until_it_is_gone_for_good(module):
    record = module("m")
    with entered(record):
        old = set_validator(lambda event: False)
    taken = record.take_back()
    assert [validator for validator, _ in validators] == [old]
    with entered(record):
        new = set_validator(lambda event: False)
    taken.end()
    assert [validator for validator, _ in validators] == [new]


def test_a_one_shot_that_was_put_back_is_over_once(module):
    record = module("m")
    with entered(record):
        on_message("a", exp=60, callback=answer)
    record.take_back().put_back()
    (registration,) = record.callbacks
    dispatcher.registry.remove(registration)
    assert (record.callbacks, record._entries) == ([], {})


T = TypeVar("T")


class Box(Generic[T]):
    pass


def test_nothing_of_the_code_is_remembered_after_its_end():
    module = Module("m")

    class Note:
        marks: Box[list[int]]

    Note.boxed = Box[Note]  # typing remembers it
    note(module, Note, [])
    gone, taken = weakref.ref(Note), module.take_back()
    del Note
    taken.end()
    gc.collect()
    assert gone() is None
