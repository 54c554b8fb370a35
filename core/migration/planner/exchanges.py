"""Names in use that one release passes on from one to the other: found, so that it is refused. Pure.

Where two exchange their names, or more of them in a circle, the same names are on disk before and after: nothing there
would tell whose rows are whose. Nor would it where one takes the name of another that goes, and a third one its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Claims:
    """What the names of one space, tables or the columns of one table, declare to have been.

    `renamed` are the wanted names that have another on disk, `late` those that are to be filled from a former one. By
    their names on disk, `used` are all that the last release had, and `former` what the record says that they were.
    """

    wanted: Collection[str]
    declared: Mapping[str, Sequence[str]]
    renamed: Mapping[str, str]
    late: Mapping[str, str]
    used: Collection[str]
    former: Mapping[str, Sequence[str]]
    folds: bool

    def passed_on(self) -> dict[str, str]:
        """Names, each with the one in use that it declares to have been, that cannot all get what they were."""
        claims = self._claims()
        for name, others in claims.items():
            for other in others:
                if self._is_news(name, other) and (found := self._entangled(name, other, claims)):
                    return found
        return {}

    def _entangled(self, name: str, other: str, claims: Mapping[str, Sequence[str]]) -> dict[str, str]:
        if other in self.late:
            return {name: other, other: self.late[other]}
        return self._circle(name, other, claims)

    def _circle(self, name: str, other: str, claims: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """The claims that lead from `name` over `other` back to it."""
        ways, seen = [{name: other}], {other}
        for way in ways:
            last = next(reversed(way.values()))
            if last == name:
                return way
            ways += [{**way, last: old} for old in claims.get(last, ()) if old not in seen]
            seen.update(claims.get(last, ()))
        return {}

    def _claims(self) -> dict[str, list[str]]:
        """Name -> those in use that it declares to have been, by the names that these have in the model."""
        users = self._users()
        found = {}
        for name in self.wanted:
            others = [users.get(self._folded(old), name) for old in self.declared.get(name, ())]
            found[name] = [other for other in others if other != name]
        return found

    def _users(self) -> dict[str, str]:
        """Name on disk -> who has it in the model. A name that an older release takes up again counts as well."""
        given_up = set(self.renamed.values()) - self.renamed.keys()
        there = {self._on_disk(name): name for name in self.wanted if name not in given_up}
        again = {name: name for name, old in self.renamed.items() if old not in self.declared.get(name, ())}
        users = {**again, **there}
        return {self._folded(old): name for old, name in users.items() if self._on_disk(name) in self.used}

    def _is_news(self, name: str, other: str) -> bool:
        """Whether the last release had what is `name` now, and it was not known to have been the other one."""
        known = {self._folded(old) for old in self.former.get(self._on_disk(name), ())}
        claimed = {self._folded(other), self._folded(self._on_disk(other))}
        return self._on_disk(name) in self.used and known.isdisjoint(claimed)

    def _on_disk(self, name: str) -> str:
        return self.renamed.get(name, name)

    def _folded(self, name: str) -> str:
        return name.lower() if self.folds else name
