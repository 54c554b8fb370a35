"""`aha run`: real processes, real signals, the examples of the document as they are printed."""

import re
import signal
import sqlite3
import subprocess
from pathlib import Path

import asyncpg
import pytest

DOCUMENT = Path(__file__).parent / "long-lived-data.zh.md"
ECHO = """
    from core.dispatcher import *
    from models.api import Message

    @on_message("ping")
    async def _(event: Message):
        await event.send("pong")
"""


def document_blocks():
    """The two examples of the document: {file: code} of the first, and the second."""
    first, second = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    database, init = first.split("# __init__.py\n")
    return {"notes/database.py": database, "notes/__init__.py": f"# __init__.py\n{init}"}, second


def test_the_first_example_of_the_document_remembers(write, run, database_url):
    write(document_blocks()[0])
    url = ("--db", database_url)
    first = run("run", "--adapter", "console", *url, own=True, text="set hello\nget\n")
    assert (first.code, re.fullmatch(r"Test\(user=-?\d+, data='hello'\)\n", first.out) is not None) == (0, True), (
        first.err
    )
    again = run("run", "--adapter", "console", *url, own=True, text="get\n")
    assert (again.code, again.out) == (0, first.out), again.err


async def test_the_table_on_disk_has_the_name_of_the_document(write, run, sqlite_url, postgres_url):
    write(document_blocks()[0])
    for url in (sqlite_url, postgres_url):
        assert run("run", "--db", url).code == 0
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as file:
        assert file.execute("SELECT count(*) FROM test__notes").fetchone() == (0,)
    file.close()
    server = await asyncpg.connect(postgres_url)
    assert await server.fetchval("SELECT count(*) FROM test__notes") == 0
    await server.close()


def test_the_second_example_of_the_document_remembers(write, run, database_url):
    write({"memo.py": document_blocks()[1]})
    first = run("run", "--db", database_url, text="test\nget\n")
    assert (first.code, first.out) == (0, "hello\n"), first.err
    again = run("run", "--db", database_url, text="get\n")
    assert (again.code, again.out) == (0, "hello\n"), again.err


def test_without_any_configuration_data_goes_to_the_data_folder(write, run, folder):
    write({"echo.py": ECHO})
    process = run("run", text="ping\n")
    assert (process.code, process.out) == (0, "pong\n"), process.err
    assert (folder / "data" / "aha.db").is_file()
    assert {path.name for path in folder.iterdir()} == {"data", "modules"}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="SIGINT"),
        pytest.param(signal.SIGTERM, id="SIGTERM"),
        pytest.param(signal.SIGHUP, id="SIGHUP"),
    ],
)
def test_a_signal_ends_the_bot_in_good_order(write, start, folder, number):
    code = """
        import asyncio
        from pathlib import Path
        from core.database import db_sessionmaker
        from core.dispatcher import *
        from models.api import Message
        from services.data_store import SimpleStore
        from sqlalchemy import text

        store = SimpleStore()

        @on_message("work")
        async def _(event: Message):
            store["key"] = "set before the signal"
            await event.send("working")
            while not Path("go").exists():
                await asyncio.sleep(0.01)
            await event.send("done")

        @on_message("read")
        async def _(event: Message):
            await event.send(store["key"])

        @on_cleanup
        async def _():
            async with db_sessionmaker() as session:
                print("cleaned up", await session.scalar(text("SELECT 42")), flush=True)
    """
    write({"worker.py": code})
    process = start("run").ready()
    process.say("work")
    process.wait_for("working", stream="out")
    process.popen.send_signal(number)
    (folder / "go").touch()
    assert process.end() == 0
    assert process.out == "working\ndone\ncleaned up 42\n", process.err
    again = start("run").ready()
    again.say("read")
    again.wait_for("set before the signal", stream="out")
    assert again.end() == 0


def test_a_second_signal_ends_the_waiting_but_loses_nothing(write, start, run):
    code = """
        import asyncio
        from core.dispatcher import *
        from models.api import Message
        from services.data_store import SimpleStore

        store = SimpleStore()

        @on_message("hang")
        async def _(event: Message):
            store["key"] = "kept"
            await event.send("hanging")
            await asyncio.Event().wait()

        @on_message("read")
        async def _(event: Message):
            await event.send(store["key"])
    """
    write({"hang.py": code})
    process = start("run").ready()
    process.say("hang")
    process.wait_for("hanging", stream="out")
    process.popen.send_signal(signal.SIGINT)
    process.wait_for("stopping")
    assert process.end(signal.SIGINT) == 0
    assert run("run", text="read\n").out == "kept\n"


def test_a_signal_breaks_off_an_import_that_hangs(write, start):
    write({"a.py": ECHO, "b.py": "import sys, time\nprint('importing', flush=True)\ntime.sleep(600)"})
    process = start("run")
    process.wait_for("importing", stream="out")
    assert process.end(signal.SIGTERM) == 0


def test_a_signal_breaks_off_an_on_start_that_hangs(write, start):
    code = """
        import asyncio
        from core.dispatcher import *

        @on_start
        async def _():
            print("starting", flush=True)
            await asyncio.Event().wait()
    """
    write({"a.py": code})
    process = start("run")
    process.wait_for("starting", stream="out")
    assert process.end(signal.SIGINT) == 0


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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["run", "--nope"], 2, "Unknown option: --nope", id="unknown option"),
        pytest.param(["runn"], 2, 'Unknown command "runn"', id="unknown command"),
        pytest.param(["run", "--db"], 2, "--db requires an argument", id="no value"),
        pytest.param(["run", "--adapter", "irc"], 2, "--adapter irc: there is no such adapter", id="adapter"),
        pytest.param(["run", "--load-only", "nope"], 2, "--load-only nope: there is no such module", id="load-only"),
        pytest.param(["run", "--exclude", "nope"], 2, "--exclude nope: there is no such module", id="exclude"),
        pytest.param(["run", "--load-only"], 2, "--load-only requires at least 1 element", id="load-only nothing"),
        pytest.param(["run", "--exclude"], 2, "--exclude requires at least 1 element", id="exclude nothing"),
        pytest.param(["run", "--adapter", "--exclude", "echo"], 2, "--adapter requires at least 1", id="no adapter"),
        pytest.param(["run", "--adapter="], 2, "--adapter '': there is no such adapter", id="empty adapter"),
        pytest.param(["run", "--load-only", ""], 2, "--load-only '': there is no such module", id="empty load-only"),
        pytest.param(["run", "--modules", "nowhere"], 1, "there is no folder nowhere", id="no folder"),
        pytest.param(["run", "--config", "nope.yml"], 1, "--config nope.yml: there is no such file", id="no config"),
        pytest.param(["run", "--db", ""], 1, "the database URL ''", id="a variable that is not set"),
        pytest.param(["run", "--db", "nonsense"], 1, "the database URL", id="no URL"),
        pytest.param(["run", "--db", "mysql://u:SECRET@h/d"], 1, "not supported", id="other database"),
        pytest.param(
            ["run", "--db", "postgresql://u:SECRET@127.0.0.1:1/d"],
            1,
            "check that the server runs",
            id="database is down",
        ),
        pytest.param(
            ["run", "--db", "postgresql://u:SECRET@/d?host=/nowhere"], 1, "check that the server", id="no socket"
        ),
        pytest.param(["run", "--db", "sqlite:////proc/nothing/aha.db"], 1, "/proc/nothing", id="no such place"),
        pytest.param(["run", "--db", "sqlite:///file:ro.db?mode=ro&uri=true"], 1, "cannot be used", id="read-only"),
        pytest.param(["run", "--db", "sqlite:///modules/echo.py"], 1, "not a database", id="no database file"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(write, run, folder, arguments, code, message):
    write({"echo.py": ECHO})
    sqlite3.connect(folder / "ro.db").close()
    process = run(*arguments, text="ping\n")
    assert (process.code, process.out) == (code, ""), process.err
    [line] = [line for line in process.err.splitlines() if not re.match(r"\d\d:\d\d:\d\d INFO ", line)]
    assert line.startswith("aha: ")
    assert message in line
    assert "SECRET" not in process.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("bots: [{adapter: irc}]", "irc", id="adapter"),
        pytest.param("aha: {debug: perhaps}", "config.yml:1", id="value"),
        pytest.param("bots: [", "config.yml", id="no YAML"),
    ],
)
def test_a_bad_configuration_is_one_line(write, run, folder, text, message):
    (folder / "config.yml").write_text(text)
    process = run("run")
    assert (process.code, process.err.count("\n")) == (1, 1), process.err
    assert message in process.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bots: [{adapter: qq}]", 'bots[0].adapter: expected one of console, onebot, found "qq"'),
        (
            "bots: [{adapter: onebot, port: '8080'}]",
            'bots[0].port: expected a whole number from 0 to 65535, found "8080"',
        ),
        (
            "log: {file: /proc/x.log}",
            "log.file: /proc/x.log cannot be used (No such file or directory): correct the path",
        ),
        ("log: {file: modules}", "cannot be used (Is a directory): "),
        ("aha: {data_dir: config.yml}", "aha.data_dir: config.yml cannot be used (File exists): "),
        (
            "aha: {data_dir: /proc/nope}",
            "aha.data_dir: /proc/nope cannot be used (No such file or directory): correct ",
        ),
        (
            "aha: {database: 'mysql://x'}",
            "aha.database.url: the database URL 'mysql://x' is of kind 'mysql', which is ",
        ),
        ("aha: {database: {url: x}}", "aha.database.url: the database URL 'x' cannot be read: write sqlite:///"),
    ],
)
def test_what_cannot_be_used_is_named_by_file_line_and_key(write, run, folder, text, message):
    write({"echo.py": ECHO})
    (folder / "config.yml").write_text(text)
    process = run("run")
    assert (process.code, process.err.count("\n")) == (1, 1), process.err
    assert process.err.startswith("aha: config.yml:1: ")
    assert message in process.err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AHA_DATABASE", "foo", "the database URL 'foo' cannot be read: write "),
        ("AHA_DATA_DIR", "/proc/nope", "/proc/nope cannot be used (No such file or directory): correct "),
    ],
)
def test_what_cannot_be_used_is_named_by_its_variable(write, run, name, value, message):
    write({"echo.py": ECHO})
    process = run("run", **{name: value})
    assert (process.code, process.err.count("\n")) == (1, 1), process.err
    assert process.err.startswith(f"aha: environment variable {name}: {message}")


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["new", "class"], "", "aha: 模块不能叫 class：class 是 Python 的关键字；请改名，例如 class_"),
        (["new", "_x"], "", "aha: 模块不能叫 _x：以 _ 或 DISABLED 开头的不会载入"),
        (["run", "--adapter", "qq"], "", "aha: --adapter qq：没有这个适配器；现有：console, onebot"),
        (
            ["run", "--config", "nope.yml"],
            "",
            "aha: --config nope.yml：没有这个文件；生成一份：aha config --write --config nope.yml",
        ),
        (["run"], "aha: {debug: x}", 'aha: config.yml:1: aha.debug：应为：true 或 false，实为："x"'),
        (
            ["run"],
            "bots: [{adapter: qq}]",
            'aha: config.yml:1: bots[0].adapter：应为：其中之一：console, onebot，实为："qq"',
        ),
        (["run"], "aha: [", "aha: config.yml:1：不是有效的 YAML："),
        (["modules", "disable", "nope"], "", "aha: modules/ 里没有模块 nope；现有：echo"),
        (["modules", "enable", "echo"], "", "aha: 模块 echo 已经启用"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_of_the_commands_are_in_the_language_of_the_bot(write, run, folder, arguments, text, message):
    write({"echo.py": ECHO})
    (folder / "config.yml").write_text(text)
    process = run(*arguments, AHA_LANG="zh")
    assert process.err.count("\n") == 1
    assert process.err.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        pytest.param(["new", "class"], "", "aha: 模块不能叫 class", id="command that reads none"),
        pytest.param(["config", "--write"], "", "aha: config.yml：文件已存在", id="command that writes it"),
        pytest.param(["run"], "\n  debug: x", "aha: config.yml:3: aha.debug：应为：true 或 false", id="wrong value"),
        pytest.param(["run"], "\n\tdebug: true", "aha: config.yml:3：缩进里有制表符", id="no YAML"),
    ],
)
def test_a_file_that_is_not_read_names_the_language_all_the_same(write, run, folder, arguments, more, message):
    write({"echo.py": ECHO})
    (folder / "config.yml").write_text(f"aha:\n  lang: zh{more}\n")
    assert run(*arguments).err.startswith(message)
    assert run(*arguments, AHA_LANG="en").err.isascii()
    (folder / "config.yml").write_text(f"aha:\n  lang: en{more}\n# lang: zh\nmodules:\n  weather:\n    lang: zh\n")
    assert run(*arguments).err.isascii()


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "WARNING config.yml:1: bot is no key of Aha; is it bots?"),
        ("zh", "WARNING config.yml:1: bot 不是 Aha 的键；是不是 bots？"),
    ],
)
def test_a_misspelt_key_is_logged_as_all_else_is(write, run, folder, lang, line):
    write({"echo.py": ECHO})
    (folder / "config.yml").write_text("bot: []\nlog: {file: x.log}")
    process = run("run", AHA_LANG=lang)
    assert next(found for found in process.err.splitlines() if "bot" in found)[9:] == line
    assert line.partition(" ")[2] in (folder / "x.log").read_text()


def test_a_configuration_of_a_similar_name_is_not_silently_left_out(write, run, folder):
    write({"echo.py": ECHO})
    (folder / "config.yaml").write_text("aha: {debug: true}\n")
    said = "config.yaml is not read: call it config.yml, or name it with --config"
    assert said in run("run").err
    assert said not in run("run", "--config", "config.yaml").err
    (folder / "config.yml").touch()
    assert said not in run("run").err


def test_a_folder_without_modules_says_how_to_begin(run, folder):
    (folder / "modules").rmdir()
    process = run("run")
    assert (process.code, process.err.count("\n")) == (1, 1)
    assert "aha new hello" in process.err


def test_with_debug_an_error_has_its_traceback(run):
    process = run("run", "--db", "nonsense", AHA_DEBUG="true")
    assert process.code == 1
    assert "Traceback" in process.err


def test_a_package_of_the_same_name_is_named(start, run, tmp_path):
    for name in ("core", "utils"):
        (tmp_path / "other" / name).mkdir(parents=True)
        (tmp_path / "other" / name / "__init__.py").touch()
    process = run("run", PYTHONPATH=str(tmp_path / "other"))
    assert (process.code, process.err.count("\n")) == (1, 1)
    assert f"{tmp_path}/other/core/__init__.py stands in the way" in process.err


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
