"""What the owner has to know after a reload: files that have changed and stay, and those that stay with old code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aha.imports import PACKAGE, is_kept

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from aha.loader import Loader
    from aha.sources import Source


def notes_on(names: Iterable[str], loader: Loader, *, reloaded: Collection[str]) -> Iterator[str]:
    """Yield sentences on the files that stayed as they were of those of `names` that run."""
    for name in names:
        for part, source in loader.finder.ran.get(name, {}).items() if name in loader.loaded else ():
            if is_kept(part):
                yield from _notes_on_file(name, source, reloaded)


def _notes_on_file(name: str, source: Source, reloaded: Collection[str]) -> Iterator[str]:
    if source.is_gone:
        yield (
            f"{source.where} is gone but stays as it was: put it back, or let go of it when nothing needs it: "
            f"aha reload --with-database {name}, or a restart"
        )
    elif source.is_changed:
        yield (
            f"{source.where} has changed but stays as it was; what takes it over: aha reload --with-database {name}, "
            "or a restart"
        )
    old = [each for each in sorted(source.imports) if not is_kept(each) and each.partition(".")[0] in reloaded]
    if old:
        yield (
            f"{source.where} stays with the old code of {', '.join(f'{PACKAGE}.{each}' for each in old)}: have in it "
            "what it needs, or restart the bot"
        )
