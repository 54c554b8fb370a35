"""What Aha says in one line, in Chinese: found by the English, which has to be what our code says."""

from __future__ import annotations

import ast
import logging
import re
import sys
from functools import cache
from types import SimpleNamespace

import pytest

from aha import logs
from aha.chinese import CHINESE
from aha.chinese_config import KINDS
from aha.telling import told
from models import exc
from services.data_store.keys import checked_key
from tests.stories import ROOT


@pytest.fixture
def lang(monkeypatch):
    """Sets the language of the bot."""

    def set_lang(name):
        monkeypatch.setattr("aha.telling.cfg", SimpleNamespace(aha=SimpleNamespace(lang=name)))

    set_lang("zh")
    return set_lang


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "ready: 2 modules; console; sqlite data/aha.db; 0.42 s",
            "已就绪：2 个模块；console；sqlite data/aha.db；0.42 秒",
        ),
        (
            "ready: 1 module, 2 off (a, b); console, main; postgresql bot; 1.00 s",
            "已就绪：1 个模块，另有 2 个停用（a, b）；console, main；postgresql bot；1.00 秒",
        ),
        (
            (
                "module m is off, it failed to have its tables: t__m: no; its data is as it was; show this line to the "
                "author of the module"
            ),
            "模块 m 已停用，无法更新它的表：t__m: no；数据没有改动；请把这一行告诉模块的作者",
        ),
        (
            "module m is off, it failed to start: ValueError: x\nTraceback: stopped",
            "模块 m 已停用，启动失败：ValueError: x\nTraceback: stopped",
        ),
        (
            "--load-only a: this module cannot run: it is disabled (aha modules enable a)",
            "--load-only a：这个模块无法运行：它已被停用（启用：aha modules enable a）",
        ),
        (
            "module a is off, it failed to import: E: x; its old code, too: it failed to start: F: y",
            "模块 a 已停用，导入失败：E: x；旧代码也启动失败：F: y",
        ),
        ("reloaded: a, b; gone: c; 0.02 s", "已重载：a, b；已停下：c；0.02 秒"),
        (
            "module a was not reloaded, the old code goes on: it failed to import: x: y; correct it and reload it",
            "模块 a 没有重载，旧代码继续运行：导入失败：x: y；请修正后重载",
        ),
        (
            "module a is off: it is disabled (aha modules enable a)",
            "模块 a 已停用：它已被停用（启用：aha modules enable a）",
        ),
        (
            (
                "module a was not reloaded, the old code goes on: it failed to be replaced: "
                "modules.b.database.B stays and has the relationship 'x' to modules.a.A, which does not; "
                "modules.c.database.C stays and inherits from modules.a.A, which does not; "
                "move that into database.py, too, or restart the bot"
            ),
            (
                "模块 a 没有重载，旧代码继续运行：无法替换："
                "modules.b.database.B 保持不变，而它的关系 'x' 指向要换掉的 modules.a.A；"
                "modules.c.database.C 保持不变，而它继承自要换掉的 modules.a.A；"
                "请把它也移进 database.py，或重新启动机器人"
            ),
        ),
        (
            (
                "module a was not reloaded, the old code goes on: it failed to be replaced: "
                "modules/b/database.py stays and imports it; "
                "replace that with it (--with-database names several), or restart the bot"
            ),
            (
                "模块 a 没有重载，旧代码继续运行：无法替换：modules/b/database.py 保持不变，而它导入了这个模块；"
                "请把它一起换掉（--with-database 可写多个模块），或重新启动机器人"
            ),
        ),
        (
            (
                "the columns of t__m a and b both declare that they were c: which of them is it? Take it out of the "
                'info={"was": ...} of the other one, or out of its module\'s __was__; until then nothing is changed'
            ),
            (
                't__m 的列 a 和 b 都声明自己以前是 c：到底是哪一个？请从另一个的 info={"was": ...} 或其模块的 __was__ '
                "中去掉它；在此之前什么都不改动"
            ),
        ),
        (
            (
                "table t__m: column c: members a and b both declare that they were 'x': which of them is it? Keep "
                "it in that one only; its data is untouched"
            ),
            "表 t__m 的列 c：成员 a 和 b 都声明自己以前是 'x'：到底是哪一个？请只在那一个里保留；数据没有改动",
        ),
        (
            (
                "table a stays as it is while the bot runs, without the column b: move that into database.py, too, or "
                "restart the bot"
            ),
            "表 a 在机器人运行时不会改变，不能加上 列 b：请把它也写进 database.py，或重新启动机器人",
        ),
        (
            "while reloading: gave up trying to clean up module a",
            "重载时：没能在限定时间内清理模块 a",
        ),
        (
            (
                "SimpleStores cannot be written (it is gone): 2 of module a, 1 of module b wait in the journal; "
                "trying again"
            ),
            "SimpleStore 无法写入数据库（it is gone）：模块 a 的 2 处改动、模块 b 的 1 处改动在日志中等待；正在重试",
        ),
        (
            (
                "SimpleStore of module a: 2 keys ('k', 'l') are not readable and stay in table t; the value for key "
                "'k' is of modules.a.A, which no loaded module has: if it was renamed or moved, write __was__ = "
                '"modules.a.A" in its class; if its module is off, switch it on'
            ),
            (
                "模块 a 的 SimpleStore：表 t 中有 2 个键无法读取，保持原样（'k', 'l'）；"
                "键 'k' 的值属于 modules.a.A，而已载入的模块里没有它：如果它改了名或换了位置，"
                '请在类里写 __was__ = "modules.a.A"；如果它的模块停用了，请启用'
            ),
        ),
        (
            (
                "the journal of the SimpleStores is damaged in 1.journal (1 record), probably of key 'k' of module a: "
                "what can be read of it is kept in quarantine (aha store quarantine), all other changes are there"
            ),
            (
                "SimpleStore 的日志在 1.journal 中已损坏（1 条记录），可能是模块 a 的键 'k'："
                "能读出的部分已放入隔离区（aha store quarantine），其他改动都在"
            ),
        ),
        (
            (
                "table t__m: column c: A is now called B, but B is still there, and afterwards nobody could tell which "
                "was which: rename one after the other, each in a release of its own; its data is untouched"
            ),
            "表 t__m 的列 c：A 已改名为 B，但 B 还在，之后就分不清哪个是哪个了：请分几个版本逐个改名；数据没有改动",
        ),
        (
            'config.yml:1: aha.debug: expected true or false, found "perhaps"',
            'config.yml:1: aha.debug：应为：true 或 false，实为："perhaps"',
        ),
        (
            "config.yml:6: modules.bad.words[1]: expected text, found 5 (put it in quotes)",
            "config.yml:6: modules.bad.words[1]：应为：文本，实为：5（请加上引号）",
        ),
        (
            'environment variable AHA_LANG: expected one of en, zh, found "fr"',
            '环境变量 AHA_LANG：应为：其中之一：en, zh，实为："fr"',
        ),
        (
            (
                "environment variable AHA_DATABASE: the database URL 'x' cannot be read: write "
                "sqlite:///folder/file.db or postgresql://user:password@host/database"
            ),
            (
                "环境变量 AHA_DATABASE：数据库地址 'x' 无法识别：请写成 "
                "sqlite:///folder/file.db 或 postgresql://user:password@host/database"
            ),
        ),
        ("module text is disabled already", "模块 text 已经停用"),
        ("there is no module nope in modules/; there are: a", "modules/ 里没有模块 nope；现有：a"),
        (
            "a module cannot be called class: class is a word of the Python language; rename it, for example to class_",
            "模块不能叫 class：class 是 Python 的关键字；请改名，例如 class_",
        ),
        (
            "data cannot be used (Read-only file system): let this user write there, or take another folder",
            "data 无法使用（Read-only file system）：请让当前用户可以写入，或换一个目录",
        ),
        ("a text of nobody's", "a text of nobody's"),
    ],
    ids=[
        "ready",
        "some off",
        "tables",
        "traceback",
        "reason",
        "old code",
        "reloaded",
        "not reloaded",
        "disabled",
        "ties",
        "holders",
        "rivals",
        "rivals of an enum",
        "stays",
        "gave up",
        "not written",
        "not readable",
        "damaged",
        "members",
        "value",
        "quotes",
        "variable",
        "variable of the database",
        "name that is a word of ours",
        "no such module",
        "no name for a module",
        "refused by the system",
        "unknown",
    ],
)
def test_what_is_said_is_said_in_chinese(lang, english, chinese):
    assert told(english) == chinese
    lang("en")
    assert told(english) == english


@pytest.mark.parametrize("form", [logs._SHORT, logs._LONG], ids=["short", "long"])
def test_what_our_errors_say_in_a_traceback_is_said_in_chinese(lang, form):
    try:
        try:
            checked_key(1)
        except TypeError as error:
            error.add_note("a change under key 'k' of the SimpleStore of module a is not saved")
            raise ValueError("mine") from error
    except ValueError:
        shown = form.format(logging.LogRecord("core.x", logging.ERROR, "", 1, "stopped", (), sys.exc_info()))
    first, *_ = shown.splitlines()
    assert first.endswith("已停止")
    assert "models.exc.StoreKeyError: SimpleStore 的键是 str，不是 int（1）；请用 str(...)\n" in shown
    assert "\n模块 a 的 SimpleStore 中，键 'k' 的改动没有保存\n" in shown
    assert shown.endswith("ValueError: mine")


def texts_in(path):
    """What a file logs, and what errors of ours that it raises say, as far as it is not put together elsewhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(getattr(exc, name, None), type) or name in ("warning", "info", "error"):
            text = node.args[0]
            if isinstance(text, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in text.values)
            elif isinstance(text, ast.Constant) and text.value != "%s":
                yield text.value


# For whoever calls what only the life cycle calls.
INTERNAL = re.compile(r"the stores in|SimpleStores need a folder")
STORES = [text for path in ROOT.glob("services/data_store/**/*.py") for text in texts_in(path)]


@pytest.mark.parametrize("text", [text for text in STORES if not INTERNAL.match(text)], ids=lambda text: text[:40])
def test_all_that_stores_say_is_there_in_chinese(text):
    known = {shape(english).strip() for english in CHINESE}
    assert shape(text).strip() in known


def test_what_modules_log_is_not_touched(lang):
    shown = {
        name: logs._SHORT.format(logging.LogRecord(name, logging.INFO, "", 1, "%s", ("stopped",), None))
        for name in ("aha.serve", "modules.demo")
    }
    assert shown["aha.serve"].endswith("已停止")
    assert shown["modules.demo"].endswith("stopped")


def shape(text):
    """A text without what differs, nor what says how that is written."""
    return re.sub(r"(\{\}|\s)+", " ", re.sub(r"%(\.\d)?[sdgrfo]", "{}", re.sub(r"\{[^}]*\}", "{}", text)))


@cache
def said():
    """The shapes of all that our code says."""
    return "\n".join(
        shape("".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values))
        if isinstance(node, ast.JoinedStr)
        else shape(node.value)
        for package in ("aha", "bots", "core", "services")
        for path in ROOT.glob(f"{package}/**/*.py")
        if not path.name.startswith("chinese")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    )


# Put together from parts, or at run time, so that they stand nowhere as a whole.
COMPOSED = re.compile(
    r"ready: |stopping|(\{place\}: )?the database URL \{url\} is|\{error\}; "
    r"|module \{name\} (is off, it|was not reloaded)"
    r"|module \{name\} failed to |(reloaded|new|gone): |while (reloading|stopping): "
    r"|module \{name\} is (on|disabled) already|there is no module|\{key\} is no key"
    r"|\{found\} \(put|one of|other text|a lone !"
    r"|the journal of the SimpleStores |key \{key\}( was| is not|$)|\{n\} keys \(|1 record|\{n\} of module"
)


@pytest.mark.parametrize("english", [english for english in CHINESE | KINDS if not COMPOSED.match(english)])
def test_what_is_translated_is_what_our_code_says(english):
    for part in re.split(r"\{each\}; |\{place\}: |\{(?:remedy|modules|problem)\w*\}", english):
        assert shape(part).strip() in said(), part


@pytest.mark.parametrize("english", CHINESE | KINDS)
def test_both_texts_have_the_same_gaps_and_the_chinese_one_is_chinese(english):
    chinese = (CHINESE | KINDS)[english]
    assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese))
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[\u4e00-\u9fff] *[,;:!?]", chinese)
