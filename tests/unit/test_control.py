"""What another terminal wishes of a bot, which file is whose, and who waits for an answer. No socket, no bot."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.control.pending import PENDING_FILE, Pending, Waiting, address_of
from aha.control.watching import module_of
from aha.control.wishes import Answer, Wish, read_answer, read_wish, refusal
from models.api import Message
from models.exc import AhaError, UsageError
from models.msg import MessageChain

NAMES = st.lists(st.text(max_size=8)).map(tuple)


@given(st.sampled_from(["reload", "follow"]), NAMES, NAMES, st.text())
def test_a_wish_arrives_as_it_was_sent(verb, names, with_database, modules):
    wish = Wish(verb, names, with_database, modules)
    assert wish.line().count(b"\n") == 1
    assert read_wish(wish.line()) == wish


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00\n",
        b"reload\n",
        b"[]\n",
        b"[" * 100_000,
        b'{"verb": "reload"',
        b'{"verb": "format", "names": []}\n',
        b'{"verb": ["reload"]}\n',
        b'{"verb": "reload", "names": "demo"}\n',
        b'{"verb": "reload", "names": [1]}\n',
        b'{"verb": "reload", "names": [], "with_database": {}}\n',
        b'{"verb": "follow", "names": [], "modules": 1}\n',
    ],
    ids=lambda line: line[:20].decode(errors="replace").strip() or "nothing",
)
def test_what_is_no_wish_is_refused(line):
    with pytest.raises(UsageError, match="use the aha that it runs with"):
        read_wish(line)


def test_an_answer_arrives_as_it_was_sent():
    answer = Answer(ok=False, text="坏了\nin two lines", outcome={"failed": {"demo": "no"}})
    assert read_answer(answer.line()) == answer


@pytest.mark.parametrize("error", [UsageError("no such module"), AhaError("it failed")], ids=["usage", "failure"])
def test_a_refusal_is_raised_where_it_arrives(error):
    with pytest.raises(type(error), match=str(error)) as raised:
        read_answer(refusal(error))
    assert type(raised.value) is type(error)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"ok": true, "new": 1}', b"{}"])
def test_an_answer_of_another_release_is_an_error(line):
    with pytest.raises(AhaError, match="cannot be read"):
        read_answer(line)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("notes.py", "notes"),
        ("notes", "notes"),
        ("notes/__init__.py", "notes"),
        ("notes/deep/part.py", "notes"),
        ("notes/locales/zh.yaml", "notes"),
        ("notes/a file", "notes"),
        ("_shared.py", "_shared"),
        ("DISABLEDnotes", "notes"),
        ("DISABLED_notes.py", "notes"),
        ("点歌.py", "点歌"),
        ("data", "data"),
        ("data/__init__.py", "data"),
        ("data/part.py", "data"),
        ("DISABLEDdata", "data"),
        ("data.py", "data"),
        ("data/data/state.json", None),
        ("notes.pyc", None),
        ("README.md", None),
        ("notes/__pycache__/x.cpython-311.pyc", None),
        ("__pycache__", None),
        (".git/HEAD", None),
        (".gitignore", None),
        ("notes/.notes.py.swp", None),
        ("notes/#notes.py#", None),
        ("notes/.#notes.py", None),
        ("notes/notes.py~", None),
        ("notes/notes.py___jb_tmp___", None),
        ("notes/4913", None),
        ("notes/data/state.json", None),
        ("notes/cache.db-wal", None),
        ("notes/own.sqlite", None),
        ("notes/own.sqlite3", None),
        ("notes/own.sqlite-journal", None),
        ("notes/own-journal", None),
        ("notes/journal.py", "notes"),
        ("../elsewhere.py", None),
    ],
)
def test_a_path_belongs_to_a_module(path, name):
    folder = PurePath("/bot/modules")
    whole = PurePath("/bot/elsewhere.py") if path.startswith("..") else folder / path
    assert module_of(whole, folder) == name


def message(**fields):
    told = {"bot_id": "main", "self_id": "1", "platform": "QQ", "adapter": "onebot", "user_id": "7"}
    return Message(**{**told, "message_id": "12", "message": MessageChain("reload the secret"), **fields})


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"event_type": "private"}, ("private", "7", None, {})),
        ({"event_type": "group", "group_id": "20"}, ("group", "7", "20", {})),
        ({"event_type": "private", "group_id": "20"}, ("private", "7", None, {"group_id": "20"})),
    ],
    ids=["private", "group", "private by way of a group"],
)
def test_who_waits_is_known_to_the_next_process(tmp_path, fields, where):
    waiting = Waiting(("demo",), address_of(message(**fields)))
    pending = Pending(tmp_path)
    pending.add(waiting)
    waiting.said = "done"
    pending.save()
    assert "secret" not in (tmp_path / PENDING_FILE).read_text()
    [again] = Pending(tmp_path).left
    event = again.message()
    assert (again.names, again.said) == (("demo",), "done")
    assert (event.event_type, event.user_id, event.group_id, event.extra) == where
    assert (event.bot_id, event.self_id, event.platform) == ("main", "1", "QQ")


def test_there_is_no_file_while_nobody_waits(tmp_path):
    pending = Pending(tmp_path)
    waiting = Waiting((), address_of(message()))
    pending.add(waiting)
    pending.remove(waiting)
    assert list(tmp_path.iterdir()) == []


ENTRY = {"names": ["a"], "address": {"bot_id": "main"}, "when": 4e9, "said": ""}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"{",
        b"[1]",
        b'{"a": 1}',
        b"[" * 100_000,
        json.dumps([ENTRY, {**ENTRY, "address": ["bot_id"]}]).encode(),
        json.dumps([{**ENTRY, "address": {"bot_id": {"a": 1}}}]).encode(),
        json.dumps([{**ENTRY, "names": 1}]).encode(),
        json.dumps([{**ENTRY, "said": 1}]).encode(),
        json.dumps([{**ENTRY, "when": "today"}]).encode(),
        json.dumps([{**ENTRY, "new": 1}]).encode(),
    ],
)
def test_garbage_is_told_of_and_dropped(tmp_path, caplog, content):
    (tmp_path / PENDING_FILE).write_bytes(content)
    pending = Pending(tmp_path)
    assert not pending.left
    assert "cannot be read and is left out" in caplog.text
    pending.save()
    assert list(tmp_path.iterdir()) == []


def test_after_a_day_nobody_waits_any_more(tmp_path):
    (tmp_path / PENDING_FILE).write_text(json.dumps([{**ENTRY, "when": 1e9}]))
    assert not Pending(tmp_path).left


def test_a_full_disk_stops_no_reload(tmp_path, caplog):
    Pending(tmp_path / "nowhere").add(Waiting((), address_of(message())))
    assert "cannot be written" in caplog.text
