"""A message as conditions see it: without the prefix, as a chain, as text, as a command. It changes no event."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from models.msg import At, MessageChain, MsgSeg, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Sequence


class MessageText:
    """A message without its prefix; each form is computed when it is first asked for.

    The prefix is a mention of the bot at the head, one of the configured `prefixes`, or both in this order, each with
    the white space after it. A quote may stand before it and stays. A mention of the bot elsewhere counts as a prefix
    too, and stays. Without configured prefixes every message counts as having one.
    """

    def __init__(self, chain: MessageChain, *, prefixes: Sequence[str], self_id: str) -> None:
        self.original = chain
        self._prefixes = prefixes
        self._self_id = self_id

    @cached_property
    def _stripped(self) -> tuple[bool, MessageChain]:
        """Whether there was a prefix, and what is left of the chain."""
        quote, head = _split_quote(self.original)
        body = _without_mention(head, self._self_id)
        mentioned = body is not head
        rest = _without_prefix(body, self._prefixes)
        if rest is head:
            return not self._prefixes or self.original.is_user_at(self._self_id), self.original
        return mentioned or rest is not body or not self._prefixes, MessageChain([*quote, *rest])

    @property
    def prefix(self) -> bool:
        """Whether the message is for the bot: it has the prefix, or there is none, or it mentions the bot."""
        return self._stripped[0]

    @property
    def message_chain(self) -> MessageChain:
        """The segments; to be read only, since every condition sees the same ones."""
        return self._stripped[1]

    @cached_property
    def message(self) -> str:
        """The text, every other segment as its Aha code."""
        return str(self.message_chain)

    @cached_property
    def command(self) -> list[str | MsgSeg]:
        """The words between spaces; other segments are words of their own.

        What follows a line break stays with the word before it, line break included.
        """
        words: list[str | MsgSeg] = []
        for segment in self.message_chain:
            words.extend(_words(segment.text) if isinstance(segment, Text) else [segment])
        return words


def _words(text: str) -> list[str]:
    line, newline, rest = text.partition("\n")
    words = [word for word in line.split(" ") if word]
    if not rest.strip():
        return words
    if not words:
        return [rest]
    words[-1] += newline + rest
    return words


def _split_quote(chain: MessageChain) -> tuple[Sequence[MsgSeg], Sequence[MsgSeg]]:
    if chain and isinstance(chain[0], Reply):
        return chain[:1], chain[1:]
    return (), chain


def _without_mention(segments: Sequence[MsgSeg], self_id: str) -> Sequence[MsgSeg]:
    """Return `segments` without a mention of the bot at their head; the very same object if there is none."""
    if segments and isinstance(segments[0], At) and segments[0].user_id == self_id:
        return _without_space(list(segments[1:]))
    return segments


def _without_prefix(segments: Sequence[MsgSeg], prefixes: Sequence[str]) -> Sequence[MsgSeg]:
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
