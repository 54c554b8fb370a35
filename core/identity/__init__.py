"""Aha IDs: one number for a user or a group, whatever the platform. What a user may do is not known here.

Until it is mapped an Aha ID is a hash of platform and id (`ids` has the formula), the same in every process. Who is
seen for the first time is written down (`space`), so that the number leads back to the user after a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from core.context import current_event
from core.identity.ids import whole
from core.identity.space import Space
from models.core import Group, User
from models.exc import IdentityError

if TYPE_CHECKING:
    from core.identity.ids import Key, Kind

__all__ = ["aha_id2group", "aha_id2user", "group2aha_id", "map_user", "user2aha_id"]

T = TypeVar("T", User, Group)

_users = Space("user", User)
_groups = Space("group", Group)


@overload
async def user2aha_id() -> int: ...
@overload
async def user2aha_id(user_id: str | int, /) -> int: ...
@overload
async def user2aha_id(platform: str, user_id: str | int, /) -> int: ...
async def user2aha_id(*who: str | int) -> int:
    """Return the Aha ID of a user: of the current event's, of one on its platform, or of `(platform, user_id)`.

    Raises IdentityError if there is no current event to complete what is missing, or the id cannot be stored.
    """
    return await _users.aha_id(_key("user", who))


@overload
async def group2aha_id() -> int: ...
@overload
async def group2aha_id(group_id: str | int, /) -> int: ...
@overload
async def group2aha_id(platform: str, group_id: str | int, /) -> int: ...
async def group2aha_id(*which: str | int) -> int:
    """Return the Aha ID of a group: of the current event's, of one on its platform, or of `(platform, group_id)`.

    Raises IdentityError if there is no current event to complete what is missing, or the id cannot be stored.
    """
    return await _groups.aha_id(_key("group", which))


async def aha_id2user(aha_id: int) -> User | None:
    """Return the user of an Aha ID; None if nobody has it.

    Of several who share it, the one on the current event's platform; else the one to whom it was first given.
    Raises TypeError for what is no whole number.
    """
    return _nearest(await _users.names(whole(aha_id)))


async def aha_id2group(aha_id: int) -> Group | None:
    """Return the group of an Aha ID; None if none has it. Raises TypeError for what is no whole number."""
    return _nearest(await _groups.names(whole(aha_id)))


async def map_user(platform: str, user_id: str | int, target_platform: str, target_user_id: str | int) -> int:
    """Let a user share the Aha ID of a target user, and return it.

    Those who share the user's own Aha ID come along. A user mapped to itself has its own Aha ID again. The old number
    still leads to the user. Another process on the same database notices within a minute.
    Raises IdentityError if an id cannot be stored.
    """
    return await _users.map(_named("user", platform, user_id), _named("user", target_platform, target_user_id))


def _key(kind: Kind, who: tuple[str | int, ...]) -> Key:
    """Complete what was named by what the current event says."""
    if len(who) == 2:
        return _named(kind, *who)
    if len(who) > 2:
        raise IdentityError(f"{kind}2aha_id takes at most a platform and an id there, not {len(who)}: {who!r}")
    event = current_event.get()
    if event is None:
        raise IdentityError(f"there is no current event here: name both, {kind}2aha_id(platform, {kind}_id)")
    found = who[0] if who else getattr(event, f"{kind}_id", None)
    if found is None:
        raise IdentityError(f"the current event, a {type(event).__name__}, has no {kind}_id: {kind}2aha_id({kind}_id)")
    return event.platform, str(found)


def _named(kind: Kind, platform: str | int, id_: str | int) -> Key:
    # An event may have no id; its text, "None", would be one and the same for all who have none.
    if platform is None or id_ is None:
        raise IdentityError(f"no {kind} can be called None (of {(platform, id_)!r}): see first whether there is one")
    return str(platform), str(id_)


def _nearest(names: tuple[T, ...]) -> T | None:
    event = current_event.get()
    here = (name for name in names if event is not None and name.platform == event.platform)
    return next(here, names[0] if names else None)
