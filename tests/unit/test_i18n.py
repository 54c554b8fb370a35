"""The names for several languages, which fall back to the key as long as there are no translations."""

from __future__ import annotations

import pickle
import re

from core.i18n import Localizer, Translatable, _


def test_a_text_is_its_key_and_remembers_it():
    text = _("hello")
    assert text == "hello"
    assert isinstance(text, str)
    assert text.key == "hello"


def test_a_text_works_wherever_a_str_does():
    assert re.fullmatch(_("he(l+)o"), "hello")[1] == "ll"
    assert {_("a"): 1}["a"] == 1


def test_a_pickled_text_still_knows_its_key():
    text = pickle.loads(pickle.dumps(_("hello")))
    assert (type(text), text.key) == (Translatable, "hello")


def test_a_localizer_answers_with_the_key():
    assert Localizer()("hello") == Localizer("zh")(_("hello")) == "hello"
    assert type(Localizer()(_("hello"))) is str
