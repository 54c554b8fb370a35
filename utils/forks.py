"""Being called in forked children: for whoever holds files or connections that a child must leave to its parent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def after_fork(let_go: Callable[[], None]) -> Callable[[], None]:
    """Call `let_go` in each child that is forked from now on, before anything else runs there.

    Other threads may have held any lock at that moment, and are not there to release it: `let_go` must take none.
    """
    if hasattr(os, "register_at_fork"):  # nothing is forked on Windows
        os.register_at_fork(after_in_child=let_go)
    return let_go
