"""A module whose store has a value of each kind, what stands in it, and a value that acts when it is read."""

from __future__ import annotations

import os
import pickle

MODULE = """
from datetime import date
from decimal import Decimal
from pathlib import Path
from core.dispatcher import on_message
from services.data_store import SimpleStore

Path("imported").touch()
store = SimpleStore()


class Mark:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"Mark({self.text!r})"


@on_message(["put", str, str])
async def put(event, args):
    store[args[0]] = eval(args[1])
    await event.reply("done")


@on_message(["drop", str])
async def drop(event, args):
    del store[args[0]]
    await event.reply("done")
"""
VALUES = {
    "text": "'hi'",
    "number": "5",
    "list": "[1,{'a':None}]",
    "tuple": "(1,2)",
    "day": "date(2026,2,3)",
    "mark": "Mark('x')",
}
KEYS = list(VALUES)
NO_FOLDING = "CREATE TRIGGER stop BEFORE INSERT ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END"


class Evil:
    """Pickled, it is a call of os.system."""

    def __reduce__(self):
        return os.system, ("touch hacked",)


EVIL = pickle.dumps(Evil(), 5)


def by_key(shown):
    return {one["key"]: one for one in shown.json}
