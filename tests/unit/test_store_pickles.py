"""Values come back as they were, whoever wrote the row and whichever Python."""

from __future__ import annotations

import base64
import collections
import datetime as dt
import json
import pickle
import pickletools
import sys
import zoneinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exc import ClassUntrusted
from services.data_store.pickles import pickled, plain, unpickled
from services.data_store.pickles.guarded import read_guarded
from services.data_store.pickles.opcodes import well_formed
from tests import pickled_values
from tests.pickled_values import SAMPLE, loaded


@pytest.fixture(scope="module", autouse=True)
def sample():
    with loaded("sample", SAMPLE) as module:
        yield module


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("name", pickled_values.plain_values())
def test_what_needs_no_class_is_plain_and_comes_back(name):
    value = pickled_values.plain_values()[name]
    data = pickled("k", value)
    assert plain(data)
    assert same(unpickled(data, trusted=False), value)
    assert same(read_guarded(data), value)


@pytest.mark.parametrize("name", pickled_values.library_values())
def test_a_plain_type_is_not_plain_data_but_comes_back_from_any_row(name):
    value = pickled_values.library_values()[name]
    data = pickled("k", value)
    assert well_formed(data)
    assert not plain(data)
    assert same(unpickled(data, trusted=False), value)
    assert same(unpickled(data, trusted=True), value)


@given(st.text(max_size=70) | st.text(st.characters(categories=["Cs", "So", "L"]), min_size=55, max_size=70))
def test_text_is_a_pickle_of_protocol_5_whatever_its_length_and_characters(text):
    data = pickled("k", text)
    assert pickle.loads(data) == text
    assert next(pickletools.genops(data))[1] == 5
    assert plain(data)
    assert unpickled(data, trusted=False) == read_guarded(data) == text


def test_short_text_takes_five_bytes_more_and_longer_text_what_the_pickler_makes_of_it():
    assert len(pickled("k", "你好")) == len("你好".encode()) + 5
    assert pickled("k", "a" * 100) == pickle.dumps("a" * 100, 5)


def own_names() -> list[str]:
    with loaded("sample", SAMPLE) as module:
        return list(pickled_values.own_values(module))


@pytest.mark.parametrize("name", own_names())
def test_an_object_of_a_modules_class_comes_back_from_any_row(sample, name):
    value = pickled_values.own_values(sample)[name]
    data = pickled("k", value)
    assert well_formed(data)
    assert not plain(data)
    assert same(unpickled(data, trusted=False), value)
    assert same(unpickled(data, trusted=True), value)


LIBRARIES = """
import typing
import attrs
import pydantic

T = typing.TypeVar("T")

@attrs.frozen
class Frozen:
    x: int

@attrs.define(slots=False)
class Open:
    x: list

class Model(pydantic.BaseModel):
    x: int
    more: dict[str, list[int]] = {}
    _hidden: str = pydantic.PrivateAttr("h")

class Box(typing.Generic[T]):
    def __init__(self, x):
        self.x = x
    def __eq__(self, other):
        return self.x == other.x
"""


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda code: code.Frozen(1), id="attrs"),
        pytest.param(lambda code: code.Open([code.Frozen(2)]), id="attrs without slots"),
        pytest.param(lambda code: code.Model(x=3, more={"a": [1]}), id="pydantic"),
        pytest.param(lambda code: code.Box(4), id="generic"),
    ],
)
@pytest.mark.parametrize("trusted", [False, True])
def test_a_modules_class_may_be_made_with_a_library(make, trusted):
    with loaded("libraries", LIBRARIES) as code:
        value = make(code)
        assert same(unpickled(pickled("k", value), trusted=trusted), value)


def test_an_exception_of_a_module_comes_back(sample):
    read = unpickled(pickled("k", sample.Trouble(5, "x")), trusted=False)
    assert (type(read), read.args, read.code) == (sample.Trouble, (5, "x"), 5)


def test_an_exception_of_python_comes_back():
    read = unpickled(pickled("k", FileNotFoundError(2, "x")), trusted=False)
    assert (type(read), read.args) == (FileNotFoundError, (2, "x"))


def noted(error: Exception) -> Exception:
    error.add_note("noted")
    return error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(noted(ValueError("x", [1])), id="with a note"),
        pytest.param(ImportError("x", name="n", path="p"), id="ImportError"),
        pytest.param(AttributeError("x", name="n"), id="AttributeError"),
        pytest.param(OSError(2, "x", Path("/a"), None, "/b"), id="OSError"),
        pytest.param(UnicodeDecodeError("utf-8", b"x", 0, 1, "y"), id="UnicodeDecodeError"),
        pytest.param(SyntaxError("x", ("f", 1, 2, "text", 1, 3)), id="SyntaxError"),
        pytest.param(KeyError({"a": 1}), id="KeyError"),
    ],
)
def test_an_exception_of_python_comes_back_with_what_it_has(error):
    read = unpickled(pickled("k", error), trusted=False)
    again = pickle.loads(pickle.dumps(error))
    assert (type(read), read.args, str(read), vars(read)) == (type(again), again.args, str(again), vars(again))
    assert getattr(read, "name", None) == getattr(again, "name", None)


def test_a_group_of_exceptions_comes_back():
    read = unpickled(pickled("k", ExceptionGroup("x", [ValueError(1), KeyError("k")])), trusted=False)
    assert (read.message, [one.args for one in read.exceptions]) == ("x", [(1,), ("k",)])


def test_a_class_that_has_no_slots_any_more_takes_what_was_in_them():
    with loaded("notes", "class Note:\n    __slots__ = ('text',)") as code:
        note = code.Note()
        note.text = "x"
        data = pickled("k", note)
    with loaded("notes", "class Note:\n    text = None"):
        assert vars(unpickled(data, trusted=False)) == {"text": "x"}


def test_an_object_with_something_to_call_is_read_only_if_it_is_trusted(sample):
    note = sample.Note(sample.Note)
    data = pickled("k", note)
    assert unpickled(data, trusted=True) == note
    with pytest.raises(ClassUntrusted, match="modules.sample.Note .*something to call.*aha store trust"):
        unpickled(data, trusted=False)


@pytest.mark.parametrize("trusted", [False, True])
def test_references_are_shared_and_recursive_as_before(sample, trusted):
    note = sample.Note("a")
    note.tags = [note, note.tags]
    value = {"one": note, "two": [note], "itself": []}
    value["itself"].append(value)
    words = sample.Words()
    words.append(words)
    queue = collections.deque()
    queue.append((queue,))
    read, (again, line) = unpickled(pickled("k", [value, (words, queue)]), trusted=trusted)
    assert read["one"] is read["two"][0] is read["one"].tags[0]
    assert read["itself"][0] is read
    assert again[0] is again
    assert line[0][0] is line


def atoms() -> st.SearchStrategy[Any]:
    zones = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=8)), zoneinfo.ZoneInfo("Europe/Berlin")])
    return st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.dates(),
        st.datetimes(timezones=zones), st.timedeltas(), st.decimals(allow_nan=False), st.uuids(version=4),
        st.ip_addresses(), st.fractions(), st.complex_numbers(allow_nan=False),
    )  # fmt: skip


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner),
        st.lists(inner).map(collections.deque),
        st.dictionaries(st.text(), inner).map(collections.OrderedDict),
        st.dictionaries(st.text(), inner).map(lambda items: collections.defaultdict(list, items)),
        st.lists(st.text()).map(collections.Counter),
        st.builds(lambda *parts: sys.modules["modules.sample"].Note(*parts), st.text(), st.lists(inner)),
        st.builds(lambda *parts: sys.modules["modules.sample"].Pair(*parts), inner, inner),
        st.builds(lambda part: sys.modules["modules.sample"].Slots(part), inner),
    )  # fmt: skip


@given(st.recursive(atoms(), nested, max_leaves=40))
def test_any_value_of_plain_types_and_own_classes_comes_back_from_any_row(value):
    data = pickled("k", value)
    assert well_formed(data)
    assert plain(data) == ("STACK_GLOBAL" not in opcodes(data))
    assert unpickled(data, trusted=False) == value
    assert unpickled(data, trusted=True) == value


def opcodes(data: bytes) -> set[str]:
    return {opcode.name for opcode, _, _ in pickletools.genops(data)}


RELEASES = sorted(path.stem for path in pickled_values.FOLDER.glob("*.json"))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("trusted", [False, True])
def test_what_one_python_wrote_another_reads(sample, release, trusted):
    stored = json.loads((pickled_values.FOLDER / f"{release}.json").read_text())
    values = pickled_values.all_values(sample)
    for name, text in stored.items():
        assert same(unpickled(base64.b64decode(text), trusted=trusted), values[name]), name
