"""What a start says of the tables of modules that it changed. It is imported only when there is something to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.report import heading, lines, still_waiting, undo
from core.migration.report import unfinished as unfinished_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starting import Migrated

__all__ = ["migration_report", "still_waiting", "unfinished_line"]


def migration_report(migrated: Migrated, *, options: Sequence[str] = (), lang: str) -> list[str]:
    """Say what was done to the tables of which modules, or has to wait; nothing if those are only the framework's.

    `options` are those by which commands find the database, see `aha.commands.database.options`.
    """
    own = [unit for unit in migrated.units if unit.modules != ("",)]
    if not own:
        return []
    said = [heading(own, lang=lang, seconds=migrated.seconds), *(f"  {line}" for line in lines(own, lang=lang))]
    return [*said, f"  {undo(migrated.backup, options=options, lang=lang)}"] if migrated.backup else said
