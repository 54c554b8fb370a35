"""Registers callbacks and brings events to them: `@on_message("ping")`, `@on_start`, `process_external(...)`.

An event goes one way: `engine` looks its candidates up (`registry`, `index`), evaluates their conditions (`matching`,
`defaults`) and starts those that match as tasks (`tasks`). What modules write becomes a `registration` in `decorators`.
"""

from core.dispatcher.decorators import on_external, on_message, on_meta, on_notice, on_request
from core.dispatcher.engine import Dispatcher, dispatcher
from core.dispatcher.lifecycle import on_cleanup, on_start
from core.dispatcher.publish import process_external, process_message
from core.dispatcher.registration import HelpItem

__all__ = [
    "Dispatcher",
    "HelpItem",
    "dispatcher",
    "help_items",
    "on_cleanup",
    "on_external",
    "on_message",
    "on_meta",
    "on_notice",
    "on_request",
    "on_start",
    "process_external",
    "process_message",
]

help_items = dispatcher.registry.help_items
"""What callbacks do, as they said with `register_help`: a list of `HelpItem(command, condition, description)`."""
