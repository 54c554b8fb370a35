"""How errors read: one line where that is enough, else the frames of the module's own code."""

import errno
import importlib
import os
import socket
from functools import partial

import pytest

from aha.refusals import refused
from aha.reports import failure_report, one_line, traceback_text
from models.exc import UsageError


def caught(action):
    try:
        action()
    except Exception as error:  # noqa: BLE001
        return error.with_traceback(error.__traceback__.tb_next)  # without the frame of this function


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """Import code from a file, as a module's code is, and return the error."""

    def run(code):
        (tmp_path / "failing_module.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.chdir(tmp_path)
        return caught(partial(importlib.import_module, "failing_module"))

    return run


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (ValueError(), "ValueError"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (UsageError("do that"), "do that"),
        (SystemExit(3), "SystemExit: 3"),
    ],
    ids=repr,
)
def test_an_error_in_one_line(error, text):
    assert one_line(error) == text


def test_a_syntax_error_is_one_line_with_its_place(failing):
    report = failure_report("m", "import", failing("x = 1\ndef f(:\n"))
    assert report == (
        "module m is off, it failed to import: failing_module.py, line 2: invalid syntax: def f(:; "
        "correct it and start again"
    )


def test_a_missing_dependency_comes_with_advice(failing):
    first, *_, last = failure_report("m", "import", failing("import no_such_thing")).splitlines()
    assert first.endswith("No module named 'no_such_thing'; install what the module needs into this Python environment")
    assert last.startswith("ModuleNotFoundError")


def test_only_frames_of_the_module_are_shown(failing):
    code = "from core.config import Option\ndef f():\n    Option()\nf()\n"
    text = traceback_text(failing(code))
    assert text.count("File ") == text.count("failing_module.py") == 2
    assert "importlib" not in text


def test_frames_of_causes_are_trimmed_as_well(failing):
    code = "try:\n    import failing_deeper\nexcept ImportError as e:\n    raise ValueError('x') from e\n"
    text = traceback_text(failing(code))
    assert "importlib" not in text
    assert "direct cause" in text


def test_everything_is_shown_in_full(failing):
    assert "importlib" in traceback_text(failing("1 / 0"), full=True)


def test_a_fault_of_ours_keeps_its_frames():
    from core.config import cfg

    assert "registry.py" in traceback_text(caught(partial(cfg.get, 1)))


def test_what_we_say_is_enough_where_no_module_has_a_part_in_it():
    error = UsageError("nobody is there: start it")
    error.__cause__ = caught(partial(socket.create_connection, ("127.0.0.1", 0)))
    assert (
        failure_report("notes", "start", error) == "module notes is off, it failed to start: nobody is there: start it"
    )


def test_errors_that_point_at_each_other_end():
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert "ValueError: a" in traceback_text(first)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EPERM, "let this user write there, or take another folder"),
        (errno.EACCES, "let this user write there, or take another folder"),
        (errno.EROFS, "let this user write there, or take another folder"),
        (errno.ENOSPC, "make room there, or take another folder"),
        (errno.ENOENT, "correct the path, or make the folder that it lies in"),
        (errno.EEXIST, "a file is there in place of a folder, or the other way round: take another name"),
        (errno.EIO, "see to that, and try again"),
    ],
    ids=lambda value: errno.errorcode.get(value),
)
def test_what_the_system_refuses_is_named_with_the_reason_and_the_remedy(number, remedy):
    error = OSError(number, os.strerror(number), "data")
    assert refused(error) == f"data cannot be used ({os.strerror(number)}): {remedy}"


def test_what_the_system_refuses_without_a_file_is_as_it_says():
    assert refused(OSError(errno.EPIPE, "Broken pipe")) == "[Errno 32] Broken pipe"
