"""Nested mappings addressed by paths: what a section is, how a value is found and put. It checks no value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.config.checks import mismatch
from core.config.schema import SHORT_FORMS

if TYPE_CHECKING:
    from core.config.schema import KeyPath

MISSING: Any = object()


class Section(dict[str, Any]):
    """A section of the configuration; `section.key` is `section["key"]`. It is changed with `cfg.set` alone."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f'no key "{name}" here; there are: {", ".join(map(str, self)) or "none"}') from None


def sections(value: Any) -> Any:
    """Return a copy of `value` in which every mapping is a Section."""
    if isinstance(value, dict):
        return Section({key: sections(item) for key, item in value.items()})
    return [sections(item) for item in value] if isinstance(value, list) else value


def walk(tree: Any, path: KeyPath) -> Any:
    """Return what stands at `path`, MISSING if nothing does."""
    for step in path:
        if not isinstance(tree, dict) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


def put(tree: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Put `value` at `path`; what is no mapping on the way there becomes one, of the same type as `tree`."""
    for step in path[:-1]:
        if not isinstance(tree.get(step), dict):
            tree[step] = type(tree)()
        tree = tree[step]
    tree[path[-1]] = value


def configured(data: dict[str, Any], path: KeyPath) -> Any:
    """Return what the owner wrote for the key at `path`, MISSING if nothing; short forms of sections count.

    Raises Mismatch, with the section's path, if something else stands where a section has to be.
    """
    for depth in range(1, len(path)):
        section = walk(data, path[:depth])
        if section is MISSING or section is None:
            return MISSING
        if not isinstance(section, dict):
            if path[:depth] not in SHORT_FORMS:
                raise mismatch("a section with keys", section, path=path[:depth])
            return section if path[depth:] == (SHORT_FORMS[path[:depth]],) else MISSING
    return walk(data, path)
