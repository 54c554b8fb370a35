"""What the system refused, as a person reads it: which file, why, and what helps. It knows no command."""

from __future__ import annotations

import errno
import os
from typing import Final

_NOT_ALLOWED: Final = "let this user write there, or take another folder"
_NOT_THERE: Final = "correct the path, or make the folder that it lies in"
_OTHER_KIND: Final = "a file is there in place of a folder, or the other way round: take another name"
_NO_ROOM: Final = "make room there, or take another folder"

_REMEDIES: Final = {
    errno.EPERM: _NOT_ALLOWED,
    errno.EACCES: _NOT_ALLOWED,
    errno.EROFS: _NOT_ALLOWED,
    errno.ENOENT: _NOT_THERE,
    errno.EEXIST: _OTHER_KIND,
    errno.ENOTDIR: _OTHER_KIND,
    errno.EISDIR: _OTHER_KIND,
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
}


def refused(error: OSError) -> str:
    """Say in one line what the system refused, and what to do about it; where it names no file, what it says."""
    if error.filename is None:
        return str(error)
    remedy = _REMEDIES.get(error.errno or 0, "see to that, and try again")
    return f"{os.fsdecode(error.filename)} cannot be used ({error.strerror}): {remedy}"
