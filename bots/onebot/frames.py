"""What single frames say: reads events and answers, writes calls. It holds no connection and waits for nothing."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from bots.onebot.segments import read_message, read_nodes, write_message
from bots.printable import one_line
from models.exc import APIException
from models.msg import MessageChain, MsgSeg

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

REFUSED_TOKEN = (1401, 1403)
_DEEPEST = 100  # deeper than any chat record, and nothing that reads, copies or shows an event runs out of stack
_PART_OF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPED_PART = r"\ud"  # as json writes it; of a whole character, too
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_IDS = frozenset({"user_id", "group_id", "message_id"})


class BadFrame(ValueError):  # noqa: N818 - reads as the sentence it is
    """A frame that holds no JSON object; the message is one line that shows its beginning."""


def read_frame(raw: bytes, bot: str) -> dict[str, Any]:
    """Read the JSON object in a frame that came to `bot`.

    Halves of characters become U+FFFD, as no text can be stored with them, and that is logged.
    """
    try:
        frame = json.loads(raw.decode())
        if _PART_OF_A_CHARACTER.search(raw):
            came, frame = frame, _with_whole_characters(frame)
            if came is not frame:
                log.warning("%s: half a character came and is now U+FFFD: %s", bot, look(raw))
    except (ValueError, RecursionError) as problem:
        raise BadFrame(f"no JSON ({one_line(str(problem), 80)}): {look(raw)}") from None
    if not isinstance(frame, dict):
        raise BadFrame(f"no JSON object: {look(raw)}")
    if raw.count(b"{") + raw.count(b"[") > _DEEPEST and _is_too_deep(frame):
        raise BadFrame(f"nested more than {_DEEPEST} deep: {look(raw)}")
    return frame


def _is_too_deep(frame: Any) -> bool:
    level = [frame]
    for _ in range(_DEEPEST):
        holders = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for holder in holders for value in holder if isinstance(value, dict | list)]
    return bool(level)


def look(raw: bytes) -> str:
    """Show the beginning of a frame in one line."""
    return f"{raw[:100]!r}{'…' if len(raw) > 100 else ''} ({len(raw)} bytes)"


def _with_whole_characters(frame: Any) -> Any:
    """Return the frame itself if it has no half of a character, else one with U+FFFD in place of each."""
    text = json.dumps(frame, ensure_ascii=False)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return frame if whole == text else json.loads(whole)


def write_call(action: str, params: Mapping[str, Any], *, echo: str, bot: str) -> str:
    """Write a call of `bot`; messages in it are turned into segments, ids into the numbers that OneBot expects.

    Halves of characters become U+FFFD, as what cannot be read is lost on the other side, and that is logged.
    """
    wire = {name: _param(name, value) for name, value in params.items() if name != "self_id"}
    call = {"action": action, "params": wire, "echo": echo}
    text = json.dumps(call)
    if _ESCAPED_PART not in text:
        return text
    whole = _with_whole_characters(call)
    if whole is not call:
        log.warning("%s: half a character in %s is sent as U+FFFD: %s", bot, one_line(action, 60), look(text.encode()))
    return json.dumps(whole)


def _param(name: str, value: Any) -> Any:
    if name in _IDS:
        return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if isinstance(value, MsgSeg) or (name == "message" and isinstance(value, str)):
        return write_message(MessageChain(value))  # as a string, OneBot would look for CQ codes in it
    if isinstance(value, MessageChain) or (isinstance(value, list) and any(isinstance(item, MsgSeg) for item in value)):
        return write_message(MessageChain(value))
    return value


def read_answer(action: str, answer: Mapping[str, Any]) -> Any:
    """Return the data of an answer; raise APIException if it is a refusal.

    The messages that `get_msg` and `get_forward_msg` tell are turned into chains, under `message`.
    """
    failed = answer.get("status") == "failed"
    code = answer.get("retcode", -1 if failed else 0)
    if failed or str(code) not in ("0", "1"):
        texts = (answer.get(name) for name in ("wording", "message", "msg"))
        reason = next((text for text in texts if isinstance(text, str) and text), "no reason given")
        raise APIException(code if isinstance(code, int) else -1, one_line(f"{action}: {reason}", 500))
    data = answer.get("data")
    if isinstance(data, dict) and action == "get_msg":
        return {**data, "message": read_message(data.get("message"))}
    if isinstance(data, dict) and action == "get_forward_msg":
        return {**data, "message": read_nodes(data.get("messages") or data.get("message"))}
    return data
