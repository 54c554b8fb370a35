"""How often each user may be answered in a length of time. It knows neither events nor the configuration."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

# So many users are remembered before those are forgotten whose time is over.
_MANY: Final = 1_000


class RateLimit:
    """For each user, the times (in seconds, on a clock of the caller's) of the last messages that were admitted."""

    def __init__(self) -> None:
        self._admitted: dict[Hashable, deque[float]] = {}
        self._forget_at = _MANY

    def admits(self, user: Hashable, *, most: int, seconds: float, now: float) -> bool:
        """Say whether `user` had fewer than `most` messages in the last `seconds`, and if so count one more."""
        times = self._admitted.setdefault(user, deque())
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        if len(self._admitted) > self._forget_at:
            self._forget_those_before(now - seconds)
        return True

    def _forget_those_before(self, start: float) -> None:
        self._admitted = {user: times for user, times in self._admitted.items() if times and times[-1] > start}
        self._forget_at = max(_MANY, 2 * len(self._admitted))
