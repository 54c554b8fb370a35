"""The names with which modules speak several languages. It translates nothing yet: a text is its own key."""

from __future__ import annotations

from dataclasses import dataclass


class Translatable(str):
    """A text in the configured language that remembers its key in the module's locales."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, key: str) -> Translatable:
        """Make the text of `key`; without locales that is the key."""
        text = super().__new__(cls, key)
        text.key = key
        return text


@dataclass(frozen=True, slots=True)
class Localizer:
    """Answers in one language, the one in which the user's message matched; None is the configured one."""

    lang: str | None = None

    def __call__(self, key: str) -> str:
        """Return the text of `key`, which may be what `_` returned; without locales that is the key."""
        return str(getattr(key, "key", key))


def _(key: str) -> Translatable:
    """Return the text of `key` in the configured language; as a condition it stands for every language's text."""
    return Translatable(key)
