"""What a protocol adapter is, and which ones run. It knows no protocol and no dispatcher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from models.api import Event

Emit: TypeAlias = "Callable[[Event], Awaitable[None]]"
"""Hand an event on, at the call itself. The result is done when every callback that it started has ended."""


class Adapter(ABC):
    """One bot of the configuration: it turns what a platform says into events, and calls into what the platform does.

    `bot_id` is the bot's id in the configuration; `settings` is the rest of its entry there. Every event that the
    adapter emits carries `bot_id`, `platform` and `name` (as `Event.adapter`).
    """

    name: ClassVar[str]
    platform: ClassVar[str]

    def __init__(self, emit: Emit, *, bot_id: str, settings: Mapping[str, Any]) -> None:
        """Take the settings and open nothing; raise ConfigError, naming the setting, if they cannot work."""
        self.emit = emit
        self.bot_id = bot_id
        self.settings = settings

    @abstractmethod
    async def run(self) -> None:
        """Serve until `close`, or until the input ended; may be cancelled. Raise ConfigError if it cannot be served."""

    @abstractmethod
    async def stop_intake(self) -> None:
        """Emit nothing more; calls still work."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of every connection; `run` then returns. Calls under way fail. Closing twice is harmless."""

    @abstractmethod
    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        """Do `action`, named as in OneBot v11, and return its data; None if there is none.

        A message in `params` is a MessageChain. `self_id` names the account that shall act, for an adapter that
        serves several; the others take no notice of it.

        Raises NotImplementedError if the adapter has no such action, APIException if the platform refused,
        ConnectionError if it is out of reach, TimeoutError if it does not answer.
        """

    def __repr__(self) -> str:
        return f"<{self.name} bot {self.bot_id!r}>"


adapters: dict[str, Adapter] = {}
"""The running adapters by bot id: whoever starts one enters it here and takes it out when it ended."""
