"""What the adapters here share: their work is one coroutine that `close` ends. It knows no protocol."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from core.adapter import Adapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.adapter import Emit


class Serving(Adapter):
    """An adapter that is all done in `serve`."""

    def __init__(self, emit: Emit, *, bot_id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(emit, bot_id=bot_id, settings=settings)
        self.taking_in = True
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def serve(self) -> None:
        """Do the adapter's work until its input ended; cancelled, let go of everything."""

    async def run(self) -> None:
        """Serve until `close`, or until the input ended. Cancelling it is like closing."""
        task = self._task = asyncio.create_task(self.serve(), name=f"{self.name} bot {self.bot_id}")
        try:
            await asyncio.wait([task])
        finally:
            await self.close()
        if not task.cancelled():
            task.result()

    async def stop_intake(self) -> None:
        """Emit nothing more; calls still work."""
        self.taking_in = False

    async def close(self) -> None:
        """End `serve` and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
