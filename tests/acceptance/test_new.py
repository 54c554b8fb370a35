"""`aha new`, `aha modules`, `aha config`: from an empty folder to a module that runs and is tested."""

import os
import subprocess
import sys

import pytest

from tests.stories import ROOT


@pytest.fixture
def empty(folder):
    (folder / "modules").rmdir()
    return folder


def test_a_new_module_runs_and_remembers(empty, run):
    made = run("new", "hello", own=True)
    assert made.code == 0, made.err
    written = ["modules/hello/__init__.py", "modules/hello/database.py", "tests/test_hello.py", "pytest.ini"]
    assert made.out.splitlines() == written
    assert run("run", text="hello\n").out == "Hello! This is greeting number 1.\n"
    assert run("run", text="hello\nHELLO\n").out.splitlines()[-1] == "Hello! This is greeting number 3."


def test_the_test_of_a_new_module_passes(empty, run):
    assert run("new", "点歌").code == 0
    pytest_in = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AHA_", "PYTEST_"))}
    process = subprocess.run(pytest_in, cwd=empty, env=env, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "1 passed" in process.stdout


def test_a_new_module_passes_the_strict_type_checker(empty, run):
    run("new", "hello")
    cache = ROOT / ".mypy_cache" / "new"  # what is told of our own code and of others' is told once
    options = ["--strict", "--explicit-package-bases", f"--cache-dir={cache}"]
    checker = [sys.executable, "-m", "mypy", *options, "modules/hello", "tests"]
    process = subprocess.run(checker, cwd=empty, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_settings_of_pytest_that_are_there_are_left_alone(empty, run):
    (empty / "pyproject.toml").touch()
    assert "pytest.ini" not in run("new", "hello").out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hello", "modules/hello/ has that name already"),
        ("HELLO", "modules/hello/ has that name already"),
        ("off", "modules/DISABLEDoff.py has that name already"),
        ("class", "rename it, for example to class_"),
        ("my-module", "rename it, for example to my_module"),
        ("_hidden", "names that begin with _ or DISABLED are not loaded"),
        ("DISABLEDx", "names that begin with _ or DISABLED are not loaded"),
        ("a/b", "rename it, for example to a_b"),
        ("tested", "tests/test_tested.py is there already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(empty, run, name, message):
    run("new", "hello")
    (empty / "modules" / "DISABLEDoff.py").touch()
    (empty / "tests" / "test_tested.py").touch()
    before = sorted(empty.rglob("*"))
    process = run("new", name)
    assert (process.code, process.out, process.err.count("\n")) == (2, "", 1)
    assert message in process.err
    assert sorted(empty.rglob("*")) == before


def test_modules_are_listed_with_their_state_and_none_is_run(write, run):
    write(
        {
            "notes/__init__.py": '"""Keeps notes.\n\nAt length."""\nraise RuntimeError("it ran")',
            "memo.py": "raise RuntimeError('it ran')",
            "DISABLEDold.py": "",
            "bad.py": "def f(:",
            "deep/__init__.py": "",
            "deep/part.py": "x =",
            "my-module.py": "",
            "_shared.py": "",
        }
    )
    process = run("modules")
    assert (process.code, process.err) == (0, "")
    assert [line.split(maxsplit=3) for line in process.out.splitlines()] == [
        ["bad", "broken", "modules/bad.py", "modules/bad.py, line 1: invalid syntax: def f(:"],
        ["deep", "broken", "modules/deep/", "modules/deep/part.py, line 1: invalid syntax: x ="],
        ["memo", "on", "modules/memo.py"],
        [
            "my-module",
            "broken",
            "modules/my-module.py",
            "its name cannot be imported by Python; rename it, for example to my_module",
        ],
        ["notes", "on", "modules/notes/", "Keeps notes."],
        ["old", "disabled", "modules/DISABLEDold.py"],
        ["reload", "on", "built-in", "Reloads modules when a super user says reload or 重载, alone or with names."],
    ]


def test_an_output_that_cannot_show_a_character_gets_an_escape(write, run):
    write({"a.py": '"""签到 \x1b[2J"""'})
    process = run("modules", own=True, PYTHONIOENCODING="ascii")
    assert (process.code, process.err) == (0, "")
    assert r"\u7b7e\u5230 \x1b[2J" in process.out


def test_columns_stand_in_line_below_chinese_names(write, run):
    write({"签到.py": "", "sign.py": ""})
    columns = [line.encode("gbk").index(b" on ") for line in run("modules").out.splitlines()]
    assert len(set(columns)) == 1  # in this encoding a character has as many bytes as columns


def test_a_module_is_disabled_and_enabled_again(write, run, folder):
    write({"a.py": "x = 1", "p/__init__.py": ""})
    for name, on, off in (("a", "a.py", "DISABLEDa.py"), ("p", "p", "DISABLEDp")):
        assert run("modules", "disable", name).code == 0
        assert [(folder / "modules" / path).exists() for path in (on, off)] == [False, True]
        assert run("modules", "enable", name).code == 0
        assert [(folder / "modules" / path).exists() for path in (on, off)] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["enable", "a"], 2, "module a is on already"),
        (["disable", "b"], 2, "module b is disabled already"),
        (["enable", "x"], 2, "there is no module x in modules/; there are: b"),
        (["disable", "x"], 2, "there is no module x in modules/; there are: a, both"),
        (["enable", "both"], 1, "modules/both.py is there already"),
        (["disable", "my-c"], 2, "its name cannot be imported"),
        (["disable", "reload"], 2, "comes with Aha: leave it out of a run with --exclude reload"),
        (["frobnicate"], 2, "frobnicate"),
        (["--modules", "nowhere"], 1, "aha new hello"),
    ],
    ids=str,
)
def test_what_cannot_be_changed_says_why(write, run, arguments, code, message):
    write(dict.fromkeys(["a.py", "DISABLEDb.py", "both.py", "DISABLEDboth.py", "my-c.py"], ""))
    process = run("modules", *arguments)
    assert (process.code, process.out, process.err.count("\n")) == (code, "", 1), process.err
    assert message in process.err


def test_the_configuration_that_is_printed_works(run, folder):
    printed = run("config")
    assert printed.code == 0
    assert "data_dir: data" in printed.out
    assert run("config", "--write").out == "config.yml\n"
    assert (folder / "config.yml").read_text() == printed.out
    assert run("run").code == 0
    assert (folder / "config.yml").read_text() == printed.out


def test_a_configuration_is_never_overwritten(run, folder):
    (folder / "config.yml").write_text("aha: {}\n")
    process = run("config", "--write")
    assert (process.code, process.err.count("\n")) == (1, 1)
    assert (folder / "config.yml").read_text() == "aha: {}\n"


def test_each_command_imports_what_it_needs(run):
    for command in ("new hello", "run", "modules", "config", "db check", "store list"):
        process = run(*command.split(), own=True)
        assert process.code == 0, process.err


def test_no_command_at_all_shows_what_there_is(run):
    process = run()
    assert process.code == 0
    assert all(command in process.out for command in ("run", "new", "modules", "config"))
