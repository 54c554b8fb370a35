"""The settings of one OneBot bot: read from its configuration entry and checked. Nothing is connected here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bots.printable import one_line
from core.config.checks import describe
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds, sizes bytes."""

    mode: str = "forward"
    """"forward": we connect to `url`. "reverse": they connect to us at `host` and `port`."""
    url: str = "ws://127.0.0.1:3001"
    host: str = "127.0.0.1"
    port: int = 8080
    """0 lets the system choose one."""
    path: str = ""
    """Where alone they may connect, such as "/onebot/v11/ws"; "" is anywhere."""
    token: str = ""
    """The access token that both sides know; "" is none."""
    call_timeout: float = 30.0
    """How long the answer to a call may take."""
    retry_first: float = 1.0
    retry_most: float = 60.0
    """Pauses between attempts to connect grow from `retry_first` to `retry_most`."""
    max_frame: int = 16 * 1024 * 1024
    """A larger frame is skipped; one more than four times as large ends the connection."""

    @property
    def place(self) -> str:
        """Where the connection is made, without anything secret."""
        if self.mode == "reverse":
            return f"ws://{self.host}:{self.port}{self.path}"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


_EXPECTED = {
    "mode": "forward or reverse",
    "url": "an address such as ws://127.0.0.1:3001",
    "host": "text, the address to listen at, such as 127.0.0.1",
    "port": "a whole number from 0 to 65535",
    "path": "text that begins with /",
    "token": "text of ASCII letters, digits and signs, in quotes",
    "max_frame": "a whole number above 0",
}
_SECONDS = "a number of seconds above 0"


def read_settings(bot: str, given: Mapping[str, Any], *, where: Callable[[str], str] | None = None) -> Settings:
    """Check what the configuration says. Raise ConfigError for what cannot work.

    In messages `where` names a setting by the place where it is written; without it, it is one of `bot`.
    """
    where = where or (lambda name: f"{bot}: {name}")
    known = [field.name for field in fields(Settings)]
    for name in sorted(given.keys() - set(known), key=str):
        shown = where(one_line(str(name)))
        log.warning("%s: nothing is called that in a OneBot bot; there are: %s", shown, ", ".join(sorted(known)))
    return Settings(**{name: _checked(where(name), name, given[name]) for name in known if name in given})


def _checked(where: str, name: str, value: Any) -> Any:
    default = getattr(Settings(), name)
    if type(value) is int and isinstance(default, float):
        value = float(value)
    if type(value) is not type(default) or not _fits(name, value):
        raise ConfigError(f"{where}: expected {_EXPECTED.get(name, _SECONDS)}, found {_shown(name, value)}")
    return value


def _fits(name: str, value: Any) -> bool:
    """Say whether a value of the right type can work."""
    match name:
        case "mode":
            return value in ("forward", "reverse")
        case "url":
            return _is_websocket_url(value)
        case "host":
            return True
        case "port":
            return value in range(65536)
        case "path":
            return value[:1] in ("", "/")
        case "token":
            return bool(value.isascii() and value.isprintable() and value == value.strip())
        case _:
            return bool(value > 0)


def _shown(name: str, value: Any) -> str:
    """Name what was found, without anything secret."""
    if name == "token":
        return "other text" if isinstance(value, str) else "a number" if isinstance(value, int) else "something else"
    if name == "url" and isinstance(value, str):
        value = value.partition("?")[0].rpartition("@")[2]
    return describe(value)


def _is_websocket_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # raises an error for 127.0.0..1
        return parts.scheme in ("ws", "wss") and bool(host) and parts.port != 0 and not parts.fragment
    except ValueError:
        return False
