"""How environment variables stand in for the keys of `aha`."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from core.config import Config, ConfigError


def loaded(environ: dict[str, str], path: Path | None = None) -> Config:
    config = Config()
    config.load(path, environ=environ)
    return config


GOOD = {
    "text": ("AHA_DATABASE__URL", "sqlite:///x.db", "aha.database.url", "sqlite:///x.db"),
    "short form of a section": ("AHA_DATABASE", "postgresql://u:p@h/d", "aha.database.url", "postgresql://u:p@h/d"),
    "text that is no YAML": (
        "AHA_DATABASE",
        "postgresql://u:{a: [@h/d",
        "aha.database.url",
        "postgresql://u:{a: [@h/d",
    ),
    "text that looks like a number": ("AHA_DATA_DIR", "2024", "aha.data_dir", Path("2024")),
    "choice": ("AHA_LANG", "zh", "aha.lang", "zh"),
    "inner key": ("AHA_DATABASE__SYNCHRONOUS", "normal", "aha.database.synchronous", "normal"),
    "inner key with a dot": ("AHA_DATABASE.SYNCHRONOUS", "normal", "aha.database.synchronous", "normal"),
    "truth": ("AHA_DEBUG", "true", "aha.debug", True),
    "number": ("AHA_LIMIT", "3", "aha.limit.messages", 3),
    "account": ("AHA_SUPER", "QQ:1", "aha.super", {"QQ:1"}),
    "accounts": ("AHA_SUPER", "[QQ:1, 7]", "aha.super", {"QQ:1", 7}),
    "prefix": ("AHA_GLOBAL_MSG_PREFIX", "!", "aha.global_msg_prefix", ("!",)),
    "prefixes": ("AHA_GLOBAL_MSG_PREFIX", '["!", "#"]', "aha.global_msg_prefix", ("!", "#")),
    "nothing": ("AHA_DEBUG", "", "aha.debug", False),
}


@pytest.mark.parametrize(("name", "text", "key", "value"), GOOD.values(), ids=GOOD)
def test_a_variable_gives_its_key_a_value(name, text, key, value):
    assert loaded({name: text}).get(key) == value


BAD = {
    "truth": ("AHA_DEBUG", "maybe", 'environment variable AHA_DEBUG: expected true or false, found "maybe"'),
    "choice": ("AHA_LANG", "fr", 'environment variable AHA_LANG: expected one of en, zh, found "fr"'),
    "list for text": ("AHA_DATABASE", "[a]", "environment variable AHA_DATABASE: expected text, found a list"),
    "no YAML": (
        "AHA_PRIVATE",
        "[",
        "environment variable AHA_PRIVATE: not valid YAML: expected the node content, but found '<stream end>'",
    ),
    "control character": (
        "AHA_PRIVATE",
        "\x01",
        "environment variable AHA_PRIVATE: not valid YAML: a character that YAML does not allow",
    ),
}


@pytest.mark.parametrize(("name", "text", "message"), BAD.values(), ids=BAD)
def test_a_bad_variable_is_one_line_that_names_it(name, text, message):
    with pytest.raises(ConfigError) as caught:
        loaded({name: text})
    assert str(caught.value) == message


def test_a_variable_goes_before_the_file_and_is_not_written_to_it(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text("aha: {debug: false}\n")
    config = loaded({"AHA_DEBUG": "true", "AHA_LANG": "zh"}, path)
    assert (config.aha.debug, config.aha.lang) == (True, "zh")
    config.save()
    unset = loaded({}, path)
    assert (unset.aha.debug, unset.aha.lang) == (False, "en")


def test_a_key_that_is_registered_after_the_load_gets_its_variable():
    assert loaded({"AHA_STORE__MAX_MB": "5"}).register("aha.store.max_mb", 64) == 5


def test_a_variable_without_a_key_is_logged_unless_it_is_not_meant_as_one(caplog):
    caplog.set_level(logging.WARNING)
    loaded({"AHA_DATABSE": "x", "AHA_CONFIG": "x", "AHA_TEST_POSTGRES": "x", "OTHER": "x"})
    assert caplog.messages == ["environment variable AHA_DATABSE: there is no key aha.databse"]


def test_the_environment_of_the_process_is_used_when_none_is_given(monkeypatch):
    monkeypatch.setenv("AHA_DEBUG", "true")
    config = Config()
    assert config.aha.debug is False
    config.load()
    assert config.aha.debug is True
