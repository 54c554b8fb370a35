"""Makes objects of what a store holds, as a bot would: with no module's code if it can be done without.

Plain data needs none. The code of the store's module is imported when a value is of one of its classes.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.importing import imported
from aha.discovery import survey
from aha.loader import BUILTIN
from aha.reports import one_line
from aha.selection import select
from core.config import cfg
from models.exc import ClassGone, ClassUntrusted, StoredValueError, ValueDamaged
from services.data_store.pickles import plain, unpickled
from services.data_store.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aha.discovery import Found
    from aha.stores import Entry

logger = logging.getLogger(__name__)


Folder = Annotated[Path, Parameter(name="--modules", help="The folder that the modules are in.")]
MODULES = Path("modules")


def found_in(folder: Path) -> list[Found]:
    """The modules that are there, also if there is no such folder: a database can be looked at anywhere."""
    return survey(folder.absolute(), BUILTIN) if folder.is_dir() else survey(BUILTIN)


class Objects:
    """The values of the store of module `name`. What it had to import is forgotten at the end of the `with` block."""

    def __init__(self, name: str, modules: Path) -> None:
        self._name = name
        self._modules = modules
        self._names: tuple[str, ...] = (name,)
        self._signer: Signer | None = None
        self._is_imported = False
        self._undo = ExitStack()

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def value(self, entry: Entry) -> Any:
        """The value of `entry`. StoredValueError says why there is none, and what can be done."""
        if entry.damaged:
            raise ValueDamaged(
                f"the value for key {entry.key!r} is damaged: its bytes are not those that were written", key=entry.key
            )
        if plain(entry.data):
            return unpickled(entry.data, trusted=False, key=entry.key)
        try:
            return unpickled(entry.data, trusted=self.is_signed(entry), key=entry.key)
        except (ClassGone, ClassUntrusted):
            if self._is_imported:
                raise
            self._import()
            return unpickled(entry.data, trusted=self.is_signed(entry), key=entry.key)

    def error(self, entry: Entry) -> StoredValueError | None:
        """Why there is no value of `entry`; None if there is one."""
        try:
            self.value(entry)
        except StoredValueError as error:
            return error
        return None

    def unreadable(self, entries: Iterable[Entry]) -> dict[str, str]:
        """Why there is no value of these, by key; of damaged ones a start takes care."""
        found = {entry.key: self.error(entry) for entry in entries if not (entry.damaged or plain(entry.data))}
        return {key: str(error) for key, error in found.items() if error is not None}

    def is_signed(self, entry: Entry) -> bool:
        """Whether this installation has signed `entry`, under any name of the module that is known by now."""
        if self._signer is None:
            self._signer = Signer(cfg.aha.data_dir, create=False)
        signer = self._signer
        return any(signer.verify(name, entry.key, entry.data, entry.mac) for name in self._names)

    def _import(self) -> None:
        self._is_imported = True
        selection = select(found_in(self._modules))
        found = self._undo.enter_context(imported(selection, [self._name], on_failure=_report))
        if self._name in found:
            self._names = (self._name, *found[self._name].was)


def _report(failed: str, error: BaseException) -> None:
    logger.warning("module %s cannot be imported, so its classes are not there: %s", failed, one_line(error))
