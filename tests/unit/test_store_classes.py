"""Classes of stored values are found where they are now, whatever they and their modules were called."""

from __future__ import annotations

import gc
import weakref

import pytest

from models.exc import ClassGone
from services.data_store.pickles import pickled, unpickled
from tests.pickled_values import loaded

NOTE = """
class {name}:
    {was}
    def __init__(self, text):
        self.text = text
"""


def note_of(module: str, name: str, *, text: str = "x") -> bytes:
    """A row of an object of the class `name` of `module`, which is not there any more."""
    with loaded(module, NOTE.format(name=name, was="")) as code:
        return pickled("k", getattr(code, name)(text))


@pytest.mark.parametrize(
    ("before", "module", "name", "was"),
    [
        pytest.param(("notes", "Memo"), "notes", "Note", '"Memo"', id="renamed in its file"),
        pytest.param(("notes", "Memo"), "notes", "Note", '["Sheet", "Memo"]', id="renamed twice"),
        pytest.param(("memos", "Note"), "notes", "Note", '"modules.memos.Note"', id="moved"),
        pytest.param(("memos.models", "Memo"), "notes", "Note", '("Sheet", "modules.memos.models.Memo")', id="both"),
    ],
)
@pytest.mark.parametrize("trusted", [False, True])
def test_a_class_says_what_it_was(before, module, name, was, trusted):
    data = note_of(*before)
    with loaded(module, NOTE.format(name=name, was=f"__was__ = {was}")) as code:
        read = unpickled(data, trusted=trusted)
    assert (type(read), read.text) == (getattr(code, name), "x")


@pytest.mark.parametrize("trusted", [False, True])
def test_a_renamed_module_finds_its_classes_again(trusted):
    data = note_of("memos.models", "Note")
    with (
        loaded("notes", '__was__ = ("papers", "memos")'),
        loaded("notes.models", NOTE.format(name="Note", was="")) as code,
    ):
        read = unpickled(data, trusted=trusted)
    assert type(read) is code.Note


def test_a_renamed_class_of_a_renamed_module_is_found():
    data = note_of("memos", "Memo")
    source = '__was__ = "memos"' + NOTE.format(name="Note", was='__was__ = "Memo"')
    with loaded("notes", source) as code:
        assert type(unpickled(data, trusted=False)) is code.Note


def test_a_class_within_another_says_what_it_was():
    with loaded("notes", "class Book:\n    class Page: pass") as code:
        data = pickled("k", code.Book.Page())
    with loaded("notes", 'class Volume:\n    class Sheet:\n        __was__ = "Book.Page"') as code:
        assert type(unpickled(data, trusted=False)) is code.Volume.Sheet


def test_a_class_does_not_inherit_what_another_was():
    data = note_of("notes", "Memo")
    source = NOTE.format(name="Note", was='__was__ = "Memo"') + "class Special(Note): pass\n"
    with loaded("notes", "class Before: pass\n" + source) as code:
        assert type(unpickled(data, trusted=False)) is code.Note


def test_an_import_in_the_old_place_does_as_well():
    data = note_of("notes", "Memo")
    elsewhere = loaded("papers", NOTE.format(name="Note", was=""))
    with elsewhere as code, loaded("notes", "from modules.papers import Note as Memo"):
        assert type(unpickled(data, trusted=False)) is code.Note


def test_what_was_declared_is_forgotten_with_its_module():
    data = note_of("notes", "Memo")
    with loaded("notes", NOTE.format(name="Note", was='__was__ = "Memo"')) as old:
        assert type(unpickled(data, trusted=False)) is old.Note
    with loaded("notes", NOTE.format(name="Note", was='__was__ = "Memo"')) as new:
        assert type(unpickled(data, trusted=False)) is new.Note
    with pytest.raises(ClassGone):
        unpickled(data, trusted=False)


def test_a_module_that_is_still_loading_is_looked_at_again():
    data = note_of("notes", "Memo")
    with loaded("notes", "") as code:
        with pytest.raises(ClassGone):
            unpickled(data, trusted=False)
        exec(NOTE.format(name="Note", was='__was__ = "Memo"'), vars(code))
        assert type(unpickled(data, trusted=False)) is code.Note


def test_looking_for_a_class_keeps_no_module_alive():
    data = note_of("notes", "Memo")
    with loaded("notes", NOTE.format(name="Note", was='__was__ = "Memo"')) as code:
        unpickled(data, trusted=False)
        gone = weakref.ref(code)
        del code
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("trusted", [False, True])
def test_a_class_that_is_gone_is_named_with_the_remedy(trusted):
    data = note_of("notes", "Memo")
    with loaded("notes", ""), pytest.raises(ClassGone) as error:
        unpickled(data, trusted=trusted, key="first")
    assert str(error.value) == (
        "the value for key 'first' is of modules.notes.Memo, which no loaded module has: if it was renamed or moved, "
        'write __was__ = "modules.notes.Memo" in its class; if its module is off, switch it on'
    )
    assert (error.value.key, error.value.place) == ("first", "modules.notes.Memo")
