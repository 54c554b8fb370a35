"""What a benchmark finds, as values: samples of ours and of the peer, taken in turns. It measures nothing."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. `ours` and `peer` are samples of the same rounds, per second, in seconds or in MB.

    `allowed` is the ratio to reach for rates and not to exceed for MB, how much longer ours may take for seconds; None
    where no figure is required. Then `proves` says what else the row shows by being there, such as "no error"; "" makes
    it one beside.
    """

    what: str
    against: str
    ours: tuple[float, ...]
    peer: tuple[float, ...]
    unit: Literal["per second", "seconds", "MB"]
    allowed: float | None = None
    proves: str = ""

    @property
    def our_median(self) -> float:
        return statistics.median(self.ours)

    @property
    def peer_median(self) -> float:
        return statistics.median(self.peer)

    @property
    def each(self) -> tuple[float, ...]:
        """What each round says: ours / peer for rates and MB, ours - peer for seconds."""
        pairs = zip(self.ours, self.peer, strict=True)
        if self.unit == "seconds":
            return tuple(mine - its for mine, its in pairs)
        return tuple(mine / its for mine, its in pairs)

    @property
    def compared(self) -> float:
        """The median of `each`."""
        return statistics.median(self.each)

    @property
    def met(self) -> bool | None:
        """Whether the requirement is met; None if there is none."""
        if self.allowed is None:
            return True if self.proves else None
        return self.compared >= self.allowed if self.unit == "per second" else self.compared <= self.allowed


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that were measured in the same way, which `how` tells in Markdown."""

    title: str
    how: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """Further findings, each one line of Markdown."""
