"""How backups are called, and which go when there are too many."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backup.rotate import backups, name_for, names_in, newest_first, part_for, rotate, surplus

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2999, 1, 1))


def test_a_name_tells_when_it_was_made_and_of_what():
    assert name_for(AT, "sqlite", ()) == "aha-2026-11-22T10-15-00Z-sqlite.zip"


def test_two_in_a_second_have_different_names():
    first = name_for(AT, "sqlite", ())
    assert name_for(AT, "sqlite", [first]) == "aha-2026-11-22T10-15-00Z-sqlite_2.zip"


def test_a_name_is_not_given_again_though_the_first_has_gone():
    second = name_for(AT, "sqlite", [name_for(AT, "sqlite", ())])
    assert name_for(AT, "sqlite", [second]) == "aha-2026-11-22T10-15-00Z-sqlite_3.zip"


def test_a_backup_that_is_being_written_has_its_name(tmp_path):
    first = name_for(AT, "sqlite", ())
    (tmp_path / part_for(first)).touch()
    assert name_for(AT, "sqlite", names_in(tmp_path)) == "aha-2026-11-22T10-15-00Z-sqlite_2.zip"


@given(st.lists(MOMENTS, max_size=20), st.integers(0, 5))
def test_the_newest_stay_and_names_sort_by_time(moments, keep):
    names: list[str] = []
    for moment in sorted(moments):
        names.append(name_for(moment.replace(microsecond=0), "sqlite", names))
    paths = [Path(name) for name in names]
    gone = surplus(paths[::-1], keep)
    assert newest_first(paths) == paths[::-1]
    assert [path for path in paths if path not in gone] == (paths[-keep:] if keep else paths)


OTHERS = ["notes.txt", "aha-2026-11-22T10-15-00Z-sqlite.zip.bak", "aha-2026-99-22T10-15-00Z-sqlite.zip", "aha.db"]


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_others_never_go(tmp_path, name):
    (tmp_path / name).touch()
    (tmp_path / name_for(AT, "sqlite", ())).touch()
    rotate(tmp_path, 1)
    assert (tmp_path / name).exists()


def test_what_cannot_be_read_is_listed_without_a_manifest(tmp_path):
    (tmp_path / name_for(AT, "postgresql", ())).write_bytes(b"no archive")
    (found,) = backups(tmp_path)
    assert (found.at, found.dialect, found.size, found.manifest) == (AT, "postgresql", 10, None)


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert backups(tmp_path / "none") == []
