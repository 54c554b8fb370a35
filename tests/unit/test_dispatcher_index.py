"""Looking callbacks up: never is one missed that trying them all would have found."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.dispatcher.index import MessageIndex
from core.dispatcher.keys import keys_of
from core.dispatcher.matching import matched
from core.dispatcher.regex import fold, literals
from core.dispatcher.registration import Registration
from core.expr import PM, And, Not, Or, Pcommand, Pmsg, Puid
from core.expr.sight import Sight
from models.api import Message
from models.msg import Image, MessageChain, Text


async def callback():
    """Never run here."""


def registration(condition, order=0, **more):
    return Registration(
        kind=Message, callback=callback, wants=frozenset(), condition=condition.__node__, order=order, **more
    )


# --- folding --------------------------------------------------------------------------------------------------------


def test_fold_is_the_same_for_every_two_characters_that_ignorecase_takes_for_equal():
    import _sre
    from re import _casefix

    # What the regular expression engine does: lower case first, then a table of characters with one upper case.
    for code in range(sys.maxunicode + 1):
        lower = _sre.unicode_tolower(code)
        folded = fold(chr(code))
        assert fold(chr(lower)) == folded, hex(code)
        for other in _casefix._EXTRA_CASES.get(lower, ()):
            assert fold(chr(other)) == folded, (hex(code), hex(other))


@given(st.text(), st.text())
@example("Σ", "ς")
@example("aΣ", "aσ")
def test_fold_goes_character_by_character(left, right):
    assert fold(left + right) == fold(left) + fold(right)


# --- what a pattern says literally ----------------------------------------------------------------------------------

LITERALS = {
    "text": ("ping", [("ping", True)]),
    "escaped": (r"a\.b\ c", [("a.b c", True)]),
    "escaped with re.escape": (re.escape("1+1=2?"), [("1+1=2?", True)]),
    "alternatives": ("ping|pong", [("ping", True), ("pong", True)]),
    "an empty alternative": ("ping|", [("ping", True), ("", True)]),
    "a group": (r"echo (.+)", [("echo ", False)]),
    "bars in groups and classes": (r"a(b|c)|d[|]|e\|f", [("a", False), ("d", False), ("e|f", True)]),
    "optional last character": ("pings?", [("ping", False)]),
    "repeated last character": ("ping+", [("ping", False)]),
    "counted last character": ("ping{0,2}", [("pin", False)]),
    "starred last character": ("ping*", [("pin", False)]),
    "escaped and starred": (r"pi\.*", [("pi", False)]),
    "anchor": ("^ping", [("ping", True)]),
    "anchor at the end": ("ping$", [("ping", False)]),
    "class escape": (r"\d+", [("", False)]),
    "brackets in a class": (r"a[]()|]b|c", [("a", False), ("c", True)]),
    "brackets in a negated class": (r"a[^]|(]b|c", [("a", False), ("c", True)]),
    "nothing": ("", [("", True)]),
}


@pytest.mark.parametrize(("pattern", "expected"), LITERALS.values(), ids=LITERALS)
def test_a_pattern_tells_how_each_alternative_begins(pattern, expected):
    assert literals(re.compile(pattern)) == expected


@pytest.mark.parametrize("pattern", [r"(?#()a|b", r"(?i:a)b", r"(a)(?(1)b|c)", "(?x) a # b"])
def test_an_odd_pattern_tells_nothing(pattern):
    assert literals(re.compile(pattern)) is None


def test_a_verbose_pattern_tells_nothing():
    assert literals(re.compile("a b", re.VERBOSE)) is None


# --- keys -----------------------------------------------------------------------------------------------------------

KEYS = {
    "literal": (And("Ping"), {("whole", "PING", None)}),
    "equal": (Pmsg == "a", {("whole", "A", None)}),
    "one of a frozen set": (Pmsg.in_(frozenset({"a", "b"})), {("whole", "A", None), ("whole", "B", None)}),
    "one of a list that may change": (Pmsg.in_(["a"]), None),
    "beginning of a pattern": (And(r"echo (.+)"), {("lead", "ECHO ", 5)}),
    "match": (Pmsg.match("ab"), {("lead", "AB", 2)}),
    "search": (Pmsg.search("ab"), None),
    "begins with": (Pmsg.prefixof("ab"), {("lead", "AB", 2)}),
    "begins with nothing": (Pmsg.prefixof(""), None),
    "command": (And(["Set", Text]), {("command", "Set", 2)}),
    "command of one word": (Pcommand == "a", {("command", "a", 1)}),
    "command that begins with": (Pcommand.prefixof(["a", Text]), {("command", "a", None)}),
    "command of types": (And([str, "a"]), None),
    "empty command": (And([]), None),
    "and takes the best": (And(Puid == 1, r"a(.+)", ["a", str]), {("command", "a", 2)}),
    "or takes all": (Or("a", ["b"]), {("whole", "A", None), ("command", "b", 1)}),
    "or with one that has none": (Or("a", Puid == 1), None),
    "not": (Not("a"), None),
    "another field": (And(PM.platform == "a"), None),
    "a method of the message": (Pmsg.lower() == "a", None),
    "no condition": (And(), None),
}


@pytest.mark.parametrize(("condition", "keys"), KEYS.values(), ids=KEYS)
def test_a_condition_is_looked_up_by_what_its_messages_have_in_common(condition, keys):
    assert keys_of(condition.__node__) == keys


# --- the index against trying all -----------------------------------------------------------------------------------

# Few characters, so that messages and conditions meet; among them those with odd upper and lower cases.
ODD_LETTERS = "aAsSſkKKiIİıßẞσςΣﬅﬆµμ"
texts = st.text(ODD_LETTERS + " \n|./[]", max_size=4)
words = st.text(ODD_LETTERS, min_size=1, max_size=2)
pieces = st.sampled_from(
    [*"aAsſKiİıςß. |()^$?*+{}[]\\", "(a|b)", "[|]", "[^]a]", r"\.", r"\w", "(?:s)", "{0}", "(?i:k)"]
)


def compiled(pattern):
    try:
        return re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        return re.compile(re.escape(pattern))


patterns = st.lists(pieces, max_size=5).map("".join).map(compiled)
commands = st.lists(st.one_of(words, st.sampled_from([str, int, Text, Image])), max_size=3)
simple = st.one_of(
    st.one_of(words, texts).map(re.escape).map(And),
    st.one_of(words, texts).map(lambda text: Pmsg == text),
    patterns.map(Pmsg.fullmatch),
    patterns.map(Pmsg.match),
    patterns.map(Pmsg.search),
    texts.map(Pmsg.prefixof),
    st.frozensets(texts).map(Pmsg.in_),
    commands.map(lambda wanted: Pcommand == wanted),
    commands.map(Pcommand.prefixof),
    words.map(Pcommand.singletonof),
    st.just(Pmsg[0] == "a"),
)
conditions = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: And(*parts)),
        st.lists(inner, max_size=3).map(lambda parts: Or(*parts)),
        inner.map(Not),
    ),
    max_leaves=4,
)
messages = st.lists(st.one_of(texts, words, st.just(Image(file="f"))), max_size=3).map(MessageChain)


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(conditions, max_size=6), st.lists(messages, min_size=1, max_size=3), st.sets(st.integers(0, 5)))
def test_looking_up_finds_what_trying_all_finds_in_the_same_order(wanted, chains, removed):
    index = MessageIndex()
    registered = [registration(condition, order) for order, condition in enumerate(wanted)]
    for each in registered:
        index.add(each)
    for each in [each for each in registered if each.order in removed]:
        index.remove(each)
        registered.remove(each)
    for chain in chains:
        sight = Sight(Message(message=chain))
        found = index.candidates(sight)
        assert [each for each in found if matched(each, sight)] == [each for each in registered if matched(each, sight)]
        assert len(found) == len(set(found))


CASE_PAIRS = [
    ("s", "ſ"),
    ("k", "K"),
    ("i", "İ"),
    ("i", "ı"),
    ("ß", "ẞ"),
    ("σ", "ς"),
    ("å", "Å"),
    ("ﬅ", "ﬆ"),
    ("µ", "μ"),
]


@pytest.mark.parametrize(("literal", "said"), [*CASE_PAIRS, *(pair[::-1] for pair in CASE_PAIRS)])
def test_a_literal_is_found_in_every_case_that_matches_it(literal, said):
    index, word = MessageIndex(), registration(And(f"{literal}x"))
    index.add(word)
    sight = Sight(Message(message=f"{said}X"))
    assert bool(matched(word, sight)) is bool(re.fullmatch(f"{literal}x", f"{said}X", re.IGNORECASE))
    assert not matched(word, sight) or index.candidates(sight) == [word]


def test_a_thousand_callbacks_leave_few_candidates():
    index = MessageIndex()
    for order in range(1_000):
        condition = (And(f"word {order}"), And([f"set{order}", str]), And(rf"say{order} (.+)"))[order % 3]
        index.add(registration(condition, order))
    assert len(index.candidates(Sight(Message(message="set400 x")))) == 1


def test_an_empty_index_keeps_nothing_of_what_was_in_it():
    index = MessageIndex()
    for condition in (And("a"), And(["b", str]), And("c(.+)"), And()):
        index.add(each := registration(condition))
        index.remove(each)
    assert not any((index._buckets._buckets, index._rest, index._keys, index._commands, index._lead_lengths))


@pytest.mark.parametrize("more", [{"debug": True}, {"pre_hook": MessageChain}], ids=repr)
def test_a_callback_that_looks_at_every_message_is_always_a_candidate(more):
    index = MessageIndex()
    index.add(each := registration(And("a"), **more))
    assert index.candidates(Sight(Message(message="b"))) == [each]
