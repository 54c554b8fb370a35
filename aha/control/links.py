"""Files of modules that stand elsewhere, behind links in the folder. No system tells of those: one has to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aha.files import linked_files, module_of
from aha.sources import stamp_of

if TYPE_CHECKING:
    from aha.sources import Stamp


class Links:
    """The files that links below `folder` lead to, as they were at the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamps: dict[str, Stamp] = {}

    def changed(self, *, anew: bool) -> set[str]:
        """Return the modules of those that have changed since the last look; `anew` counts the links once more."""
        before = self._stamps
        self._stamps = {path: stamp_of(path) for path in (linked_files(self._folder) if anew else before)}
        changed = [path for path, stamp in self._stamps.items() if before.get(path, stamp) != stamp]
        return {name for path in changed if (name := module_of(Path(path), self._folder))}
