"""Text that others wrote (chat, rows, `repr`) for a terminal: what would steer it, or cannot be written, is escaped.

Lines and tabs stay, as does every script. What turns the direction of writing is escaped, too: it hides what is there.
"""

from __future__ import annotations

import re
from typing import Final

_STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` with what is not for the eye written as Python writes it: \\x1b."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def printable_json(text: str) -> str:
    """The same JSON; such characters can only stand in its strings, where it has a word for them: \\u009b."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
