"""Foreign text made fit for a screen or a log line. Only what a terminal obeys or cannot show is changed."""

from __future__ import annotations

import re

# Control characters, line separators, changes of writing direction, and halves of characters.
_OBEYED = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_OBEYED}]")
_IN_LINE = re.compile(f"[{_OBEYED}\\t\\n]")


def printable(text: str) -> str:
    """Return `text` with its line breaks and tabs, everything else that would steer a terminal written as an escape."""
    return _IN_TEXT.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` as one line of at most `limit` characters or little more."""
    shown = _IN_LINE.sub(_escape, text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text)} characters)"


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
