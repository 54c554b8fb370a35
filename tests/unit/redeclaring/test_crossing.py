"""What stays and refers to what goes is named, for it would refer to what is no more."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import configure_mappers

from core.database.declared import crossing
from tests.unit.redeclaring.shop import CODE, KEPT, Shop

RELATED = {
    "relationship": (
        'notes = relationship("Note", viewonly=True)',
        "modules.shop.database.Person stays and has the relationship 'notes' to modules.shop.Note, which does not",
    ),
    "table between": (
        """friends = relationship("Person", secondary="marked", viewonly=True,
            primaryjoin="Person.id == marked.c.note", secondaryjoin="Person.id == foreign(marked.c.tag)")""",
        "modules.shop.database.Person stays and has the relationship 'friends' by table marked__shop, which does not",
    ),
}


@pytest.mark.parametrize(("line", "said"), RELATED.values(), ids=RELATED)
def test_what_stays_and_refers_to_what_goes_is_named(module, line, said):
    shop = Shop(module("shop"), f"{KEPT}    {line}\n")
    shop.code()
    assert crossing(shop.record) == [said]
    assert crossing(shop.record, with_kept=True) == []


def test_a_relationship_that_the_code_gave_to_a_class_that_stays_is_named(shop):
    shop.code(CODE.replace('relationship("Person")', 'relationship("Person", backref="notes")'))
    assert crossing(shop.record) == [RELATED["relationship"][1]]


def test_classes_that_go_may_refer_to_those_that_stay(shop):
    shop.code()
    assert crossing(shop.record) == []


def test_another_modules_database_that_refers_to_this_ones_is_named_when_that_goes(shop, module):
    other = Shop(module("other"), "from modules.shop.database import Person\n" + KEPT.replace("Person(", "Friend(")
                 + '    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))\n'
                 + '    person = relationship(Person)\n')  # fmt: skip
    configure_mappers()
    assert crossing(shop.record) == crossing(other.record) == []
    (said,) = crossing(shop.record, with_kept=True)
    assert said.startswith("modules.other.database.Friend stays and has the relationship 'person' to modules.shop.data")
