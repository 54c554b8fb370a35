"""What of the stores cannot be read, and where it is: rows, quarantine, journal, what was put aside. It only looks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from aha.stores import known_progress
from aha.telling import told
from core.config import cfg
from core.migration.schema.read import table_names
from models.exc import ClassGone, ClassUntrusted, StoreError
from services.data_store.journal import read_journal
from services.data_store.journal.aside import FOLDER as ASIDE
from services.data_store.opening import FOLDER, left
from services.data_store.pickles import names_in, plain
from services.data_store.progress import Progress
from services.data_store.quarantine import quarantine

from .objects import Objects
from .texts import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from aha.stores import Entry, Stores
    from models.exc import StoredValueError
    from services.data_store.journal import Damage, Found

_README: Final = "README.txt"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be: `why`, and what `helps`, in the language of the bot.

    `kind` is "row", "kept", "journal" or "aside". `id` is how the owner names what is kept or was put aside; `at` is
    since when it is there. `module` and `key` are "" where nobody knows.
    """

    kind: str
    module: str
    key: str
    why: str
    helps: str
    id: str = ""
    at: datetime | None = None


def troubles(connection: Connection, stores: Stores, modules: Path) -> list[Trouble]:
    """All that there is. Modules are imported as far as values are of their classes."""
    kept = list(_kept(connection))
    known = {(one.module, one.key) for one in kept}
    damaged = [_damaged(damage) for damage in stores.journal.damaged]
    new = [trouble for trouble in damaged if (trouble.module, trouble.key) not in known]
    return [*_rows(connection, stores, modules), *kept, *new, *_asides(connection)]


def _rows(connection: Connection, stores: Stores, modules: Path) -> Iterator[Trouble]:
    for module in stores.modules:
        contents = stores.contents(connection, module)
        with Objects(module, modules) as objects:
            for key, entry in contents.entries.items():
                if entry.damaged:
                    yield Trouble("row", module, key, said("damaged"), said("kept by start"), at=entry.at)
                elif not plain(entry.data) and (error := objects.error(entry)) is not None:
                    yield Trouble("row", module, key, *_said_of(error, entry, module), at=entry.at)


def _said_of(error: StoredValueError, entry: Entry, module: str) -> tuple[str, str]:
    """Why a value cannot be read, and what helps."""
    delete = f"aha store delete {module} {error.key}"
    if isinstance(error, ClassUntrusted):
        return said("untrusted", place=error.place), f"aha store trust {module}"
    if isinstance(error, ClassGone):
        return said("gone", place=error.place), said("restore class", delete=delete)
    helps = "undecodable" if names_in(entry.data) is None else "not taken here"
    return told(" ".join(str(error).split())), said(helps, delete=delete)


def _kept(connection: Connection) -> Iterator[Trouble]:
    if quarantine.name not in table_names(connection):
        return
    for row in connection.execute(select(quarantine).order_by(quarantine.c.id)):
        at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at
        does = f"put-back {row.id}" if names_in(row.value) is not None else f"export {row.id} FILE"
        yield Trouble("kept", row.module, row.key, told(row.reason), f"aha store quarantine {does}", str(row.id), at)


def _damaged(damage: Damage) -> Trouble:
    key = (damage.key or b"").decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    why = said("damaged in journal", file=damage.segment, what=told(damage.what))
    return Trouble("journal", damage.store or "", key, why, said("kept by start"))


def _asides(connection: Connection) -> Iterator[Trouble]:
    progress = known_progress(connection)
    for place in aside_places():
        found = read_aside(place)
        journal = found.journal_id.hex() if found.journal_id else ""
        counts = left(found, progress.get(journal, Progress()))
        why = said("set aside", changes=_changes(counts), reason=_reason(place))
        yield Trouble("aside", ", ".join(counts), "", why, str(place / _README), place.name, _moment(place))


def aside_places() -> list[Path]:
    """The folders of journals that were put aside, the oldest first."""
    folder: Path = cfg.aha.data_dir / FOLDER / ASIDE
    return sorted(place for place in folder.glob("*") if place.is_dir())


def read_aside(place: Path) -> Found:
    """What a journal holds that was put aside. StoreError if it may not be read."""
    try:
        return read_journal(place)
    except OSError as error:
        raise StoreError(f"the journal in {place} cannot be read ({error.strerror})") from error


def _changes(counts: Mapping[str, int]) -> str:
    return ", ".join(said("still changes", n=n, module=module) for module, n in counts.items()) or said("lost")


def _reason(place: Path) -> str:
    """Why it was put aside, as stands in the file that was written then."""
    try:
        text = (place / _README).read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"because (.*)\.$", text, re.M)
    return told(found[1]) if found else said("lost")


def _moment(place: Path) -> datetime | None:
    try:
        return datetime.strptime(place.name.rpartition("-")[0], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
