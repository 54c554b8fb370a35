"""`aha run`: what the command line and the configuration say becomes a plan, which `aha.serve` carries out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aha import adapters
from aha.control.serving import Desk
from aha.data_folder import held
from aha.discovery import survey
from aha.lifecycle import Plan
from aha.loader import BUILTIN
from aha.selection import choose, select
from aha.serve import serve
from core.config import cfg

from .database import database_url, options, saver
from .exits import plain_errors
from .folder import module_folder, naming
from .options import Names  # noqa: TC001 - cyclopts looks annotations up
from .setting_up import set_up

if TYPE_CHECKING:
    from aha.selection import Selection
    from core.adapter import Adapter, Emit


@plain_errors
def run(
    *,
    load_only: Names = (),
    exclude: Names = (),
    modules: Path = Path("modules"),
    db: str | None = None,
    adapter: Names = (),
    config: Path | None = None,
    db_backup: bool = True,
    reload: Annotated[bool, Parameter(negative=())] = False,
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
    db_backup
        Save the database before the first change to tables that have rows.
    reload
        Reload modules when their files change.
    """
    set_up(config, to_file=True)
    where = module_folder(modules).absolute()
    selection = select(survey(where, BUILTIN), load_only=load_only, exclude=exclude)
    entries = adapters.entries(cfg.bots, only=adapter)

    def look() -> Selection:
        return choose(survey(where, BUILTIN), load_only=load_only, exclude=exclude)

    def make_adapters(emit: Emit) -> list[Adapter]:
        return [adapters.make(entry, emit) for entry in entries]

    with naming("aha", "data_dir"):
        cfg.aha.data_dir.mkdir(parents=True, exist_ok=True)
    url = database_url(db)
    backup = saver(url) if db_backup else None
    folder, synchronous = cfg.aha.data_dir, cfg.aha.database.synchronous
    plan = Plan(
        selection, url, folder, make_adapters,
        synchronous=synchronous, backup=backup, look=look, options=options(db, config),
    )  # fmt: skip
    with held(folder):
        return serve(plan, Desk(folder, where, watch=reload))
