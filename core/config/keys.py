"""The value of one key, from the environment, the file or its default. It remembers nothing."""

from __future__ import annotations

import difflib
import logging
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from core.config.checks import Mismatch, check, default_of, mismatch
from core.config.document import one_line
from core.config.emit import plain
from core.config.schema import SHORT_FORMS, access_keys
from core.config.tree import MISSING, configured, put, walk
from models.exc import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.config.checks import Step
    from core.config.document import Document
    from core.config.environment import Override
    from core.config.schema import Key, KeyPath

log = logging.getLogger(__name__)

_OF_MODULES = {"cache", "modules"}
# A key at the root that is none of ours may well be of a module.
_NEARER = 0.8
# Numbers of accounts are shorter; of the Aha IDs not one in a million is.
_SHORTEST = 10**12


def name_of(path: tuple[Step, ...]) -> str:
    """Return a path as people write it: aha.super[2]."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def value_of(key: Key, document: Document, environment: dict[KeyPath, Override]) -> Any:
    """Return the value of `key`. Raises ConfigError, which says where the wrong one stands."""
    if key.path in environment:
        return environment[key.path].value_for(key)
    try:
        written = configured(document.data, key.path)
    except Mismatch as error:
        raise _error(document, error.path, error) from None
    if written is None and document.written(key.path) == "!":
        raise _error(document, key.path, Mismatch("text", "a lone ! (put it in quotes)"))
    try:
        return check(key.spec, default_of(key.spec) if written is MISSING or written is None else written)
    except Mismatch as error:
        raise _error(document, key.path + error.path, error) from None


def own_default(default: Any) -> Any:
    """Return a copy of a default, so that nobody changes it later. Raises UsageError if no file can hold it."""
    try:
        plain(check(default, default_of(default)))
    except Mismatch as error:
        raise UsageError(f"a key cannot have the default {default!r}: {error}") from None
    return deepcopy(default)


def module_keys(document: Document) -> dict[KeyPath, Key]:
    """Return the keys that the owner may give any module, for the modules whose section has them."""
    modules = document.data.get("modules")
    if not isinstance(modules, dict | None):
        raise _error(document, ("modules",), mismatch("a section for each module", modules))
    for name, section in (modules or {}).items():
        if not isinstance(section, dict | None):
            raise _error(document, ("modules", name), mismatch("a section with keys", section))
    keys = (key for name in modules or () for key in access_keys(("modules", name)))
    return {key.path: key for key in keys if walk(modules, key.path[1:]) is not MISSING}


def warn_of_unknown(keys: Mapping[KeyPath, Key], document: Document, environment: Mapping[KeyPath, Override]) -> None:
    """Log what the file or the environment has in place of a key: likely a slip. Modules have keys at the root, too."""
    for path in _unknown(keys, document.data):
        near = _meant(keys, path)
        if near or len(path) > 1:
            hint = f"; is it {near}?" if near else ""
            log.warning("%s%s is no key of Aha%s", document.place(path), name_of(path), hint)
    for path, override in environment.items():
        if path not in keys:
            log.warning("environment variable %s: there is no key %s", override.name, ".".join(path))


def warn_of_numbers(keys: Mapping[KeyPath, Key], document: Document) -> None:
    """Log what stands in a list of accounts as a number that is much too short for an Aha ID, a hash of 64 bits."""
    for path, key in keys.items():
        written = configured(document.data, path) if key.is_of_accounts else MISSING
        for place, item in enumerate(written if isinstance(written, list) else [written]):
            if type(item) is int and 0 <= item < _SHORTEST:
                at: tuple[Step, ...] = (*path, place) if isinstance(written, list) else path
                said = '%s%s: %d is taken for an Aha ID; for an account write its platform, too: "QQ:%d"'
                log.warning(said, document.place(at), name_of(at), item, item)


def _unknown(keys: Mapping[KeyPath, Key], data: dict[str, Any]) -> Iterator[KeyPath]:
    """Yield what stands in a section of the framework, or at the root, and is neither key nor section."""
    sections = {path[:depth] for path in keys for depth in range(len(path)) if path[0] not in _OF_MODULES}
    for section in sorted(sections):
        written = walk(data, section)
        for name in written if isinstance(written, dict) else ():
            path = (*section, str(name))
            if path not in keys and path not in sections and path[0] not in _OF_MODULES:
                yield path


def _meant(keys: Mapping[KeyPath, Key], path: KeyPath) -> str:
    """Return the key that may have been meant, "" if none is near; at the root it has to be nearer."""
    *section, name = path
    beside = {
        each[len(section)] for each in keys if each[: len(section)] == tuple(section) and len(each) > len(section)
    }
    if section:
        return next(iter(difflib.get_close_matches(name, beside, 1)), "")
    near = difflib.get_close_matches(name.lower(), beside | _OF_MODULES, 1, _NEARER)
    return near[0] if near and near[0][0] == name[0].lower() else ""


def put_written(data: dict[str, Any], path: KeyPath, value: Any) -> KeyPath:
    """Put a new value where the owner would write it, and return that path: a section's short form stays one."""
    section, name = path[:-1], path[-1]
    old = walk(data, section)
    if section not in SHORT_FORMS or old is MISSING or old is None or isinstance(old, dict):
        put(data, path, value)
        return path
    main = SHORT_FORMS[section]
    put(data, section, value if name == main else {main: old, name: value})
    return section


def lacks(data: Any, path: KeyPath) -> bool:
    """Say whether the owner's values have a place for a key at `path`, and nothing there."""
    for step in path:
        if not isinstance(data, dict):
            return data is None
        if step not in data:
            return True
        data = data[step]
    return False


def _error(document: Document, path: tuple[Step, ...], error: Mismatch) -> ConfigError:
    return ConfigError(one_line(f"{document.place(path)}{name_of(path)}: {error}"))
