"""What is done in a forked child, which has a copy of the stores: the files are its parent's, and so is what they hold.

A child that writes to them as its parent does would write over what that has confirmed. So in a child everything lets
go of them; how, each does for itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

IN_A_CHILD: Final = (
    "this is a forked child process, and the SimpleStores are its parent's: give the child the values that it needs, "
    "let it return its result, and set it in the parent"
)


def after_fork(let_go: Callable[[], None]) -> Callable[[], None]:
    """Call `let_go` in each child that is forked from now on, before anything else runs there.

    Other threads may have held any lock at that moment, and are not there to release it: `let_go` must take none.
    """
    if hasattr(os, "register_at_fork"):  # nothing is forked on Windows
        os.register_at_fork(after_in_child=let_go)
    return let_go
