"""Reads messages out of text with Aha codes. Writing them is `str()`; the notation itself is utils.aha_code's."""

from __future__ import annotations

from models.msg.chain import MessageChain
from models.msg.segment import segment_from_code
from utils.aha_code import tokenise


def parse_aha_code(text: str) -> MessageChain:
    """Read a message out of its text; `parse_aha_code(str(chain)) == chain` for every chain.

    What is no code stays text, and a code of no known kind becomes an `Unknown`; nothing is raised.
    """
    return MessageChain([token if isinstance(token, str) else segment_from_code(*token) for token in tokenise(text)])
