"""A journal that is cut off, continued with garbage or damaged: what is read of it, and that nothing is invented."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.exc import StoreError
from services.data_store.journal import Journal, Record, read_journal
from services.data_store.journal.segments import segment_paths

NAMES = ["notes", "games", "笔记"]
HEADER = 4096


def written(folder, *, close):
    """Write a journal of a few segments into `folder`; returns the records by the name of their store."""
    journal = Journal.open(folder, database="here", segment_bytes=1 << 13)
    numbers = {name: journal.register(name) for name in NAMES}
    records = {name: [] for name in NAMES}
    for n in range(300):
        name = NAMES[n * 7 % 3]
        key, value = f"key {n % 20}".encode(), None if n % 5 == 0 else bytes([n % 256]) * (n * 13 % 90)
        with journal.lock:
            records[name].append(Record(journal.append(numbers[name], key, value), key, value))
    if close:
        journal.close()
    return journal, records


@pytest.fixture(scope="module", params=["closed", "open"])
def sample(request, tmp_path_factory):
    """The segments of a journal by name, in their order; its records; and by segment, where which of them ends."""
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.urandom", Random(1).randbytes)  # the identity of the journal: each run reads the same bytes
        journal, records = written(folder, close=request.param == "closed")
    contents = {path.name: path.read_bytes() for path in sorted(folder.glob("*.journal"))}
    contents = {name: data for name, data in contents.items() if any(data)}  # without the one that is only reserved
    journal.close()
    everything = [record for store in NAMES for record in records[store]]
    return contents, records, {name: ends(data, everything) for name, data in contents.items()}


def read(contents):
    with TemporaryDirectory() as folder:
        for name, data in contents.items():
            (Path(folder) / name).write_bytes(data)
        found = read_journal(Path(folder))
        return found, {name: list(found.records(name)) for name in NAMES}


def ends(data, records):
    """Return the offsets in a segment at which one of the records ends, with its number."""
    result = {}
    for record in records:
        at = data.find(record.seq.to_bytes(8, "little"), HEADER)
        if at >= 0:
            result[record.seq] = at + 12 + len(record.key) + len(record.value or b"")
    return result


@settings(max_examples=100)
@given(data=st.data())
def test_any_prefix_with_any_garbage_reads_exactly_the_records_of_the_prefix(sample, data):
    contents, records, places = sample
    names = list(contents)
    cut_in = data.draw(st.integers(0, len(names) - 1))
    whole = contents[names[cut_in]]
    cut = data.draw(st.integers(0, len(whole.rstrip(b"\0"))) | st.integers(0, len(whole)))
    before = b"".join(contents[name] for name in names[:cut_in]) + whole[:cut]
    copied = st.integers(0, len(before)).map(lambda start: before[start : start + 500])
    garbage = b"".join(data.draw(st.lists(st.binary() | st.integers(0, 500).map(bytes) | copied, max_size=4)))
    # A garbage of the very bytes that were cut off would be no garbage.
    garbage = b"!" + garbage if garbage[:1] == whole[cut : cut + 1] else garbage
    _, got = read({name: contents[name] for name in names[:cut_in]} | {names[cut_in]: whole[:cut] + garbage})
    for name in NAMES:
        known = [
            record for record in records[name]
            if any(record.seq in places[segment] for segment in names[:cut_in])
            or 0 < places[names[cut_in]].get(record.seq, 0) <= cut
        ]  # fmt: skip
        assert got[name] == known


@settings(max_examples=200)
@given(data=st.data())
def test_one_flipped_bit_costs_at_most_one_record_and_is_told(sample, data):
    contents, records, _ = sample
    name = data.draw(st.sampled_from(list(contents)))
    used = len(contents[name].rstrip(b"\0"))
    bit = data.draw(st.integers(0, used * 8 - 1))
    damaged = bytearray(contents[name])
    damaged[bit // 8] ^= 1 << bit % 8
    found, got = read(contents | {name: bytes(damaged)})
    assert found.database == "here"
    lost = [record for store in NAMES for record in records[store] if record not in got[store]]
    assert len(lost) <= 1
    assert all(set(got[store]) <= set(records[store]) for store in NAMES)
    assert all(got[store] == sorted(got[store]) for store in NAMES)
    told = [*found.damaged, *([found.torn] if found.torn else [])]
    assert [damage.segment for damage in told] == [name]
    for record in lost:
        assert told[0].seq == record.seq
        assert told[0].raw
    assert found.seq >= max(record.seq for store in NAMES for record in records[store] if record not in lost)


@settings(max_examples=50)
@given(data=st.data())
def test_a_lost_page_costs_what_was_in_it(sample, data):
    contents, records, places = sample
    name = data.draw(st.sampled_from(list(contents)[:-2]))
    start = data.draw(st.integers(HEADER // 512, len(contents[name].rstrip(b"\0")) // 512)) * 512
    damaged = contents[name][:start] + bytes(512) + contents[name][start + 512 :]
    found, got = read(contents | {name: damaged})
    inside = {seq for seq, end in places[name].items() if end > start and end - 140 < start + 512}
    lost = {record.seq for store in NAMES for record in records[store] if record not in got[store]}
    assert lost <= inside
    assert sum(damage.records for damage in found.damaged) >= len(lost)


def test_damage_says_which_store_and_key_if_it_can(sample):
    contents, records, places = sample
    record = next(record for record in records["notes"] if record.value)
    name = next(name for name in contents if record.seq in places[name])
    end = places[name][record.seq]
    damaged = contents[name][: end - 1] + b"?" + contents[name][end:]
    (damage,) = read(contents | {name: damaged})[0].damaged
    assert (damage.segment, damage.seq, damage.records) == (name, record.seq, 1)
    assert (damage.store, damage.key, damage.what) == ("notes", record.key, "1 record")
    assert damage.raw.endswith(record.key + record.value[:-1] + b"?")


def test_a_segment_whose_header_is_gone_is_read_with_what_the_others_say(sample):
    contents, records, _ = sample
    name = list(contents)[1]
    found, got = read(contents | {name: bytes(HEADER) + contents[name][HEADER:]})
    assert got == records
    assert [(damage.segment, damage.what) for damage in found.damaged] == [(name, "the header")]


def test_a_missing_segment_hides_no_other(sample):
    contents, records, places = sample
    gone = list(contents)[2]
    found, got = read({name: data for name, data in contents.items() if name != gone})
    for store in NAMES:
        assert got[store] == [record for record in records[store] if record.seq not in places[gone]]
    assert found.damaged == []


def test_a_segment_that_was_cut_although_others_follow_is_damage(sample):
    contents, records, _ = sample
    name = list(contents)[1]
    found, got = read(contents | {name: contents[name][: HEADER + 2000]})
    (damage,) = found.damaged
    lost = [record for store in NAMES for record in records[store] if record not in got[store]]
    assert damage.segment == name
    assert damage.records == len(lost) > 0


@pytest.mark.parametrize("half", [0, 2048, 2050, 3000])
def test_a_segment_that_was_being_begun_is_no_damage(sample, half):
    contents, records, _ = sample
    begun = contents[min(contents)][:half]
    found, got = read(contents | {"000000000099.journal": begun + bytes((1 << 13) - half)})
    assert got == records
    assert (found.damaged, found.torn, found.strangers) == ([], None, [])


def test_a_change_that_was_being_appended_is_torn_although_the_next_segment_is_reserved(tmp_path):
    journal, records = written(tmp_path, close=False)
    with journal.lock:
        journal.append(1, b"last", b"as it was" * 9)
    journal._syncing.stop()
    contents = {path.name: path.read_bytes() for path in tmp_path.glob("*.journal")}
    contents = {name: data for name, data in contents.items() if any(data)}
    name = max(contents)
    torn = contents[name].rstrip(b"\0")[:-20]
    (tmp_path / "again").mkdir()
    spare = f"{int(name[:12]) + 1:012}.journal"
    files = contents | {name: torn.ljust(1 << 13, b"\0"), spare: bytes(1 << 13)}
    found, got = read(files)
    assert (got, found.damaged) == (records, [])
    assert (found.torn.segment, found.torn.key) == (name, b"last")
    for path, data in files.items():
        (tmp_path / "again" / path).write_bytes(data)
    for _ in range(3):  # nothing comes into the segments of these
        journal = Journal.open(tmp_path / "again", database="here", segment_bytes=1 << 13)
        found = read_journal(tmp_path / "again")
        assert (found.damaged, found.torn) == ([], None)  # it was told before
        journal.close()
    journal.trim(dict.fromkeys(NAMES, found.seq))
    assert [path.name > spare for path in segment_paths(tmp_path / "again")] == [True]


def test_what_cannot_be_read_at_all_is_put_aside_and_the_bot_goes_on(tmp_path, caplog):
    (tmp_path / "000000000001.journal").write_bytes(b"not a journal" * 1000)
    journal = Journal.open(tmp_path, database="here", segment_bytes=1 << 13)
    journal.close()
    assert "cannot be read" in caplog.text
    assert [path.name for path in tmp_path.glob("aside/*/*.journal")] == ["000000000001.journal"]


def test_a_file_that_the_disk_does_not_give_back_is_damage_and_the_others_are_read(sample, monkeypatch):
    contents, records, places = sample
    gone = list(contents)[1]
    real = Path.open

    def refusing(self, *args, **kwargs):
        if self.name == gone:
            raise OSError(errno.EIO, "Input/output error")
        return real(self, *args, **kwargs)

    with TemporaryDirectory() as folder:
        for name, data in contents.items():
            (Path(folder) / name).write_bytes(data)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refusing)
            found = read_journal(Path(folder))
            got = list(found.records("notes"))
    assert [damage.segment for damage in found.damaged] == [gone]
    assert got == [record for record in records["notes"] if record.seq not in places[gone]]


def test_a_folder_that_may_not_be_read_is_an_error_and_no_empty_journal(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("os.listdir", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        Journal.open(tmp_path, database="here")
