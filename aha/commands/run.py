"""`aha run`: what the command line and the configuration say becomes a plan, which `aha.serve` carries out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha import adapters, logs
from aha.discovery import survey
from aha.lifecycle import Plan
from aha.loader import BUILTIN
from aha.selection import select
from aha.serve import serve
from core.config import cfg

from .exits import plain_errors
from .folder import config_file, module_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import Token

    from core.adapter import Adapter, Emit


def _split(_type: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Take names given one after another, in repeated options, or with commas between them."""
    return tuple(name for token in tokens for name in token.value.split(",") if name)


Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, converter=_split, negative=())]


@plain_errors
def run(
    *,
    load_only: Names = (),
    exclude: Names = (),
    modules: Path = Path("modules"),
    db: str | None = None,
    adapter: Names = (),
    config: Path | None = None,
) -> int:
    """Run the bot of this folder until Ctrl-C, SIGTERM or the end of its input.

    Parameters
    ----------
    load_only
        Load these modules and no others.
    exclude
        Do not load these modules.
    modules
        The folder that the modules are in.
    db
        Database URL, before the one that is configured: sqlite:///file.db, postgresql://user:password@host/name.
    adapter
        Start only these adapters: console, onebot.
    config
        Configuration file. Without it: the one that AHA_CONFIG names, or config.yml if there is one.
    """
    cfg.load(config_file(config))
    logs.set_up("debug" if cfg.aha.debug else cfg.log.level, file=Path(cfg.log.file) if cfg.log.file else None)
    selection = select(survey(module_folder(modules).absolute(), BUILTIN), load_only=load_only, exclude=exclude)
    entries = adapters.entries(cfg.bots, only=adapter)

    def make_adapters(emit: Emit) -> list[Adapter]:
        return [adapters.make(entry, emit) for entry in entries]

    cfg.aha.data_dir.mkdir(parents=True, exist_ok=True)
    url = database_url() if db is None else db  # "" is a variable that was not set: no reason to use another database
    plan = Plan(selection, url, make_adapters, synchronous=cfg.aha.database.synchronous)
    return serve(plan)


def database_url() -> str:
    """Return the configured database, by default an SQLite file in the data folder."""
    return cfg.aha.database.url or f"sqlite:///{cfg.aha.data_dir / 'aha.db'}"
