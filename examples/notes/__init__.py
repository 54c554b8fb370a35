# __init__.py
from collections.abc import Sequence
from core.database import db_sessionmaker
from core.dispatcher import on_message
from models.api import Message
from models.msg import Text
from utils.sqlalchemy import upsert
from .database import Test

@on_message(["set", Text])
async def _(event: Message, args: Sequence[str]):
    async with db_sessionmaker() as session:
        await session.execute(upsert(Test, user=await event.user_aha_id(), data=args[0]))
        await session.commit()

@on_message("get")
async def _(event: Message):
    async with db_sessionmaker() as session:
        await event.reply(session.get(Test, await event.user_aha_id()))
