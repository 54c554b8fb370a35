"""Tells the cancellation of the running task from that of something that it only waited for. It cancels nothing."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Whether the running task itself is asked to end; then a CancelledError has to go on."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
