"""The default conditions: what the owner configured for all callbacks that do not mention it. Nothing is fetched here.

The configuration is read when an event comes, and only for callbacks whose own condition holds.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.config import cfg
from core.expr.facts import has_ids
from core.expr.fetch import awaited
from models.api import External, Message, MetaEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.dispatcher.registration import Registration
    from core.expr.facts import Facts
    from models.api import Event

# Each default condition, and the fields whose mention takes it away.
_FIELDS: dict[str, frozenset[str]] = {
    "group": frozenset({"group", "gid"}),
    "user": frozenset({"user", "uid"}),
    "private": frozenset({"isprivate", "isgroup"}),
    "validated": frozenset({"validated"}),
    "limit": frozenset({"limit"}),
}


def defaults_for(kind: type[Event], mentions: frozenset[str]) -> frozenset[str]:
    """Return the names of the default conditions for callbacks of `kind` whose conditions mention these fields."""
    if kind in (MetaEvent, External):
        return frozenset()
    names = frozenset(name for name, fields in _FIELDS.items() if not fields & mentions)
    return names if kind is Message else names - {"private"}


@dataclass(frozen=True, slots=True)
class Listing:
    """The lists of groups or users (`field` is "gid" or "uid") that apply to a callback."""

    field: str
    allowed: frozenset[str | int] | None
    denied: frozenset[str | int]

    @property
    def awaits(self) -> bool:
        """Whether the Aha ID has to be fetched to look it up."""
        return has_ids(self.denied) or (self.allowed is not None and has_ids(self.allowed))

    def admits(self, facts: Facts) -> bool:
        """Say whether the group or user is let through; raises KeyError if the Aha ID is needed and unknown."""
        is_in = facts.group_in if self.field == "gid" else facts.user_in
        return (self.allowed is None or is_in(self.allowed)) and not is_in(self.denied)


@dataclass(frozen=True, slots=True)
class Guard:
    """The default conditions of one callback, as they are configured now and as far as they matter to an event."""

    names: frozenset[str]
    listings: Sequence[Listing]

    @property
    def awaits(self) -> frozenset[str]:
        """The fields that have to be fetched before `admits` can be asked."""
        return awaited(self.names).union(listing.field for listing in self.listings if listing.awaits)

    def admits(self, facts: Facts) -> bool:
        """Say whether all hold; if so, count the event for the rate limit. Without a field they need, they do not."""
        with suppress(KeyError):
            return (
                all(listing.admits(facts) for listing in self.listings)
                and ("private" not in self.names or facts.isgroup or cfg.aha.private)
                and ("validated" not in self.names or facts.validated)
                and ("limit" not in self.names or facts.limit)
            )
        return False


def guard_of(registration: Registration, event: Any) -> Guard:
    """Read the default conditions of a callback from the configuration; `event` is of the callback's kind."""
    module, names = registration.module_name, registration.defaults
    listings = []
    if "group" in names and event.group_id is not None:
        listings.append(Listing("gid", cfg.get_group_whitelist(module), cfg.get_group_blacklist(module)))
    if "user" in names and event.user_id is not None:
        listings.append(Listing("uid", cfg.get_user_whitelist(module), cfg.get_user_blacklist(module)))
    return Guard(names, [listing for listing in listings if listing.denied or listing.allowed is not None])
