"""Opening the journal: whether it goes with the database that is open, and what is done if not. It loads no store.

A journal whose changes may be for another state of the data is put aside, never done again on what is there now.
"""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Final

from core.database import db_engine
from core.database.identity import database_identity
from services.data_store.folding import Ledger
from services.data_store.journal import JUMP, Journal
from services.data_store.progress import Progress, read_progress
from services.data_store.quarantine import Outcast, keep
from services.data_store.signing import Signer
from services.data_store.threads import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from services.data_store.journal import Damage, Found

logger = logging.getLogger(__name__)

FOLDER: Final = "store"
"""The folder of the journal, in the data folder."""

_DAMAGED: Final = (
    "the journal of the SimpleStores is damaged in %s (%s)%s: what can be read of it is kept in quarantine "
    "(aha store quarantine), all other changes are there"
)
_TORN: Final = (
    "the journal of the SimpleStores breaks off in %s (%s)%s: the process or the power ended while that was written, "
    "or it is damaged; what can be read of it is kept in quarantine (aha store quarantine), all before it is there"
)


async def open_ledger(folder: Path, *, max_mb: int) -> Ledger:
    """Open the journal in the data folder `folder`, for the database that is open. Raises StoreError, DatabaseError.

    What does not belong to this database is put aside and reported, what is damaged kept in quarantine.
    """
    identity = await database_identity()
    journal = await in_thread(_open, folder / FOLDER, identity, max_mb << 20)
    progress = await read_progress(journal.id.hex())
    reason = objection(journal.found, identity, progress)
    if reason is not None:
        await in_thread(_set_aside, journal, reason, progress)
        progress = Progress()
    if journal.broken is not None:
        logger.warning("%s; until that is put right nothing can be set in SimpleStores", journal.broken)
    await _report_damage(journal.found)
    # What is damaged would be found again at each start otherwise, until something is folded.
    await in_thread(journal.trim, progress.folded)
    return Ledger(journal, Signer(folder), progress.folds, dict(progress.folded))


def objection(found: Found, identity: str, progress: Progress) -> str | None:
    """Why a journal cannot go on with the database of this identity, which has `progress` of it; None if it can."""
    if found.journal_id is None:
        return None
    if found.database != identity:
        return "they belong to another database than the one that is configured now"
    if progress.folds < found.folds:
        return "an older state of the database has been put back than the one that they follow"
    # A power cut may have taken records that the database has, but not so many.
    if max(progress.folded.values(), default=0) > found.seq + JUMP:
        return "they are from an older state of the data folder than the database"
    return None


def left(found: Found, progress: Progress) -> dict[str, int]:
    """How many records the database does not have, by store."""
    counts = {name: sum(1 for _ in found.records(name, after=progress.folded.get(name, 0))) for name in found.names}
    return {name: count for name, count in counts.items() if count}


def _open(folder: Path, identity: str, max_bytes: int) -> Journal:
    return Journal.open(folder, database=identity, max_bytes=max_bytes)


def _set_aside(journal: Journal, reason: str, progress: Progress) -> None:
    """Put the journal away; one of which the database has everything is not kept."""
    lost, damaged = left(journal.found, progress), journal.found.damaged
    place = journal.set_aside(reason)
    if not lost and not damaged:
        shutil.rmtree(place, ignore_errors=True)
        return
    told = ", ".join(f"{count} of module {name}" for name, count in lost.items()) or "damaged ones"
    logger.warning(
        "changes of SimpleStores are not in this database (%s): they were put aside in %s, because %s. If they are "
        "wanted, README.txt there says how to have them; if not, remove that folder", told, place, reason,
    )  # fmt: skip


async def _report_damage(found: Found) -> None:
    """Keep what is damaged in quarantine, and say so the first time that it is found."""
    damaged = {_outcast(damage): damage for damage in [*found.damaged, *filter(None, [found.torn])]}
    if not damaged:
        return
    async with db_engine.connect() as connection:
        new = await keep(connection, damaged)
        await connection.commit()
    for damage in map(damaged.__getitem__, new):
        logger.warning(_TORN if damage is found.torn else _DAMAGED, found.folder / damage.segment, *_told(damage))


def _told(damage: Damage) -> tuple[str, str]:
    """What is damaged, and whose it was."""
    if damage.store is None:
        return damage.what, ""
    return damage.what, f", probably of key {_text(damage.key)!r} of module {damage.store}"


def _outcast(damage: Damage) -> Outcast:
    reason = f"damaged in the journal, {damage.segment} at {damage.offset}: {damage.what}"
    return Outcast(damage.store or "", _text(damage.key), damage.raw, reason)


def _text(key: bytes | None) -> str:
    """A key that is perhaps none, so that every database takes it."""
    return (key or b"").decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
