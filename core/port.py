"""How an event asks the bot that received it: it maps reply, ban and the like to calls. It chooses no bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import identity

if TYPE_CHECKING:
    from core.adapter import Adapter
    from models.api import Message, Port, Request
    from models.msg import MessageChain


def port_for(adapter: Adapter) -> Port:
    """Return the port that events of `adapter` are bound to."""
    return AdapterPort(adapter)


@dataclass(frozen=True, slots=True)
class AdapterPort:
    """`models.api.Port` by the calls of one adapter."""

    adapter: Adapter

    async def send(self, event: Message, message: MessageChain) -> str | None:
        """Send where `event` came from; return the id of the new message, None if the platform told none."""
        params: dict[str, Any] = {"self_id": event.self_id, "message": message}
        if event.is_group_msg:
            action = "send_group_msg"
            params["group_id"] = event.group_id
        else:
            action = "send_private_msg"
            params["user_id"] = event.user_id
            if "group_id" in event.extra:  # a private talk between members of a group who are no friends
                params["group_id"] = event.extra["group_id"]
        return message_id(await self.adapter.call(action, params))

    async def delete(self, event: Message) -> None:
        """Take the message back."""
        await self.adapter.call("delete_msg", {"self_id": event.self_id, "message_id": event.message_id})

    async def ban(self, event: Message, duration: int) -> None:
        """Silence the sender in the group for `duration` seconds; 0 lifts it."""
        await self.adapter.call("set_group_ban", {**_member(event), "duration": duration})

    async def kick(self, event: Message) -> None:
        """Remove the sender from the group."""
        await self.adapter.call("set_group_kick", _member(event))

    async def poke(self, event: Message) -> None:
        """Poke the sender, in the group if the message was sent there."""
        if event.is_group_msg:
            await self.adapter.call("group_poke", _member(event))
        else:
            await self.adapter.call("friend_poke", {"self_id": event.self_id, "user_id": event.user_id})

    async def process(self, event: Request, approve: bool, *, remark: str | None, reason: str | None) -> None:
        """Answer a request: `remark` names a new friend, `reason` goes with a refusal to a group."""
        params: dict[str, Any] = {"self_id": event.self_id, "flag": event.flag, "approve": approve}
        if event.event_type == "friend":
            await self.adapter.call("set_friend_add_request", {**params, "remark": remark or ""})
        else:
            await self.adapter.call(
                "set_group_add_request", {**params, "sub_type": event.sub_type, "reason": reason or ""}
            )

    async def user_aha_id(self, platform: str, user_id: str) -> int:
        """Return the Aha ID of a user."""
        return await identity.user2aha_id(platform, user_id)

    async def group_aha_id(self, platform: str, group_id: str) -> int:
        """Return the Aha ID of a group."""
        return await identity.group2aha_id(platform, group_id)


def message_id(data: Any) -> str | None:
    """Return the id in what a platform answered to a message sent; None if there is none."""
    found = data.get("message_id") if isinstance(data, dict) else None
    return None if found is None else str(found)


def _member(event: Message) -> dict[str, Any]:
    return {"self_id": event.self_id, "group_id": event.group_id, "user_id": event.user_id}
