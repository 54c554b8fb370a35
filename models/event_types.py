"""The names that events go by, as OneBot v11 gives them. Members equal their strings; a name not listed stays a str."""

from __future__ import annotations

from enum import StrEnum


class MessageType(StrEnum):
    """`event_type` of a Message."""

    group = "group"
    private = "private"


class NoticeType(StrEnum):
    """`event_type` of a Notice."""

    bot_offline = "bot_offline"
    essence = "essence"
    friend_add = "friend_add"
    friend_recall = "friend_recall"
    group_admin = "group_admin"
    group_ban = "group_ban"
    group_card = "group_card"
    group_decrease = "group_decrease"
    group_increase = "group_increase"
    group_msg_emoji_like = "group_msg_emoji_like"
    group_recall = "group_recall"
    group_upload = "group_upload"
    notify = "notify"


class RequestType(StrEnum):
    """`event_type` of a Request."""

    friend = "friend"
    group = "group"


class MetaType(StrEnum):
    """`event_type` of a MetaEvent."""

    heartbeat = "heartbeat"
    lifecycle = "lifecycle"


class SubType(StrEnum):
    """`sub_type` of any event."""

    add = "add"
    anonymous = "anonymous"
    approve = "approve"
    ban = "ban"
    connect = "connect"
    disable = "disable"
    enable = "enable"
    friend = "friend"
    group = "group"
    group_name = "group_name"
    honor = "honor"
    input_status = "input_status"
    invite = "invite"
    kick = "kick"
    kick_me = "kick_me"
    leave = "leave"
    lift_ban = "lift_ban"
    lucky_king = "lucky_king"
    normal = "normal"
    notice = "notice"
    other = "other"
    poke = "poke"
    profile_like = "profile_like"
    set = "set"
    title_ = "title"  # str has a method of that name
    unset = "unset"
