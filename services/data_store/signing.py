"""The key of this installation and what is signed with it. It knows no table and reads no value.

A signature says that this installation has written these bytes under this key of this store. The key file lies in the
data folder, for its owner alone: who can write to the database but not read that file can make no row that counts as
written here, nor move one to another key; only put back what was stored under the same key before.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import stat
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

KEY_FILE: Final = "store.key"
_KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
_PURPOSE: Final = b"aha.store.row"
_LENGTHS: Final = Struct("<II")


class Signer:
    """Signs rows with the key in `folder`, which is made if there is none.

    If there is no key and none can be made, `off` says why, which is also logged: nothing is signed then, and nothing
    counts as signed. Plain data and classes of the bot's modules are read all the same. With `create=False`, for
    commands that only look, no file is made or changed.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.off: str | None = None
        self._keyed: blake2b | None = None
        try:
            key = _key(folder / KEY_FILE, create=create)
        except (OSError, ValueError) as error:
            self.off = str(error)
            logger.warning(
                "SimpleStores are not signed (%s): what they hold of classes outside the bot's modules cannot be read "
                "after a restart; put %s right, and start again", error, folder / KEY_FILE,
            )  # fmt: skip
        else:
            self._keyed = blake2b(key=key, digest_size=_MAC_BYTES, person=_PURPOSE)

    def mac(self, store: str, key: str, data: bytes) -> bytes | None:
        """Return the 16 bytes that sign `data` as what `key` holds in the store of module `store`; None if off."""
        if self._keyed is None:
            return None
        signed = self._keyed.copy()
        name, place = store.encode(), key.encode()
        signed.update(_LENGTHS.pack(len(name), len(place)) + name + place)
        signed.update(data)
        return signed.digest()

    def verify(self, store: str, key: str, data: bytes, mac: bytes | None) -> bool:
        """Whether `mac` is the signature of this installation for these."""
        return mac is not None and (own := self.mac(store, key, data)) is not None and hmac.compare_digest(own, mac)


def _key(path: Path, *, create: bool) -> bytes:
    """The key in the file at `path`. OSError or ValueError if there is none to be had."""
    try:
        key = _read(path, mend=create)
    except FileNotFoundError:
        if not create:
            raise
    else:
        if len(key) == _KEY_BYTES:
            return key
        if not create:
            raise ValueError(f"{path} holds no key: it has not {_KEY_BYTES} bytes")
        _set_aside(path)
    _make(path)
    return _read(path, mend=False)  # perhaps another process was quicker


def _read(path: Path, *, mend: bool) -> bytes:
    with path.open("rb") as file:
        if mend:
            _keep_to_owner(path, stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        return file.read(_KEY_BYTES + 1)


def _make(path: Path) -> None:
    """Write a new key to `path` unless a file is there. A half-written one never is, whatever is killed when."""
    key = secrets.token_bytes(_KEY_BYTES)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, key)
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    if os.name != "nt":  # which opens no folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _publish(draft: Path, path: Path) -> None:
    """Give the file `draft` the name `path` too, unless another has it."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        with suppress(FileExistsError):
            _write(path, draft.read_bytes())


def _write(path: Path, key: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())


def _set_aside(path: Path) -> None:
    """Keep a file that is no key under another name."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    path.rename(aside)
    logger.warning(
        "%s held no key and is now %s; a new key is made. Rows signed with the old one are read again when it is put "
        "back from a backup, or when you sign them anew: aha store trust MODULE", path, aside.name,
    )  # fmt: skip


def _keep_to_owner(path: Path, rights: int) -> None:
    """Take from everyone but its owner the right to read or write the key; say so."""
    if os.name == "nt" or not rights & 0o077:
        return
    try:
        path.chmod(0o600)
        outcome = "it is its owner's alone from now on"
    except OSError as error:
        outcome = f"and that cannot be changed ({error.strerror})"
    logger.warning(
        "%s was open to others (rights %o), %s; if one of them may have read it, delete it and sign anew what is "
        "stored: aha store trust MODULE", path, rights, outcome,
    )  # fmt: skip
