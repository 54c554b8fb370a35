"""Which of the modules that were found are to run. Pure: it decides from names and starts nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.exc import UsageError

from .discovery import Found, look_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_GONE = "it was removed"


@dataclass(frozen=True, slots=True)
class Selection:
    """`wanted` is to run. `off` says of each other name why not; `unusable` are those that the owner must hear of."""

    wanted: tuple[Found, ...]
    off: dict[str, str]
    unusable: tuple[Found, ...] = ()


def select(found: Iterable[Found], *, load_only: Collection[str] = (), exclude: Collection[str] = ()) -> Selection:
    """Choose from `found` as `choose` does.

    Raises UsageError for a name that is none of a module, or that asks for a disabled one.
    """
    found = list(found)
    on = [module.name for module in found if module.state == "on"]
    off = {module.name: _reason(module) for module in found if module.name not in on}
    for name in load_only:
        if name in off:
            raise UsageError(f"--load-only {name}: this module cannot run: {off[name]}")
        _check_known("--load-only", name, on)
    for name in exclude:
        _check_known("--exclude", name, on + list(off))
    return choose(found, load_only=load_only, exclude=exclude)


def choose(found: Iterable[Found], *, load_only: Collection[str] = (), exclude: Collection[str] = ()) -> Selection:
    """Choose from `found`: all that are on, or only those in `load_only` and those built in, and none of `exclude`."""
    found = list(found)
    on = {module.name: module for module in found if module.state == "on"}
    off = {module.name: _reason(module) for module in found if module.name not in on}
    for name, module in on.items():
        if name in exclude:
            off[name] = "--exclude names it"
        elif load_only and name not in load_only and not module.is_builtin:
            off[name] = "--load-only does not name it"
    wanted = tuple(module for name, module in on.items() if name not in off)
    return Selection(wanted, off, tuple(m for m in found if m.state == "unusable" and m.name not in exclude))


def look_again(selection: Selection) -> Selection:
    """Choose those of a selection that are still where they were."""
    found = [look_at(module.path) or replace(module, state="unusable", problem=_GONE) for module in selection.wanted]
    chosen = choose(found)
    return Selection(chosen.wanted, selection.off | chosen.off, selection.unusable)


def _reason(module: Found) -> str:
    if module.state == "disabled":
        return f"it is disabled (aha modules enable {module.name})"
    return f"{module.where}: {module.problem}"


def _check_known(option: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        there_are = (
            f"there are: {', '.join(sorted(known))}" if known else "there are none; write one with: aha new hello"
        )
        raise UsageError(f"{option} {name or repr(name)}: there is no such module; {there_are}")
