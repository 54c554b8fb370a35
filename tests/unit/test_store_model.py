"""A SimpleStore, written and read back at any moment, is indistinguishable from a dict. No database."""

from __future__ import annotations

import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.context import Module, entered
from services.data_store import SimpleStore
from services.data_store.store import stores

keys = st.sampled_from(["a", "b", "c", "", "é🎉"])
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=9)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=5
)


class StoreIsADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.disk = {}
        self.model = {}
        self.load()

    def load(self) -> None:
        self.module = Module("model")
        with entered(self.module):
            self.store = SimpleStore()
        self.contents = stores[self.module]
        self.contents.fill([(key, *row) for key, row in sorted(self.disk.items(), key=lambda item: item[1][1])])

    def write(self, *, all_held: bool) -> None:
        self.contents.compare(all_held=all_held)
        while batch := self.contents.batch():
            for (key, data), moment in zip(batch, self.contents.stamps(len(batch)), strict=True):
                self.disk.pop(key, None)
                if data is not None:
                    self.disk[key] = (data, moment)
            self.contents.written(batch)

    def teardown(self) -> None:
        self.module.drop()

    @rule(key=keys, value=values)
    def set(self, key, value):
        self.store[key] = value
        self.model[key] = copy.deepcopy(value)

    @rule(key=keys)
    def delete(self, key):
        if key in self.model:
            del self.store[key], self.model[key]
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

    @precondition(lambda self: self.model)
    @rule()
    def popitem(self):
        assert self.store.popitem() == self.model.popitem()

    @rule(key=keys, value=values)
    def setdefault(self, key, value):
        assert self.store.setdefault(key, value) == self.model.setdefault(key, copy.deepcopy(value))

    @rule(more=st.dictionaries(keys, values, max_size=3))
    def update(self, more):
        self.store.update(more)
        self.model.update(copy.deepcopy(more))

    @rule()
    def clear(self):
        self.store.clear()
        self.model.clear()

    @rule(key=keys, value=plain)
    def change_in_place(self, key, value):
        if isinstance(self.model.get(key), list):
            self.store[key].append(value)
            self.model[key].append(value)

    @rule()
    def flush(self):
        self.write(all_held=False)

    @rule()
    def restart(self):
        self.write(all_held=True)
        self.module.drop()
        self.load()
        assert dict(self.store) == self.model
        self.model = {key: self.model[key] for key in self.store}  # the order is now that of the last writing

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
