"""Where a class has a method from, found without running anything: in the dictionaries of its bases, not by asking it.

Asking an object, even for `__class__`, may run its class's `__getattr__` or find what a row has put into the object.
"""

from __future__ import annotations

from typing import Any

from services.data_store.pickles.plain_types import is_plain


def is_a(value: object, kind: type | tuple[type, ...]) -> bool:
    """Whether `value` is an object of `kind`, whatever it says of itself."""
    return issubclass(type(value), kind)


def giver(made: type, name: str) -> type:
    """The class, in the order in which Python looks, that gives `made` the method `name`; `object` if none does."""
    return next((base for base in made.__mro__ if name in vars(base)), object)


def method(target: object, name: str) -> Any:
    """The method that `target` has by its class, ready to be called."""
    found = vars(giver(type(target), name))[name]
    return found.__get__(target, type(target)) if hasattr(type(found), "__get__") else found


def is_from_library(made: type, name: str) -> bool:
    """Whether `made` has the method `name` from a plain type, which is not written for what strangers say."""
    found = giver(made, name)
    return found is not object and is_plain(found)
