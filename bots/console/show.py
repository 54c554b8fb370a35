"""A message as a person at a terminal reads it. Nothing in it steers the terminal; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.printable import one_line, printable
from models.msg import At, Downloadable, Forward, Markdown, MsgSeg, Node, Reply, Share, Text, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable


def shown(message: Iterable[MsgSeg]) -> str:
    """Return a message as text, its other segments in brackets: `look [image: cat.png]`. A quote is left out."""
    return "".join(map(_shown, message))


def _shown(segment: MsgSeg) -> str:
    match segment:
        case Text(text=text) | Markdown(content=text):
            return printable(text)
        case Reply():
            return ""
        case At():
            return printable(f"@{segment.name or segment.user_id}")
        case Downloadable():
            return _in_brackets(segment.kind, segment.name or segment.file or segment.file_id)
        case Share():
            return _in_brackets("share", " ".join(filter(None, (segment.title, segment.url))))
        case Forward(content=[_, *_]):
            return "".join(f"\n{_shown(node)}" for node in segment.content)
        case Node(content=[_, *_]):
            return f"> {printable(segment.nickname or segment.user_id or '?')}: {shown(segment.content)}"
        case Unknown():
            return _in_brackets(segment.type, ", ".join(map(str, segment.data.values())))
        case _:
            return printable(str(segment))


def _in_brackets(kind: str, content: str | None) -> str:
    return f"[{one_line(kind)}: {one_line(content)}]" if content else f"[{one_line(kind)}]"
