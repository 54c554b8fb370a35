"""A value as bytes and back. Which rows are trusted is for `signing` to say."""

from __future__ import annotations

import pickle
import sys
from io import BytesIO
from typing import Any

from models.exc import ClassGone, ClassUntrusted, StoredValueError, StoreValueError, ValueDamaged
from services.data_store.pickles.guarded import read_guarded
from services.data_store.pickles.opcodes import plain
from services.data_store.pickles.places import is_own, moved_class
from services.data_store.pickles.plain_types import public
from services.data_store.pickles.refusals import Gone, Refused

# Both databases end at about 1 GB per value; a row beyond would be refused only when it is written, too late.
MAX_VALUE_BYTES = 256_000_000
# What Python 3.11 and its successors all read; `opcodes` knows what it writes.
_PROTOCOL = 5
# Much of what is kept is short text. The pickler takes about twice as long for it as it takes to put its bytes behind
# one of these, by their number, and adds what nobody needs: a frame and a place among what may be named again.
_SHORT_TEXT = [pickle.PROTO + bytes([_PROTOCOL]) + pickle.SHORT_BINUNICODE + bytes([size]) for size in range(256)]
_STOP = pickle.STOP
_MOST_CHARACTERS = 255 // 4


def pickled(key: str, value: Any) -> bytes:
    """Return what is stored for `value`; StoreValueError, naming key and type, if it cannot be."""
    if type(value) is str and len(value) <= _MOST_CHARACTERS:
        try:
            text = value.encode()
        except UnicodeEncodeError:
            pass  # half of a surrogate pair: the pickler knows how that is written
        else:
            return _SHORT_TEXT[len(text)] + text + _STOP
    try:
        data = pickle.dumps(value, _PROTOCOL)
    except Exception as error:  # an author's __reduce__ may raise anything
        raise StoreValueError(
            f"the value for key {key!r}, a {type(value).__qualname__}, cannot be pickled ({_said(error)}); store "
            "plain data"
        ) from error
    if len(data) > MAX_VALUE_BYTES:
        raise StoreValueError(
            f"the value for key {key!r}, a {type(value).__qualname__}, takes {len(data):,} bytes, more than "
            f"{MAX_VALUE_BYTES:,}; keep it in a file and store its path"
        )
    return data


def unpickled(data: bytes, *, trusted: bool, key: str = "") -> Any:
    """Return the value in `data`, which runs no code unless `trusted`: this installation has written it.

    Raises ClassUntrusted, ClassGone or ValueDamaged, which name `key`, the class and the remedy.
    """
    try:
        if plain(data):
            return pickle.loads(data)  # noqa: S301 - nothing in it can act
        return Trusted(BytesIO(data)).load() if trusted else read_guarded(data)
    except (Refused, Gone) as error:
        raise explained(error, key) from None
    except Exception as error:  # a row says what is run of its class, which may raise anything
        raise explained(error, key) from error


def explained(error: Exception, key: str) -> StoredValueError:
    """Why the value for `key` cannot be read, the reading of which has raised `error`, and what to do."""
    if isinstance(error, Refused):
        return ClassUntrusted(
            f"the value for key {key!r} was not signed here, and {_quoted(error)} is neither plain data nor a class "
            "of a module, or has something to call: nothing of it was run; if you know where it comes from, `aha store "
            "trust MODULE`",
            key=key, place=str(error),
        )  # fmt: skip
    if isinstance(error, Gone):
        return ClassGone(f"the value for key {key!r} is of {_where_it_went(error)}", key=key, place=str(error))
    return ValueDamaged(
        f"the value for key {key!r} cannot be read ({type(error).__name__}: {_quoted(error)}): it is damaged, or its "
        "class does not take what was stored; mend the class, or give the value up with `del store[key]`",
        key=key,
    )


class Trusted(pickle.Unpickler):
    """Makes whatever this installation has stored. It, too, imports no module of the bot: that is the loader's."""

    def find_class(self, module: str, name: str) -> Any:
        """What a value means by `name` of `module`; raises Gone if there is none."""
        try:
            if not is_own(module) or module in sys.modules:
                return super().find_class(public(module), name)
        except (ImportError, AttributeError) as error:
            why = str(error)
        else:
            why = ""
        found = moved_class(module, name)
        if found is None:
            raise Gone(f"{module}.{name}", why)
        return found


def _where_it_went(gone: Gone) -> str:
    """What is said of a class that is not there."""
    place = _quoted(gone)
    if is_own(place):
        return (
            f'{place}, which no loaded module has: if it was renamed or moved, write __was__ = "{place}" in its class; '
            "if its module is off, switch it on"
        )
    return f"{place}, which cannot be imported ({gone.why}): install its package again"


def _quoted(error: Exception) -> str:
    """What a row or a class says, on one line."""
    return repr(_said(error))[1:-1][:300]


def _said(error: Exception) -> str:
    """What an error says of itself; what it is if that fails, as an author's class may."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is no reason to lose the first error
        return type(error).__name__
