"""Reloads modules when a super user says reload or 重载, alone or with names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core.config import cfg
from core.dispatcher import on_message
from core.expr import PM, Pcommand
from core.reload import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.api import Message

_HELP = {
    "en": {"reload [NAME ...]": "run the modules, or those named, as their files are now"},
    "zh": {"重载 [模块名 ...]": "按现在的文件重新运行全部或指定的模块"},
}
_BETWEEN = re.compile(r"[\s,，、]+")


@on_message(
    PM.prefix,
    PM.super,
    Pcommand.prefixof(["reload"]) | Pcommand.prefixof(["重载"]),
    register_help=_HELP[cfg.aha.lang],
)
async def reload(event: Message, args: Sequence[Any]) -> None:
    """Ask for it; the answer comes when it is done, from the bot itself, as this module may be reloaded, too."""
    said = " ".join(map(str, args))
    names = [name for name in _BETWEEN.split(said) if name]
    ask(names or [said] if said.strip() else [], event=event)  # a comma alone means no module, and not all of them
