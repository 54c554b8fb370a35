"""The declarative base and its one MetaData, and how the names of two modules stay apart. It opens no database."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Column, Constraint, Index, MetaData, Sequence, Table, inspect
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, registry

from core.context import Module, current_module
from core.database import _mappers as mappers
from core.database import _sqlalchemy as private
from core.database import declared
from core.database._listeners import watch_listeners
from core.database.naming import physical_name
from models.exc import NameTaken

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModuleMetaData(MetaData):
    """A MetaData in which each module has names of its own.

    Every Table, Index, constraint, enum type and sequence that is attached to it while a module's code runs gets that
    module's physical name. Outside a module nothing is renamed: those are the tables of the framework.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, Module | None] = {}
        """Table name in the database -> the module that declared it, None for the framework."""
        self.sequences: defaultdict[Module | None, list[Sequence]] = defaultdict(list)
        """The sequences that each module declared."""
        self._folded: dict[str, str] = {}  # SQLite does not tell upper from lower case
        self._issued: set[str] = set()

    def claim_table(self, name: str) -> str:
        """The name under which the running module's table `name` is stored; raises NameTaken if another has it."""
        module = current_module.get()
        if module is not None:
            module.check()
        stored = physical_name(name, module.name if module else None)
        other = self._folded.get(stored.casefold())
        if other is not None and (other != stored or self.owners[other] is not module):
            raise NameTaken(
                f"table {name!r} of {_whose(module)} would be stored as {stored!r}, but {other!r} belongs to "
                f"{_whose(self.owners[other])}: give the table another __tablename__"
            )
        if module and name in self.owners and self.owners[name] is None:
            raise NameTaken(f"table name {name!r} is reserved for the framework: give the table another __tablename__")
        return stored

    def refuse_second(self, name: str, stored: str) -> None:
        """Raise NameTaken if the running module, which is about to declare its table `name`, has done so already.

        In another schema, too: names there are not told apart.
        """
        if stored not in self.owners:
            return
        module = current_module.get()
        said = (
            f"table {name!r} of {_whose(module)} is declared twice: give one of the two another __tablename__, import "
            "the first where it is needed, or say extend_existing=True to add to it"
        )
        if module is not None and declared.stays(module.tables[name]):
            said = f"{said}; if it has moved out of database.py: aha reload --with-database {module.name}"
        raise NameTaken(said)

    def own_table(self, name: str, table: Table) -> None:
        """Enter `table`, which the running module calls `name`, in the module's record."""
        if table.name in self.owners:
            return
        module = current_module.get()
        if module is not None:
            entry = module.enter(
                partial(self._disown, module, name, table),
                redo=partial(self._own_again, module, name, table),
                end=partial(self._end, table),
            )
            declared.note(table, module, entry)
        self._own(module, name, table)

    def _own(self, module: Module | None, name: str, table: Table) -> None:
        self.owners[table.name] = module
        self._folded[table.name.casefold()] = table.name
        if module is not None:
            module.tables[name] = table

    def _disown(self, module: Module, name: str, table: Table) -> None:
        self.remove(table)
        del self.owners[table.name], self._folded[table.name.casefold()], module.tables[name]

    def _own_again(self, module: Module, name: str, table: Table) -> None:
        private.add_table(self, table)
        self._own(module, name, table)

    def _end(self, table: Table) -> None:
        private.let_keys_look_again(self, table)
        declared.end(table)

    def check_part(self, part: Column[Any] | Constraint | Index, table: Table) -> None:
        """Raise UsageError if the part may not be added to `table`, which is declared already."""
        if not isinstance(part, Index):
            kind = "column" if isinstance(part, Column) else "constraint"
            declared.check_addition(table, f"the {kind} {part.name}" if part.name else f"a {kind}")

    def own_index(self, index: Index, table: Table) -> None:
        """Enter an index that the running module adds to a table that is declared already: that may outlive it."""
        module = current_module.get()
        if module is not None and table.name in self.owners:
            module.enter(partial(table.indexes.discard, index), redo=partial(table.indexes.add, index))

    def referenced_name(self, name: str) -> str:
        """The stored name of the table that the running module means by `name` in a foreign key.

        The module's own table comes first, then a table that already has this very name (another module's physical
        name, or the framework's), then anything that looks like the physical name of a module's table.
        """
        module = current_module.get()
        if module is None or (name not in module.tables and self._is_physical(name, module)):
            return name
        return physical_name(name, module.name)

    def unique_name(self, name: str) -> str:
        """The stored name of an index, constraint, type or sequence; a name that was given out before stays."""
        module = current_module.get()
        if module is None or name in self._issued:
            return name
        stored = physical_name(name, module.name)
        if stored not in self._issued:
            module.enter(partial(self._issued.discard, stored), redo=partial(self._issued.add, stored))
            self._issued.add(stored)
        return stored

    def _is_physical(self, name: str, module: Module) -> bool:
        return name in self.owners or any(name.endswith(f"__{known}") for known in (module.name, *known_modules))

    def _register_object(self, obj: Any) -> None:
        # SQLAlchemy's own point of entry for everything in a schema that is neither table nor constraint.
        if getattr(obj, "name", None):
            private.rename_object(obj, self.unique_name(str(obj.name)))
        if obj in self._objects:
            return
        module = current_module.get()
        if module is not None:
            module.enter(
                partial(self._forget_object, module, obj),
                redo=partial(self._add_object, module, obj),
                end=partial(private.end_object, self, obj),
            )
        self._add_object(module, obj)

    def _add_object(self, module: Module | None, obj: Any) -> None:
        private.add_object(self, obj)
        if isinstance(obj, Sequence):
            self.sequences[module].append(obj)

    def _forget_object(self, module: Module, obj: Any) -> None:
        private.forget_object(self, obj)
        if isinstance(obj, Sequence):
            self.sequences[module].remove(obj)
            if not self.sequences[module]:
                del self.sequences[module]


known_modules: set[str] = set()
"""Names of all modules in the bot's folder, loaded or not: what may stand behind `__` in a physical name."""

metadata = ModuleMetaData()
private.redirect_tables(metadata)
watch_listeners()

_registries: dict[Module, registry] = {}


class _NamesOfModule:
    """What a module's relationship strings may name: its own tables by their short names, then all by stored ones."""

    schema = None
    _schemas: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, module: Module) -> None:
        self.tables: Mapping[str, Table] = ChainMap(module.tables, metadata.tables)


private.resolve_names_in(_NamesOfModule)


def _registry_of(module: Module) -> registry:
    if module not in _registries:
        made = registry(metadata=_NamesOfModule(module))  # type: ignore[arg-type]
        with module.keeping(kept=True):  # classes that are declared anew have to find those that stay
            module.enter(
                partial(_registries.pop, module),
                redo=partial(_registries.__setitem__, module, made),
                end=partial(mappers.retire, made),
            )
        _registries[module] = made
    return _registries[module]


class dbBase(AsyncAttrs, DeclarativeBase):  # noqa: N801 - the name is part of the documented interface
    """Declarative base of all mapped classes: `class Test(dbBase): __tablename__ = "test"`.

    In module `m` the table above is stored as `test__m`. Class names, table names and everything else that is named
    may be the same in two modules; `relationship("Test")` and `ForeignKey("test.id")` mean the module's own.
    """

    metadata = metadata

    def __init_subclass__(cls, **kw: Any) -> None:
        module = current_module.get()
        if module is not None:
            private.use_registry(cls, _registry_of(module))
        super().__init_subclass__(**kw)

    def __repr__(self) -> str:
        """`Test(user=1, data='hello')`: the loaded columns; nothing is loaded for it."""
        state = inspect(self)
        loaded = (
            f"{attr.key}={state.dict[attr.key]!r}" for attr in state.mapper.column_attrs if attr.key in state.dict
        )
        return f"{type(self).__name__}({', '.join(loaded)})"


def _enter_class(cls: type, names: mappers.Names) -> None:
    module = current_module.get()
    table = vars(cls).get("__table__")
    if module is not None and (issubclass(cls, dbBase) or getattr(table, "metadata", None) is metadata):
        declared.enter_class(cls, names, module)


mappers.watch_classes(_enter_class)
mappers.watch_properties(lambda cls, name: declared.check_addition(cls, f"the property {name}"))


def mapped_registry(module: Module) -> registry | None:
    """The registry of the module's mapped classes; None if it has none."""
    return _registries.get(module)


def _whose(module: Module | None) -> str:
    return f"module {module.name}" if module else "the framework"
