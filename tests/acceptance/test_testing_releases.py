"""The kit for authors: a release of a module after another, on one database."""

import subprocess

import pytest

from aha.testing import release, running_bot
from models.exc import UsageError

NOTES = """
    from sqlalchemy.orm import Mapped, mapped_column
    from core.database import dbBase

    class Note(dbBase):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]
        stars: Mapped[int] = mapped_column(default=3)
"""
OFF = "raise RuntimeError('broken')"


async def test_rows_of_one_release_are_there_in_the_next(aha_bot, aha_release, aha_database):
    async with aha_bot(aha_release("notes", NOTES), database=aha_database) as bot:
        await bot.insert("note", {"id": 2, "text": "b"}, {"id": 1, "text": "a", "stars": 5})
    async with aha_bot(aha_release("notes", NOTES), database=aha_database) as bot:
        assert await bot.rows("note") == [{"id": 1, "text": "a", "stars": 5}, {"id": 2, "text": "b", "stars": 3}]


async def test_rows_may_be_named_by_their_class_their_stored_name_and_in_part(aha_bot, aha_release):
    async with aha_bot(aha_release("notes", NOTES)) as bot:
        from modules.notes import Note

        await bot.insert(Note, {"text": "a"})
        assert await bot.rows("note__notes", "text") == await bot.rows(Note.__table__, "text") == [{"text": "a"}]


async def test_the_database_numbers_rows_behind_those_that_a_test_numbered(aha_bot, aha_release, aha_database):
    async with aha_bot(aha_release("notes", NOTES), database=aha_database) as bot:
        await bot.insert("note", {"id": 7, "text": "a"})
        await bot.insert("note", {"text": "b"})
        assert await bot.rows("note", "id") == [{"id": 7}, {"id": 8}]


async def test_a_table_that_is_not_there_is_named_beside_those_that_are(aha_bot, aha_release):
    async with aha_bot(aha_release("notes", NOTES)) as bot:
        with pytest.raises(UsageError, match="0 tables are called 'nota'; there are: note__notes"):
            await bot.rows("nota")


async def test_a_short_name_that_two_modules_have_is_refused(aha_bot, aha_release):
    async with aha_bot(aha_release("notes", NOTES), aha_release("memo", NOTES)) as bot:
        with pytest.raises(UsageError, match="2 tables are called 'note'; there are: note__memo, note__notes"):
            await bot.rows("note")


async def test_a_release_may_be_a_package_of_several_files(tmp_path):
    path = release("notes", {"__init__.py": "from .database import Note", "database.py": NOTES}, folder=tmp_path)
    async with running_bot(modules=[path]) as bot:
        assert await bot.rows("note") == []


@pytest.mark.parametrize("path", ["modules/notes.py", "modules/pack"])
async def test_a_release_can_be_what_git_has_at_a_tag(tmp_path, path):
    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path / "bot"), *words], check=True, capture_output=True)

    code = tmp_path / "bot" / path / "__init__.py" if path.endswith("pack") else tmp_path / "bot" / path
    code.parent.mkdir(parents=True)
    code.write_text("release = 1")
    git("init")
    git("add", ".")
    git("-c", "user.name=author", "-c", "user.email=author@localhost", "commit", "-m", "One")
    git("tag", "v1")
    code.write_text("release = 2")
    old = release(tmp_path / "bot" / path, git="v1", folder=tmp_path)
    async with running_bot(modules=[old]):
        import modules

        assert getattr(modules, old.stem).release == 1
    with pytest.raises(UsageError, match="at v2"):
        release(tmp_path / "bot" / path, git="v2", folder=tmp_path)


@pytest.mark.parametrize("made_of", [{}, {"source": "", "git": "v1"}], ids=["nothing", "both"])
def test_a_release_is_made_of_one_thing(tmp_path, made_of):
    with pytest.raises(UsageError, match="made of one thing"):
        release("notes", folder=tmp_path, **made_of)


async def test_a_bot_that_is_not_strict_runs_on_without_a_module_that_fails(aha_bot, aha_release):
    async with aha_bot(aha_release("notes", NOTES), aha_release("other", OFF), strict=False) as bot:
        assert list(bot.failures) == ["other"]
        assert isinstance(bot.failures["other"], RuntimeError)
        assert await bot.rows("note") == []
    async with aha_bot(aha_release("notes", NOTES), strict=False) as bot:
        assert bot.failures == {}
