"""The settings of one OneBot bot: read from its configuration entry and checked. Nothing is connected here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bots.printable import one_line
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """A larger frame is skipped; one four times as large ends the connection."""

    @property
    def place(self) -> str:
        """Where the connection is made, without anything secret."""
        if self.mode == "reverse":
            return f"ws://{self.host}:{self.port}{self.path}"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def read_settings(bot: str, given: Mapping[str, Any]) -> Settings:
    """Check what the configuration says; `bot` names the entry in messages. Raise ConfigError for what cannot work."""
    known = {field.name for field in fields(Settings)}
    for name in given.keys() - known:
        log.warning("%s: nothing is called %r here; known: %s", bot, one_line(str(name)), ", ".join(sorted(known)))
    settings = Settings(**{name: _checked(bot, name, given[name]) for name in known & given.keys()})
    problem = _problem(settings)
    if problem:
        raise ConfigError(f"{bot}: {problem}")
    return settings


def _checked(bot: str, name: str, value: Any) -> Any:
    default = getattr(Settings(), name)
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if name == "token" and type(value) is int:  # a token of digits, not quoted in the YAML file
        value = str(value)
    if type(value) is not type(default):
        got = "something else" if name == "token" else repr(value)[:100]
        raise ConfigError(f"{bot}: {name}: expected a value like {default!r} ({type(default).__name__}), got {got}")
    return value


def _problem(settings: Settings) -> str:
    """Say which setting cannot work and what it should be; "" if all can."""
    if settings.mode not in ("forward", "reverse"):
        return f"mode: expected forward or reverse, got {settings.mode!r:.100}"
    if not _is_websocket_url(settings.url):
        return f"url: expected something like ws://127.0.0.1:3001, got {settings.url!r:.100}"
    if not 0 <= settings.port <= 65535:
        return f"port: expected a number from 0 to 65535, got {settings.port}"
    if settings.path and not settings.path.startswith("/"):
        return f"path: expected it to begin with /, got {settings.path!r:.100}"
    if not (settings.token.isascii() and settings.token.isprintable()) or settings.token != settings.token.strip():
        return "token: expected ASCII letters, digits and signs; make a new one on both sides"
    for name in ("call_timeout", "retry_first", "retry_most", "max_frame"):
        if not getattr(settings, name) > 0:
            return f"{name}: expected more than 0, got {getattr(settings, name)}"
    return ""


def _is_websocket_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        return False
