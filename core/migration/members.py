"""Which member of an enum is which: the names on disk, those that are wanted, and what has been renamed. Pure.

Names may be taken over, one member's by another or both in exchange: then the same names mean others than before, and
only what was declared and what is known to be done tell them apart. A mapping is old name -> new name, of all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


_LATER = ", and afterwards nobody could tell which was which: rename one after the other, each in a release of its own"


class Mixed(Exception):  # noqa: N818 - it names what would become of the values
    """Values that differ would become the same. The text says of which members, and what to do."""


def is_shift(renamed: Mapping[str, str]) -> bool:
    """Whether one takes the name of another that has one of its own, too."""
    return any(new in renamed for old, new in renamed.items() if old != new)


def moves(
    before: Collection[str], after: Collection[str], declared: Mapping[str, str], known: Mapping[str, str] | None
) -> dict[str, str]:
    """What the members `before`, as they are called on disk, are called `after`; who keeps its name is left out.

    `declared` are former names of `after`, `known` what was renamed already: the names on disk of what was called
    otherwise when nothing was renamed; None if nobody knows any more. No `before`: it may be any text. Removed members
    whose values may come back are in it, too. Raises Mixed.
    """
    if not after:
        return {}
    wanted = _effective(declared, after)
    if known is None:
        wanted, known = _to_do(before, wanted), {}
    names = dict.fromkeys((*before, *wanted, *known.values()))
    new = {name: _name_of(name, before, after, wanted=wanted, known=known) for name in names}
    found = {old: name for old, name in new.items() if name != old}
    _refuse_mixture(found, before, after, set(known.values()))
    found = {old: new for old, new in found.items() if new in after}
    return found if any(old in after or old in before or not before for old in found) else {}


def remembered(
    known: Mapping[str, str], done: Mapping[str, str], declared: Mapping[str, str], members: Collection[str]
) -> dict[str, str]:
    """What will be known when `done` is done, for the wanted `members`: see `moves`."""
    followed = {old: done.get(new, new) for old, new in known.items()}
    # An older release has the former name again: a newer one that declares nothing finds it all the same.
    alone = {old: new for old, new in done.items() if not _is_linked(old, new, done)}
    # What is no enum now was not renamed.
    true = {old: new for old, new in declared.items() if members or not _is_linked(old, new, declared)}
    there = {old: new for old, new in followed.items() if new in members}
    found = {**alone, **followed, **true, **there}
    moved = {old: new for old, new in _moved(found).items() if _is_told(old, new, declared, members)}
    # Where both are members, neither is the other, unless a third is.
    moved = {o: n for o, n in moved.items() if _is_linked(o, n, moved) or not {o, n} <= set(members)}
    # Who has its first name, which others had on the way, is none of those.
    first = {o: o for o, n in {**known, **declared}.items() if o == n == found.get(o) and o in moved.values()}
    return first | moved


def _is_told(old: str, new: str, declared: Mapping[str, str], members: Collection[str]) -> bool:
    """Whether the release does not say otherwise: that the old name is a member's, and the new one nobody's."""
    return old in declared or old not in members or new in members


def _moved(renamed: Mapping[str, str]) -> dict[str, str]:
    return {old: new for old, new in renamed.items() if old != new}


def _effective(declared: Mapping[str, str], after: Collection[str]) -> dict[str, str]:
    """What can be true of `declared`: the old name is no member's, unless it is taken over."""
    moved = _moved(declared)
    return {o: n for o, n in declared.items() if o == n or o not in after or _is_linked(o, n, moved)}


def _is_linked(old: str, new: str, renamed: Mapping[str, str]) -> bool:
    """Whether one of the two names changes its owner."""
    return new in renamed or old in renamed.values()


def _name_of(
    name: str, before: Collection[str], after: Collection[str], *, wanted: Mapping[str, str], known: Mapping[str, str]
) -> str:
    """What the member that is called `name` on disk is to be called."""
    origins = [old for old, new in known.items() if new == name]
    if declared := next((old for old in origins if old in wanted), None):
        return wanted[declared]
    is_new = name in known and (bool(origins) or known[name] in before)
    if name in wanted and not is_new:
        return wanted[name]
    part = _connected(name, _moved(known))
    if not origins or _stays(name, part, before, after, wanted):
        return name
    # Whose former name is no member goes, by whatever name it is; but not as another that has its name.
    return next((old for old in origins if old in after), origins[0] if name in after else name)


def _stays(
    name: str, part: Mapping[str, str], before: Collection[str], after: Collection[str], wanted: Collection[str]
) -> bool:
    """Whether a member keeps the name that it once got, though that is not declared; else the release is an older one.

    Of names that were taken over, all stay or none; those that go round look alike, so none does.
    """
    if not is_shift(part):
        return name in after
    there = [new for new in part.values() if new in before] or part.values()
    if is_circular(part) or any(old in wanted for old in part) or not all(new in after for new in there):
        return False
    first = next((old for old in part if old not in part.values() and old in after), None)
    if first is not None and name in before:
        raise Mixed(
            f"{name} was renamed in a chain that began with {first}: declare it again, for this release has both"
        )
    return True


def _connected(name: str, renamed: Mapping[str, str]) -> dict[str, str]:
    """The part of `renamed` that has to do with `name`, directly or by way of others."""
    names, size = {name}, 0
    while len(names) > size:
        size = len(names)
        names.update(other for pair in renamed.items() if not names.isdisjoint(pair) for other in pair)
    return {old: new for old, new in renamed.items() if old in names}


def _parts(renamed: Mapping[str, str]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for old in renamed:
        if old not in seen:
            part = _connected(old, renamed)
            seen.update(part)
            yield part


def is_circular(part: Mapping[str, str]) -> bool:
    """Whether names come back to where they began, so that all are in use before and after."""
    return any(_comes_back(name, part) for name in part)


def _comes_back(name: str, part: Mapping[str, str]) -> bool:
    now = name
    for _ in part:
        now = part.get(now, "")
        if now == name:
            return True
    return False


def _to_do(before: Collection[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """What of `wanted` is still to do when nobody knows what was done: all that cannot have been done already.

    A chain is to do if its first name is there. Of names that go round nothing tells.
    """
    found: dict[str, str] = {}
    for part in _parts(_moved(wanted)):
        is_first = any(old in before for old in part if old not in part.values())
        if not is_shift(part) or (is_first and not is_circular(part)):
            found |= part
    return found


def _refuse_mixture(
    found: Mapping[str, str], before: Collection[str], after: Collection[str], renamed: Collection[str]
) -> None:
    """Raise Mixed if one of `before` takes the name of another that keeps it, or of one that has none any more."""
    taken = set(found.values())
    for old, new in found.items():
        if old not in before:
            continue
        if new not in after and old in after:
            raise Mixed(
                f"{old} is to be {new}, which is no member of this release, while another is called {old}{_LATER}"
            )
        is_linked = old in taken or new in found
        if new in before and new not in found and (is_linked or new in renamed):
            raise Mixed(f"{old} is now called {new}, but {new} is still there{_LATER}")
        if is_linked and (other := next((o for o in before if o != old and found.get(o) == new), None)) is not None:
            raise Mixed(f"{old} and {other} are both now called {new}{_LATER}")
