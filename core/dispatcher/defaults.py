"""The default conditions: what the owner configured for all callbacks that do not mention it. Nothing is fetched here.

The configuration is read when an event comes, and only for callbacks whose own condition holds.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.config import cfg
from core.expr.facts import has_ids
from core.expr.fetch import awaited
from models.api import External, Message, MetaEvent

if TYPE_CHECKING:
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


def awaited_by_defaults(registration: Registration) -> frozenset[str]:
    """Return which fields have to be fetched before `admits` can be asked."""
    module, defaults = registration.module_name, registration.defaults
    fields = awaited(defaults & {"validated"})
    if "group" in defaults and has_ids(cfg.get_group_blacklist(module) | (cfg.get_group_whitelist(module) or set())):
        fields |= {"gid"}
    if "user" in defaults and has_ids(cfg.get_user_blacklist(module) | (cfg.get_user_whitelist(module) or set())):
        fields |= {"uid"}
    return fields


def admits(registration: Registration, facts: Facts) -> bool:
    """Say whether the default conditions hold; counts the event for the rate limit if all others do.

    They do not hold if they need a field that could not be fetched.
    """
    module, defaults = registration.module_name, registration.defaults
    with suppress(KeyError):
        return (
            ("group" not in defaults or _group_admitted(facts, module))
            and ("user" not in defaults or _user_admitted(facts, module))
            and ("private" not in defaults or facts.isgroup or bool(cfg.get("aha.private")))
            and ("validated" not in defaults or facts.validated)
            and ("limit" not in defaults or facts.limit)
        )
    return False


def _group_admitted(facts: Facts, module: str) -> bool:
    if facts.event.group_id is None:
        return True
    allowed = cfg.get_group_whitelist(module)
    return (allowed is None or facts.group_in(allowed)) and not facts.group_in(cfg.get_group_blacklist(module))


def _user_admitted(facts: Facts, module: str) -> bool:
    if facts.event.user_id is None:
        return True
    allowed = cfg.get_user_whitelist(module)
    return (allowed is None or facts.user_in(allowed)) and not facts.user_in(cfg.get_user_blacklist(module))
