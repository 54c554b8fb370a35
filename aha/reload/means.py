"""What modules of one bot are changed with. It does nothing, and is imported by every start."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from aha.loader import Loader
    from aha.starting import Starter


@dataclass(frozen=True, slots=True)
class Means:
    """The modules of a bot, and what starts them. `importing` is around imports: a signal breaks them off."""

    loader: Loader
    starter: Starter
    importing: Callable[[], AbstractContextManager[None]] = nullcontext
