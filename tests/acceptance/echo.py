"""A module for bots of which only their start or end matters."""

ECHO = """
    from core.dispatcher import *
    from models.api import Message

    @on_message("ping")
    async def _(event: Message):
        await event.send("pong")
"""
