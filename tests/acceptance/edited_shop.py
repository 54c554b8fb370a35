"""The code of a shop, release by release, and of the modules beside it. Nothing here runs or edits anything.

To `shop 7` the shop answers what of its code does: the version of the reply and of the helper submodule, and the
columns of its two tables as their classes have them. It writes a row into both tables and into the store. `wait gate`
is answered when there is a file of that name. `till` imports the shop and reads a row of it; `calm` and `guest` have
nothing to do with it.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

SHOP = """
    import asyncio
    import sys
    from pathlib import Path

    from sqlalchemy import BigInteger, Text, select
    from sqlalchemy.orm import Mapped, mapped_column

    from core.database import db_sessionmaker, dbBase
    from core.dispatcher import on_message, on_start
    from models.api import Message
    from services.data_store import SimpleStore

    from .database import Customer
    from .words import WORDS

    REPLY = {reply}
    store = SimpleStore()


    class Basket:
        def __init__(self):
            self.numbers = []


    class Sale(dbBase):
        __tablename__ = "sale"

        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        number: Mapped[int]
        reply: Mapped[int]
        {sale}


    def version():
        return f"reply={{REPLY}} words={{WORDS}}"


    async def last_sale():
        async with db_sessionmaker() as session:
            return await session.scalar(select(Sale).order_by(Sale.id.desc()).limit(1))


    async def wait_at(gate):
        print("waiting at", gate, file=sys.stderr)
        while not Path(gate).exists():
            await asyncio.sleep(0.01)


    def columns(table):
        return ",".join(table.__table__.columns.keys())


    @on_start
    async def _():
        global basket
        basket = store.setdefault("basket", Basket())
        if type(basket) is not Basket:
            raise TypeError("a basket of other code")
        {on_start}


    @on_message(["shop", int])
    async def _(event: Message, args):
        number = args[0]
        basket.numbers.append(number)
        store[str(number)] = REPLY
        async with db_sessionmaker() as session:
            session.add_all([Sale(number=number, reply=REPLY, {new}), Customer(number=number)])
            await session.commit()
        await event.send(f"{{number}} shop {{version()}} sale={{columns(Sale)}} customer={{columns(Customer)}}")


    @on_message(["wait", str])
    async def _(event: Message, args):
        await wait_at(args[0])
        await event.send(f"waited at {{args[0]}} {{version()}}")


    @on_message("stock")
    async def _(event: Message):
        await event.send(f"stock {{len(store) - 1}} {{len(basket.numbers)}} {{len(set(basket.numbers))}}")

    {end}
"""

DATABASE = """
    from sqlalchemy import BigInteger, Text
    from sqlalchemy.orm import Mapped, mapped_column

    from core.database import dbBase


    class Customer(dbBase):
        __tablename__ = "customer"

        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        number: Mapped[int]
        {customer}
"""

TILL = """\
from core.dispatcher import on_message
from models.api import Message
from modules.shop import last_sale, version


@on_message(["till", int])
async def _(event: Message, args):
    await last_sale()
    await event.send(f"{args[0]} till {version()}")
"""

CALM = """\
from time import monotonic_ns

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from core.database import db_sessionmaker, dbBase
from core.dispatcher import on_message
from models.api import Message

IMPORTED = monotonic_ns()


class Breath(dbBase):
    __tablename__ = "breath"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int]


@on_message(["calm", int])
async def _(event: Message, args):
    async with db_sessionmaker() as session:
        session.add(Breath(number=args[0]))
        await session.commit()
    await event.send(f"{args[0]} calm {IMPORTED}")
"""

GUEST = """\
from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from core.database import db_sessionmaker, dbBase
from core.dispatcher import on_message
from models.api import Message


class Visit(dbBase):
    __tablename__ = "visit"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int]


@on_message(["guest", int])
async def _(event: Message, args):
    async with db_sessionmaker() as session:
        session.add(Visit(number=args[0]))
        await session.commit()
    await event.send(f"guest {args[0]}")
"""


@dataclass(frozen=True)
class Column:
    """A column that was added to a table, of numbers or texts. `names` are all that it had, the last one counts."""

    names: tuple[str, ...]
    is_text: bool = False

    @property
    def name(self) -> str:
        return self.names[-1]

    @property
    def code(self) -> str:
        was = f', info={{"was": {list(self.names[-2::-1])!r}}}' if len(self.names) > 1 else ""
        annotation, kind, default = ("str", "Text", '"0"') if self.is_text else ("int", "BigInteger", "0")
        return f"{self.name}: Mapped[{annotation}] = mapped_column({kind}, default={default}{was})\n"

    @property
    def given(self) -> str:
        return f"{self.name}={'str(number)' if self.is_text else 'number'}"


@dataclass(frozen=True)
class Shop:
    """One release of the shop. `on_start` and `end` are a line of code more."""

    reply: int = 1
    words: int = 1
    sale: tuple[Column, ...] = ()
    customer: tuple[Column, ...] = ()
    on_start: str = ""
    end: str = ""

    @property
    def files(self) -> dict[str, str]:
        """Path below modules/ -> code."""
        sale, customer = (_lines(columns) for columns in (self.sale, self.customer))
        new = ", ".join(column.given for column in self.sale)
        shop = _code(SHOP, reply=self.reply, sale=sale, new=new, on_start=self.on_start, end=self.end)
        database = _code(DATABASE, customer=customer)
        return {"shop/__init__.py": shop, "shop/database.py": database, "shop/words.py": f"WORDS = {self.words}\n"}

    @property
    def answers(self) -> tuple[str, str]:
        """What the shop, and the till, says to a message when this release has it."""
        version = f"reply={self.reply} words={self.words}"
        sale = ",".join(["id", "number", "reply", *(column.name for column in self.sale)])
        customer = ",".join(["id", "number", *(column.name for column in self.customer)])
        return f"shop {version} sale={sale} customer={customer}", f"till {version}"


def _lines(columns: tuple[Column, ...]) -> str:
    return "    ".join(column.code for column in columns)


def _code(template: str, **parts: Any) -> str:
    return textwrap.dedent(textwrap.dedent(template).format(**parts))  # no line is left that has only spaces
