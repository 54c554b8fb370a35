"""Operators of conditions: each is evaluated on one message, table by table."""

from __future__ import annotations

import re

import pytest

from core.expr import PM, And, Not, Or, Pbot, Pcommand, Pisgroup, Pmsg, Pmsg_chain, Pplatform, Pprefix
from core.expr.sight import Sight
from models.api import Message
from models.exc import UsageError
from models.msg import At, Image, MessageChain, Reply, Text


def look(condition, message="", **fields):
    return Sight(Message(message=message, **fields)).look(condition.__node__)


def holds(condition, message="", **fields):
    return look(condition, message, **fields)[0]


def test_a_comparison_builds_an_expression_and_evaluates_nothing():
    assert repr(Pmsg == "x") == "(PM.message == 'x')"


COMPARISONS = {
    "equal": (Pmsg == "ping", "ping", "Ping"),
    "reversed": ("ping" == Pmsg, "ping", "pong"),  # noqa: SIM300
    "not equal": (Pmsg != "ping", "pong", "ping"),
    "less": (Pmsg < "b", "a", "b"),
    "at most": (Pmsg <= "b", "b", "c"),
    "more": (Pmsg > "b", "c", "b"),
    "at least": (Pmsg >= "b", "b", "a"),
    "in": (Pmsg.in_({"a", "b"}), "a", "c"),
    "notin": (Pmsg.notin(["a"]), "b", "a"),
    "in a live list": (Pmsg.in_(["a"]), "a", "b"),
    "contains": (Pmsg.contains("in"), "ping", "pong"),
    "notcontains": (Pmsg.notcontains("in"), "pong", "ping"),
    "contains a segment of a type": (Pmsg_chain.contains(Image), ["a", Image(file="f")], "a"),
    "contains text": (Pmsg_chain.contains(Text(text="a")), "a", "b"),
    "prefix of text": (Pmsg.prefixof("pi"), "ping", "Ping"),
    "not prefix of text": (Pmsg.notprefixof("pi"), "pong", "ping"),
    "suffix of text": (Pmsg.suffixof("ng"), "ping", "pint"),
    "not suffix of text": (Pmsg.notsuffixof("ng"), "pint", "ping"),
    "prefix of a command": (Pcommand.prefixof(["a", int]), "a 1 x", "a x 1"),
    "prefix of a command, one word": (Pcommand.prefixof("a"), "a b", "b a"),
    "command shorter than the prefix": (Pcommand.notprefixof(["a", "b"]), "a", "a b"),
    "suffix of a command": (Pcommand.suffixof(["b", int]), "a b 1", "b 1 a"),
    "prefix of a chain": (Pmsg_chain.prefixof([At, "hi"]), [At(user_id="1"), "hi", Image(file="f")], "hi"),
    "singleton": (Pcommand.singletonof("a"), "a", "a b"),
    "singleton of a type": (Pcommand.singletonof(int), "1", "a"),
    "not singleton": (Pcommand.notsingletonof("a"), "a b", "a"),
    "command equal to one word": (Pcommand == "a", "a", "a b"),
    "command not equal to one word": (Pcommand != "a", "a b", "a"),
    "command equal to a list": (Pcommand == ["set", Text], "set x", "set x y"),
    "command not equal to a list": (Pcommand != ["set", Text], "set x y", "set x"),
    "match": (Pmsg.match("pi"), "PING", "xpi"),
    "fullmatch": (Pmsg.fullmatch("p.ng"), "Pong", "pongs"),
    "search": (Pmsg.search("in"), "PING", "pong"),
    "pattern": (Pmsg.match(re.compile("pi")), "ping", "PING"),
    "validateby": (Pmsg_chain.validateby(Image), [Image(file="f")], ["a", Image(file="f")]),
    "chain == annotation": (Pmsg_chain == At | Image, [At(user_id="1")], "a"),
    "validate an argument": (Pcommand[0].validateby(int), "12 a", "a 12"),
    "chain == chain": (Pmsg_chain == MessageChain(["a", "b"]), "ab", "b"),
    "applyto": (Pmsg.applyto(len) == 3, "abc", "ab"),
    "filter by type": (Pmsg_chain.filter(At), ["a", At(user_id="1")], "a"),
    "filter by function": (Pcommand.filter(str.isdigit) == ["1"], "a 1", "1 2"),
    "filter of a chain is a chain": (Pmsg_chain.filter(Text).is_user_at("1") == False, "a", "never"),  # noqa: E712
    "attribute": (Pmsg_chain[0].user_id == "5", [At(user_id="5")], [At(user_id="6")]),
    "index": (Pcommand[1] == "b", "a b", "a c"),
    "slice": (Pcommand[1:] == ["b", "c"], "a b c", "a b"),
    "call": (Pmsg.replace("a", "b") == "bb", "ab", "ac"),
    "call with names": (Pmsg.split(sep=",")[1] == "b", "a,b", "a,c"),
    "search, index and call": (Pmsg.search(r"a(.+)")[1].lower() == "x", "aX", "aY"),
    "expressions on both sides": (Pmsg.lower() == Pmsg, "a", "A"),
    "an expression as argument": (Pmsg.startswith(Pcommand[0]), "a b", " a"),
}


@pytest.mark.parametrize(("condition", "yes", "no"), COMPARISONS.values(), ids=COMPARISONS)
def test_an_operator_holds_for_one_message_and_not_for_the_other(condition, yes, no):
    assert holds(condition, yes)
    assert no == "never" or not holds(condition, no)


ARGS = {
    "types capture in order": (Pcommand == ["set", Text, int], "set a 5", ["a", 5]),
    "str type": (Pcommand == ["echo", str, "b"], "echo a b", ["a"]),
    "no type, nothing captured": (Pcommand == ["a", "b"], "a b", []),
    "segment": (Pcommand == ["see", Image], ["see ", Image(file="f")], [Image(file="f")]),
    "the rest follows": (Pcommand.prefixof(["echo", int]), "echo 1 b c", [1, "b", "c"]),
    "suffix": (Pcommand.suffixof([int]), "a 1", [1]),
    "singleton": (Pcommand.singletonof(int), "7", [7]),
    "no command": (Pmsg == "a", "a", None),
}


@pytest.mark.parametrize(("condition", "message", "args"), ARGS.values(), ids=ARGS)
def test_what_types_in_a_command_stand_for_goes_into_args(condition, message, args):
    found, result = look(condition, message)
    assert found
    assert result.args == args


MATCHES = {
    "match": (Pmsg.match("(a)"), "ab", "a"),
    "inside a comparison": (Pmsg.search("a(.)")[1] == "b", "xab", "ab"),
    "and keeps both kinds": ((Pcommand == ["a", str]) & Pmsg.search("b"), "a b", "b"),
    "and keeps the first of two": (Pmsg.search("a") & Pmsg.search("b"), "ab", "a"),
    "or keeps that of the side that holds": ((Pmsg.search("a") & (Pmsg == "no")) | Pmsg.search("b"), "ab", "b"),
    "not keeps nothing": (~(~Pmsg.search("a")), "a", None),
    "a side that does not hold leaves nothing": ((Pmsg.search("a") & (Pmsg == "no")) | (Pmsg != "no"), "a", None),
}


@pytest.mark.parametrize(("condition", "message", "match"), MATCHES.values(), ids=MATCHES)
def test_a_condition_keeps_the_match_of_its_parts(condition, message, match):
    found, result = look(condition, message)
    assert found
    assert (result.match and result.match[0]) == match


BROKEN = Pmsg.no_such_method()
ALGEBRA = {
    "and": ((Pmsg == "a") & (Pplatform == "p"), True),
    "and, one does not hold": ((Pmsg == "a") & (Pplatform == "q"), False),
    "or": ((Pmsg == "b") | (Pplatform == "p"), True),
    "or, none holds": ((Pmsg == "b") | (Pplatform == "q"), False),
    "not": (~(Pmsg == "b"), True),
    "And": (And(Pmsg == "a", Pplatform == "p", None), True),
    "And of shorthands": (And("A", ["a"], Text), True),
    "Or of shorthands": (Or("b", re.compile("a")), True),
    "Not of a shorthand": (Not("a"), False),
    "nothing to and": (And(), True),
    "nothing to or": (Or(), False),
    "a value counts by its truth": (Pmsg & Pplatform, True),
    "an error, another side holds": (BROKEN | (Pmsg == "a"), True),
    "an error after a side that holds": ((Pmsg == "a") | BROKEN, True),
}


@pytest.mark.parametrize(("condition", "expected"), ALGEBRA.values(), ids=ALGEBRA)
def test_conditions_combine(condition, expected):
    assert holds(condition, "a", platform="p") is expected


@pytest.mark.parametrize(
    "condition", [BROKEN, ~BROKEN, BROKEN & (Pmsg == "a"), BROKEN | (Pmsg == "b"), ~(BROKEN | (Pmsg == "b"))], ids=repr
)
def test_an_error_is_an_error_of_the_whole_unless_another_side_of_an_or_holds(condition):
    with pytest.raises(AttributeError):
        holds(condition, "a")


MISUSES = {
    "if": lambda: bool(Pmsg == "a"),
    "and": lambda: (Pmsg == "a") and (Pmsg == "b"),
    "not": lambda: not Pmsg,
    "chained comparison": lambda: "a" < Pmsg < "b",
    "in": lambda: "a" in Pmsg,
    "loop": lambda: list(Pmsg),
    "no parentheses": lambda: Pmsg == "a" & Pprefix,
    "no parentheses, right": lambda: Pprefix & "a",
    "or of a type": lambda: Image | Pprefix,
    "async function": lambda: Pmsg.applyto(look_async),
    "async filter": lambda: Pcommand.filter(look_async),
    "Not of nothing": lambda: Not(None),
}


async def look_async(message):
    return message


@pytest.mark.parametrize("misuse", MISUSES.values(), ids=MISUSES)
def test_using_an_expression_as_a_value_is_an_error_that_says_what_to_write(misuse):
    with pytest.raises(UsageError):
        misuse()


def test_the_error_for_a_truth_value_names_the_operators():
    with pytest.raises(UsageError, match=r"& \| ~"):
        bool(Pmsg == "a")


def test_an_expression_is_hashable_and_never_changes():
    assert len({Pmsg, Pmsg, Pbot}) == 2
    with pytest.raises(AttributeError, match="cannot be changed"):
        Pmsg.name = 1
    with pytest.raises(AttributeError):
        Pmsg.__node__ = None


def test_python_finds_no_special_methods_that_are_not_there():
    assert not hasattr(Pmsg, "__len__")
    assert not hasattr(Pmsg, "_private")


def test_a_list_in_a_condition_may_change_afterwards():
    words = ["a"]
    condition = Pcommand == words
    words.append("b")
    assert holds(condition, "a")


def test_every_alias_is_the_field():
    import core.expr

    aliases = {name for name in core.expr.__all__ if name.startswith("P") and name != "PM"}
    names = {"Pmsg": "message", "Pmsg_chain": "message_chain"}
    assert all(getattr(core.expr, alias) is getattr(PM, names.get(alias, alias[1:])) for alias in aliases)
    assert len(aliases) == 16
    assert PM.notice is PM.request is PM.meta is PM.type_


def test_a_quote_is_part_of_the_chain():
    assert holds(Pmsg_chain[0] == Reply(id="1"), [Reply(id="1"), "a"])
    assert not holds(Pisgroup, "a")
