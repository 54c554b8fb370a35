"""What the commands of `aha db` work on: the options that say so, the modules, and the database, open for the while."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter
from sqlalchemy.exc import SQLAlchemyError

import aha.lifecycle  # noqa: F401 - with it comes all that declares tables of the framework
from aha.commands.database import database_url
from aha.commands.folder import module_folder
from aha.commands.importing import imported
from aha.commands.options import Names  # noqa: TC001 - cyclopts looks annotations up
from aha.commands.setting_up import set_up
from aha.discovery import survey
from aha.loader import BUILTIN
from aha.reports import failure_report, one_line
from aha.selection import select
from core.config import cfg
from core.database import close_database, db_engine, open_database
from core.database.url import parse_url
from core.migration.faults import fatal, said
from core.migration.refused import remedy_for
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from sqlalchemy import Connection

    from aha.discovery import Found
    from core.context import Module

logger = logging.getLogger(__name__)
T = TypeVar("T")

Json = Annotated[bool, Parameter(name="--json", negative=(), help="For programs.")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the bot is at home.

    Parameters
    ----------
    db
        Database URL, before the one that is configured.
    config
        Configuration file. Without it: the one that AHA_CONFIG names, or config.yml if there is one.
    """

    db: str | None = None
    config: Path | None = None

    def set_up(self) -> str:
        """Read the configuration, let errors be logged, and return the URL of the database."""
        set_up(self.config)
        return database_url(self.db)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Which modules count.

    Parameters
    ----------
    modules
        The folder that the modules are in.
    load_only
        Load these modules and no others.
    exclude
        Do not load these modules.
    """

    modules: Path = Path("modules")
    load_only: Names = ()
    exclude: Names = ()

    def found(self) -> list[Found]:
        """The modules that are there, on or not. Raises ModuleError if there is no folder."""
        return survey(module_folder(self.modules).absolute(), BUILTIN)


HOME = Home()
MODULES = Modules()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The modules that could be imported; `off` says of the others why they could not, in one line each."""

    modules: list[Module]
    off: dict[str, str] = field(default_factory=dict)


@contextmanager
def loaded(wanted: Modules) -> Iterator[Loaded]:
    """Import the modules as a start does, for the body; none of their code runs but that. What fails is reported."""
    selection = select(wanted.found(), load_only=wanted.load_only, exclude=wanted.exclude)
    off = {module.name: f"{module.where}: {module.problem}" for module in selection.unusable}
    for name, problem in off.items():
        logger.error("module %s is off: %s", name, problem)

    def report(name: str, error: BaseException) -> None:
        off[name] = f"it failed to import: {one_line(error)}"
        logger.error("%s", failure_report(name, "import", error, full=cfg.aha.debug))

    with imported(selection, [module.name for module in selection.wanted], on_failure=report) as found:
        yield Loaded(list(found.values()), off)


@asynccontextmanager
async def opened(url: str, *, read_only: bool = False) -> AsyncIterator[None]:
    """Open the database for the body. Raises DatabaseError if it cannot be used."""
    file = _file(url)
    if file is not None and file.is_dir():
        raise DatabaseError(f"the database {file} is a folder: write sqlite:///folder/file.db")
    if read_only and file is not None and not file.exists():
        logger.info("there is no database %s yet: it counts as empty", file)
    await open_database(url, synchronous=cfg.aha.database.synchronous, read_only=read_only)
    try:
        yield
    except SQLAlchemyError as error:
        remedy = remedy_for(error, role=parse_url(url).username, otherwise="look at the database's own log")
        raise fatal(error) or DatabaseError(f"the database refused: {said(error)}; {remedy}") from error
    finally:
        await close_database()


def look(url: str, read: Callable[[Connection], T]) -> T:
    """Return what `read` finds in the database, which is not changed. Raises DatabaseError if there is none."""
    if (file := _file(url)) is not None and not file.exists():
        raise DatabaseError(f"there is no database {file}: go to the folder of your bot, or start the bot first")

    async def ask() -> T:
        async with opened(url, read_only=True), db_engine.connect() as connection:
            return await connection.run_sync(read)

    return asyncio.run(ask())


def _file(url: str) -> Path | None:
    """The file that the database is; None if it is on a server, in memory, or named in SQLite's own way."""
    parsed = parse_url(url)
    name = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or name in {"", ":memory:"} or name.startswith("file:"):
        return None
    return Path(name)
