"""A message as conditions see it: without the prefix, as a chain, as text, as a command. It changes no event."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from models.msg import At, MessageChain, MsgSeg, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Sequence


class MessageText:
    """A message without its prefix.

    The prefix is a mention of the bot at the head, one of the configured `prefixes`, or both in this order, each with
    the white space after it. A quote may stand before it and stays. `prefix` says whether there was one; it is also
    true if the bot is mentioned elsewhere, which stays, and always if there are no `prefixes`.

    `original` is the message with its prefix, `message_chain` that without, `message` its text with every other segment
    as its Aha code. They are to be read only: all conditions see the same ones.
    """

    __slots__ = ("_command", "message", "message_chain", "original", "prefix")

    def __init__(self, original: MessageChain, *, prefixes: Sequence[str], self_id: str) -> None:
        self.original = original
        stripped = _stripped(original, prefixes, self_id)
        self.prefix = stripped is not None or not prefixes or original.is_user_at(self_id)
        self.message_chain = original if stripped is None else stripped
        self.message = str(self.message_chain)
        self._command: list[str | MsgSeg] | None = None

    @property
    def command(self) -> list[str | MsgSeg]:
        """The words between spaces; other segments are words of their own.

        What follows a line break stays with the word before it, line break included.
        """
        if self._command is None:
            self._command = _command(self.message_chain)
        return self._command


def _stripped(chain: MessageChain, prefixes: Sequence[str], self_id: str) -> MessageChain | None:
    """Return `chain` without its prefix, None if it has none."""
    quotes = 1 if chain and isinstance(chain[0], Reply) else 0
    segments: list[MsgSeg] = chain[quotes:] if quotes else chain
    without_mention = _without_mention(segments, self_id)
    rest = _without_prefix(without_mention, prefixes)
    return None if rest is segments else MessageChain([*chain[:quotes], *rest])


def _command(chain: MessageChain) -> list[str | MsgSeg]:
    words: list[Any] = []
    for is_text, run in groupby(chain, lambda segment: isinstance(segment, Text)):
        segments: list[Any] = list(run)
        words.extend(_words("".join(segment.text for segment in segments)) if is_text else segments)
    return words


def _words(text: str) -> list[str]:
    line, newline, rest = text.partition("\n")
    if not rest.strip():  # a line break at the end is none of the user's words
        line, newline, rest = line.rstrip("\r"), "", ""
    words = [word for word in line.split(" ") if word]
    if not words:
        return [rest] if rest else []
    words[-1] += newline + rest
    return words


def _without_mention(segments: list[MsgSeg], self_id: str) -> list[MsgSeg]:
    """Return `segments` without a mention of the bot at their head; the very same object if there is none."""
    if segments and isinstance(segments[0], At) and segments[0].user_id == self_id:
        return _without_space(segments[1:])
    return segments


def _without_prefix(segments: list[MsgSeg], prefixes: Sequence[str]) -> list[MsgSeg]:
    """Return `segments` without the longest of `prefixes` that they begin with; the same object if there is none."""
    if prefixes and segments and isinstance(segments[0], Text):
        text = segments[0].text
        found = max((prefix for prefix in prefixes if text.startswith(prefix)), key=len, default=None)
        if found is not None:
            return _without_space([Text(text=text[len(found) :]), *segments[1:]])
    return segments


def _without_space(segments: list[MsgSeg]) -> list[MsgSeg]:
    """Return `segments` without white space at their head; empty text goes altogether."""
    if not segments or not isinstance(segments[0], Text):
        return segments
    text = segments[0].text.lstrip()
    return [Text(text=text), *segments[1:]] if text else segments[1:]
