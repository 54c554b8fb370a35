"""Where modules keep data for good: tables on `dbBase` or `metadata`, sessions from `db_sessionmaker`.

Nothing is opened at import. A table `t` that module `m` declares is stored as `t__m` (see `naming`); how two
modules stay apart is in `base`, how SQLite behaves like PostgreSQL in `sqlite`, how upserts run in `session`.
"""

from core.database.base import dbBase, metadata
from core.database.engine import close_database, db_engine, db_sessionmaker, open_database
from core.database.once import once
from core.database.transition import Migration, kept_values, migrating, old_table

__all__ = [
    "Migration",
    "close_database",
    "dbBase",
    "db_engine",
    "db_sessionmaker",
    "kept_values",
    "metadata",
    "migrating",
    "old_table",
    "once",
    "open_database",
]
