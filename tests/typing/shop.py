"""A module as its author would type it: `make types` checks that our annotations carry through it. It is never run."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_type

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import API
from core.config import Option, cfg
from core.database import db_engine, db_sessionmaker, dbBase, metadata
from core.dispatcher import (
    on_cleanup,
    on_external,
    on_message,
    on_meta,
    on_notice,
    on_request,
    on_start,
    process_external,
)
from core.expr import PM, And, Expr, Pcommand, Pisgroup, Pmsg, Puser
from core.i18n import _
from core.identity import aha_id2user, map_user, user2aha_id
from models.api import External, Message, MetaEvent, Notice, Request, Sender
from models.core import Group, User
from models.exc import APIException
from models.msg import At, Image, MessageChain, MsgSeg, MsgSeq, Node
from services.data_store import SimpleStore
from utils.aha import at_or_str, parse_aha_code
from utils.sqlalchemy import insert_ignore, upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.i18n import Localizer


class Item(dbBase):
    """A thing for sale."""

    __tablename__ = "item"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    sold: Mapped[int] = mapped_column(default=0)
    tags: Mapped[list[Tag]] = relationship(secondary="item_tag")


class Tag(dbBase):
    """What a thing is called too."""

    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(Text, primary_key=True)


item_tag = Table(
    "item_tag",
    metadata,
    Column("item", ForeignKey("item.id"), primary_key=True),
    Column("tag", ForeignKey("tag.name"), primary_key=True),
)

greeting = cfg.register("greeting", "hello", "What is said first.")
style = cfg.register("style", Option("short", "long"), "How much is said.")
limits = cfg.register("limits", {"items": 3})
store: SimpleStore[list[str]] = SimpleStore()
of_anything = SimpleStore()

assert_type(of_anything["key"], Any)
assert_type(greeting, str)
assert_type(style, str)
assert_type(limits, dict[str, int])
assert_type(Pmsg.search("a")[1].lower() == "x", Expr)
assert_type(MsgSeq("a", At(user_id=1)), MessageChain)
assert_type(parse_aha_code("a").filter(At), MessageChain[At])
assert_type(parse_aha_code("a")[0], MsgSeg)
assert_type(at_or_str(), str)


@on_start
async def prepare() -> None:
    """Use the engine and the session."""
    async with db_engine.begin() as connection:
        assert_type(connection, AsyncConnection)
    async with db_sessionmaker() as session:
        assert_type(session, AsyncSession)
        assert_type(await session.get(Item, 1), Item | None)
        await session.execute(upsert(Item, id=1, name="tea").returning(Item.id))
        await session.execute(insert_ignore(Tag, name="hot"))
        await session.execute(upsert(item_tag, [{"item": 1, "tag": "hot"}], index_elements=["item", "tag"]))
        await session.execute(update(Item).where(Item.id == 1).values(sold=Item.sold + 1))
        await session.commit()


@on_start()
def prepare_more() -> None:
    """Need not be asynchronous."""


@on_cleanup
async def finish() -> None:
    """Take leave."""


@on_message(["buy", Decimal], Pisgroup & (PM.user == User("QQ", "1")), exp=60, register_help={"buy N": "buys"})
async def buy(event: Message, args: Sequence[Decimal]) -> None:
    """Use what a message has."""
    assert_type(event.message, MessageChain)
    assert_type(event.sender, Sender)
    assert_type(event.user_id, str)
    assert_type(event.group_id, str | None)
    assert_type(event.user, User)
    assert_type(event.group, Group | None)
    assert_type(await event.user_aha_id(), int)
    assert_type(await event.group_aha_id(), int | None)
    assert_type(await event.reply(f"{args[0]}"), str | None)
    assert_type(await user2aha_id("QQ", 1), int)
    assert_type(await aha_id2user(1), User | None)
    await map_user("QQ", "1", "console", "2")
    async with db_sessionmaker() as session:
        await event.send(session.get(Item, 1), at=True, image="cat.png")
        for item in await session.scalars(select(Item)):
            assert_type(item.tags, list[Tag])


@on_message(re.compile(r"(\d+)"), pre_hook=lambda chain: chain)
@on_message(_("number"), And(Pcommand.prefixof(["number"]), Puser != User("QQ", "2")))
async def number(event: Message[Image], match_: re.Match[str] | None, localizer: Localizer) -> None:
    """Two decorators, and a message that is a picture."""
    assert_type(event.message.filter(Image)[0].file, str | None)
    await event.send([localizer("number"), At.all()])
    await event.send(Node(user_id=1, content="hi"))


@on_notice("group_increase", "invite")
async def welcome(event: Notice) -> None:
    """Use what a notice has, and the API."""
    assert_type(event.user_id, str | None)
    assert_type(event.duration, int | None)
    try:
        assert_type(await API.send_group_msg(1, MsgSeq("hi"), bot="main"), str | None)
    except APIException as refused:
        assert_type(refused.code, int)


@on_request("friend")
async def befriend(event: Request) -> None:
    """Answer a request."""
    await event.approve(remark=event.comment)


@on_meta("heartbeat")
async def beat(event: MetaEvent) -> None:
    """Publish something."""
    await process_external(External(key="beat", data=event.time))


@on_external("beat")
async def on_beat(data: float) -> None:
    """Use what was published."""
    store["beats"] = [*store.get("beats", []), str(data)]
    assert_type(store["beats"], list[str])
    assert_type(store.get("other"), list[str] | None)
    assert_type(store.get("other", 1), list[str] | int)
    assert_type(store.pop("other", None), list[str] | None)
    assert_type(store.popitem(), tuple[str, list[str]])
    assert_type(store.setdefault("other", []), list[str])
    assert_type([*store], list[str])
    assert_type([*store.values()], list[list[str]])
    with store.changing("beats") as beats:
        assert_type(beats, list[str])
    await store.sync()
    async with db_sessionmaker() as session:
        await session.execute(select(store.table.c.key).where(store.table.c.key == "beats"))
