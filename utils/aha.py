"""The documented doorway to Aha code. Segments stand in models.msg; the notation in utils.aha_code."""

from models.msg import At, parse_aha_code
from utils.aha_code import escape, unescape

__all__ = ["at_or_str", "escape", "parse_aha_code", "unescape"]


def at_or_str() -> str:
    """Return a regular expression for one argument: a mention (groups `user_id`, `name`) or a word (group `text`).

    `re.compile(f"kick {at_or_str()}")` accepts "kick [Aha:at,user_id=1]" and "kick 1"; take
    `match_["user_id"] or match_["text"]`.
    """
    return rf"(?:{At}|(?P<text>(?:(?!\[Aha:)\S)+))"
