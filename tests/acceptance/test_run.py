"""`aha run`: which modules a bot has, which of its adapters run, and what it says of both."""

import re
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.echo import ECHO


def test_without_any_configuration_data_goes_to_the_data_folder(write, run, folder):
    write({"echo.py": ECHO})
    process = run("run", text="ping\n")
    assert (process.code, process.out) == (0, "pong\n"), process.err
    assert (folder / "data" / "aha.db").is_file()
    assert {path.name for path in folder.iterdir()} == {"data", "modules"}


def test_modules_that_fail_are_off_and_the_others_run(write, run):
    write(
        {
            "ok.py": ECHO,
            "broken.py": "x = 1\nx / 0",
            "syntax.py": "def f(:",
            "leaves.py": "import sys\nsys.exit(3)",
            "needs.py": "import not_installed_anywhere",
            "starter.py": "from core.dispatcher import *\n@on_start\ndef _():\n    raise RuntimeError('no start')",
            "uses.py": "import modules.broken",
            "DISABLEDother.py": "raise RuntimeError('it ran')",
            "_helper.py": "raise RuntimeError('it ran')",
            "my-module.py": "raise RuntimeError('it ran')",
            "class.py": "raise RuntimeError('it ran')",
            "twice.py": "raise RuntimeError('it ran')",
            "twice/__init__.py": "raise RuntimeError('it ran')",
        }
    )
    process = run("run", text="ping\n")
    assert (process.code, process.out) == (0, "pong\n"), process.err
    for line in (
        "module broken is off, it failed to import: ZeroDivisionError: division by zero",
        'broken.py", line 2, in <module>',
        "module syntax is off, it failed to import: modules/syntax.py, line 1: invalid syntax: def f(:; correct it",
        "module leaves is off, it failed to import: SystemExit: 3",
        "it failed to import: ModuleNotFoundError: No module named 'not_installed_anywhere'; install what the module",
        "module starter is off, it failed to start: RuntimeError: no start",
        "module broken is off, but module uses imports it",
        "module my-module is off: modules/my-module.py: its name cannot be imported by Python; rename it",
        "module class is off: modules/class.py: class is a word of the Python language; rename it",
        "modules/twice/ and modules/twice.py have the same name; rename or remove one",
        "ready: 1 module, 9 off (",
    ):
        assert line in process.err
    assert "it ran" not in process.err
    assert "importlib" not in process.err


@pytest.mark.parametrize(
    ("options", "answers"),
    [
        ([], "abc"),
        (["--load-only", "a", "b"], "ab"),
        (["--load-only", "a", "--load-only", "b"], "ab"),
        (["--load-only", "a,b"], "ab"),
        (["--load-only=c"], "c"),
        (["--exclude", "a", "b"], "c"),
        (["--load-only", "a,b", "--exclude", "a"], "b"),
    ],
    ids=str,
)
def test_options_choose_the_modules(write, run, options, answers):
    write({f"{name}.py": ECHO.replace("pong", name) for name in "abc"})
    process = run("run", "--adapter", "console", *options, text="ping\n")
    assert (process.code, sorted(process.out.split())) == (0, list(answers)), process.err


def test_a_folder_elsewhere_has_the_modules(write, run, folder):
    write({"echo.py": ECHO})
    (folder / "modules").rename(folder / "plugins")
    assert run("run", "--modules", "plugins", text="ping\n").out == "pong\n"


def test_modules_import_one_another_and_keep_their_own_tables(write, run, folder):
    table = """
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import Mapped, mapped_column
        from core.database import dbBase
        {imports}
        class Test(dbBase):
            __tablename__ = "test"
            id: Mapped[int] = mapped_column(primary_key=True)
    """
    write({"a.py": table.format(imports="import modules.b"), "b.py": table.format(imports="")})
    process = run("run")
    assert process.code == 0, process.err
    with sqlite3.connect(folder / "data" / "aha.db") as file:
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    file.close()
    assert {"test__a", "test__b"} <= names


def test_the_end_of_one_adapter_is_not_the_end_of_the_others(write, start, folder):
    write({"echo.py": ECHO})
    (folder / "config.yml").write_text(
        "bots: [{adapter: console}, {adapter: onebot, id: gone, url: 'ws://127.0.0.1:1'}]"
    )
    process = start("run").ready()
    process.popen.stdin.close()
    process.popen.stdin = None
    process.wait_for("gone")
    assert process.popen.poll() is None
    assert process.end(signal.SIGTERM) == 0


def test_the_ready_line_tells_what_runs(write, run):
    write({"echo.py": ECHO})
    assert re.search(r"ready: 1 module; console; sqlite data/aha\.db; \d+\.\d\d s\n", run("run").err)


def test_python_m_aha_is_aha(folder):
    python = Path(__import__("sys").executable)
    process = subprocess.run(
        [python, "-m", "aha", "--version"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stdout[:8]) == (0, "aha-bot ")


def test_new_keys_of_modules_are_written_into_the_configuration(write, run, folder):
    write({"a.py": "from core.config import cfg\ncfg.register('colour', 'blue', 'What it looks like.')"})
    (folder / "config.yml").write_text("aha: {}\n")
    assert run("run").code == 0
    assert "colour: blue" in (folder / "config.yml").read_text()
