"""What a start says of the tables of modules that it changed. It is imported only when there is something to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.report import heading, lines, still_waiting, undo
from core.migration.report import unfinished as unfinished_line

if TYPE_CHECKING:
    from .starting import Migrated

__all__ = ["migration_report", "still_waiting", "unfinished_line"]


def migration_report(migrated: Migrated, *, lang: str) -> list[str]:
    """Say what was done to the tables of which modules, or has to wait; nothing if those are only the framework's."""
    own = [unit for unit in migrated.units if unit.modules != ("",)]
    if not own:
        return []
    said = [heading(own, lang=lang, seconds=migrated.seconds), *(f"  {line}" for line in lines(own, lang=lang))]
    return [*said, f"  {undo(migrated.backup, lang=lang)}"] if migrated.backup else said
