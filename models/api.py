"""The events that callbacks get, and what they can do about them. Nothing here knows a connection or a dispatcher."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Generic

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator
from typing_extensions import TypeVar

from models.core import User
from models.event import Content, Event, OptionalInt, OptionalStr, Port, Sourced, Str, named
from models.event_types import MessageType, MetaType, NoticeType, RequestType, SubType
from models.msg import At, Image, MessageChain, MsgSeg, Reply, to_chain

__all__ = [
    "Event",
    "External",
    "Message",
    "MessageType",
    "MetaEvent",
    "MetaType",
    "Notice",
    "NoticeType",
    "Port",
    "Request",
    "RequestType",
    "Sender",
    "SubType",
]


class Sender(Content):
    """How the sender of a message appears; each "" if the platform does not say.

    `card` is the name in the group, `role` "owner", "admin" or "member", `level` and `title` those in the group.
    """

    nickname: Str = ""
    card: Str = ""
    level: Str = ""
    role: Str = ""
    title: Str = ""


def _as_sender(value: Any) -> Sender:
    if isinstance(value, Sender):
        return value
    return Sender(**value) if isinstance(value, Mapping) else Sender()


def _as_message(value: Any) -> MessageChain:
    return MessageChain() if value is None else to_chain(value)


M = TypeVar("M", default=Any)


class Message(Sourced, Generic[M]):
    """Somebody said something. `message_id` is None if the platform gives none; `group_id` is None in private.

    `Message[Image]` in a callback's annotation asks for messages of that content (see models.match); it is a plain
    generic alias, so `typing.get_origin` gives Message and `typing.get_args` what stands in the brackets.
    """

    event_type: Annotated[str, named(MessageType)] = ""
    message_id: OptionalStr = None
    message: Annotated[MessageChain, PlainValidator(_as_message), PlainSerializer(str, when_used="json")] = Field(
        default_factory=MessageChain
    )
    user_id: Str = ""
    sender: Annotated[Sender, BeforeValidator(_as_sender)] = Field(default_factory=Sender)

    __slots__ = ("__orig_class__",)  # where Message[Image](...) notes what it was called through

    if not TYPE_CHECKING:

        def __class_getitem__(cls, content: Any) -> GenericAlias:
            return GenericAlias(cls, content)

    def model_post_init(self, _context: Any, /) -> None:
        """Tell group from private by the group when the platform does not, and keep a private message's group aside."""
        if not self.event_type:
            self.event_type = MessageType.private if self.group_id is None else MessageType.group
        if self.event_type == MessageType.private and self.group_id is not None:
            self.extra["group_id"], self.group_id = self.group_id, None

    @property
    def msg(self) -> MessageChain:
        """The same as `message`."""
        return self.message

    @msg.setter
    def msg(self, value: MessageChain) -> None:
        self.message = value

    @property
    def message_str(self) -> str:
        """The message as text, with segments as Aha codes."""
        return str(self.message)

    @property
    def is_group_msg(self) -> bool:
        """Whether it was said in a group."""
        return self.event_type == MessageType.group

    @property
    def user(self) -> User:
        """Who said it."""
        return User(self.platform, self.user_id)

    async def user_aha_id(self) -> int:
        """Return the Aha ID of `user`. Raises EventNotBound."""
        return await self.port.user_aha_id(self.platform, self.user_id)

    async def send(self, msg: Any, at: bool = False, image: Any = None) -> str | None:
        """Answer where the message was said and return the id of the answer, None if the platform gives none.

        `msg` is a str, a segment, a sequence of them, or an awaitable of any of these; anything else, None too, is sent
        as its text. `at` mentions the sender first; `image` (URL, path, bytes or a segment) comes last.
        Raises what awaiting `msg` raises, EventNotBound, APIException.
        """
        message = await self._answer(msg, at, image)
        return await self.port.send(self, message)

    async def reply(self, msg: Any, at: bool = False, image: Any = None) -> str | None:
        """Answer as `send` does, quoting the message."""
        message = await self._answer(msg, at, image)
        if self.message_id is not None:
            message.insert(0, Reply(id=self.message_id))
        return await self.port.send(self, message)

    async def _answer(self, msg: Any, at: bool, image: Any) -> MessageChain:
        message = to_chain(await msg if isawaitable(msg) else msg)
        if at:
            message.insert(0, At(user_id=self.user_id))
        if image is not None:
            message.append(image if isinstance(image, MsgSeg) else Image(file=image))
        return message

    async def delete(self) -> None:
        """Take the message back."""
        await self.port.delete(self)

    async def ban(self, duration: int) -> None:
        """Silence the sender in the group for `duration` seconds; 0 lifts it."""
        await self.port.ban(self, duration)

    async def kick(self) -> None:
        """Remove the sender from the group."""
        await self.port.kick(self)

    async def poke(self) -> None:
        """Poke the sender."""
        await self.port.poke(self)


class Notice(Sourced):
    """Something happened: `user_id` is whom it befell, `operator_id` who did it, `target_id` who was poked.

    `duration` is in seconds. Fields that this notice does not have are None.
    """

    event_type: Annotated[str, named(NoticeType)] = ""
    operator_id: OptionalStr = None
    duration: OptionalInt = None
    message_id: OptionalStr = None
    target_id: OptionalStr = None


class Request(Sourced):
    """Somebody wants to be a friend, to join a group, or the bot in one; `flag` is the platform's handle for it."""

    event_type: Annotated[str, named(RequestType)] = ""
    comment: Str = ""
    flag: Str = ""

    async def process(self, approve: bool, *, remark: str | None = None, reason: str | None = None) -> None:
        """Answer: `remark` is what to call a new friend, `reason` why a wish is refused. Raises EventNotBound."""
        await self.port.process(self, approve, remark=remark, reason=reason)

    async def approve(self, approve: bool = True, *, remark: str | None = None, reason: str | None = None) -> None:
        """Answer as `process` does; yes, unless said otherwise."""
        await self.process(approve, remark=remark, reason=reason)


class MetaEvent(Event):
    """The platform speaks of itself: `event_type` "heartbeat" or "lifecycle"; what it says is in `extra`."""

    event_type: Annotated[str, named(MetaType)] = ""


class External(Event):
    """Something that another part of the program publishes under `key`; `data` is anything, `lang` a language code."""

    key: Str = ""
    data: Any = None
    lang: OptionalStr = None
