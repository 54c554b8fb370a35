"""Environment variables that stand in for keys of `aha`: AHA_DEBUG, AHA_DATABASE__SYNCHRONOUS. It writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config.checks import Mismatch, Rule, check, default_of
from core.config.document import one_line, parse_value
from core.config.schema import SHORT_FORMS
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.schema import Key, KeyPath

_NOT_KEYS = ("AHA_CONFIG", "AHA_TEST_")


@dataclass(frozen=True, slots=True)
class Override:
    """The text of one environment variable."""

    name: str
    text: str

    def value_for(self, key: Key) -> Any:
        """Return the value that the variable gives to `key`. Raises ConfigError, which names the variable."""
        try:
            return check(key.spec, self.text if self._is_text(key.spec) else parse_value(self.text))
        except (Mismatch, ValueError) as error:
            raise ConfigError(one_line(f"environment variable {self.name}: {error}")) from None

    def _is_text(self, spec: Any) -> bool:
        if self.text.startswith("[") and self.text.endswith("]"):
            return False
        return spec.text if isinstance(spec, Rule) else isinstance(default_of(spec), str | Path)


def overrides(environ: Mapping[str, str]) -> dict[KeyPath, Override]:
    """Return what the environment says, by key. An empty variable says nothing."""
    found = {}
    for name, text in environ.items():
        if name.startswith("AHA_") and text.strip() and not name.startswith(_NOT_KEYS):
            path = ("aha", *name[4:].lower().replace("__", ".").split("."))
            found[(*path, SHORT_FORMS[path]) if path in SHORT_FORMS else path] = Override(name, text)
    return found
