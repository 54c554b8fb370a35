"""Which module has a store, and when its entries may be touched. It holds none and loads none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from core.context import current_module
from models.exc import StoreError, StoreNotLoaded, UsageError
from services.data_store.journal.forks import IN_A_CHILD
from services.data_store.rows import declare_table
from utils.forks import after_fork

if TYPE_CHECKING:
    from sqlalchemy import Table

    from core.context import Module
    from services.data_store.entries import Entries

V = TypeVar("V")

settled: set[Module] = set()
"""The modules that have been loaded and may not make a store any more."""


class Shut:
    """Stands where entries will be, or were: whatever is asked of it raises an error."""

    __slots__ = ("_error", "_why")

    def __init__(self, why: str, error: type[Exception]) -> None:
        self._why = why
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        raise self._error(self._why)


class Door(Generic[V]):
    """Leads from the SimpleStore of module `owner` to its entries: open from their loading to the end of its code.

    `hot` are the objects that a reader may have at once (see `lent`); none while the door is shut.
    """

    __slots__ = ("entries", "hot", "is_open", "owner", "table")

    def __init__(self, owner: str, table: Table) -> None:
        self.owner = owner
        self.table = table
        self._shut(
            f"the SimpleStore of module {owner} was touched before its data was loaded; "
            "touch it in a callback: the first one that may is a function under @on_start"
        )

    def open(self, entries: Entries[V]) -> None:
        """Let the module touch its entries."""
        self.entries = entries
        self.hot = entries.lent.hot
        self.is_open = True

    def close(self) -> None:
        """Let nobody touch the entries any more, until they are opened again."""
        self._shut(f"the SimpleStore of module {self.owner} is closed: the module was unloaded or the bot has stopped")

    def lose(self) -> None:
        """Let nobody touch the entries in a forked child: what is changed there is lost, and nobody would know."""
        self._shut(IN_A_CHILD, StoreError)

    def _shut(self, why: str, error: type[Exception] = StoreNotLoaded) -> None:
        self.entries = cast("Entries[V]", Shut(why, error))
        self.hot = {}
        self.is_open = False


doors: dict[Module, Door[Any]] = {}
"""The door of each module that made a store."""


@after_fork
def _lose_all() -> None:
    for door in doors.values():
        if door.is_open:
            door.lose()


def build(store: Any) -> Door[Any]:
    """Return the door of `store`, which the current module makes; UsageError says why it may not make one."""
    module = current_module.get()
    if module is None:
        raise UsageError("a SimpleStore belongs to a module: make it at the top level of a module that the bot loads")
    if module in settled:
        raise UsageError(f"module {module.name} made its SimpleStore too late: make it at the top level, as it loads")
    if module in doors:
        raise UsageError(f"module {module.name} made a second SimpleStore: import the first one, or use longer keys")
    door: Door[Any] = Door(module.name, declare_table())
    module.enter(partial(_take_out, module), redo=partial(_put_in, module, door, store))
    _put_in(module, door, store)
    return door


def _put_in(module: Module, door: Door[Any], store: Any) -> None:
    doors[module], module.store = door, store


def _take_out(module: Module) -> None:
    module.store = None
    doors.pop(module).close()
