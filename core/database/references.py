"""Checks that foreign keys and relationships of a module lead somewhere. It asks the models, not the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError

from core.database.base import mapped_registry
from models.exc import DatabaseError

if TYPE_CHECKING:
    from core.context import Module


def check_references(module: Module) -> None:
    """Find out now, not at the first query, what a module's relationships and foreign keys refer to in vain.

    Raises DatabaseError, or what SQLAlchemy raises.
    """
    for table in module.tables.values():
        for key in table.foreign_keys:
            try:
                key.column  # noqa: B018 - resolving it is the check
            except (NoReferencedTableError, NoReferencedColumnError) as error:
                raise DatabaseError(
                    f"{table.name}.{key.parent.name} refers to {key.target_fullname!r}, which does not exist: "
                    f"module {module.name} has the tables {', '.join(sorted(module.tables))}; "
                    "another module's table is written t__module, and that module must be on"
                ) from error
    mapped = mapped_registry(module)
    if mapped is not None:
        mapped.configure(cascade=True)
