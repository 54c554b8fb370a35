"""`aha reload`: the bot that runs with the data folder of this place runs modules as their files are now."""

from __future__ import annotations

import json
import sys
from pathlib import Path  # noqa: TC003 - cyclopts looks annotations up
from typing import Annotated

from cyclopts import Parameter

from aha.control.client import tell
from aha.control.wishes import Wish
from core.config import cfg

from .exits import CANNOT_RUN, plain_errors
from .folder import config_file
from .options import Names  # noqa: TC001 - cyclopts looks annotations up


@plain_errors
def reload(
    names: Annotated[Names, Parameter(name="NAME")] = (),
    /,
    *,
    with_database: Annotated[Names, Parameter(consume_multiple=False)] = (),
    config: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), help="For programs.")] = False,
) -> int:
    """Let the bot that runs take over what has changed in the files of modules: new ones come, removed ones go.

    Parameters
    ----------
    names
        The modules. Without any: all.
    with_database
        Modules of which database.py is replaced, too.
    config
        Configuration file that the bot was started with.
    """
    cfg.load(config_file(config))
    wish = Wish("reload", tuple(dict.fromkeys([*names, *with_database])), with_database)
    answer = tell(cfg.aha.data_dir, wish)
    sys.stdout.write(f"{json.dumps(answer.outcome, ensure_ascii=False) if as_json else answer.text}\n")
    return 0 if answer.ok else CANNOT_RUN
