"""Modules whose files change are followed."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from aha.control import watching
from tests.integration.control.stand_in import PATIENCE, changed, until


async def test_what_changes_in_a_module_is_followed(bot, reloader, tmp_path):
    modules = tmp_path / "modules"
    async with bot(watch=True):
        (modules / "one.py").write_text("x = 1")
        await changed(reloader, "one")
        (modules / "pack" / "locales").mkdir(parents=True)
        (modules / "pack" / "__init__.py").write_text("")
        await changed(reloader, "pack")
        (modules / "pack" / "locales" / "zh.yaml").write_text("a: b")
        await changed(reloader, "pack")
        (modules / "pack").rename(modules / "DISABLEDpack")
        await changed(reloader, "pack")
        (modules / "one.py").rename(modules / "two.py")
        await changed(reloader, "one", "two")
        shutil.rmtree(modules / "DISABLEDpack")
        await changed(reloader, "pack")


@pytest.mark.parametrize(
    ("link", "target", "edited"),
    [
        pytest.param("one.py", "file.py", "file.py", id="a module"),
        pytest.param("one/part.py", "file.py", "file.py", id="a part"),
        pytest.param("one", "folder", "folder/part.py", id="a package"),
    ],
)
async def test_what_changes_behind_a_link_is_followed(bot, reloader, tmp_path, monkeypatch, link, target, edited):
    monkeypatch.setattr(watching, "_PAUSE", 0.05)
    modules, elsewhere = tmp_path / "modules", tmp_path / "elsewhere"
    for folder in (elsewhere / "folder", (modules / link).parent):
        folder.mkdir(parents=True)
    (elsewhere / edited).write_text("")
    (modules / link).symlink_to(elsewhere / target)
    async with bot(watch=True):
        (elsewhere / edited).write_text("x = 1")
        await changed(reloader, "one")
        (elsewhere / "aside").write_text("y = 22")
        (elsewhere / "aside").replace(elsewhere / edited)
        await changed(reloader, "one")
        (modules / "later.py").symlink_to(elsewhere / "later.py")
        await changed(reloader, "later")
        (elsewhere / "later.py").write_text("z = 3")
        await changed(reloader, "later")


async def test_what_has_changed_before_is_followed_first(bot, reloader):
    reloader.has_missed = ("one", "two")
    async with bot(watch=True):
        await changed(reloader, "one", "two")


async def test_what_editors_and_python_leave_behind_is_not_followed(bot, reloader, tmp_path):
    pack = tmp_path / "modules" / "pack"
    pack.mkdir(parents=True)
    async with bot(watch=True):
        for path in ("__pycache__/x.pyc", ".x.swp", "x.py~", "4913", "data/state.json", ".git/HEAD"):
            (pack / path).parent.mkdir(parents=True, exist_ok=True)
            (pack / path).write_text("")
        (pack / "mark.py").write_text("")
        await changed(reloader, "pack")
        assert reloader.asked.empty()


async def test_several_files_at_once_are_followed_once(bot, reloader, tmp_path):
    async with bot(watch=True):
        for number in range(20):
            (tmp_path / "modules" / f"m{number}.py").write_text("")
        names = (await reloader.next()).split()[1:]
        assert len(names) == 20


async def test_what_changes_during_a_reload_is_followed_after_it(bot, reloader, tmp_path):
    reloader.going.clear()
    async with bot(watch=True):
        for text in ("x = 1", "x = 2"):
            (tmp_path / "modules" / "a.py").write_text(text)
            if text == "x = 1":
                await changed(reloader, "a")
        reloader.going.set()
        await changed(reloader, "a")


async def test_a_fault_of_a_reload_does_not_end_the_watching(bot, reloader, tmp_path, caplog):
    async with bot(watch=True):
        reloader.error = ZeroDivisionError("oops")
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        reloader.error = None
        (tmp_path / "modules" / "b.py").write_text("")
        await changed(reloader, "b")
    assert "failed at changed files of a" in caplog.text


async def test_a_folder_that_is_replaced_is_watched_on(bot, reloader, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    gone = asyncio.Event()
    modules = tmp_path / "modules"
    see_the_folder = watching.Watcher._see_the_folder

    async def noticed(watcher):
        if not modules.is_dir():
            gone.set()
        await see_the_folder(watcher)

    monkeypatch.setattr(watching.Watcher, "_see_the_folder", noticed)
    async with bot(watch=True):
        modules.rename(tmp_path / "old")
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "a.py").write_text("")
        await asyncio.wait_for(gone.wait(), PATIENCE)
        (tmp_path / "new").rename(modules)
        await changed(reloader, "a")
        (modules / "b.py").write_text("")
        await changed(reloader, "b")


async def test_a_folder_that_is_replaced_at_once_is_watched_on(bot, reloader, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "old.py").write_text("")
    async with bot(watch=True):
        shutil.rmtree(modules)
        modules.mkdir()
        (modules / "a.py").write_text("")
        await changed(reloader, "a", "old")
        (modules / "b.py").write_text("")
        await changed(reloader, "b")


@pytest.mark.parametrize("fails", [1, 2], ids=["the system's limit", "polling, too"])
async def test_where_files_cannot_be_watched_that_is_said(bot, reloader, tmp_path, monkeypatch, caplog, fails):
    real, errors = watching.awatch, []

    def limited(*paths, force_polling, **options):
        if len(errors) < fails:
            errors.append(OSError("OS file watch limit reached"))
            raise ExceptionGroup("in a task group", errors[-1:])
        return real(*paths, force_polling=force_polling, **{**options, "poll_delay_ms": 50})

    monkeypatch.setattr(watching, "awatch", limited)
    async with bot(watch=True):
        await until(lambda: len(caplog.records) == fails)
        assert "looked through every second: OS file watch limit reached" in caplog.text
        if fails == 1:
            (tmp_path / "modules" / "a.py").write_text("")
            await changed(reloader, "a")
        else:
            assert "say aha reload when files have changed: OS file watch limit reached" in caplog.text
