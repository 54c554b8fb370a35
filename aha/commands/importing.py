"""Imports modules for a command. None of their code runs but what an import runs."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from aha.loader import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from aha.selection import Selection
    from core.context import Module


@contextmanager
def imported(
    selection: Selection, names: Iterable[str], *, on_failure: Callable[[str, BaseException], None]
) -> Iterator[Mapping[str, Module]]:
    """Import the modules of these names, and those that they import, for the body; what fails is told to `on_failure`.

    Names that are not selected are passed over.
    """
    loader = Loader(selection.wanted, off=selection.off, on_failure=on_failure)
    loader.open()
    try:
        # What a module prints is none of the command's result.
        with redirect_stdout(sys.stderr):
            for name in names:
                if name in loader.wanted:
                    loader.load(name)
        gc.enable()
        yield loader.loaded
    finally:
        loader.close()
