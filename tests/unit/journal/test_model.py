"""The journal against a list: whatever is appended, trimmed, closed or killed, what has to be there is there."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.data_store.journal import Journal, Record, read_journal

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

STORES = ["notes", "games", "a store whose name is rather long: " + 200 * "x"]


class Stores(RuleBasedStateMachine):
    """What was appended to each store and is not folded, beside a journal that is opened, killed and trimmed."""

    def __init__(self):
        super().__init__()
        self.places = TemporaryDirectory()
        self.folder = Path(self.places.name) / "0"
        self.records = {name: [] for name in STORES}
        self.folded = dict.fromkeys(STORES, 0)
        self.folds = 0
        self.open()

    def open(self):
        self.journal = Journal.open(self.folder, database="here", segment_bytes=1 << 13)
        self.check(self.journal.found)

    def check(self, found):
        assert (found.damaged, found.torn, found.strangers, found.folds) == ([], None, [], self.folds)
        for name, records in self.records.items():
            got = list(found.records(name))
            # A segment of folded records may go before an older one in which another store has something left.
            there = {record.seq for record in got}
            assert got == [record for record in records if record.seq in there]
            assert [record for record in got if record.seq > self.folded[name]] == [
                record for record in records if record.seq > self.folded[name]
            ]

    @rule(name=st.sampled_from(STORES), key=st.binary(max_size=20), value=st.none() | st.binary(max_size=50),
          times=st.integers(1, 60), size=st.sampled_from([1, 1, 1, 100, 600]))  # fmt: skip
    def append(self, name, key, value, times, size):
        number = self.journal.register(name)
        for _ in range(times if size < 600 else 1):
            with self.journal.lock:
                data = None if value is None else value * size
                self.records[name].append(Record(self.journal.append(number, key, data), key, data))

    @rule(name=st.sampled_from(STORES), part=st.floats(0, 1))
    def fold(self, name, part):
        if self.records[name]:
            seq = self.records[name][int(part * (len(self.records[name]) - 1))].seq
            self.folded[name] = max(seq, self.folded[name])
            self.folds += 1
            self.journal.note_folds(self.folds)

    @rule()
    def trim(self):
        self.journal.trim(self.folded)

    @rule()
    def close(self):
        self.journal.close()
        self.open()

    @rule()
    def kill(self):
        """Go on with the files as they are at this moment, which is what a killed process leaves."""
        with self.journal.lock, self.journal._room._reserving:
            killed = self.folder.with_name(str(int(self.folder.name) + 1))
            shutil.copytree(self.folder, killed)
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder = killed
        self.open()

    @rule()
    def set_aside(self):
        place = self.journal.set_aside("of a test")
        self.check(read_journal(place))
        self.records = {name: [] for name in STORES}
        self.folds = 0

    @invariant()
    def numbers_grow(self):
        seqs = [record.seq for records in self.records.values() for record in records]
        assert len(set(seqs)) == len(seqs)
        assert max(seqs, default=0) <= self.journal.seq

    def teardown(self):
        self.journal.close()
        self.check(read_journal(self.folder))
        self.places.cleanup()


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=30, stateful_step_count=30)
