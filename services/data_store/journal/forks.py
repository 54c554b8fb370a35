"""What is done in a forked child, which has a copy of the stores: the files are its parent's, and so is what they hold.

A child that writes to them as its parent does would write over what that has confirmed. So in a child everything lets
go of them; how, each does for itself.
"""

from __future__ import annotations

from typing import Final

IN_A_CHILD: Final = (
    "this is a forked child process, and the SimpleStores are its parent's: give the child the values that it needs, "
    "let it return its result, and set it in the parent"
)
