"""Alembic's single statements, imported when the first is needed. Nothing else of Alembic is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def statements() -> ModuleType:
    """The module that has them. Most migrations make new tables, which need none; and it brings a hundred others."""
    from alembic.ddl import base  # noqa: PLC0415

    return base
