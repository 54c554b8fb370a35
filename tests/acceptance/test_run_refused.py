"""What `aha run` cannot do or use is said in one line, in the language of the bot."""

import re
import sqlite3

import pytest

from tests.acceptance.echo import ECHO


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
