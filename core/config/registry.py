"""The configuration that everyone asks: registered keys, and their values from file, environment and default."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from core.config import edit
from core.config.checks import Mismatch, Option, check, copied, default_of
from core.config.document import Document, parse, read
from core.config.emit import Entry, plain
from core.config.environment import overrides
from core.config.file import create, replace
from core.config.keys import (
    lacks,
    module_keys,
    name_of,
    own_default,
    put_written,
    value_of,
    warn_of_numbers,
    warn_of_unknown,
)
from core.config.schema import FRAMEWORK_KEYS, RESERVED, SHORT_FORMS, Key, access_keys
from core.config.tree import MISSING, Section, put, sections, walk
from core.context import current_module
from models.exc import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from core.config.checks import Step
    from core.config.environment import Override
    from core.config.schema import KeyPath

T = TypeVar("T")


class Config:
    """One bot's configuration; `cfg` is the one in use. `cfg.aha.debug` is `cfg.get("aha.debug")`.

    In a module a name is the module's own key, `modules.<module>.<name>`, and if it has none, one from the root.
    """

    __slots__ = ("_changed", "_document", "_keys", "_overrides", "_values")

    def __init__(self) -> None:
        self._keys: dict[KeyPath, Key] = {key.path: key for key in FRAMEWORK_KEYS}
        self.reset()

    def load(
        self,
        path: Path | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Read the file at `path` and the environment; without a file take `values` as if they had been read.

        Raises ConfigError, one line, for a file that cannot be read or a value that is not what its key wants;
        the configuration is then as it was.
        """
        document = read(path) if path is not None else Document(data=copied(dict(values or {})))
        self._use(document, overrides(os.environ if environ is None else environ))
        warn_of_unknown(self._keys, self._document, self._overrides)
        warn_of_numbers(self._keys | module_keys(self._document), self._document)

    def reset(self) -> None:
        """Forget file, environment, what was set, and the keys of modules."""
        self._keys = {path: key for path, key in self._keys.items() if path[0] != "modules"}
        self._use(Document(), {})

    def _use(self, document: Document, environment: dict[KeyPath, Override]) -> None:
        values = {name: value for name, value in document.data.items() if value is not None}
        tree: Section = sections({"cache": {}, "modules": {}} | values)
        for key in (self._keys | module_keys(document)).values():
            put(tree, key.path, value_of(key, document, environment))
        self._document, self._overrides, self._values = document, environment, tree
        self._changed: set[KeyPath] = set()

    @overload
    def register(self, key: str, default: Option[T], comment: str = "") -> T: ...
    @overload
    def register(self, key: str, default: None, comment: str = "") -> Any: ...
    @overload
    def register(self, key: str, default: T, comment: str = "") -> T: ...
    def register(self, key: str, default: Any, comment: str = "") -> Any:
        """Make `key` known with its default and return its value; in a module it is `modules.<module>.<key>`.

        `comment` stands above the key in the file. Values have to be like the default: see `checks.check`.
        Raises ConfigError if the configured value is not, UsageError for a name or default that cannot be.
        """
        module = current_module.get()
        path = (*(("modules", module.name) if module else ()), *key.split("."))
        self._refuse(path)
        registered = Key(path, own_default(default), comment)
        if module:
            module.check()
        value = self._take_in(registered)
        if module:
            module.enter(partial(self._forget, registered), redo=partial(self._take_in, registered))
        return value

    def _take_in(self, key: Key) -> Any:
        value = value_of(key, self._document, self._overrides)
        self._keys[key.path] = key
        put(self._values, key.path, value)
        return value

    def _refuse(self, path: KeyPath) -> None:
        name = ".".join(path)
        if not all(path) or (path[0] == "modules" and not RESERVED.isdisjoint(path[2:3])):
            raise UsageError(f"a key cannot be called {name}: take another name")
        if self._key_above(path):
            raise UsageError(f"{name} cannot be a key: a part of the name is one already")
        if self._has_keys(path):
            raise UsageError(f"{name} cannot be a key: it is a section with keys")

    def _key_above(self, path: KeyPath) -> bool:
        return any(path[:depth] in self._keys for depth in range(1, len(path)))

    def _has_keys(self, path: KeyPath) -> bool:
        section = path not in self._keys and isinstance(walk(self._values, path), Section)
        return section and any(other[: len(path)] == path for other in self._keys)

    def _forget(self, key: Key) -> None:
        """Unregister a module's key; what the file says of it stays in the file."""
        if self._keys.get(key.path) is key:
            del self._keys[key.path]
            walk(self._values, key.path[:-1]).pop(key.path[-1], None)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or the section of that name; `default` if there is neither."""
        value = walk(self._values, self._located(key))
        return default if value is MISSING else value

    def __getattr__(self, name: str) -> Any:
        value = MISSING if name.startswith("_") else walk(self._values, self._located(name))
        if value is MISSING:
            raise AttributeError(f'the configuration has no key "{name}"; cfg.register makes one')
        return value

    def set(self, key: str, value: Any) -> None:
        """Give `key` another value from now on, also if the environment has one; `save` writes it to the file.

        A section takes a mapping of keys, or its short form. Raises ConfigError if the value is not what the key
        wants, UsageError for a part of a key's value.
        """
        self._set(self._located(key), value)

    def _set(self, path: KeyPath, value: Any) -> None:
        if self._has_keys(path):
            for name, item in self._items(path, value):
                self._set((*path, name), item)
        elif self._key_above(path):
            raise UsageError(f"{'.'.join(path)} is a part of a value: set the whole value")
        else:
            self._set_key(path, value)

    def _items(self, section: KeyPath, value: Any) -> Iterable[tuple[str, Any]]:
        if isinstance(value, dict):
            return value.items()
        if section in SHORT_FORMS:
            return [(SHORT_FORMS[section], value)]
        raise UsageError(f"{'.'.join(section)} is a section: set one of its keys")

    def _set_key(self, path: KeyPath, value: Any) -> None:
        owners = access_keys(path[:2]) if path[0] == "modules" else ()
        key = self._keys.get(path) or next((key for key in owners if key.path == path), None)
        try:
            checked = check(key.spec, value) if key else sections(value)
            self._changed.add(put_written(self._document.data, path, plain(value)))
        except Mismatch as error:
            raise ConfigError(f"{name_of(path + error.path)}: {error}") from None
        self._overrides.pop(path, None)
        put(self._values, path, checked)

    def _located(self, key: str) -> KeyPath:
        """Return the path of a name as the running code means it."""
        path, module = tuple(key.split(".")), current_module.get()
        if module is None or path[0] in ("aha", "modules"):
            return path
        own = ("modules", module.name, *path)
        return path if walk(self._values, own) is MISSING and walk(self._values, path) is not MISSING else own

    def where(self, *path: Step) -> str:
        """Return how an error begins that is about `path`: "config.yml:3: bots[0].url", or with the variable's name."""
        variable = self._overrides.get(tuple(map(str, path)))
        if variable is not None:
            return f"environment variable {variable.name}"
        return f"{self._document.place(path)}{name_of(path)}"

    def get_msg_prefix(self) -> tuple[str, ...]:
        """Return what a message to the bot begins with, one of these; empty if nothing is needed."""
        return self._values["aha"]["global_msg_prefix"]  # type: ignore[no-any-return]

    def get_group_blacklist(self, module: str | None = None) -> frozenset[str | int]:
        """Return the groups that `module` (None: the running one) does not answer: "PLATFORM:ID" or Aha IDs."""
        return self._listed("group", "blacklist", module) or frozenset()

    def get_group_whitelist(self, module: str | None = None) -> frozenset[str | int] | None:
        """Return the only groups that `module` (None: the running one) answers; None if it answers all."""
        return self._listed("group", "whitelist", module)

    def get_user_blacklist(self, module: str | None = None) -> frozenset[str | int]:
        """Return the users whom `module` (None: the running one) does not answer: "PLATFORM:ID" or Aha IDs."""
        return self._listed("user", "blacklist", module) or frozenset()

    def get_user_whitelist(self, module: str | None = None) -> frozenset[str | int] | None:
        """Return the only users whom `module` (None: the running one) answers; None if it answers all."""
        return self._listed("user", "whitelist", module)

    def _listed(self, who: str, mode: str, module: str | None) -> frozenset[str | int] | None:
        running = current_module.get()
        own = self._values["modules"].get(module or (running.name if running else None)) or {}
        aha = self._values["aha"]
        if own.get(f"{who}_list_mode", aha[f"default_{who}_list_mode"]) != mode:
            return None
        return own.get(f"{who}_list", aha[f"default_{who}_list"])  # type: ignore[no-any-return]

    def save(self) -> bool:
        """Write what was set, and the keys that the file lacks, into the file if there is one; say if it changed.

        Every other character of the file stays. Raises ConfigError if it cannot be written.
        """
        path = self._document.path
        if path is None or not (self._changed or self._lacking(self._document)) or not path.exists():
            return False
        current = read(path)  # the owner may have written something since it was loaded
        entries = [self._written(changed) for changed in sorted(self._changed)]
        entries += [entry for entry in self._lacking(current) if entry.path not in self._changed]
        text = edit.insert(current, entries)
        replace(path, text)
        self._document, self._changed = parse(text, path), set()
        return True

    def write_template(self, path: Path) -> None:
        """Write a new file with every known key, its default and its comment. Raises ConfigError if it exists."""
        create(path, self.template())

    def template(self) -> str:
        """Return a file with every known key, its default and its comment."""
        return edit.insert(Document(), self._lacking(Document()))

    def _written(self, path: KeyPath) -> Entry:
        comment = self._keys[path].full_comment if path in self._keys else ""
        return Entry(path, walk(self._document.data, path), comment)

    def _lacking(self, document: Document) -> list[Entry]:
        """Return the registered keys that have no value in the file."""
        keys = (key for key in self._keys.values() if lacks(document.data, key.path))
        return [Entry(key.path, plain(default_of(key.spec)), key.full_comment) for key in keys]
