"""Takes single mapped classes out of SQLAlchemy and puts them back, with what it keeps private. Checked against 2.1.

SQLAlchemy disposes all classes of a registry or none. A reload replaces some: their names go first, so that classes
that are declared anew take them; the old ones go on working until they are disposed, or get their names back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import ref

from sqlalchemy.orm import Mapper, RelationshipProperty, clsregistry, instrumentation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import registry

    Names: TypeAlias = dict[str, Any]

_add_class = clsregistry._add_class
_manager_of: Callable[[type], Any] = instrumentation.opt_manager_of_class


def watch_classes(declared: Callable[[type, Names], None]) -> None:
    """Have `declared` called with each class that is about to be mapped, and with the names among which it will be."""

    def add(classname: str, cls: type, names: Names) -> None:
        declared(cls, names)
        _add_class(classname, cls, names)

    clsregistry._add_class = add  # type: ignore[assignment]


def watch_properties(added: Callable[[type, str], None]) -> None:
    """Have `added` called with each mapped class that is about to get one more property, and with its name."""
    add_property = Mapper.add_property

    def add(self: Mapper[Any], key: str, prop: Any) -> None:
        added(self.class_, key)
        add_property(self, key, prop)

    Mapper.add_property = add  # type: ignore[method-assign]


def hide(cls: type, names: Names) -> None:
    """Take a class out of all that new classes are related to. It goes on working as it does."""
    clsregistry._remove_class(cls.__name__, cls, names)
    manager = _manager_of(cls)
    if manager is None:
        return
    manager.registry._managers.pop(manager, None)
    if manager.is_mapped and manager.mapper.inherits is not None:
        _disinherit(manager.mapper)


def show(cls: type, names: Names) -> None:
    """Put a class in again that was hidden."""
    _add_class(cls.__name__, cls, names)
    manager = _manager_of(cls)
    if manager is None:
        return
    manager.registry._managers[manager] = True
    if not manager.is_mapped:
        return
    if manager.mapper.inherits is not None:
        _inherit(manager.mapper)
    if not manager.mapper.configured:
        manager.registry._flag_new_mapper(manager.mapper)


def dispose(cls: type) -> None:
    """Undo the mapping of a class that was hidden."""
    manager = _manager_of(cls)
    if manager is None:
        return
    if manager.is_mapped:
        for relation in list(relationships(manager.mapper)):
            _unrelate(relation)
        manager.mapper._set_dispose_flags()
    for hooks in (manager.registry._declare_first_classes, manager.registry._declare_last_classes):
        hooks.pop(cls, None)
    instrumentation._instrumentation_factory.unregister(cls)


def retire(old: registry) -> None:
    """Untie a registry whose classes are all disposed from those that theirs were related to."""
    for other in old._dependencies:
        other._dependents.discard(old)
    for other in old._dependents:
        other._dependencies.discard(old)


def mapper_of(cls: type) -> Mapper[Any] | None:
    """The mapper of a class; None if it has none, or none any more."""
    manager = _manager_of(cls)
    return manager.mapper if manager is not None and manager.is_mapped else None


def relationships(mapper: Mapper[Any]) -> Iterator[RelationshipProperty[Any]]:
    """The relationships of which it is known what they lead to: that is found out when a mapper is first used.

    Of one that turned out to be wrong then, nothing else is.
    """
    for prop in mapper._props.values():
        if isinstance(prop, RelationshipProperty) and "entity" in vars(prop) and prop.parent is mapper:
            yield prop


def secondary_of(relation: RelationshipProperty[Any]) -> Any:
    """The table by which a relationship leads, if it has one, and if that is known."""
    return vars(relation).get("secondary")


def _unrelate(relation: RelationshipProperty[Any]) -> None:
    """Remove what a relationship has left with the class that it leads to."""
    for target in relation.mapper.self_and_descendants:
        target._dependency_processors[:] = [each for each in target._dependency_processors if each.prop is not relation]
    orphans = relation.mapper._delete_orphans
    orphans[:] = [each for each in orphans if each != (relation.key, relation.parent.class_)]
    if relation.backref is not None and relation.back_populates in relation.mapper.class_manager:
        _remove_backref(relation.back_populates, relation)


def _remove_backref(key: str, relation: RelationshipProperty[Any]) -> None:
    """Remove the property that SQLAlchemy has made of `backref`; one of that name by the author stays."""
    mapper = relation.mapper
    made = mapper._props[key]
    if not isinstance(made, RelationshipProperty) or made.argument is not relation.parent:
        return
    for each in mapper.self_and_descendants:
        if each._props.get(key) is made:
            del each._props[key]
    type.__setattr__(mapper.class_, key, None)  # Python lets go of that, but dbBase of no mapped attribute
    mapper.class_manager.uninstrument_attribute(key)
    _forget_descendants(mapper)


def _disinherit(mapper: Any) -> None:
    """Take a mapper from the one that it inherits from."""
    above = mapper.inherits
    if mapper.polymorphic_map.get(mapper.polymorphic_identity) is mapper:
        del mapper.polymorphic_map[mapper.polymorphic_identity]
    above._inheriting_mappers._storage.remove(ref(mapper))
    if mapper.local_table is not above.local_table:
        above._all_tables.discard(mapper.local_table)
    if mapper.polymorphic_load == "inline" and above.with_polymorphic[0] != "*":
        classes = tuple(cls for cls in above.with_polymorphic[0] if cls is not mapper.class_)
        above._set_with_polymorphic((classes, above.with_polymorphic[1]) if classes else None)
    _forget_descendants(above)


def _inherit(mapper: Any) -> None:
    above = mapper.inherits
    if mapper.polymorphic_identity is not None:
        mapper.polymorphic_map[mapper.polymorphic_identity] = mapper
    above._inheriting_mappers.append(mapper)
    above._all_tables.update(mapper.tables)
    if mapper.polymorphic_load == "inline":
        above._add_with_polymorphic_subclass(mapper)
    _forget_descendants(above)


def _forget_descendants(mapper: Any) -> None:
    for each in mapper.base_mapper.self_and_descendants:
        each._reset_memoizations()
