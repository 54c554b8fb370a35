"""A list of things to do for each chat, kept in a SimpleStore: a dict that is still there after a restart."""

from collections.abc import Sequence

from core.dispatcher import on_message
from core.expr import PM
from models.api import Message
from services.data_store import SimpleStore

lists: SimpleStore[list[str]] = SimpleStore()


def chat_of(event: Message) -> str:
    """Name the chat: a group has one list, and so has everyone in private."""
    return f"group {event.group_id}" if event.is_group_msg else f"user {event.user_id}"


@on_message(PM.command.prefixof(["todo"]), register_help={"todo": "see the list", "todo THING": "add a thing to it"})
async def todo(event: Message, args: Sequence[str]) -> None:
    things = lists.get(chat_of(event), [])
    if args:
        things = [*things, " ".join(map(str, args))]
        lists[chat_of(event)] = things
    await event.send("\n".join(f"{number}. {thing}" for number, thing in enumerate(things, 1)) or "Nothing to do.")


@on_message(["done", int], register_help={"done NUMBER": "take a thing off the list"})
async def done(event: Message, args: Sequence[int]) -> None:
    things = lists.get(chat_of(event), [])
    if not 1 <= args[0] <= len(things):
        await event.send(f"There is no number {args[0]}.")
        return
    lists[chat_of(event)] = [thing for number, thing in enumerate(things, 1) if number != args[0]]
    await event.send(f"Done: {things[args[0] - 1]}")
