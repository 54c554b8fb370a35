"""Says hello, and what the bot can do. The shortest module there is: a file with a callback."""

from core.dispatcher import help_items, on_message
from models.api import Message


@on_message("hello|hi", register_help={"hello": "be greeted"})
async def greet(event: Message) -> None:
    await event.send(f"Hello, {event.sender.card or event.sender.nickname or event.user_id}! Say help to see more.")


@on_message("help", register_help={"help": "see this list"})
async def show_help(event: Message) -> None:
    await event.send("\n".join(f"{item.command} - {item.description}" for item in help_items))
