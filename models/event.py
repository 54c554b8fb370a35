"""What every event has in common: tolerant fields, content equality, private copies, the port to whoever brought it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self, cast

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError

from models.content import as_optional_int, as_optional_text, as_text, content_key, copy_content
from models.core import Group, User
from models.event_types import SubType
from models.exc import EventNotBound
from models.msg import MessageChain

if TYPE_CHECKING:
    from enum import StrEnum

    from models.api import Message, Request


class Port(Protocol):
    """What an event asks of the bot that received it."""

    async def send(self, event: Message, message: MessageChain) -> str | None:
        """Send `message` where `event` came from; return the platform's id of it, None if it gives none."""

    async def delete(self, event: Message) -> None:
        """Take the message of `event` back."""

    async def ban(self, event: Message, duration: int) -> None:
        """Silence the sender in the group for `duration` seconds; 0 lifts it."""

    async def kick(self, event: Message) -> None:
        """Remove the sender from the group."""

    async def poke(self, event: Message) -> None:
        """Poke the sender."""

    async def process(self, event: Request, approve: bool, *, remark: str | None, reason: str | None) -> None:
        """Answer a request."""

    async def user_aha_id(self, platform: str, user_id: str) -> int:
        """Return the Aha ID of a user."""

    async def group_aha_id(self, platform: str, group_id: str) -> int:
        """Return the Aha ID of a group."""


def _text_or_empty(value: Any) -> str:
    return "" if value is None else as_text(value)


def _number(value: Any) -> int | float:
    if type(value) is int or type(value) is float:
        return value
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def _readable_keys(data: dict[str, Any]) -> dict[str, Any]:
    return {key.encode(errors="backslashreplace").decode(): value for key, value in data.items()}


# Plain functions take every value there is, lone surrogates too, and are the fastest that Pydantic runs.
Str = Annotated[str, PlainValidator(_text_or_empty)]
OptionalStr = Annotated[str | None, PlainValidator(as_optional_text)]
OptionalInt = Annotated[int | None, PlainValidator(as_optional_int)]
Number = Annotated[int | float, PlainValidator(_number)]


def named(names: type[StrEnum], *, absent: str | None = "") -> Any:
    """Annotate a field that holds a member of `names`, or the text as it came if there is none; `absent` for None."""
    members: dict[str, str] = {member.value: member for member in names}
    return PlainValidator(lambda value: absent if value is None else members.get(text := as_text(value), text))


_UNCHANGING = frozenset({str, int, float, bool, type(None)})


def _own(value: Any) -> Any:
    if isinstance(value, MessageChain):
        return value.copy()
    return value.private_copy() if isinstance(value, Content) else copy_content(value)


class Content(BaseModel):
    """A model compared by content that takes any input: odd values become defaults, unknown fields are kept."""

    model_config = ConfigDict(extra="allow")

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError:  # only a field name that is no valid Unicode gets here
            super().__init__(**_readable_keys(data))

    @property
    def extra(self) -> dict[str, Any]:
        """What the platform sent beside the documented fields."""
        return cast("dict[str, Any]", self.__pydantic_extra__)

    def private_copy(self) -> Self:
        """Return a copy that may be changed freely: nothing changeable is shared."""
        copy = self.model_copy()
        for values in (copy.__dict__, copy.extra):
            for name, value in values.items():
                if type(value) not in _UNCHANGING:
                    values[name] = _own(value)
        return copy

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Content):
            return NotImplemented
        return self.__dict__ == other.__dict__ and self.extra == other.extra

    def __hash__(self) -> int:
        return hash((type(self), *map(content_key, self.__dict__.values()), content_key(self.extra)))


class Event(Content):
    """Something that happened on a platform. A field that was not sent is None, "" or 0.

    `time` is seconds since 1970 if the platform is right, `bot_id` the adapter instance that received the event,
    `self_id` the bot's account on `platform`, `adapter` the adapter's name, `extra` what the platform sent besides.
    """

    # Outside Pydantic's sight, so that a copied or stored event does not drag the connection along.
    __slots__ = ("_port",)

    time: Number = 0
    self_id: Str = ""
    bot_id: Str = ""
    platform: Str = ""
    adapter: Str = ""
    event_type: Str = ""
    sub_type: Annotated[str | None, named(SubType, absent=None)] = None

    def bind(self, port: Port | None) -> None:
        """Say who answers for this event; None takes it back."""
        object.__setattr__(self, "_port", port)

    @property
    def port(self) -> Port:
        """Who answers for this event. Raises EventNotBound when no adapter brought it."""
        port: Port | None = getattr(self, "_port", None)
        if port is None:
            raise EventNotBound(
                f"this {type(self).__name__} ({self.event_type or 'no type'}) came from no adapter, so nobody answers "
                "for it; use the event that the callback was given, or call bind(port) on it first"
            )
        return port

    def private_copy(self) -> Self:
        """Return a copy with the same port, which may be changed freely: nothing changeable is shared."""
        copy = super().private_copy()
        copy.bind(getattr(self, "_port", None))
        return copy


class Sourced(Event):
    """An event of somebody: `user_id` and `group_id` as the platform names them."""

    user_id: OptionalStr = None
    group_id: OptionalStr = None

    @property
    def user(self) -> User | None:
        """Whose event it is; None if the platform does not say."""
        return None if self.user_id is None else User(self.platform, self.user_id)

    @property
    def group(self) -> Group | None:
        """The group where it happened; None outside groups."""
        return None if self.group_id is None else Group(self.platform, self.group_id)

    async def user_aha_id(self) -> int | None:
        """Return the Aha ID of `user`, None if there is none. Raises EventNotBound."""
        return None if self.user_id is None else await self.port.user_aha_id(self.platform, self.user_id)

    async def group_aha_id(self) -> int | None:
        """Return the Aha ID of `group`, None outside groups. Raises EventNotBound."""
        return None if self.group_id is None else await self.port.group_aha_id(self.platform, self.group_id)
