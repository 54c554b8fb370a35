"""However often code is declared anew, nothing of the old is left: no listener, no class, no memory."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest
from sqlalchemy import Column, Table, event, select
from sqlalchemy.orm import Mapper

from core.database import metadata
from core.database.base import mapped_registry
from tests.unit.redeclaring.shop import CODE

LISTENER = """
@event.listens_for({target}, "{occasion}"{how})
def listen(*given):
    heard.append(version)
"""


PARTIAL = """
import functools

event.listen({target}, "{occasion}", functools.partial(lambda how, *given: heard.append(version), "how"){how})
"""
LISTENED = {
    "a class that stays": (LISTENER, "Person", "init", ""),
    "and its heirs": (LISTENER, "Person", "init", ", propagate=True"),
    "once": (LISTENER, "Person", "init", ", once=True"),
    "an attribute that stays": (LISTENER, "Person.kind", "set", ""),
    "its own class": (LISTENER, "Note", "init", ""),
    "all mappers": (LISTENER, "Mapper", "before_configured", ""),
    "by a partial": (PARTIAL, "Person", "init", ""),
}


@pytest.mark.parametrize(("listener", "target", "occasion", "how"), LISTENED.values(), ids=LISTENED)
@pytest.mark.parametrize("fails", [False, True], ids=["replaced", "put back"])
def test_a_listener_is_called_as_often_as_it_would_be_without_reloads(shop, fails, listener, target, occasion, how):
    heard = sys.modules["modules.shop.database"].heard = []

    def code(version):
        head = f"from sqlalchemy import event\nfrom sqlalchemy.orm import Mapper\n{CODE}\nversion = {version}\n"
        listens = listener.format(target=target, occasion=occasion, how=how)
        return shop.code(f"{head}from modules.shop.database import heard\n{listens}")

    def heard_by(code):
        heard.clear()
        shop.database.Person(kind="person")
        code.Note()
        Mapper.dispatch._for_class(Mapper).before_configured()
        return list(heard)

    last = code(0)
    without, counts = heard_by(last), []
    for version in (1, 2, 3):
        taken, old = shop.record.take_back(), last
        last = code(version)
        if fails:
            shop.record.take_back().end()
            taken.put_back()
            last = old
        else:
            taken.end()
        gc.collect()
        counts.append(len(event.registry._key_to_collection))
    again = [0 if fails else 3] * len(without)
    assert heard_by(last) == ([] if fails and "once" in how else again)
    assert counts[1] == counts[2]


def counted(shop):
    """How much there is of everything that might be left behind."""
    gc.collect()
    registries = (mapped_registry(shop.record), shop.database.dbBase.registry)
    return (
        [len(registry.mappers) for registry in registries],
        [len(registry._class_registry) for registry in registries],
        [sum(isinstance(each, kind) for each in gc.get_objects()) for kind in (Mapper, Table, Column, type)],
        [len(each) for each in (metadata.tables, metadata._objects, metadata._issued, metadata._sequences)],
        sum(map(len, metadata._fk_memos.values())),
        [len(getattr(metadata.dispatch, occasion)) for occasion in ("before_create", "after_drop")],
        len(event.registry._key_to_collection),
        len(shop.record._entries),
    )


@pytest.mark.parametrize("fails", [False, True], ids=["replaced", "put back"])
def test_after_many_reloads_there_is_as_much_as_after_the_first(shop, fails):
    shop.code()
    before = None
    for _ in range(8):
        taken = shop.record.take_back()
        shop.code()
        if fails:
            shop.record.take_back().end()
            taken.put_back()
        else:
            taken.end()
        before = before or counted(shop)
    assert counted(shop) == before


def test_nothing_of_the_old_code_is_left_after_its_end(shop):
    old = shop.code()
    parts = (old.Color, old.Member, old.Vip, old.Note, old.Tag, old.Plain)
    gone = [weakref.ref(part) for part in (*parts, old.marked, old.plain, old)]
    gone += [weakref.ref(each) for cls in parts[1:] for each in (cls.__mapper__, cls.__table__)]
    old.Note(tags=[old.Tag()])
    str(select(old.Note).join(old.Note.tags))
    taken = shop.record.take_back()
    shop.code()
    taken.end()
    del old, parts
    gc.collect()
    assert [reference() for reference in gone if reference() is not None] == []
