"""What Aha says, in the language of the bot: what lies below knows none and speaks English, this finds the Chinese."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from core.config import cfg
from models.exc import AhaError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GAP = re.compile(r"{(\w+)}")
_KINDS = ("expected", "found")


def told(text: str, *, lang: str | None = None) -> str:
    """`text`, whose first line is one of Aha's own, in the language of the bot, or in `lang`.

    What is not known stays English.
    """
    if (lang or cfg.aha.lang) != "zh":
        return text
    first, newline, rest = text.partition("\n")
    return f"{_in_chinese(first)}{newline}{rest}"


def told_in(traceback: str, error: BaseException) -> str:
    """The `traceback` of an error with what errors of Aha say in it in the language of the bot."""
    for each in _led_to(error):
        if isinstance(each, AhaError):
            for said in (str(each), *getattr(each, "__notes__", ())):
                traceback = traceback.replace(said, told(said))
    return traceback


def _led_to(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, and those that it came from."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        yield found
        seen.add(id(found))
        found = found.__cause__ or found.__context__


def _in_chinese(text: str, *, kind: bool = False) -> str:
    for pattern, chinese in _patterns(kind=kind):
        if found := pattern.fullmatch(text):
            return chinese.format(**{name: _gap_in_chinese(name, value) for name, value in found.groupdict().items()})
    return text


def _gap_in_chinese(name: str, value: str) -> str:
    """What stands in a gap; one that is called each takes several sentences, some say of which kind a value is."""
    if name == "each":
        return "；".join(map(_in_chinese, value.split("; ")))
    return _in_chinese(value, kind=name in _KINDS)


@cache
def _patterns(*, kind: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What each English text looks like, the longest first, with its Chinese; or what each kind of value does."""
    # Imported late: nobody needs it who reads English.
    from aha.chinese import CHINESE  # noqa: PLC0415
    from aha.chinese_config import KINDS  # noqa: PLC0415

    texts = KINDS if kind else CHINESE
    longest_first = sorted(texts, key=lambda english: len(_GAP.sub("", english)), reverse=True)
    return tuple((re.compile("".join(_parts(english))), texts[english]) for english in longest_first)


def _parts(english: str) -> Iterator[str]:
    for number, part in enumerate(_GAP.split(english)):
        yield f"(?P<{part}>.+?)" if number % 2 else re.escape(part)
