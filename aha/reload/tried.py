"""What stood on disk when modules were last reloaded, or that was tried: what still does need not be tried again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aha.files import contents_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aha.files import Contents
    from aha.loader import Loader

    from .means import Means


def look(names: Iterable[str], loader: Loader) -> dict[str, Contents]:
    """Return what the files of these modules, or that they share, are like, which are about to be read."""
    return {name: contents_of(place) for name in names if (place := _place(name, loader)) is not None}


def tried_already(names: Iterable[str], means: Means) -> set[str]:
    """Return those of `names` whose files are what was tried last."""
    return {name for name, now in look(names, means.loader).items() if now == means.tried.get(name)}


def _place(name: str, loader: Loader) -> Path | None:
    """Where a module is, or a file or folder that modules share."""
    if name in loader.wanted:
        return loader.wanted[name].path
    if name not in loader.finder.ran:
        return None
    path = Path(loader.finder.ran[name][name].path)
    return path.parent if path.name == "__init__.py" else path
