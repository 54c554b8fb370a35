"""How a reload went, as a value: for people in few lines, and for programs. It knows nothing of how it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aha.telling import told

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which modules run new code now, have come or gone. `failed` says of each other that was meant to what it does.

    `notes` are sentences on what the owner has to know beside. It took so many `seconds`.
    """

    reloaded: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    def text(self, lang: str) -> str:
        """Say it in few lines, in English or, if `lang` is "zh", in Chinese."""
        return "\n".join(told(line, lang=lang) for line in self.lines())

    def lines(self) -> list[str]:
        """The same in English, one by one."""
        return [self.summary, *(f"module {name} {how}" for name, how in self.failed.items()), *self.notes]

    @property
    def summary(self) -> str:
        """What was done, in one line."""
        done = {"reloaded": self.reloaded, "new": self.added, "gone": self.removed}
        said = [f"{what}: {', '.join(names)}" for what, names in done.items() if names]
        return "; ".join([*said, f"{self.seconds:.2f} s"]) if said else "nothing was reloaded"

    def to_json(self) -> dict[str, Any]:
        """Say it for programs: the fields, and `ok`."""
        return {"ok": self.ok, **asdict(self)}
