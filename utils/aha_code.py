"""Aha code as plain text: how `[Aha:kind,key=value]` is written and told from text. It knows no segments.

Two rules make every message readable back exactly:

* Inside a value, `& [ ] ,` are written `&amp; &#91; &#93; &#44;`.
* A text stands for itself. Only the `[` of a literal `[Aha:` (in any case) is written `&#91;`, and the `&` of a literal
  `&#91;Aha:` is written `&amp;`. So a typed code never becomes a segment, and all other texts stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WRITTEN = {"&amp;": "&", "&#91;": "[", "&#93;": "]", "&#44;": ","}
_ENTITY = re.compile("|".join(_WRITTEN))

_OPENING = r"[Aa][Hh][Aa]:"
_RISKY = re.compile(rf"\[(?={_OPENING})|&(?=(?:amp;)*#91;{_OPENING})")
_DEFUSED = re.compile(rf"&(?:#91;(?={_OPENING})|amp;(?=(?:amp;)*#91;{_OPENING}))")

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
VALUE = r"[^\[\],]*"
_CODE = re.compile(rf"\[Aha:({NAME})((?:,[^\[\]]*)?)\]")
_IS_NAME = re.compile(NAME)


def escape(value: str) -> str:
    """Write `value` so that it can stand inside a code."""
    return value.replace("&", "&amp;").replace("[", "&#91;").replace("]", "&#93;").replace(",", "&#44;")


def unescape(value: str) -> str:
    """Read a value out of a code; the inverse of `escape`. Use it on the groups of a match of `str(At)`."""
    return _ENTITY.sub(lambda found: _WRITTEN[found[0]], value)


def escape_text(text: str) -> str:
    """Write `text` so that it stands outside codes and is never taken for one."""
    return _RISKY.sub(lambda found: "&#91;" if found[0] == "[" else "&amp;", text)


def unescape_text(text: str) -> str:
    """Read text that stood outside codes; the inverse of `escape_text`."""
    return _DEFUSED.sub(lambda found: "[" if found[0] == "&#91;" else "&", text)


def is_name(word: str) -> bool:
    """Whether `word` can be a kind or a key in a code: ASCII letters, digits and underscores."""
    return _IS_NAME.fullmatch(word) is not None


def write(kind: str, values: Mapping[str, str]) -> str:
    """Write one code, values in the order given."""
    return f"[Aha:{kind}{''.join(f',{key}={escape(value)}' for key, value in values.items())}]"


def tokenise(text: str) -> Iterator[str | tuple[str, dict[str, str]]]:
    """Split `text` into texts (never empty) and codes as `(kind, values)`, all unescaped.

    What looks like a code and is none (no end, a `[` inside) is text. A value without `=` stands under its name as "".
    """
    end = 0
    for code in _CODE.finditer(text):
        if code.start() > end:
            yield unescape_text(text[end : code.start()])
        pairs = (pair.partition("=") for pair in code[2].split(",")[1:])
        yield code[1], {key: unescape(value) for key, _, value in pairs}
        end = code.end()
    if end < len(text):
        yield unescape_text(text[end:])


def pattern(kinds: Iterable[str], fields: Mapping[str, bool]) -> str:
    """Return a regular expression for a code of one of `kinds` as `write` writes it.

    `fields` says in their order whether each must be there. Each is a named group, escaped as it stands in the code and
    None when it is not there.
    """
    groups = (rf",{name}=(?P<{name}>{VALUE})" for name in fields)
    optional = (group if needed else f"(?:{group})?" for group, needed in zip(groups, fields.values(), strict=True))
    return rf"\[Aha:(?:{'|'.join(kinds)}){''.join(optional)}\]"
