"""What of a store its table does not have yet, and in which order it is to have it. It keeps no values of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from services.data_store.quarantine import Outcast


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes on their way to the table.

    `changes` are keys and their pickled values, None for those that were deleted. The rows of `reborn` keys are deleted
    before they are written, as a key that is set again goes to the end. The rows of `displaced` keys could not be read;
    they are kept elsewhere before, and so are the `outcasts`, which stood in the store. `seq` is the number of the last
    record in the journal that the batch takes in. Of `born` keys the table has no row, as far as is known.
    """

    changes: Mapping[str, bytes | None]
    reborn: frozenset[str]
    displaced: frozenset[str]
    seq: int
    outcasts: tuple[Outcast, ...] = ()
    born: Set[str] = frozenset()


@dataclass(slots=True)
class Unfolded:
    """The changes since the last batch was taken; what they are is said of `Batch`."""

    changes: dict[str, bytes | None] = field(default_factory=dict)
    reborn: set[str] = field(default_factory=set)
    displaced: set[str] = field(default_factory=set)
    outcasts: list[Outcast] = field(default_factory=list)
    born: set[str] = field(default_factory=set)

    def bear(self, key: str) -> None:
        """Let `key`, which was not in the store, stand at the end of the table as well; its change is to follow."""
        if self.changes.pop(key, b"") is None or key in self.displaced:
            self.reborn.add(key)
        self.born.add(key)

    def bury(self, key: str) -> None:
        """Let `key` be deleted from the table."""
        self.changes[key] = None
        self.reborn.discard(key)

    def take(self, seq: int) -> Batch:
        """Return all of it, which is what the journal says up to number `seq`, and begin anew."""
        reborn, displaced, outcasts = frozenset(self.reborn), frozenset(self.displaced), tuple(self.outcasts)
        batch = Batch(self.changes, reborn, displaced, seq, outcasts, self.born)
        self.changes, self.reborn, self.displaced, self.outcasts, self.born = {}, set(), set(), [], set()
        return batch

    def give_back(self, batch: Batch) -> None:
        """Take a batch that was not written, as older than all that has changed since."""
        for key, data in self.changes.items():
            if data is not None and batch.changes.get(key, b"") is None:
                self.reborn.add(key)  # it was deleted by the batch, so it is to go to the end
        older = {key: data for key, data in batch.changes.items() if key not in self.reborn}
        self.changes = older | self.changes
        self.reborn |= batch.reborn
        self.displaced |= batch.displaced
        self.outcasts[:0] = batch.outcasts
