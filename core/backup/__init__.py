"""Saving the bot's database and putting it back, and moving it from SQLite to PostgreSQL or back.

`backup`, `restore`, `backups`, `check_unused`, `copy_database`; each opens what it needs, beside what the bot has open.
"""

from core.backup.checks import check_unused
from core.backup.copying import Copied, Progress, copy_database
from core.backup.make import backup
from core.backup.restore import Restored, restore
from core.backup.rotate import BackupFile, backups
from models.exc import BackupError

__all__ = [
    "BackupError",
    "BackupFile",
    "Copied",
    "Progress",
    "Restored",
    "backup",
    "backups",
    "check_unused",
    "copy_database",
    "restore",
]
