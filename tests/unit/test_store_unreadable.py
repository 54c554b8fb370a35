"""What cannot be read says why, and what helps; whatever the bytes are."""

from __future__ import annotations

import copyreg
import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exc import ClassGone, ClassUntrusted, StoreValueError, ValueDamaged
from services.data_store.pickles import pickled, unpickled
from tests.pickled_values import SAMPLE, loaded


def test_a_row_imports_no_module_of_the_bot_even_if_it_is_trusted():
    with pytest.raises(ClassGone):
        unpickled(global_row("modules.never.loaded", "Note"), trusted=True)


def test_a_package_that_is_gone_is_named_with_the_remedy():
    with pytest.raises(ClassGone, match="key 'k' is of nonesuch.Thing, which cannot be imported .*install its package"):
        unpickled(global_row("nonesuch", "Thing"), trusted=True, key="k")


def test_another_class_is_read_only_if_it_is_trusted():
    value = [pickle.PickleBuffer, copyreg.pickle]
    data = pickled("k", value)
    assert unpickled(data, trusted=True) == value
    with pytest.raises(ClassUntrusted) as error:
        unpickled(data, trusted=False, key="k")
    assert error.value.place == "_pickle.PickleBuffer" or error.value.place == "pickle.PickleBuffer"
    assert "aha store trust" in str(error.value)


class Mute(Exception):  # noqa: N818 - as authors write them
    def __str__(self):
        raise RuntimeError("no words")


class Failing:
    def __reduce__(self):
        raise Mute


MUTE = """
class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")

class Note:
    def __setstate__(self, state):
        raise Mute
"""


def test_a_value_whose_error_cannot_be_shown_is_named():
    with pytest.raises(StoreValueError, match=r"key 'k', a Failing, cannot be pickled \(Mute\)"):
        pickled("k", Failing())


@pytest.mark.parametrize("trusted", [False, True])
def test_a_row_whose_error_cannot_be_shown_is_damaged(trusted):
    with loaded("notes", MUTE) as code:
        note = code.Note()
        note.text = "x"
        data = pickled("k", note)
        with pytest.raises(ValueDamaged, match=r"key 'k' cannot be read \(Mute: Mute\)"):
            unpickled(data, trusted=trusted, key="k")


@pytest.mark.parametrize("damage", [b"", b"\x80", b"\x80\x05", b"hello", b"\x80\x05]", b"\x80\x05t."])
@pytest.mark.parametrize("trusted", [False, True])
def test_what_is_no_pickle_is_damaged(damage, trusted):
    with pytest.raises(ValueDamaged, match="key 'k' cannot be read .*del store"):
        unpickled(damage, trusted=trusted, key="k")


def test_what_its_class_does_not_take_is_damaged():
    with loaded("sample", SAMPLE) as sample:
        data = pickled("k", sample.State(1)).replace(b"stored", b"sto\x00ed")
        with pytest.raises(ValueDamaged, match="KeyError: 'stored'") as error:
            unpickled(data, trusted=False, key="k")
    assert isinstance(error.value, StoreValueError)


def test_bytes_after_the_end_are_damage():
    with pytest.raises(ValueDamaged):
        unpickled(pickled("k", 1) + b".", trusted=False)


def test_what_an_error_quotes_stays_on_its_line():
    with pytest.raises(ClassUntrusted) as error:
        unpickled(global_row("x\nCRITICAL", "y" * 200), trusted=False)
    assert "x\\nCRITICAL" in str(error.value)
    assert "\n" not in str(error.value)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data):
    for row in (data, b"\x80\x05" + data + b"."):
        with suppress(StoreValueError):
            unpickled(row, trusted=False)


def global_row(module: str, name: str) -> bytes:
    """A row that is `name` of `module`."""
    parts = (b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    return b"\x80\x05" + b"".join(parts) + b"\x93."
