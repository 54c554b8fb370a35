"""Settings of a OneBot bot: defaults that work, and one clear line for what cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.onebot import OneBot
from bots.onebot.forward import growing_pauses
from bots.onebot.settings import Settings, read_settings
from core.config import cfg
from models.exc import ConfigError


def test_without_settings_a_bot_connects_to_napcats_usual_place():
    settings = read_settings("bot", {})

    assert settings == Settings()
    assert (settings.mode, settings.place) == ("forward", "ws://127.0.0.1:3001")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"mode": "backward"}, "mode"),
        ({"mode": 1}, "mode"),
        ({"url": "http://x"}, "url"),
        ({"url": "ws://"}, "url"),
        ({"url": "ws://[::1"}, "url"),
        ({"url": "ws://x:99999"}, "url"),
        ({"url": "ws://127.0.0..1:3001"}, "url"),
        ({"url": "ws://x/#a"}, "url"),
        ({"port": 70000}, "port"),
        ({"port": "80"}, "port"),
        ({"port": True}, "port"),
        ({"path": "onebot"}, "path"),
        ({"token": "a\r\nb"}, "token"),
        ({"token": " a"}, "token"),
        ({"token": "密"}, "token"),
        ({"token": 123}, "token"),
        ({"token": None}, "token"),
        ({"max_frame": 1.5}, "max_frame"),
        ({"call_timeout": 0}, "call_timeout"),
        ({"retry_most": -1.5}, "retry_most"),
        ({"max_frame": 0}, "max_frame"),
        ({"call_timeout": float("nan")}, "call_timeout"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_named(given, name):
    with pytest.raises(ConfigError, match=rf"^onebot bot 'x': {name}: expected ") as error:
        read_settings("onebot bot 'x'", given)

    assert "\n" not in str(error.value)


def test_whole_seconds_are_taken():
    assert read_settings("bot", {"call_timeout": 5}).call_timeout == 5.0


@pytest.mark.parametrize(
    "given",
    [{"token": "secrét"}, {"token": 4711}, {"url": "http://u:secret@x"}, {"url": "http://x/?access_token=secret"}],
    ids=str,
)
def test_nothing_secret_is_shown_of_what_cannot_work(given):
    with pytest.raises(ConfigError) as error:
        read_settings("bot", given)

    assert not re.search("secr|4711", str(error.value))


def test_an_unknown_setting_is_told_and_left_alone(caplog):
    read_settings("onebot bot 'x'", {"tokne": "secret"})

    (record,) = caplog.records
    assert record.message.startswith("onebot bot 'x': tokne: nothing is called that in a OneBot bot; there are: ")
    assert "token" in record.message
    assert "secret" not in record.message


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Load `config.yml` of the working folder as the configuration of the process."""
    monkeypatch.chdir(tmp_path)

    def load(text):
        Path("config.yml").write_text(text, encoding="utf-8")
        cfg.load(Path("config.yml"), environ={})

    yield load
    cfg.reset()


def made(bot_id):
    (bot,) = (bot for bot in cfg.bots if bot.get("id", bot["adapter"]) == bot_id)
    return OneBot(lambda event: None, bot_id=bot_id, settings={key: bot[key] for key in bot.keys() - {"adapter", "id"}})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('port: "8080"', 'port: expected a whole number from 0 to 65535, found "8080"'),
        ("port: 99999", "port: expected a whole number from 0 to 65535, found 99999"),
        ("mode: 反向", 'mode: expected forward or reverse, found "反向"'),
        ("url: 127.0.0.1:3001", 'url: expected an address such as ws://127.0.0.1:3001, found "127.0.0.1:3001"'),
        ("token: 0123", "token: expected text of ASCII letters, digits and signs, in quotes, found a number"),
        ("retry_first: soon", 'retry_first: expected a number of seconds above 0, found "soon"'),
    ],
)
def test_what_cannot_work_is_named_by_file_line_and_key(configured, setting, message):
    configured(f"bots:\n  - adapter: console\n  - adapter: onebot\n    id: a\n    {setting}\n")
    with pytest.raises(ConfigError) as error:
        made("a")

    assert str(error.value) == f"config.yml:5: bots[1].{message}"


def test_an_unknown_setting_is_named_by_file_line_and_key(configured, caplog):
    configured("bots:\n  - adapter: onebot\n    tokn: x\n")
    caplog.clear()
    made("onebot")

    assert caplog.messages[0].startswith("config.yml:3: bots[0].tokn: nothing is called that in a OneBot bot; ")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"url": "wss://user:secret@x.example:1/ob?access_token=secret"}, "wss://x.example:1/ob"),
        ({"mode": "reverse", "port": 5, "path": "/ob"}, "ws://127.0.0.1:5/ob"),
    ],
    ids=["forward", "reverse"],
)
def test_the_place_shows_nothing_secret(given, place):
    assert read_settings("bot", given).place == place


def test_pauses_grow_to_the_longest_and_are_never_quite_the_same():
    pauses = growing_pauses(Settings(retry_first=1.0, retry_most=10.0))

    longest = [1, 2, 4, 8, 10, 10, 10]
    drawn = [next(pauses) for _ in longest]
    assert all(most / 2 <= pause <= most for pause, most in zip(drawn, longest, strict=True))
    assert len(set(drawn)) == len(drawn)
