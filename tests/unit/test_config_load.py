"""What the configuration file may say, and the one line for a file that cannot be used."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from core.config import Config, ConfigError, Option
from core.context import Module, entered


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write `config.yml` in the current folder and return its relative path."""
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes) -> Path:
        path = Path("config.yml")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def loaded(path: Path | None = None, **more) -> Config:
    config = Config()
    config.load(path, environ={}, **more)
    return config


DEFAULTS = {
    "bots": [],
    "aha.database.url": "",
    "aha.database.synchronous": "full",
    "aha.database.backups": 5,
    "aha.database.pg_dump": "",
    "aha.data_dir": Path("data"),
    "aha.debug": False,
    "aha.global_msg_prefix": (),
    "aha.lang": "en",
    "aha.limit.messages": 0,
    "aha.limit.seconds": 60.0,
    "aha.private": True,
    "aha.store.journal_mb": 1024,
    "aha.store.max_mb": 256,
    "aha.super": frozenset(),
    "aha.default_group_list": frozenset(),
    "aha.default_group_list_mode": "blacklist",
    "aha.default_user_list": frozenset(),
    "aha.default_user_list_mode": "blacklist",
    "log.level": "info",
    "log.file": "",
    "cache": {},
    "modules": {},
}


@pytest.mark.parametrize(("key", "value"), DEFAULTS.items(), ids=DEFAULTS)
@pytest.mark.parametrize("content", [None, "", "# only a comment\n", "aha:\nmodules:\n", "{}"], ids=repr)
def test_what_is_not_configured_has_its_default(file, content, key, value):
    assert loaded(None if content is None else file(content)).get(key) == value


def test_the_configuration_works_before_it_is_loaded():
    config = Config()
    assert config.aha.database.url == ""
    assert config.get_msg_prefix() == ()


GOOD = {
    "value": ("aha: {debug: true}", "aha.debug", True),
    "null": ("aha: {debug: null}", "aha.debug", False),
    "database as text": (
        "aha:\n  database: sqlite:///x.db",
        "aha.database",
        {"url": "sqlite:///x.db", "synchronous": "full", "backups": 5, "pg_dump": ""},
    ),
    "database as section": (
        "aha: {database: {synchronous: normal}}",
        "aha.database",
        {"url": "", "synchronous": "normal", "backups": 5, "pg_dump": ""},
    ),
    "limit as number": ("aha: {limit: 5}", "aha.limit", {"messages": 5, "seconds": 60.0}),
    "prefix": ("aha: {global_msg_prefix: '!'}", "aha.global_msg_prefix", ("!",)),
    "prefixes": ("aha: {global_msg_prefix: ['!', '', '/']}", "aha.global_msg_prefix", ("!", "/")),
    "no prefix": ("aha: {global_msg_prefix: ''}", "aha.global_msg_prefix", ()),
    "super user": ("aha: {super: QQ:1}", "aha.super", {"QQ:1"}),
    "super users": ("aha: {super: [QQ:1, -5]}", "aha.super", {"QQ:1", -5}),
    "bots": ("bots: [{adapter: onebot, id: 12, url: x}]", "bots", [{"adapter": "onebot", "id": "12", "url": "x"}]),
    "unknown key": ("other: {a: [1]}", "other.a", [1]),
    "anchor given anew": ("x: &x 1\ny: &x {debug: true}\naha: *x", "aha.debug", True),
    "merge key": ("x: &x {debug: true}\naha: {<<: *x}", "aha.debug", True),
    "byte order mark": ("\ufeffaha: {debug: true}", "aha.debug", True),
    "carriage returns": ("aha:\r\n  debug: true\r\n", "aha.debug", True),
}


@pytest.mark.parametrize(("content", "key", "value"), GOOD.values(), ids=GOOD)
def test_the_file_goes_before_the_default(file, content, key, value):
    assert loaded(file(content)).get(key) == value


BAD_VALUES = {
    "truth": ("aha:\n  debug: maybe", '2: aha.debug: expected true or false, found "maybe"'),
    "number": ("aha:\n\n  lang: 1", "3: aha.lang: expected one of en, zh, found 1"),
    "in a short section": ("aha: {database: 5}", "1: aha.database.url: expected text, found 5 (put it in quotes)"),
    "half a backup": (
        "aha: {database: {backups: 0.5}}",
        "1: aha.database.backups: expected a whole number, 0 or more, found 0.5",
    ),
    "negative limit": ("aha: {limit: -1}", "1: aha.limit.messages: expected a number, 0 or more, found -1"),
    "in a section": (
        "aha:\n database:\n  synchronous: off",
        '3: aha.database.synchronous: expected one of full, normal, found "off"',
    ),
    "section is a list": ("aha:\n- debug", "1: aha: expected a section with keys, found a list"),
    "section is text": ("log: debug", '1: log: expected a section with keys, found "debug"'),
    "modules is text": ("modules: a", '1: modules: expected a section for each module, found "a"'),
    "module is a number": ("modules:\n  a: 1", "2: modules.a: expected a section with keys, found 1"),
    "account": (
        "aha:\n  super:\n    - QQ:1\n    - '12'",
        '4: aha.super[1]: expected accounts such as "QQ:12345" or Aha IDs, found "12"',
    ),
    "bots is a mapping": (
        "bots: {adapter: console}",
        "1: bots: expected a list, found a mapping (each item begins with - )",
    ),
    "bot is text": ("bots: [console]", '1: bots[0]: expected a mapping, found "console"'),
    "bot without adapter": (
        "bots:\n- adapter: console\n- id: x",
        '3: bots[1]: expected the name of an adapter ("adapter: onebot"), found none',
    ),
    "bots of one id": (
        "bots:\n- adapter: console\n- adapter: onebot\n  id: console",
        '3: bots[1]: expected an id that no other bot has, found "console"',
    ),
    "prefix": ("aha: {global_msg_prefix: 1}", "1: aha.global_msg_prefix: expected text, found 1 (put it in quotes)"),
    "lone exclamation mark": (
        "aha:\n  global_msg_prefix: !",
        "2: aha.global_msg_prefix: expected text, found a lone ! (put it in quotes)",
    ),
    "module's list": (
        "modules:\n a:\n  group_list_mode: greylist",
        '3: modules.a.group_list_mode: expected one of blacklist, whitelist, found "greylist"',
    ),
    "full-width colon in a section": (
        "aha:\n  lang：zh",
        '1: aha: expected a section with keys, found "lang：zh" (write : instead of ：)',
    ),
    "no space after a colon": (
        "aha:\n  lang:zh",
        '1: aha: expected a section with keys, found "lang:zh" (a space has to follow the colon)',
    ),
    "full-width colon in an account": (
        'aha: {super: ["QQ：1"]}',
        '1: aha.super[0]: expected accounts such as "QQ:12345" or Aha IDs, found "QQ：1" (write : instead of ：)',
    ),
    "merged value": ("x: &x\n  debug: 5\naha:\n  <<: *x", "2: aha.debug: expected true or false, found 5"),
}

BAD_FILES = {
    "key twice": (
        "aha:\n  debug: true\n  debug: true",
        "3: the key debug is here for the second time; keep one of the two",
    ),
    "tab": ("aha:\n\tdebug: true", "2: a tab in the indentation; use spaces"),
    "full-width colon": ("aha：\n  lang: zh", "1: a full-width colon (：) after a key; write : and a space"),
    "full-width colon in a list": (
        "bots:\n- adapter: onebot\n  token：abc\n  url: ws://localhost",
        "3: a full-width colon (：) after a key; write : and a space",
    ),
    "further in than the key before": (
        "aha:\n lang: zh\n  debug: true",
        '3: a key where none can be; indent the keys of a section alike, and put text that has ": " in quotes',
    ),
    "full-width space": (
        "aha:\n\u3000lang: zh",
        "2: a space before lang that YAML does not take for one (U+3000); write spaces of the usual kind",
    ),
    "space of a web page": (
        "aha:\n\xa0\xa0lang: zh",
        "2: a space before lang that YAML does not take for one (U+00A0); write spaces of the usual kind",
    ),
    "syntax": ("aha: [1", "1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
    "date": ("a: 2024-13-01", " not valid YAML: month must be in 1..12"),
    "value that its tag belies": ("a: !!float", " not valid YAML: string index out of range"),
    "not UTF-8": (b"aha:\n  lang: \xe4", "2: not UTF-8 (byte 0xe4); save it as UTF-8"),
    "binary": ("aha: \0", "1: not valid YAML: a character that YAML does not allow"),
    "list": ("- aha", '1: expected keys such as "aha:" at the start of the line, found something else'),
    "text": ("\n\naha", '3: expected keys such as "aha:" at the start of the line, found something else'),
    "two documents": ("a: 1\n---\nb: 1", "2: not valid YAML: but found another document"),
    "foreign tag": ("a: !!python/name:os.system x", "1: not valid YAML: could not determine a constructor for the tag"),
    "holds itself": ("a: &a [*a]", " nested too deeply, or a part that holds itself"),
    "nested deeply": ("[" * 1000, " nested too deeply, or a part that holds itself"),
}


@pytest.mark.parametrize(("content", "line"), (BAD_VALUES | BAD_FILES).values(), ids=BAD_VALUES | BAD_FILES)
def test_a_file_that_cannot_be_used_is_one_clear_line(file, content, line):
    with pytest.raises(ConfigError) as caught:
        loaded(file(content))
    assert str(caught.value).startswith(f"config.yml:{line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.yml", "none.yml: there is no such file; create it or leave out its name"),
        (".", ".: this is a folder; name the file in it"),
        ("config.yml/x", "config.yml/x: cannot be read: Not a directory; see to that, or name another file"),
    ],
)
def test_a_path_that_is_no_file_is_one_clear_line(file, path, message):
    file("")
    with pytest.raises(ConfigError) as caught:
        loaded(Path(path))
    assert str(caught.value) == message


def test_a_file_that_may_not_be_read_is_one_clear_line(file, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        ConfigError,
        match=r"^config.yml: cannot be read: Permission denied; see to that, or name another file$",
    ):
        loaded(file(""))


def test_a_load_that_fails_leaves_the_configuration_as_it_was(file):
    config = loaded(file("aha: {lang: zh}"))
    with pytest.raises(ConfigError):
        config.load(file("aha: {lang: en, debug: 5}"), environ={})
    assert config.aha.lang == "zh"


def test_a_load_forgets_what_another_file_said(file):
    config = loaded(file("aha: {lang: zh}\nother: 1"))
    config.load(None, environ={})
    assert (config.aha.lang, config.get("other")) == ("en", None)


def test_values_stand_in_for_a_file():
    assert loaded(values={"aha": {"database": "sqlite://", "super": {"QQ:1"}}}).aha.database.url == "sqlite://"


def test_a_slip_in_the_frameworks_section_is_logged_with_what_is_meant(file, caplog):
    caplog.set_level(logging.WARNING)
    loaded(file("aha:\n  debug: true\n  databse: x\n  zzz: 1\nother: 1\n"))
    assert caplog.messages == [
        "config.yml:3: aha.databse is no key of Aha; is it database?",
        "config.yml:4: aha.zzz is no key of Aha",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aha: {limit: {secs: 5}}", "config.yml:1: aha.limit.secs is no key of Aha; is it seconds?"),
        ("aha:\n  database:\n    foo: 1", "config.yml:3: aha.database.foo is no key of Aha"),
        ("log:\n  levle: debug", "config.yml:2: log.levle is no key of Aha; is it level?"),
        ("bot: []", "config.yml:1: bot is no key of Aha; is it bots?"),
        ("\nlogs: {level: debug}", "config.yml:2: logs is no key of Aha; is it log?"),
        ("Aha: {debug: true}", "config.yml:1: Aha is no key of Aha; is it aha?"),
        ("module: {a: {}}", "config.yml:1: module is no key of Aha; is it modules?"),
    ],
)
def test_a_slip_is_logged_wherever_the_framework_looks(file, caplog, text, message):
    loaded(file(text))
    assert caplog.messages == [message]


@pytest.mark.parametrize(
    "text",
    [
        "blog: 1",
        "weather: {logs: 1}",
        "modules: {a: {secs: 1}}",
        "cache: {a: 1}",
        "aha: {database: 'sqlite://', limit: 5}",
        "bots: [{adapter: console, foo: 1}]",
        "1: 2",
        "aha:",
    ],
)
def test_what_may_be_of_modules_is_left_alone(file, caplog, text):
    loaded(file(text))
    assert caplog.messages == []


def test_a_modules_bad_value_fails_its_registration_alone(file):
    config = loaded(file("modules:\n  good: {words: [a]}\n  bad:\n    words:\n      - a\n      - 5\n"))
    with entered(Module("bad")), pytest.raises(ConfigError) as caught:
        config.register("words", ["x"])
    assert str(caught.value) == "config.yml:6: modules.bad.words[1]: expected text, found 5 (put it in quotes)"
    with entered(Module("good")):
        assert config.register("words", ["x"]) == ["a"]
        assert config.register("style", Option("long", "short")) == "long"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param("aha:\n  super: 10001", "2: aha.super: 10001", id="alone"),
        pytest.param(
            "aha:\n  default_user_list:\n    - QQ:1\n    - 10001", "4: aha.default_user_list[1]: 10001", id="list"
        ),
        pytest.param("modules:\n  a:\n    group_list: [10001]", "3: modules.a.group_list[0]: 10001", id="of a module"),
    ],
)
def test_the_number_of_an_account_is_not_silently_taken_for_an_aha_id(file, caplog, content, place):
    loaded(file(content))
    [record] = caplog.records
    assert record.getMessage() == (
        f'config.yml:{place} is taken for an Aha ID; for an account write its platform, too: "QQ:10001"'
    )


def test_an_aha_id_is_taken_for_one(file, caplog):
    loaded(file("aha: {super: [1580439283375285094, -5]}"))
    assert not caplog.records
