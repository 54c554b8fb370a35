"""Settings of a OneBot bot: defaults that work, and one clear line for what cannot."""

from __future__ import annotations

import pytest

from bots.onebot.forward import growing_pauses
from bots.onebot.settings import Settings, read_settings
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
        ({"url": "ws://x/#a"}, "url"),
        ({"port": 70000}, "port"),
        ({"port": "80"}, "port"),
        ({"port": True}, "port"),
        ({"path": "onebot"}, "path"),
        ({"token": "a\r\nb"}, "token"),
        ({"token": " a"}, "token"),
        ({"token": "密"}, "token"),
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


def test_a_token_of_digits_and_whole_seconds_are_taken():
    settings = read_settings("bot", {"token": 123, "call_timeout": 5})

    assert (settings.token, settings.call_timeout) == ("123", 5.0)


def test_an_unknown_setting_is_told_and_left_alone(caplog):
    read_settings("onebot bot 'x'", {"tokne": "secret"})

    (record,) = caplog.records
    assert "'tokne'" in record.message
    assert "token" in record.message
    assert "secret" not in record.message


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
