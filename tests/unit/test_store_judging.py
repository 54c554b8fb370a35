"""Whether a stored value can be read is known before it is, and nothing of a signed one is made for it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models.exc import ClassGone, ClassUntrusted, ValueDamaged
from services.data_store.pickles import Judge, Unsigned, names_in, pickled, plain, unpickled
from tests import pickled_values
from tests.pickled_values import SAMPLE, loaded


@pytest.fixture(scope="module", autouse=True)
def sample():
    with loaded("sample", SAMPLE) as module:
        yield module


def names_of_values() -> list[str]:
    with loaded("sample", SAMPLE) as module:
        return list(pickled_values.all_values(module))


@pytest.mark.parametrize("name", names_of_values())
def test_all_that_a_value_names_is_found_with_nothing_but_stand_ins(sample, name):
    data = pickled("k", pickled_values.all_values(sample)[name])
    assert bool(names_in(data)) is not plain(data)
    assert Judge().judged(data, signed=True, key="k") is data
    assert type(Judge().judged(data, signed=False, key="k")) is (bytes if plain(data) else Unsigned)


def test_a_signed_value_is_judged_without_running_its_class(sample):
    data = pickled("k", [sample.State(1)]).replace(b"stored", b"sto\x00ed")
    assert Judge().judged(data, signed=True, key="k") is data
    with pytest.raises(ValueDamaged):
        unpickled(data, trusted=True, key="k")


@pytest.mark.parametrize("signed", [True, False])
def test_a_class_that_is_gone_is_known_each_time(signed):
    with loaded("notes", "class Memo: pass") as code:
        data = pickled("k", [code.Memo()])
    judge = Judge()
    for _ in range(2):
        with pytest.raises(ClassGone, match=r"key 'k' is of modules\.notes\.Memo"):
            judge.judged(data, signed=signed, key="k")


def test_what_is_not_signed_may_name_no_other_class():
    data = pickled("k", pytest.raises)
    assert Judge().judged(data, signed=True, key="k") is data
    with pytest.raises(ClassUntrusted):
        Judge().judged(data, signed=False, key="k")


def test_damage_that_has_nothing_to_do_with_a_class_is_known():
    data = pickled("k", Decimal("1.5")).replace(b"1.5", b"one")
    with pytest.raises(ValueDamaged):
        Judge().judged(data, signed=False, key="k")
