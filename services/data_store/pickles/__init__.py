"""Values as bytes and back, and what a row may make when it is read. It knows no table, no journal and no module.

Whoever can write to the database must not be able to run code in the bot. So there are three kinds of rows:

* plain: str, int, list, dict and what else needs no class to be read. Nothing in it can act (`plain`).
* of plain types and of classes of the bot's own modules: read by `guarded`, which lets a row make those and no more.
* of any other class: read only if `signing` says that this installation has written it.

What a class was called before it moved is said by `__was__` in its body (see `places`). Whether a value can be read is
judged before it is (see `judging`).

It is about code, not about time or memory: a row of a million nested tuples can still stop the process that reads it.
"""

from services.data_store.pickles.judging import Judge, Unsigned
from services.data_store.pickles.names import names_in
from services.data_store.pickles.opcodes import STACK_GLOBAL, all_plain, plain
from services.data_store.pickles.values import MAX_VALUE_BYTES, pickled, unpickled

__all__ = [
    "MAX_VALUE_BYTES",
    "STACK_GLOBAL",
    "Judge",
    "Unsigned",
    "all_plain",
    "names_in",
    "pickled",
    "plain",
    "unpickled",
]
