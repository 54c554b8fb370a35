"""What modules of one bot are changed with. It does nothing, and is imported by every start."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from aha.files import Contents
    from aha.loader import Loader
    from aha.starting import Starter


@dataclass(frozen=True, slots=True)
class Means:
    """The modules of a bot, and what starts them. `importing` is around imports: a signal breaks them off.

    `tried` is what the files of modules, or that they share, were like when they were last read to be loaded; `written`
    are those that changed from then until that was done.
    `behind` has those whose new code failed, each with all that this may have been due to.
    """

    loader: Loader
    starter: Starter
    importing: Callable[[], AbstractContextManager[None]] = nullcontext
    tried: dict[str, Contents] = field(default_factory=dict)
    written: dict[str, set[str]] = field(default_factory=dict)
    behind: dict[str, set[str]] = field(default_factory=dict)
