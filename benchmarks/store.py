"""What SimpleStore does against others that keep keys and values, and against the bare drivers under it."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.keys import BURST, KEYS, READS
from benchmarks.postgresql import postgresql
from benchmarks.programs import PEER_PYTHON, ROOT, Program
from benchmarks.rows import Row, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")

# How fast setting must be, as a multiple of each.
STORES = {"plyvel": 1, "rocksdict": 1.5, "diskcache": 10, "sqlitedict": 30}
NAMES = {"diskcache": "diskcache.Index", "sqlitedict": "sqlitedict(autocommit=True)"}
GETS = round(1 / 6, 3)
SYNCED = 0.7
FOLDS = 0.6
FOLDED = {"SQLite": 150_000, "PostgreSQL": 100_000}
OPENS = 0.4  # at most 2.5 times as long
HOLDS = 1.3
NOTICES = 0.05
LOADED = 1_000_000
# Seconds of one measurement: of setting, so that it has several folds in it, and of the others.
SETTING, LONG, SHORT = 12.0, 6.0, 2.0

HOW = f"""\
Every store is a process of its own that stays alive and is asked in turn, in each round in another order; the first
round does not count. Ours is a bot with event loop, database, journal and all tasks of the stores. All get the same
{KEYS:,} keys in no order, each with a text of 24 bytes or so, and those that take only bytes get values that are
pickled with the same protocol. The temporary folder is on a disk.

Set: {BURST} at a time, again and again, for {SETTING:g} seconds; then ours gives its event loop a turn, in which it
folds what was set before into its SQLite database. When a set is done, a crash of the process costs none of them
anything, a crash of the machine may: plyvel and rocksdict write their log without syncing it, as they do if nobody
asks for more, diskcache.Index is as it is made, sqlitedict has `autocommit=True` and is waited for after each {BURST},
as its thread would only get further behind. Get: objects that were read or set before, and the same loop with a dict.
Sync: ten tasks of which each sets a key, awaits `sync()` and sets the next; against one thread that appends ten
records to a file of the same file system and then calls `fdatasync`.

Fold: one flush of all {KEYS:,} keys, from the last set to the commit, against `executemany` of an upsert of the same
rows in one transaction of sqlite3 (WAL, `synchronous=FULL`) or asyncpg. Open: a fresh process loads {LOADED:,} keys
from SQLite, until they may be touched; against a bare SELECT of the same columns, all rows fetched at once or, beside,
each dropped as it comes, which is not what anybody does who wants them.
Its memory is what the process has more (RSS) than before, against a dict of keys and pickled values that a fresh
process makes of that SELECT. Noticing: {READS:,} reads per second, ten at a time, each of another list that takes 1 kB
when it is pickled, with nothing else done; what a second takes of the processor, all threads together, against the
same with a plain dict."""


def measure(rounds: int) -> Section:
    """Return what was found; whatever a program raises ends it."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        rows, note = side_by_side(folder, stack, rounds)
        rows += folding("SQLite", folder / "folding", f"sqlite:///{folder}/folding.db", rounds)
        rows += folding("PostgreSQL", folder / "server", stack.enter_context(postgresql(folder / "pg")), rounds)
        rows += opening(folder / "opening", f"sqlite:///{folder}/opening.db", rounds)
    return Section("SimpleStore", HOW, tuple(rows), (note,))


# --- programs ---------------------------------------------------------------------------------------------------------


@contextmanager
def bot(url: str, folder: Path) -> Iterator[Program]:
    """Run a bot with a store until it ends by itself."""
    folder.mkdir(exist_ok=True)
    with Program([sys.executable, "-m", "benchmarks.store_bot", url, folder], folder=ROOT) as program:
        yield program
        program.end()


def bare(url: str) -> Program:
    return Program([sys.executable, "-m", "benchmarks.store_bare", url], folder=ROOT)


def peer(name: str, folder: Path) -> Program:
    return Program([PEER_PYTHON, "-m", "benchmarks.peers.stores", name, folder / name], folder=ROOT)


def in_turns(works: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Let all have their turn in every round, each time another one first, after a round that does not count."""
    found: dict[str, list[T]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(works[name]())
    return {name: samples[1:] for name, samples in found.items()}


# --- rows -------------------------------------------------------------------------------------------------------------


def side_by_side(folder: Path, stack: ExitStack, rounds: int) -> tuple[list[Row], str]:
    """Set, get, sync and noticing; and what setting asked of the journal."""
    ours = stack.enter_context(bot(f"sqlite:///{folder}/bot.db", folder / "bot"))
    others = {name: stack.enter_context(peer(name, folder)) for name in (*STORES, "dict", "append")}
    for program in (ours, *others.values()):
        program.answer()

    def asked(what: str, seconds: float, *names: str, times: int = 1) -> dict[str, list[Any]]:
        programs = {"ours": ours, **{name: others[name] for name in names}}
        works = {name: partial(program.ask, what, seconds) for name, program in programs.items()}
        return in_turns(works, rounds * times)

    sets = asked("sets", SETTING, *STORES)
    mine, folds, journal = zip(*sets["ours"], strict=True)
    # A disk that is shared answers now sooner, now later.
    gets, synced = asked("gets", SHORT, "dict"), asked("synced", SHORT, "append", times=4)
    reads = asked("reads", LONG, "dict")
    return [
        *(rates("set a small str", NAMES.get(name, name), mine, sets[name], STORES[name]) for name in STORES),
        rates("get a small str", "plain dict", gets["ours"], gets["dict"], GETS),
        rates("set and `await sync()`", "append and fdatasync", synced["ours"], synced["append"], SYNCED),
        Row(
            what=f"processor for {READS:,} reads, which are noticed",
            against="plain dict",
            ours=tuple(reads["ours"]),
            peer=tuple(reads["dict"]),
            unit="seconds",
            allowed=NOTICES,
        ),
    ], (
        f"While it was set, {min(folds)} to {max(folds)} folds were made in each {SETTING:g} s, and the journal took "
        f"at most {', '.join(f'{most:.0f}' for most in journal)} MB of the disk, round by round"
    )


def folding(place: str, folder: Path, url: str, rounds: int) -> list[Row]:
    """A fold of keys that are new, and again of the same keys."""
    with bot(url, folder) as ours, bare(url) as other:
        programs = {"ours": ours, "bare": other}
        for program in programs.values():
            program.answer()

        def both(program: Program) -> tuple[float, float]:
            program.ask("empty")
            return program.ask("folds", "first"), program.ask("folds", "second")

        found = in_turns({name: partial(both, program) for name, program in programs.items()}, rounds)
    rows = []
    figure = [float(FOLDED[place])] * rounds
    for number, what in enumerate(("new", "known")):
        mine, its = ([both[number] for both in found[name]] for name in programs)
        rows += [
            rates(f"fold {what} keys, {place}", "bare executemany", mine, its, FOLDS),
            rates(f"fold {what} keys, {place}", "that figure", mine, figure, 1),
        ]
    return rows


def opening(folder: Path, url: str, rounds: int) -> list[Row]:
    """Open a large store, and what it takes of the memory; each in a fresh process."""
    with bot(url, folder) as program:
        program.answer()
        program.ask("fill", LOADED)

    def ours() -> tuple[float, float]:
        with bot(url, folder) as program:
            seconds, size = program.answer()
            return seconds, size

    def select(what: str) -> float:
        with bare(url) as program:
            program.answer()
            return float(program.ask(what))

    found = in_turns({"ours": ours, "bare": lambda: (select("opens"), select("passes"), select("holds"))}, rounds)
    mine, my_size = zip(*found["ours"], strict=True)
    its, dropped, its_size = zip(*found["bare"], strict=True)
    speed, fetched, passed = ([LOADED / seconds for seconds in samples] for samples in (mine, its, dropped))
    return [
        rates(f"open a store of {LOADED:,} keys", "bare SELECT", speed, fetched, OPENS),
        rates(f"open a store of {LOADED:,} keys", "bare SELECT, rows dropped", speed, passed, None),
        Row(what=f"memory of {LOADED:,} keys", against="dict", ours=my_size, peer=its_size, unit="MB", allowed=HOLDS),
    ]


def rates(what: str, against: str, ours: Sequence[float], its: Sequence[float], allowed: float | None) -> Row:
    return Row(what=what, against=against, ours=tuple(ours), peer=tuple(its), unit="per second", allowed=allowed)
