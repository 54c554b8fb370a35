"""What this installation has written is told from what others wrote; the key file is for its owner alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exc import ClassUntrusted
from services.data_store import signing
from services.data_store.pickles import pickled, unpickled
from services.data_store.signing import KEY_FILE, Signer

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


@pytest.fixture
def key_file(tmp_path) -> Path:
    return tmp_path / KEY_FILE


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# --- signatures -----------------------------------------------------------------------------------------------------


def test_what_was_signed_is_known_again_after_a_restart(tmp_path):
    mac = Signer(tmp_path).mac("notes", "key", b"data")
    assert len(mac) == 16
    assert Signer(tmp_path).verify("notes", "key", b"data", mac)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("memos", "key", b"data"), id="another store"),
        pytest.param(("notes", "other", b"data"), id="another key"),
        pytest.param(("notes", "key", b"date"), id="other bytes"),
        pytest.param(("note", "skey", b"data"), id="the border of store and key moved"),
        pytest.param(("notes", "keyd", b"ata"), id="the border of key and bytes moved"),
    ],
)
def test_a_signature_is_for_one_store_one_key_and_these_bytes(tmp_path, other):
    signer = Signer(tmp_path)
    mac = signer.mac("notes", "key", b"data")
    assert not signer.verify(*other, mac)


def test_no_signature_and_half_of_one_are_none(tmp_path):
    signer = Signer(tmp_path)
    mac = signer.mac("notes", "key", b"data")
    assert not signer.verify("notes", "key", b"data", None)
    assert not signer.verify("notes", "key", b"data", b"")
    assert not signer.verify("notes", "key", b"data", mac[:8])


@given(st.tuples(st.text(), st.text(), st.binary()), st.tuples(st.text(), st.text(), st.binary()))
def test_two_rows_have_one_signature_only_if_they_are_one(tmp_path_factory, one, other):
    signer = _signer(tmp_path_factory)
    assert (signer.mac(*one) == signer.mac(*other)) == (one == other)


def _signer(factory: pytest.TempPathFactory) -> Signer:
    return Signer(factory.getbasetemp())


def test_another_installation_signs_otherwise(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    mac = Signer(tmp_path / "one").mac("notes", "key", b"data")
    assert not Signer(tmp_path / "two").verify("notes", "key", b"data", mac)


def test_the_key_is_used_for_nothing_but_rows(tmp_path, key_file):
    mac = Signer(tmp_path).mac("", "", b"")
    assert mac != blake2b(bytes(8), key=key_file.read_bytes(), digest_size=16).digest()


# --- the key file ---------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_leaves_nothing_beside_it(tmp_path, key_file):
    Signer(tmp_path)
    first = key_file.read_bytes()
    Signer(tmp_path)
    assert key_file.read_bytes() == first
    assert len(first) == 32
    assert names(tmp_path) == [KEY_FILE]


@posix
def test_a_key_is_its_owners_alone_whatever_new_files_are(tmp_path, key_file):
    before = os.umask(0)
    try:
        Signer(tmp_path)
    finally:
        os.umask(before)
    assert rights(key_file) == 0o600


@posix
@pytest.mark.parametrize("open_to_others", [0o644, 0o660, 0o606, 0o777])
def test_a_key_that_others_could_read_is_closed_and_reported(tmp_path, key_file, caplog, open_to_others):
    Signer(tmp_path)
    key_file.chmod(open_to_others)
    Signer(tmp_path)
    assert rights(key_file) == 0o600
    Signer(tmp_path)
    (message,) = caplog.messages
    assert message == (
        f"{key_file} was open to others (rights {open_to_others:o}), it is its owner's alone from now on; if one of "
        "them may have read it, delete it and sign anew what is stored: aha store trust MODULE"
    )


@posix
def test_rights_that_cannot_be_changed_are_reported_and_the_key_is_used(tmp_path, key_file, caplog, monkeypatch):
    Signer(tmp_path)
    key_file.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(type(key_file), "chmod", refuse)
    assert Signer(tmp_path).off is None
    assert "that cannot be changed (Operation not permitted)" in caplog.text


@pytest.mark.parametrize("size", [0, 1, 31, 33, 1000])
def test_a_file_that_is_no_key_is_set_aside_and_reported(tmp_path, key_file, caplog, size):
    key_file.write_bytes(b"x" * size)
    key_file.chmod(0o600)
    signer = Signer(tmp_path)
    (aside,) = (path for path in tmp_path.iterdir() if path != key_file)
    assert aside.name.startswith("store.key.damaged-")
    assert aside.read_bytes() == b"x" * size
    assert len(key_file.read_bytes()) == 32
    assert signer.verify("notes", "k", b"", signer.mac("notes", "k", b""))
    assert f"{key_file} held no key and is now {aside.name}" in caplog.text
    assert "aha store trust MODULE" in caplog.text


def test_a_draft_that_a_killed_process_left_is_no_key(tmp_path, key_file):
    (tmp_path / f"{KEY_FILE}.0123abcd").write_bytes(b"half")
    assert Signer(tmp_path).off is None
    assert len(key_file.read_bytes()) == 32


def test_without_links_a_key_is_made_all_the_same(tmp_path, key_file, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(type(key_file), "hardlink_to", refuse)
    assert Signer(tmp_path).off is None
    assert (len(key_file.read_bytes()), rights(key_file)) == (32, 0o600)
    assert names(tmp_path) == [KEY_FILE]


RACER = """
import sys, pathlib
from services.data_store.signing import Signer
print("ready", flush=True)
sys.stdin.readline()
print(Signer(pathlib.Path(sys.argv[1])).mac("notes", "key", b"data").hex())
"""


def test_processes_that_start_at_once_have_one_key(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for racer in racers:
        racer.stdout.readline()
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    macs = {racer.communicate()[0].strip() for racer in racers}
    assert macs == {Signer(tmp_path).mac("notes", "key", b"data").hex()}
    assert names(tmp_path) == [KEY_FILE]


def test_whoever_loses_the_race_takes_the_key_of_the_winner(tmp_path, key_file, monkeypatch):
    publish = signing._publish

    def late(draft: Path, path: Path) -> None:
        path.write_bytes(b"w" * 32)
        publish(draft, path)

    monkeypatch.setattr(signing, "_publish", late)
    Signer(tmp_path)
    assert key_file.read_bytes() == b"w" * 32


# --- without a key --------------------------------------------------------------------------------------------------


def without_key(signer: Signer) -> None:
    """What holds when signing is off: nothing is signed or counts as signed, and plain values are read."""
    assert signer.off
    assert signer.mac("notes", "key", b"data") is None
    assert not signer.verify("notes", "key", b"data", bytes(16))
    assert unpickled(pickled("k", {"a": [1]}), trusted=False) == {"a": [1]}
    with pytest.raises(ClassUntrusted):
        unpickled(pickled("k", Signer), trusted=False)


NOBODY = """
import os, pathlib, sys
from services.data_store.signing import Signer
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write anywhere
print(Signer(pathlib.Path()).off)
"""


@posix
def test_in_a_folder_that_is_read_only_signing_is_off(tmp_path):
    tmp_path.chmod(0o555)
    ran = subprocess.run(
        [sys.executable, "-c", NOBODY, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Permission denied" in ran.stdout
    assert "SimpleStores are not signed" in ran.stderr
    assert names(tmp_path) == []


def test_where_no_file_can_be_made_signing_is_off_and_reported_once(tmp_path, key_file, caplog, monkeypatch):
    def refuse(path: Path, key: bytes) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(signing, "_write", refuse)
    without_key(Signer(tmp_path))
    (message,) = caplog.messages
    assert "Read-only file system" in message
    assert f"put {key_file} right, and start again" in message


def test_a_key_that_cannot_be_read_is_not_replaced(tmp_path, key_file, caplog):
    key_file.mkdir()
    without_key(Signer(tmp_path))
    assert key_file.is_dir()
    assert len(caplog.messages) == 1


def test_without_its_folder_signing_is_off(tmp_path):
    without_key(Signer(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("content", [None, b"", b"x" * 31], ids=["missing", "empty", "truncated"])
def test_commands_that_only_look_make_no_file_and_change_none(tmp_path, key_file, content):
    if content is not None:
        key_file.write_bytes(content)
        key_file.chmod(0o644)
    without_key(Signer(tmp_path, create=False))
    assert names(tmp_path) == ([] if content is None else [KEY_FILE])
    if content is not None:
        assert (key_file.read_bytes(), rights(key_file)) == (content, 0o644)


def test_after_the_key_was_put_back_what_it_signed_is_known_again(tmp_path, key_file):
    data = pickled("k", Signer)
    mac = Signer(tmp_path).mac("notes", "k", data)
    kept = key_file.read_bytes()
    key_file.unlink()
    assert not Signer(tmp_path).verify("notes", "k", data, mac)
    key_file.write_bytes(kept)
    trusted = Signer(tmp_path).verify("notes", "k", data, mac)
    assert unpickled(data, trusted=trusted) is Signer
