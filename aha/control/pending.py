"""Who waits to hear how a reload went, kept in a file, so that a bot that was started anew can tell them.

Of the message that asked, only what an answer needs is kept; what was said is not.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any, Final

from models.api import Message

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

logger = logging.getLogger(__name__)

PENDING_FILE: Final = "reload.json"

_ADDRESS: Final = ("bot_id", "self_id", "platform", "adapter", "event_type", "user_id", "group_id")
# Seconds after which nobody waits any more.
_LONGEST: Final = 86400.0


@dataclass(eq=False, slots=True)
class Waiting:
    """Somebody who asked for `names`, or for all, `when` in seconds since 1970; `said` is the answer once it is known.

    `address` is where they did.
    """

    names: tuple[str, ...]
    address: dict[str, str]
    when: float = field(default_factory=time)
    said: str = ""

    def message(self) -> Message:
        """Return a message that is answered where they asked. It is bound to nobody."""
        address: dict[str, Any] = dict(self.address)
        return Message(**address)


def address_of(event: Message) -> dict[str, str]:
    """Return what an answer to `event` needs to know."""
    known = {name: getattr(event, name) for name in _ADDRESS}
    known["group_id"] = known["group_id"] or event.extra.get("group_id")  # a talk in private by way of a group
    return {name: str(value) for name, value in known.items() if value}


class Pending:
    """The file in the data folder `folder`. Who was in it when this was made is in `left`; garbage is dropped."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PENDING_FILE
        self._all = _read(self._path)
        self.left: Collection[Waiting] = tuple(self._all)

    def add(self, waiting: Waiting) -> None:
        """Keep somebody who waits."""
        self._all.append(waiting)
        self.save()

    def remove(self, waiting: Waiting) -> None:
        """Forget somebody who has been told."""
        self._all.remove(waiting)
        self.save()

    def save(self) -> None:
        """Write what there is; nobody is kept if that cannot be done."""
        beside = self._path.with_suffix(".new")
        try:
            if not self._all:
                self._path.unlink(missing_ok=True)
                return
            beside.write_text(json.dumps([_plain(waiting) for waiting in self._all]), encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            logger.warning("%s cannot be written (%s): if the bot ends now, who waits is not told", self._path, error)


def _plain(waiting: Waiting) -> dict[str, Any]:
    return {name: getattr(waiting, name) for name in ("names", "address", "when", "said")}


def _read(path: Path) -> list[Waiting]:
    try:
        kept = [_waiting(**entry) for entry in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s cannot be read and is left out: %s", path, error)
        return []
    return [waiting for waiting in kept if time() - waiting.when < _LONGEST]


def _waiting(*, names: Any, address: Any, when: Any, said: Any) -> Waiting:
    texts = [*names, *address, *address.values(), said]
    if not isinstance(when, int | float) or not all(isinstance(text, str) for text in texts):
        raise TypeError("names, addresses and answers are texts, moments are numbers")
    return Waiting(tuple(names), dict(address), when, said)
