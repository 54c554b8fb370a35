"""The one error tree. A class's docstring says when it is raised; messages say what, which object, what to do now."""


class AhaError(Exception):
    """Base of every error that Aha raises on purpose."""


class UsageError(AhaError):
    """A module or a command used Aha in a way that cannot work; the message says what to write instead."""


# --- configuration -----------------------------------------------------------------------------------------------


class ConfigError(AhaError):
    """The configuration file cannot be used: one line that names file, line, key and what was expected."""


# --- modules -----------------------------------------------------------------------------------------------------


class ModuleError(AhaError):
    """A module of the bot cannot be loaded or found."""


# --- database ----------------------------------------------------------------------------------------------------


class DatabaseError(AhaError):
    """The database cannot be opened or prepared; the message names it (without its password) and the remedy."""


class DatabaseNotOpen(DatabaseError):  # noqa: N818 - the name is part of the documented interface
    """A session or the engine was used before the database was opened, or after it was closed."""


class NameTaken(DatabaseError):  # noqa: N818 - reads as the sentence it is
    """Two tables would have the same name in the database."""


class TableRefused(DatabaseError):  # noqa: N818 - reads as the sentence it is
    """A table cannot be made as it is declared; `table` is its name in the database, `others` are tied up with it."""

    def __init__(self, message: str, *, table: str, others: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.table = table
        self.others = others


class NothingToCompare(DatabaseError):  # noqa: N818 - reads as the sentence it is
    """The bot's role may create nothing, so it cannot be found out what the models' tables would be."""


class DatabaseBusy(DatabaseError):  # noqa: N818 - reads as the sentence it is
    """Another session has been writing to the SQLite file for too long, or this very code has one open."""


class BackupError(DatabaseError):
    """A backup cannot be made or put back, or a database cannot be copied; what was there is as it was."""


# --- platform ----------------------------------------------------------------------------------------------------


class APIException(AhaError):  # noqa: N818 - the name is part of the documented interface
    """The platform refused a call."""

    def __init__(self, code: int, err_msg: str) -> None:
        super().__init__(f"the platform refused the call: {err_msg or 'no reason given'} (code {code})")
        self.code = code
        self.err_msg = err_msg


class EventNotBound(AhaError):  # noqa: N818 - reads as the sentence it is
    """An event that no adapter brought was asked to answer."""


# --- the data folder ---------------------------------------------------------------------------------------------


class FolderInUse(AhaError):  # noqa: N818 - reads as the sentence it is
    """Another process has the data folder; the message says which, and since when."""


# --- store -------------------------------------------------------------------------------------------------------


class StoreError(AhaError):
    """What was set cannot be kept, read or brought to the disk; what had been set before is not lost."""


class JournalFull(StoreError):  # noqa: N818 - reads as the sentence it is
    """The journal of changes takes no more: no room on disk, or too much waits for the database. Nothing changed."""


class StoreFullError(StoreError):
    """A module's store would take more memory than `aha.store.max_mb` allows. Nothing changed."""


class StoreNotLoaded(AhaError):  # noqa: N818 - the name is part of the documented interface
    """A SimpleStore was touched before its data was loaded."""


class StoreKeyError(UsageError, TypeError):
    """A key that a SimpleStore cannot keep: not a str, too long, or with characters that no database takes."""


class StoreValueError(UsageError, TypeError):
    """A value that a SimpleStore cannot keep, or a key whose stored value cannot be read."""


class StoredValueError(StoreValueError):
    """A stored value cannot be read; it is kept as it is. `key` is its key, `place` the class it is about, or ""."""

    def __init__(self, message: str, *, key: str, place: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.place = place


class ClassUntrusted(StoredValueError):  # noqa: N818 - reads as the sentence it is
    """A stored value names a class that only a value signed by this installation may bring; nothing of it was run."""


class ClassGone(StoredValueError):  # noqa: N818 - reads as the sentence it is
    """A stored value is of a class that has moved, or that no loaded module or installed package has any more."""


class ValueDamaged(StoredValueError):  # noqa: N818 - reads as the sentence it is
    """A stored value is not what was written, or its own class cannot read it."""


# --- identity ----------------------------------------------------------------------------------------------------


class IdentityError(UsageError, ValueError):
    """A user or a group that has no Aha ID: none was named, or its name cannot be stored."""
