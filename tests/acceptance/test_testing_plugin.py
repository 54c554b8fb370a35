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
    def run(test, *options):
        (tmp_path / "modules").mkdir()
        (tmp_path / "modules" / "counter.py").write_text(MODULE)
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "test_it.py").write_text(test)
        (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *options]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AHA_", "PYTEST_"))}
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
