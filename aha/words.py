"""Words of a command in English and Chinese, and how they become lines and tables. Which words, each command says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aha.printable import printable
from core.config import cfg

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Words:
    """The same texts in two languages; what goes into their braces is given with them."""

    english: Mapping[str, str]
    chinese: Mapping[str, str]

    def texts(self) -> Mapping[str, str]:
        """The texts in the language of the bot, `aha.lang`, which has to be loaded."""
        return self.chinese if cfg.aha.lang == "zh" else self.english

    def said(self, key: str, /, **values: object) -> str:
        """Return a text in the language of the bot."""
        return self.texts()[key].format(**values)

    def answer(self, key: str, /, **values: object) -> str:
        """Return a line that answers the owner."""
        return printable(self.said(key, **values)) + "\n"

    def columns(self, *keys: str) -> list[str]:
        """Return what stands above the columns of a table."""
        return [self.texts()[key] for key in keys]
