"""CQ codes, the string form of a OneBot message. Read only: what Aha sends goes out as an array of segments."""

from __future__ import annotations

import re
from typing import Any

_CODE = re.compile(r"\[CQ:([^\[\],]+)((?:,[^\[\],]*)*)\]")
_ESCAPED = re.compile("&(?:amp|#91|#93|#44);")
_MEANING = {"&amp;": "&", "&#91;": "[", "&#93;": "]", "&#44;": ","}


def parse_cq(text: str) -> list[dict[str, Any]]:
    """Turn a message string into segments as the array form has them; what is no well-formed code stays text."""
    segments: list[dict[str, Any]] = []
    end = 0
    for code in _CODE.finditer(text):
        _add_text(segments, text[end : code.start()])
        pairs = (pair.partition("=") for pair in code[2].split(",")[1:])
        segments.append({"type": code[1], "data": {key: _unescape(value) for key, _, value in pairs}})
        end = code.end()
    _add_text(segments, text[end:])
    return segments


def _add_text(segments: list[dict[str, Any]], text: str) -> None:
    if text:
        segments.append({"type": "text", "data": {"text": _unescape(text)}})


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda escaped: _MEANING[escaped[0]], text) if "&" in text else text
