"""What a pickle names, found by reading it with stand-ins that do nothing: none of its classes is looked up."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

from services.data_store.pickles.opcodes import well_formed


def names_in(data: bytes) -> list[str] | None:
    """All classes and functions that the pickle `data` names, which is read without any of them; None if it cannot be.

    They are those that reading it would look for: nothing in a pickle hides one from this.
    """
    if not well_formed(data):
        return None
    reader = _Names(BytesIO(data))
    try:
        reader.load()
    except Exception:  # noqa: BLE001 - a damaged pickle raises anything
        return None
    return sorted(reader.names)


class _Names(pickle.Unpickler):
    """Notes what a pickle names."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.names.add(f"{module}.{name}")
        return Inert


class Inert:
    """Stands for any class, function and object: takes whatever a pickle does with it, and does nothing."""

    __slots__ = ()

    # As there is no `__new__`, an object is made without any call into Python, with whatever arguments.
    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> Inert:
        """Stand for what comes out as well."""
        return self

    def __setitem__(self, _: Any, __: Any) -> None: ...

    # Functions in C that take one argument and leave it alone.
    __setstate__ = append = extend = add = id
