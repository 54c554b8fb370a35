"""What stood on disk when modules were last loaded, or that was tried: what still does need not be tried again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aha.files import contents_of, is_of_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aha.files import Contents
    from aha.loader import Loader
    from aha.sources import Source

    from .means import Means


def look(names: Iterable[str], loader: Loader) -> dict[str, Contents]:
    """Return what the files of these modules, or that they share, are like, which are about to be read."""
    return {name: contents_of(place) for name in names if (place := _place(name, loader)) is not None}


def tried_already(names: Iterable[str], means: Means) -> set[str]:
    """Return those of `names` whose files are what was tried last."""
    return {name for name, now in look(names, means.loader).items() if now == means.tried.get(name)}


def not_as_loaded(means: Means) -> set[str]:
    """Return the modules, and files that they share, that have changed on disk since a bot began to load them."""
    settle(means.loader.wanted, means)
    names = means.loader.wanted.keys() | means.loader.finder.ran.keys()
    return names - tried_already(names, means)


def _ran_first(means: Means) -> list[str]:
    ran = dict(means.loader.finder.ran)
    new = ran.keys() - means.tried.keys() - means.loader.wanted.keys()
    return [name for name in new if not _has_changed(ran[name].values())]


def _has_changed(files: Iterable[Source]) -> bool:
    return any(source.is_changed for source in files)


def settle(names: Iterable[str], means: Means) -> None:
    """Of what has changed since these modules were about to be read, take as tried what they have written themselves.

    Else they would be reloaded for it, write it once more, and so on. What somebody has saved meanwhile is not tried.
    Files that modules share and that have run for the first time are tried as well, unless they have changed since.
    """
    means.tried.update(look(_ran_first(means), means.loader))
    for name, now in look(names, means.loader).items():
        before = means.tried.get(name, now)
        changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        own = _own(name, changed, before, means)
        found = {path: now.get(path) if path in own else before.get(path) for path in before.keys() | now.keys()}
        means.tried[name] = {path: content for path, content in found.items() if content is not None}
        means.written[name] = changed


def _own(name: str, changed: Collection[str], before: Contents, means: Means) -> set[str]:
    """Return those files that a module must have written itself when it was loaded, not somebody else just then.

    So it is with code that runs as it stands there, with data that came, and with what changed the last time as well.
    """
    ran = {source.path: source for source in means.loader.finder.ran.get(name, {}).values()}
    written = means.written.get(name)
    return {path for path in changed if _is_own(path, ran.get(path), written, is_new=path not in before)}


def _is_own(path: str, ran: Source | None, written: Collection[str] | None, *, is_new: bool) -> bool:
    if ran is not None:
        return not ran.is_changed
    if is_of_texts(path):
        return False
    if written is not None and path in written:
        return True
    return not path.endswith(".py") and (is_new or written is None)


def _place(name: str, loader: Loader) -> Path | None:
    """Where a module is, or a file or folder that modules share."""
    if name in loader.wanted:
        return loader.wanted[name].path
    if not (files := loader.finder.ran.get(name)):
        return None
    part, source = next(iter(files.items()))  # a folder without __init__.py has parts only
    path = Path(source.path)
    place = path.parent if path.name == "__init__.py" else path
    return [place, *place.parents][part.count(".")]
