"""Put segments where no start reads them, with a word why. Whether that must be is for others to decide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.data_store.journal.segments import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "aside"
_README = """\
These files hold changes of SimpleStores that are in no database yet, or of which that is not certain.

They were put aside on {time} UTC, because {reason}.

Nothing reads or removes them by itself. To have the changes in them, stop the bot, put the database back that they
belong to, move the files into the folder {folder} (and what is there elsewhere) and start the bot.
When they are not needed any more, remove this folder.
"""


def put_aside(folder: Path, paths: Iterable[Path], *, name: str, reason: str) -> Path:
    """Move segments of `folder` into a new folder below it, which is returned; OSError if that cannot be.

    They are moved oldest first. When the process is killed halfway, those that are left say no less of their journal.
    """
    now = datetime.now(UTC)
    place = folder / FOLDER / f"{now:%Y%m%dT%H%M%S.%f}-{name}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    readme = place / "README.txt"
    readme.write_text(_README.format(time=f"{now:%Y-%m-%d %H:%M:%S}", reason=reason, folder=folder), encoding="utf-8")
    for path in paths:
        path.rename(place / path.name)
    sync_folder(place)
    sync_folder(folder)
    return place
