"""Two modules that take down what they hear, one of which is held, and what tests of holding do with them."""

from __future__ import annotations

from core.context import Module, entered
from core.dispatcher import dispatcher, on_message
from models.api import External, Message


class Held(list):
    """Two modules that take down what they hear; `demo` is the one that is held."""

    def __init__(self):
        super().__init__()
        self.demo, self.other = Module("demo"), Module("other")

    def heard_by(self, module):
        return [what for name, what in self if name == module.name]


def listens(log, module, *conditions, on=on_message, **how):
    """Register a callback of `module` that takes the event down."""

    async def callback(event):
        log.append((module.name, said(event)))

    with entered(module):
        on(*conditions, callback=callback, **how)


def said(event):
    return event.message_str if isinstance(event, Message) else event.key


def published(key):
    return External(key=key)


def forget_callbacks(module):
    for registration in list(module.callbacks):
        dispatcher.registry.remove(registration)
