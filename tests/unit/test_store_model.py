"""A SimpleStore, killed and read back at any moment, is like a dict. The journal is real, the table is a dict."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.context import Module, entered
from services.data_store import SimpleStore
from services.data_store.door import doors
from services.data_store.entries import Entries
from services.data_store.journal import Journal
from services.data_store.rows import unsealed
from tests.store_parts import written

keys = st.sampled_from(["a", "b", "c", "", "é🎉"])
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=9)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=5
)


class StoreIsADict(RuleBasedStateMachine):
    """`model` is what the store shows, `saved` what is there after a kill, without changes in place since a look."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.table, self.folded = {}, 0
        self.model, self.saved = {}, {}
        self.load()

    def load(self) -> None:
        self.journal = Journal.open(self.folder, database="one", segment_bytes=16_384)
        self.entries = Entries("model", self.journal, data=dict(self.table), mac=lambda key, data: None, max_mb=1)
        for record in self.journal.found.records("model"):
            if record.seq > self.folded:
                self.entries.replay(record.key.decode(), None if record.value is None else unsealed(record.value)[0])
        self.module = Module("model")
        with entered(self.module):
            self.store = SimpleStore()
        doors[self.module].open(self.entries)

    def save(self, key: str) -> None:
        """Take note that what the model has under `key` is in the journal."""
        self.saved.pop(key, None) if key not in self.model else None
        if key in self.model:
            self.saved[key] = copy.deepcopy(self.model[key])

    def teardown(self) -> None:
        self.journal.close()
        self.module.drop()
        shutil.rmtree(self.folder)

    @rule(key=keys, value=values)
    def set(self, key, value):
        self.store[key] = value
        self.model[key] = copy.deepcopy(value)
        self.save(key)

    @rule(key=keys)
    def delete(self, key):
        if key in self.model:
            del self.store[key], self.model[key]
            self.save(key)
        else:
            with pytest.raises(KeyError):
                del self.store[key]

    @rule(key=keys)
    def get(self, key):
        assert self.store.get(key, 0) == self.model.get(key, 0)
        assert (key in self.store) == (key in self.model)

    @rule(key=keys)
    def pop(self, key):
        assert self.store.pop(key, "none") == self.model.pop(key, "none")
        self.save(key)

    @precondition(lambda self: self.model)
    @rule()
    def popitem(self):
        key, value = self.model.popitem()
        assert self.store.popitem() == (key, value)
        self.save(key)

    @rule(key=keys, value=values)
    def setdefault(self, key, value):
        new = key not in self.model
        assert self.store.setdefault(key, value) == self.model.setdefault(key, copy.deepcopy(value))
        if new:
            self.save(key)

    @rule(more=st.dictionaries(keys, values, max_size=3))
    def update(self, more):
        self.store.update(more)
        self.model.update(copy.deepcopy(more))
        for key in more:
            self.save(key)

    @rule()
    def clear(self):
        self.store.clear()
        self.model.clear()
        self.saved.clear()

    @rule(key=keys, value=plain)
    def change_in_place(self, key, value):
        if isinstance(self.model.get(key), list):
            self.store[key].append(value)
            self.model[key].append(value)

    @rule(key=keys, value=plain)
    def change_for_certain(self, key, value):
        if isinstance(self.model.get(key), list):
            with self.store.changing(key) as changed:
                changed.append(value)
            self.model[key].append(value)
            self.save(key)

    @rule()
    def look(self):
        self.entries.notice(self.entries.lent.suspects())
        self.saved = copy.deepcopy(self.model)

    @rule()
    def fold(self):
        batch = self.entries.take()
        written(self.table, batch)
        self.folded = batch.seq
        self.journal.trim({"model": self.folded})

    @rule()
    def fold_in_vain(self):
        self.entries.give_back(self.entries.take())

    @rule()
    def restart(self):
        self.entries.notice(self.entries.lent.all())  # as a bot that stops looks for the last time
        self.module.drop()
        self.saved = copy.deepcopy(self.model)
        self.journal.close()
        self.load()

    @rule()
    def kill(self):
        left = shutil.copytree(self.folder, mkdtemp(), dirs_exist_ok=True)
        self.teardown()
        self.folder = Path(left)
        self.load()
        self.model = copy.deepcopy(self.saved)

    @invariant()
    def same_keys(self):
        assert list(self.store.keys()) == list(self.model) == list(self.store)
        assert len(self.store) == len(self.model)

    @rule()
    def read_everything(self):
        assert list(self.store.items()) == list(self.model.items())
        assert list(self.store.values()) == list(self.model.values())
        assert self.store == self.model


TestStoreIsADict = StoreIsADict.TestCase
TestStoreIsADict.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
