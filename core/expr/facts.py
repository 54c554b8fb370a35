"""What conditions can know of an event besides its message. It asks no database: `fetch` does, and leaves it here."""

from __future__ import annotations

from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from core.config import cfg
from core.expr.limit import RateLimit
from core.expr.validation import validators

if TYPE_CHECKING:
    from models.api import Event
    from models.core import Group, User

limits = RateLimit()
"""How much each user has been answered lately."""


class Facts:
    """One event, asked by all conditions.

    What an event of this kind does not have raises AttributeError, what was not fetched KeyError: the condition that
    asks for it is then false.
    """

    __slots__ = ("_admitted", "event", "fetched")

    def __init__(self, event: Event) -> None:
        self.event: Any = event
        self.fetched: dict[str, Any] = {}
        """Values of `uid`, `gid` and `validated`, as far as `fetch` got them."""
        self._admitted: bool | None = None

    @property
    def type_(self) -> Any:
        """The main type."""
        return self.event.event_type

    @property
    def sub_type(self) -> Any:
        """The type within the main type; None if there is none."""
        return self.event.sub_type

    @property
    def isgroup(self) -> bool:
        """Whether it happened in a group."""
        in_group = getattr(self.event, "is_group_msg", None)
        return bool(in_group) if in_group is not None else self.event.group_id is not None

    @property
    def isprivate(self) -> bool:
        """Whether it happened between one user and the bot."""
        return not self.isgroup

    @property
    def gid(self) -> int | None:
        """The group's Aha ID; None outside of groups."""
        found: int | None = self.fetched["gid"]
        return found

    @property
    def uid(self) -> int | None:
        """The user's Aha ID; None if there is no user."""
        found: int | None = self.fetched["uid"]
        return found

    @property
    def group(self) -> Group | None:
        """The group; None outside of groups."""
        found: Group | None = self.event.group
        return found

    @property
    def user(self) -> User | None:
        """The user; None if there is none."""
        found: User | None = self.event.user
        return found

    @property
    def platform(self) -> str:
        """The platform's name."""
        return str(self.event.platform)

    @property
    def bot(self) -> str:
        """The id of the bot that received the event."""
        return str(self.event.bot_id)

    @property
    def admin(self) -> bool:
        """Whether the sender owns or administers the group."""
        return self.event.sender.role in ("owner", "admin")

    @property
    def super(self) -> bool:
        """Whether the user is one of the configured super users."""
        return self.user_in(cfg.aha.super)

    @property
    def validated(self) -> bool:
        """Whether the validator accepts the event; without a validator, every event is accepted."""
        return not validators or bool(self.fetched["validated"])

    @property
    def limit(self) -> bool:
        """Whether the user may still be answered; counts the event, once however often it is asked."""
        if self._admitted is None:
            self._admitted = self._admit()
        return self._admitted

    def _admit(self) -> bool:
        limit, user = cfg.aha.limit, getattr(self.event, "user", None)
        if not limit.messages or user is None:
            return True
        return limits.admits(user, most=limit.messages, seconds=limit.seconds, now=monotonic())

    def user_in(self, accounts: frozenset[str | int]) -> bool:
        """Whether the user is one of `accounts`, which are "PLATFORM:ID" or Aha IDs."""
        return _is_in(accounts, self.event.platform, self.event.user_id) or (has_ids(accounts) and self.uid in accounts)

    def group_in(self, accounts: frozenset[str | int]) -> bool:
        """Whether the group is one of `accounts`, which are "PLATFORM:ID" or Aha IDs."""
        return _is_in(accounts, self.event.platform, self.event.group_id) or (
            has_ids(accounts) and self.gid in accounts
        )


@lru_cache(maxsize=64)
def has_ids(accounts: frozenset[str | int]) -> bool:
    """Say whether some of `accounts` are Aha IDs, which have to be fetched."""
    return any(isinstance(account, int) for account in accounts)


def _is_in(accounts: frozenset[str | int], platform: str, id_: str | None) -> bool:
    return bool(accounts) and f"{platform}:{id_}" in accounts
