"""The fields of an event that a condition can ask for, as nodes. What a field's value is, `facts` and `text` say."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from core.expr.nodes import Field

MESSAGE: Final = Field("message", attrgetter("text.message"))
MESSAGE_CHAIN: Final = Field("message_chain", attrgetter("text.message_chain"))
COMMAND: Final = Field("command", attrgetter("text.command"))
PREFIX: Final = Field("prefix", attrgetter("text.prefix"))
TYPE: Final = Field("type_", attrgetter("facts.type_"))
SUB_TYPE: Final = Field("sub_type", attrgetter("facts.sub_type"))
ISGROUP: Final = Field("isgroup", attrgetter("facts.isgroup"))
ISPRIVATE: Final = Field("isprivate", attrgetter("facts.isprivate"))
GID: Final = Field("gid", attrgetter("facts.gid"))
UID: Final = Field("uid", attrgetter("facts.uid"))
GROUP: Final = Field("group", attrgetter("facts.group"))
USER: Final = Field("user", attrgetter("facts.user"))
PLATFORM: Final = Field("platform", attrgetter("facts.platform"))
BOT: Final = Field("bot", attrgetter("facts.bot"))
ADMIN: Final = Field("admin", attrgetter("facts.admin"))
SUPER: Final = Field("super", attrgetter("facts.super"))
VALIDATED: Final = Field("validated", attrgetter("facts.validated"))
LIMIT: Final = Field("limit", attrgetter("facts.limit"))

OF_MESSAGES: Final = frozenset({MESSAGE.name, MESSAGE_CHAIN.name, COMMAND.name})
"""Names of the fields that say what a message is about."""
