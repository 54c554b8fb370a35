"""Conditions on events: fields (`PM`), operators on them, and what they find. It calls no callbacks.

`Pmsg == "ping"` compares nothing; it builds a tree (`nodes`) that the dispatcher evaluates when an event comes. What
the fields are worth for one event is computed once (`facts`, `text`) or, if it has to be waited for, got (`fetch`).
"""

from core.expr.evaluate import evaluate
from core.expr.expression import And, Expr, Not, Or
from core.expr.pm import (
    PM,
    Padmin,
    Pbot,
    Pcommand,
    Pgid,
    Pgroup,
    Pisgroup,
    Pisprivate,
    Plimit,
    Pmsg,
    Pmsg_chain,
    Pplatform,
    Pprefix,
    Psuper,
    Puid,
    Puser,
    Pvalidated,
)
from core.expr.validation import set_validator

__all__ = [
    "PM",
    "And",
    "Expr",
    "Not",
    "Or",
    "Padmin",
    "Pbot",
    "Pcommand",
    "Pgid",
    "Pgroup",
    "Pisgroup",
    "Pisprivate",
    "Plimit",
    "Pmsg",
    "Pmsg_chain",
    "Pplatform",
    "Pprefix",
    "Psuper",
    "Puid",
    "Puser",
    "Pvalidated",
    "evaluate",
    "set_validator",
]
