"""Calls to the platform for modules: every OneBot v11 action, and the choice of the bot that makes it. No protocol."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from core.adapter import Adapter, adapters
from core.context import current_event
from core.port import message_id as sent_id
from models.exc import UsageError
from models.msg import to_chain

if TYPE_CHECKING:
    from collections.abc import Mapping

Id: TypeAlias = "str | int"
Bot: TypeAlias = "Adapter | str | None"
Data: TypeAlias = dict[str, Any]


class SS(Enum):
    """Strategies of `select_bot`."""

    DEFAULT = "default"
    """The bot that received the current event; outside of a callback, the one that was started first."""


def select_bot(strategy: SS = SS.DEFAULT) -> Adapter:
    """Pick a running bot; raise UsageError if there is none, or if that of the current event runs no more."""
    match strategy:
        case SS.DEFAULT:
            event = current_event.get()
            if event is not None and event.bot_id:
                return _running(event.bot_id)
            return _running(next(iter(adapters), ""))


def _running(bot: str) -> Adapter:
    if not adapters:
        raise UsageError("no bot is running: bots start after every on_start; call the API in a callback")
    if bot not in adapters:
        raise UsageError(f"no bot {bot!r} is running; running: {', '.join(map(repr, adapters))}")
    return adapters[bot]


class API:
    """The actions of OneBot v11, asked of `bot`: an adapter, its id, or None for what `select_bot()` picks.

    Parameters stand in OneBot's order; ids may be str or int. A message is whatever `event.send` takes, save that it
    is not awaited. `Data` and lists of it are the platform's answer as it is, empty if it gave none.

    Every call raises NotImplementedError if the bot has no such action, APIException(code, err_msg) if the platform
    refused, ConnectionError if the bot is not connected, TimeoutError if it did not answer, and UsageError if `bot`
    does not run.
    """

    @staticmethod
    async def call(action: str, *, bot: Bot = None, **params: Any) -> Any:
        """Call any action, also one that OneBot v11 does not know; params that are None are left out."""
        adapter = _find(bot)
        given = {name: value for name, value in params.items() if value is not None}
        event = current_event.get()
        if event is not None and event.bot_id == adapter.bot_id:
            given.setdefault("self_id", event.self_id)
        return await adapter.call(action, given)

    # --- messages ------------------------------------------------------------------------------------------------

    @staticmethod
    async def send_private_msg(user_id: Id, message: Any, *, bot: Bot = None) -> str | None:
        """Send to a user; return the message's id, None if the platform told none."""
        return sent_id(await API.call("send_private_msg", bot=bot, user_id=user_id, message=to_chain(message)))

    @staticmethod
    async def send_group_msg(group_id: Id, message: Any, *, bot: Bot = None) -> str | None:
        """Send to a group; return the message's id, None if the platform told none."""
        return sent_id(await API.call("send_group_msg", bot=bot, group_id=group_id, message=to_chain(message)))

    @staticmethod
    async def send_msg(
        message: Any,
        *,
        user_id: Id | None = None,
        group_id: Id | None = None,
        message_type: Literal["private", "group"] | None = None,
        bot: Bot = None,
    ) -> str | None:
        """Send to the group if one is given, else to the user; `message_type` overrules that. Return the id."""
        kind = message_type or ("private" if group_id is None else "group")
        params = {"message_type": kind, "user_id": user_id, "group_id": group_id, "message": to_chain(message)}
        return sent_id(await API.call("send_msg", bot=bot, **params))

    @staticmethod
    async def delete_msg(message_id: Id, *, bot: Bot = None) -> None:
        """Take a message back."""
        await API.call("delete_msg", bot=bot, message_id=message_id)

    @staticmethod
    async def get_msg(message_id: Id, *, bot: Bot = None) -> Data:
        """Return a message with its sender; `message` is a MessageChain."""
        return _data(await API.call("get_msg", bot=bot, message_id=message_id))

    @staticmethod
    async def get_forward_msg(id: Id, *, bot: Bot = None) -> Data:  # noqa: A002 - as OneBot names it
        """Return what a Forward holds: `message` is a MessageChain of Node."""
        return _data(await API.call("get_forward_msg", bot=bot, id=str(id)))

    @staticmethod
    async def get_record(file: str, out_format: str, *, bot: Bot = None) -> Data:
        """Return `file`, the path on the platform's machine of a Record converted to mp3, amr, wav, …"""
        return _data(await API.call("get_record", bot=bot, file=file, out_format=out_format))

    @staticmethod
    async def get_image(file: str, *, bot: Bot = None) -> Data:
        """Return `file`, the path on the platform's machine of a downloaded Image."""
        return _data(await API.call("get_image", bot=bot, file=file))

    @staticmethod
    async def can_send_image(*, bot: Bot = None) -> bool:
        """Tell whether the bot can send an Image."""
        return _data(await API.call("can_send_image", bot=bot)).get("yes") is True

    @staticmethod
    async def can_send_record(*, bot: Bot = None) -> bool:
        """Tell whether the bot can send a Record."""
        return _data(await API.call("can_send_record", bot=bot)).get("yes") is True

    # --- groups --------------------------------------------------------------------------------------------------

    @staticmethod
    async def set_group_kick(group_id: Id, user_id: Id, reject_add_request: bool = False, *, bot: Bot = None) -> None:
        """Remove a member; `reject_add_request` keeps them from asking to join again."""
        params = {"group_id": group_id, "user_id": user_id, "reject_add_request": reject_add_request}
        await API.call("set_group_kick", bot=bot, **params)

    @staticmethod
    async def set_group_ban(group_id: Id, user_id: Id, duration: int = 1800, *, bot: Bot = None) -> None:
        """Silence a member for `duration` seconds; 0 lifts it."""
        await API.call("set_group_ban", bot=bot, group_id=group_id, user_id=user_id, duration=duration)

    @staticmethod
    async def set_group_anonymous_ban(
        group_id: Id,
        anonymous: Mapping[str, Any] | None = None,
        flag: str | None = None,
        duration: int = 1800,
        *,
        bot: Bot = None,
    ) -> None:
        """Silence an anonymous member for `duration` seconds, named by the event's `anonymous` or by its flag."""
        params = {"group_id": group_id, "anonymous": anonymous, "flag": flag, "duration": duration}
        await API.call("set_group_anonymous_ban", bot=bot, **params)

    @staticmethod
    async def set_group_whole_ban(group_id: Id, enable: bool = True, *, bot: Bot = None) -> None:
        """Silence the whole group, or lift that."""
        await API.call("set_group_whole_ban", bot=bot, group_id=group_id, enable=enable)

    @staticmethod
    async def set_group_admin(group_id: Id, user_id: Id, enable: bool = True, *, bot: Bot = None) -> None:
        """Make a member an administrator, or take that back."""
        await API.call("set_group_admin", bot=bot, group_id=group_id, user_id=user_id, enable=enable)

    @staticmethod
    async def set_group_anonymous(group_id: Id, enable: bool = True, *, bot: Bot = None) -> None:
        """Allow or forbid anonymous messages."""
        await API.call("set_group_anonymous", bot=bot, group_id=group_id, enable=enable)

    @staticmethod
    async def set_group_card(group_id: Id, user_id: Id, card: str = "", *, bot: Bot = None) -> None:
        """Set a member's name in the group; an empty one removes it."""
        await API.call("set_group_card", bot=bot, group_id=group_id, user_id=user_id, card=card)

    @staticmethod
    async def set_group_name(group_id: Id, group_name: str, *, bot: Bot = None) -> None:
        """Rename the group."""
        await API.call("set_group_name", bot=bot, group_id=group_id, group_name=group_name)

    @staticmethod
    async def set_group_leave(group_id: Id, is_dismiss: bool = False, *, bot: Bot = None) -> None:
        """Leave the group; its owner dissolves it with `is_dismiss`."""
        await API.call("set_group_leave", bot=bot, group_id=group_id, is_dismiss=is_dismiss)

    @staticmethod
    async def set_group_special_title(
        group_id: Id, user_id: Id, special_title: str = "", duration: int = -1, *, bot: Bot = None
    ) -> None:
        """Give a member a title for `duration` seconds, -1 for good; an empty title removes it."""
        params = {"group_id": group_id, "user_id": user_id, "special_title": special_title, "duration": duration}
        await API.call("set_group_special_title", bot=bot, **params)

    @staticmethod
    async def get_group_info(group_id: Id, no_cache: bool = False, *, bot: Bot = None) -> Data:
        """Return group_id, group_name, member_count, max_member_count."""
        return _data(await API.call("get_group_info", bot=bot, group_id=group_id, no_cache=no_cache))

    @staticmethod
    async def get_group_list(*, bot: Bot = None) -> list[Data]:
        """Return the bot's groups, each as `get_group_info` does."""
        return _list(await API.call("get_group_list", bot=bot))

    @staticmethod
    async def get_group_member_info(group_id: Id, user_id: Id, no_cache: bool = False, *, bot: Bot = None) -> Data:
        """Return a member's user_id, nickname, card, role, title, level, join_time and more."""
        params = {"group_id": group_id, "user_id": user_id, "no_cache": no_cache}
        return _data(await API.call("get_group_member_info", bot=bot, **params))

    @staticmethod
    async def get_group_member_list(group_id: Id, *, bot: Bot = None) -> list[Data]:
        """Return the group's members, each as `get_group_member_info` does."""
        return _list(await API.call("get_group_member_list", bot=bot, group_id=group_id))

    @staticmethod
    async def get_group_honor_info(group_id: Id, type: str = "all", *, bot: Bot = None) -> Data:  # noqa: A002
        """Return honours of `type`: talkative, performer, legend, strong_newbie, emotion, or all."""
        return _data(await API.call("get_group_honor_info", bot=bot, group_id=group_id, type=type))

    # --- friends and requests ------------------------------------------------------------------------------------

    @staticmethod
    async def send_like(user_id: Id, times: int = 1, *, bot: Bot = None) -> None:
        """Like a user's card, up to ten times a day."""
        await API.call("send_like", bot=bot, user_id=user_id, times=times)

    @staticmethod
    async def set_friend_add_request(flag: str, approve: bool = True, remark: str = "", *, bot: Bot = None) -> None:
        """Answer a friend request; `remark` is the friend's name from then on."""
        await API.call("set_friend_add_request", bot=bot, flag=flag, approve=approve, remark=remark)

    @staticmethod
    async def set_group_add_request(
        flag: str,
        sub_type: Literal["add", "invite"],
        approve: bool = True,
        reason: str = "",
        *,
        bot: Bot = None,
    ) -> None:
        """Answer a request or an invitation to a group; `reason` goes with a refusal."""
        params = {"flag": flag, "sub_type": sub_type, "approve": approve, "reason": reason}
        await API.call("set_group_add_request", bot=bot, **params)

    @staticmethod
    async def get_stranger_info(user_id: Id, no_cache: bool = False, *, bot: Bot = None) -> Data:
        """Return a user's user_id, nickname, sex, age."""
        return _data(await API.call("get_stranger_info", bot=bot, user_id=user_id, no_cache=no_cache))

    @staticmethod
    async def get_friend_list(*, bot: Bot = None) -> list[Data]:
        """Return the bot's friends: user_id, nickname, remark."""
        return _list(await API.call("get_friend_list", bot=bot))

    # --- the bot itself ------------------------------------------------------------------------------------------

    @staticmethod
    async def get_login_info(*, bot: Bot = None) -> Data:
        """Return the account's user_id and nickname."""
        return _data(await API.call("get_login_info", bot=bot))

    @staticmethod
    async def get_cookies(domain: str = "", *, bot: Bot = None) -> Data:
        """Return cookies for `domain`."""
        return _data(await API.call("get_cookies", bot=bot, domain=domain))

    @staticmethod
    async def get_csrf_token(*, bot: Bot = None) -> Data:
        """Return the CSRF token, as `token`."""
        return _data(await API.call("get_csrf_token", bot=bot))

    @staticmethod
    async def get_credentials(domain: str = "", *, bot: Bot = None) -> Data:
        """Return cookies and csrf_token for `domain`."""
        return _data(await API.call("get_credentials", bot=bot, domain=domain))

    @staticmethod
    async def get_status(*, bot: Bot = None) -> Data:
        """Return online (None if unknown), good, and what the platform adds."""
        return _data(await API.call("get_status", bot=bot))

    @staticmethod
    async def get_version_info(*, bot: Bot = None) -> Data:
        """Return app_name, app_version, protocol_version, and what the platform adds."""
        return _data(await API.call("get_version_info", bot=bot))

    @staticmethod
    async def set_restart(delay: int = 0, *, bot: Bot = None) -> None:
        """Restart the OneBot implementation after `delay` milliseconds."""
        await API.call("set_restart", bot=bot, delay=delay)

    @staticmethod
    async def clean_cache(*, bot: Bot = None) -> None:
        """Have the OneBot implementation drop its cached files."""
        await API.call("clean_cache", bot=bot)

    @staticmethod
    async def handle_quick_operation(
        context: Mapping[str, Any], operation: Mapping[str, Any], *, bot: Bot = None
    ) -> None:
        """Do a quick operation on the event `context`, both as OneBot describes them."""
        await API.call(".handle_quick_operation", bot=bot, context=context, operation=operation)


def _find(bot: Bot) -> Adapter:
    if bot is None:
        return select_bot()
    return bot if isinstance(bot, Adapter) else _running(bot)


def _data(answer: Any) -> Data:
    return answer if isinstance(answer, dict) else {}


def _list(answer: Any) -> list[Data]:
    return answer if isinstance(answer, list) else []
