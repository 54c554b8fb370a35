"""Values on their way between SQLite and PostgreSQL. In between they are as SQLite stores them, in the one proper form.

Nothing is rounded, cut or guessed: what the other database cannot hold raises Unfit, which says why. Pure Python.
"""

from core.backup.copy_values.forms import Unfit
from core.backup.copy_values.from_postgresql import from_postgresql, read_sql
from core.backup.copy_values.from_sqlite import decoded, from_sqlite
from core.backup.copy_values.into_postgresql import copy_field, into_postgresql
from core.backup.copy_values.meanings import compared, converted

__all__ = [
    "Unfit",
    "compared",
    "converted",
    "copy_field",
    "decoded",
    "from_postgresql",
    "from_sqlite",
    "into_postgresql",
    "read_sql",
]
