"""A module whose callbacks are called, and messages for them, for tests of the dispatcher."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.config import cfg
from core.context import Module, entered
from core.dispatcher import dispatcher
from core.expr.facts import limits
from models.api import Message

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def demo_module() -> Iterator[Module]:
    """In the body, whose code is that of the module `demo`, nothing is configured; nothing of it is left afterwards."""
    cfg.load(values={}, environ={})
    module = Module("demo")
    with entered(module):
        yield module
    module.drop()
    cfg.reset()
    limits.__init__()


def message(said: Any = "ping", **fields: Any) -> Message:
    return Message(**{"message": said, "user_id": "5", "platform": "QQ", **fields})


async def say(said: Any = "ping", **fields: Any) -> None:
    await dispatcher.feed(message(said, **fields))
