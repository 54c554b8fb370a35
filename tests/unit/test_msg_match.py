"""Which messages and arguments a type annotation accepts, and what the callback then gets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import Field

from models.exc import UsageError
from models.match import validate_argument, validate_chain
from models.msg import At, Downloadable, Image, MessageChain, MsgSeg, MsgSeq, Reply, Text

AT, PIC = At(user_id=1), Image(file="a")
NOT = object()
Positive = Annotated[int, Field(gt=0)]


@pytest.mark.parametrize(
    ("element", "argument", "given"),
    [
        pytest.param(str, "a", "a", id="str takes text"),
        pytest.param(str, Text(text="a"), "a", id="str takes a Text segment"),
        pytest.param(str, PIC, NOT, id="str takes no picture"),
        pytest.param(Text, "a", "a", id="Text gives str"),
        pytest.param(Text, AT, NOT, id="Text takes no mention"),
        pytest.param(int, "5", 5, id="int"),
        pytest.param(int, "-5", -5, id="negative int"),
        pytest.param(int, "5x", NOT, id="no int"),
        pytest.param(int, "", NOT, id="empty is no int"),
        pytest.param(int, "9" * 100_000, NOT, id="an int of 100 kB"),
        pytest.param(int, "\ud800", NOT, id="lone surrogate"),
        pytest.param(int, PIC, NOT, id="int takes no picture"),
        pytest.param(float, "1.5", 1.5, id="float"),
        pytest.param(float, "nan", NOT, id="not a number"),
        pytest.param(Decimal, "1.50", Decimal("1.50"), id="Decimal"),
        pytest.param(Decimal, "Infinity", NOT, id="infinite Decimal"),
        pytest.param(bool, "yes", True, id="bool"),
        pytest.param(Image, PIC, PIC, id="segment"),
        pytest.param(Image, "a", NOT, id="no segment"),
        pytest.param(Downloadable, PIC, PIC, id="base class"),
        pytest.param(MsgSeg, PIC, PIC, id="any segment"),
        pytest.param(MsgSeg, "a", "a", id="text is a segment too"),
        pytest.param(Image | At, AT, AT, id="union"),
        pytest.param(Union[Image, At], "a", NOT, id="none of a union"),  # noqa: UP007
        pytest.param(Optional[int], "5", 5, id="optional"),  # noqa: UP045
        pytest.param(int | str, "5", 5, id="the first that accepts: int"),
        pytest.param(int | str, "x", "x", id="the second then"),
        pytest.param(str | int, "5", "5", id="the first that accepts: str"),
        pytest.param(Literal["on", "off"], "on", "on", id="literal"),
        pytest.param(Literal["on", "off"], "of", NOT, id="no literal"),
        pytest.param(Positive, "5", 5, id="annotated"),
        pytest.param(Positive, "-5", NOT, id="outside the annotated range"),
        pytest.param("set", "set", "set", id="a value"),
        pytest.param("set", "Set", NOT, id="another value"),
        pytest.param(AT, At(user_id=1), AT, id="an equal segment"),
        pytest.param(Any, PIC, PIC, id="anything"),
        pytest.param(object, "a", "a", id="any object"),
    ],
)
def test_an_argument(element: Any, argument: str | MsgSeg, given: object) -> None:
    assert validate_argument(element, argument) == ((False, None) if given is NOT else (True, given))


@pytest.mark.parametrize(
    ("annotation", "chain", "accepted"),
    [
        pytest.param(str, MsgSeq("a"), True, id="text"),
        pytest.param(str, MsgSeq("a", PIC), False, id="more than text"),
        pytest.param(str, MsgSeq(), False, id="nothing is no text"),
        pytest.param(str, MsgSeq(" \n"), False, id="white space is no text"),
        pytest.param(int, MsgSeq("5"), True, id="number"),
        pytest.param(int, MsgSeq("five"), False, id="no number"),
        pytest.param(Image, MsgSeq(PIC), True, id="one picture"),
        pytest.param(Image, MsgSeq(PIC, PIC), True, id="two pictures"),
        pytest.param(Image, MsgSeq(" ", PIC, "\n"), True, id="white space does not count"),
        pytest.param(Image, MsgSeq("a", PIC), False, id="picture with a text"),
        pytest.param(Image, MsgSeq(), False, id="no picture"),
        pytest.param(Image | Text, MsgSeq("a", PIC, "b"), True, id="each of a union"),
        pytest.param(Image | Text, MsgSeq(AT), False, id="none of a union"),
        pytest.param(tuple[Text, Image], MsgSeq("a", PIC), True, id="exactly"),
        pytest.param(tuple[Text, Image], MsgSeq("a", " ", PIC), True, id="exactly, but for white space"),
        pytest.param(tuple[Text, Image], MsgSeq(PIC, "a"), False, id="another order"),
        pytest.param(tuple[Text, Image], MsgSeq("a", PIC, PIC), False, id="one too many"),
        pytest.param([Reply, "why"], MsgSeq(Reply(id=1), "why"), True, id="a list of types and values"),
        pytest.param((At, int), MsgSeq(AT, " 5"), True, id="a tuple of types"),
        pytest.param(tuple[Image, ...], MsgSeq(PIC, PIC), True, id="any number"),
        pytest.param(list[Image], MsgSeq(PIC, PIC), True, id="list"),
        pytest.param(Sequence[Image], MsgSeq("a"), False, id="sequence of others"),
        pytest.param(MessageChain[Image], MsgSeq(PIC), True, id="chain of pictures"),
        pytest.param(tuple[Image] | tuple[Text, Image], MsgSeq("a", PIC), True, id="union of sequences"),
        pytest.param(MessageChain, MsgSeq(), True, id="any chain"),
        pytest.param(Any, MsgSeq(), True, id="anything"),
    ],
)
def test_a_message(annotation: Any, chain: MessageChain, accepted: bool) -> None:
    assert validate_chain(annotation, chain) is accepted


class Table: ...


@pytest.mark.parametrize(
    "annotation", [pytest.param(Table, id="a class of the module"), pytest.param(object(), id="no type")]
)
def test_what_cannot_be_asked_of_a_message_is_said(annotation: object) -> None:
    with pytest.raises(UsageError, match="ask for segment classes"):
        validate_argument(annotation, "a")
    with pytest.raises(UsageError, match="ask for segment classes"):
        validate_chain(annotation, MsgSeq(PIC))
