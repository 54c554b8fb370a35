"""Folding the journal into tables: nothing is lost and nothing done twice, whatever is killed, gone or refused."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.database import close_database, db_engine
from models.exc import DatabaseError
from services.data_store import background, close_stores, flush_stores, folding, stores, writing
from tests.store_bot import bot, crash, execute, fetch, on_disk
from tests.store_kills import BEFORE, CHANGES, change

# More than any fold of these tests has.
_STATEMENTS = 40


class Killed:
    """The program that is killed at one statement of a fold."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store_kills"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def run(self, *what) -> str:
        self.process.stdin.write(json.dumps([str(part) if isinstance(part, Path) else part for part in what]) + "\n")
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="module")
def killed():
    program = Killed()
    yield program
    program.process.stdin.close()
    program.process.stdout.close()
    program.process.wait()


@pytest.fixture
def copied(request, database_url, tmp_path):
    """Makes copies of a closed database and its data folder; returns URL and folder."""

    def copy(name: str):
        folder = shutil.copytree(tmp_path / "data", tmp_path / name)
        if database_url.startswith("sqlite"):
            shutil.copy(tmp_path / "test.db", folder / "copy.db")
            return f"sqlite:///{folder}/copy.db", folder
        url = request.getfixturevalue("postgres").create(template=database_url)
        request.addfinalizer(lambda: request.getfixturevalue("postgres").drop(url))
        return url, folder

    (tmp_path / "data").mkdir()
    return copy


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.faults)], ids=["some", "all"])
@pytest.mark.parametrize("changes", CHANGES)
async def test_a_fold_that_is_killed_at_any_statement_costs_nothing(
    database_url, tmp_path, copied, killed, changes, step
):
    async with bot(database_url, tmp_path / "data", "a") as [store]:
        store.update(BEFORE)
    model = dict(BEFORE)
    change(model, CHANGES[changes])
    for statement in range(0, _STATEMENTS, step):
        url, folder = copied(f"at {statement}")
        how = killed.run(url, folder, changes, statement)
        assert how in ("killed", "done")
        async with bot(url, folder, "a") as [store]:
            assert list(store.items()) == list(model.items())
            store["last"] = 0
            await flush_stores()
            assert await on_disk() == [*model, "last"]
        if how == "done":
            break
    assert how == "done"
    assert statement > 5


async def test_a_key_that_is_deleted_and_set_again_goes_to_the_end(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(a=1, b=2, c=3)
        await flush_stores()
        del store["a"]
        store["b"] = 20
        store["a"] = 10
        await flush_stores()
        assert await on_disk() == ["b", "c", "a"]
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("b", 20), ("c", 3), ("a", 10)]


async def test_keys_stand_in_their_order_after_a_large_fold_failed_halfway(database_url, tmp_path, monkeypatch):
    async def fail(*_):
        raise OSError("the server is gone")

    monkeypatch.setattr(folding, "_ROWS", 4)
    async with bot(database_url, tmp_path, "a") as [store]:
        with monkeypatch.context() as patch:
            patch.setattr(folding, "write_progress", fail)
            store.update({f"k{n}": n for n in range(10)})
            with pytest.raises(DatabaseError):
                await flush_stores()
        for n in range(3):
            del store[f"k{n}"]
        store["last"] = 1
        await flush_stores()
        assert await on_disk() == list(store)


async def test_each_row_counts_its_versions(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        for value in range(3):
            store["k"] = value
            await flush_stores()
        assert await fetch("SELECT version FROM aha_store__a") == [3]


async def test_many_rows_take_several_statements(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_ROWS", 7)
    monkeypatch.setattr(writing, "_BYTES", {"sqlite": 1000, "postgresql": 1000})
    model = {str(n): b"x" * (n % 11) ** 3 for n in range(100)}
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(model)
        await flush_stores()
        assert await on_disk() == list(model)
        store.clear()
        await flush_stores()
        assert await on_disk() == []
        store.update(model)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list(model.items())


async def test_a_store_that_never_rests_is_folded(database_url, tmp_path, monkeypatch):
    upsert = folding.upsert_rows

    async def while_it_is_set_again(*args, **options):
        store["k"] += 1
        await upsert(*args, **options)

    monkeypatch.setattr(folding, "upsert_rows", while_it_is_set_again)
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 0
        await flush_stores()
        assert store["k"] == 1
        monkeypatch.undo()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}


async def test_much_is_folded_at_once(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "MUCH", 10)
    monkeypatch.setattr(background, "INTERVAL", 1_000.0)
    async with bot(sqlite_url, tmp_path, "a") as [store], asyncio.timeout(10):
        store.update(dict.fromkeys("0123456789"))
        while len(await on_disk()) < 10:
            pass


async def test_the_journal_is_trimmed(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        for value in range(40):
            store["k"] = bytes([value]) * 1_000_000
        await flush_stores()
        store["k"] = 0
        await flush_stores()
        assert len(list((tmp_path / "store").glob("*.journal"))) <= 2


async def test_a_fold_lasts_whatever_is_configured(database_url, tmp_path):
    on_sqlite = database_url.startswith("sqlite")
    ask, weak, strong = (
        ("PRAGMA synchronous", 1, 2) if on_sqlite else ("SHOW synchronous_commit", "off", "on")
    )  # fmt: skip
    async with bot(database_url, tmp_path, "a"):
        async with db_engine.connect() as connection:
            await connection.exec_driver_sql(
                "PRAGMA synchronous = NORMAL" if on_sqlite else "SET synchronous_commit = off"
            )
            await connection.commit()
        assert await asked_in_a_fold_and_after(ask) == [strong, weak]


async def test_a_fold_takes_more_memory_and_gives_it_back(tmp_path):
    async with bot(f"sqlite:///{tmp_path}/test.db", tmp_path, "a"):
        async with db_engine.connect() as connection:
            before = (await connection.exec_driver_sql("PRAGMA cache_size")).scalar()
        within, after = await asked_in_a_fold_and_after("PRAGMA cache_size")
    assert within == -32_000
    assert after == before != within


async def asked_in_a_fold_and_after(setting: str) -> list:
    async with writing.lasting() as connection:
        within = (await connection.exec_driver_sql(setting)).scalar()
    async with db_engine.connect() as connection:  # the same one: the pool hands out what came back last
        return [within, (await connection.exec_driver_sql(setting)).scalar()]


# --- what the database does not take -------------------------------------------------------------------------------


async def refuse(key: str) -> None:
    """Let the database refuse a key of the store of module `a`."""
    if db_engine.dialect.name == "sqlite":
        await execute(
            f"CREATE TRIGGER picky BEFORE INSERT ON aha_store__a WHEN new.key = '{key}' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    else:
        await execute(f"ALTER TABLE aha_store__a ADD CONSTRAINT picky CHECK (key <> '{key}')")


async def take_again() -> None:
    drop = (
        "DROP TRIGGER picky" if db_engine.dialect.name == "sqlite" else "ALTER TABLE aha_store__a DROP CONSTRAINT picky"
    )
    await execute(drop)


async def test_a_row_that_is_refused_holds_up_no_other(database_url, tmp_path, caplog):
    model = {str(n): n for n in range(100)}
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("7")
        store.update(model)
        await flush_stores()
        assert await on_disk() == [key for key in model if key != "7"]
        assert await fetch("SELECT key FROM aha_store_quarantine WHERE module = 'a'") == ["7"]
        store["8"] = 80
        await flush_stores()
        (told,) = [message for message in caplog.messages if "refuses" in message]
        assert "module a: the database refuses key '7' in table aha_store__a" in told
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {**model, "8": 80}
        await take_again()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {**model, "8": 80}
        assert sorted(await on_disk()) == sorted(model)


async def refuse_like(pattern: str) -> None:
    """Let the database refuse keys of the store of module `a`."""
    if db_engine.dialect.name == "sqlite":
        await execute(
            f"CREATE TRIGGER picky BEFORE INSERT ON aha_store__a WHEN new.key LIKE '{pattern}' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    else:
        await execute(f"ALTER TABLE aha_store__a ADD CONSTRAINT picky CHECK (key NOT LIKE '{pattern}')")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(lambda n: "bad" if n % 4 else "good", id="mixed"),
        pytest.param(lambda n: "bad" if n < 300 else "good", id="first", marks=pytest.mark.faults),
        pytest.param(lambda n: "bad" if n >= 100 else "good", id="last", marks=pytest.mark.faults),
        pytest.param(lambda n: "good" if n == 399 else "bad", id="all but one", marks=pytest.mark.faults),
    ],
)
async def test_however_many_rows_are_refused_they_hold_up_no_other(database_url, tmp_path, caplog, kind):
    model = {f"{kind(n)} {n}": n for n in range(400)}
    good = [key for key in model if key.startswith("good")]
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse_like("bad%")
        store.update(model)
        for _ in range(5):
            await flush_stores()
        assert sorted(await on_disk()) == sorted(good)
        store["good last"] = model["good last"] = 1
        await flush_stores()
        assert "good last" in await on_disk()
        await crash()
    assert "refuses 100 keys ('bad" in caplog.text
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == model
        await take_again()
        await flush_stores()
        assert sorted(await on_disk()) == sorted(model)


async def test_what_was_put_off_is_written_without_being_asked(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 0.01)
    monkeypatch.setattr(background, "rest_after", lambda _: 0.0)
    async with bot(sqlite_url, tmp_path, "a") as [store], asyncio.timeout(30):
        await refuse_like("bad%")
        store.update({f"{'bad' if n % 4 else 'good'} {n}": n for n in range(400)})
        while len(await on_disk()) < 100:
            await asyncio.sleep(0.01)


async def test_a_table_that_takes_nothing_costs_the_quarantine_nothing(database_url, tmp_path, caplog):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        await refuse_like("%")
        store.update({str(n): n for n in range(2_000)})
        other["k"] = 1
        with pytest.raises(DatabaseError, match="2000 of module a; they are kept"):
            await flush_stores()
        assert await on_disk("b") == ["k"]
        assert await fetch("SELECT count(*) FROM aha_store_quarantine") == [0]
        await take_again()
        await flush_stores()
        assert len(await on_disk()) == 2_000


async def test_what_is_refused_does_not_hold_the_journal(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("bad")
        store["bad"] = 1
        for value in range(40):
            store["k"] = bytes([value]) * 1_000_000
        await flush_stores()
        store["k"] = 0
        await flush_stores()
        assert len(list((tmp_path / "store").glob("*.journal"))) <= 2
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"bad": 1, "k": 0}
        await take_again()


async def test_a_refused_key_that_is_set_anew_is_written(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("bad")
        store["bad"] = 1
        await flush_stores()
        await take_again()
        store["bad"] = 2
        await flush_stores()
        assert await on_disk() == ["bad"]
        assert stores._open.background.unwritten() == ""
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"bad": 2}


@asynccontextmanager
async def failing_table(name: str = "a"):
    """Let every statement for the store of a module fail."""
    await execute(f"ALTER TABLE aha_store__{name} RENAME TO away")
    yield
    await execute(f"ALTER TABLE away RENAME TO aha_store__{name}")


async def test_a_table_that_is_gone_costs_nothing_and_no_other_store_waits_for_it(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        async with failing_table():
            store["k"] = other["k"] = 1
            with pytest.raises(DatabaseError, match="1 of module a; they are kept"):
                await flush_stores()
            assert await on_disk("b") == ["k"]
        await flush_stores()
        assert await on_disk("a") == ["k"]


async def test_what_fails_is_tried_again_and_reported_once(database_url, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(background, "INTERVAL", 0.001)
    attempts = asyncio.Semaphore(0)
    fold = background.fold

    async def counted(*args, **options):
        try:
            return await fold(*args, **options)
        except Exception:
            attempts.release()
            raise

    monkeypatch.setattr(background, "fold", counted)
    async with bot(database_url, tmp_path, "a") as [store], asyncio.timeout(30):
        async with failing_table():
            store["k"] = 1
            for _ in range(4):
                await attempts.acquire()
        while "SimpleStores are written again" not in caplog.messages:
            assert await on_disk() in ([], ["k"])
    (told,) = [message for message in caplog.messages if "cannot be written" in message]
    assert "\n" not in told
    assert "aha_store__a (" not in told  # what the database said, not the statement


async def test_what_cannot_be_written_at_the_end_is_written_at_the_next_start(database_url, tmp_path, caplog):
    async with bot(database_url, tmp_path, "a") as [store], failing_table():
        store["k"] = 1
        await close_stores(patience=0.1)
        assert "could not be written within 0.1 s: 1 of module a stay in the journal" in caplog.text
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}
        await flush_stores()
        assert await on_disk() == ["k"]


# --- a database that goes away -------------------------------------------------------------------------------------


async def test_connections_that_are_cut_during_folds_cost_nothing(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 0.0)
    monkeypatch.setattr(background, "LONGEST_PAUSE", 0.01)
    model = {}
    killer = await asyncpg.connect(postgres_url)
    async with bot(postgres_url, tmp_path, "a", patience=20) as [store]:
        for n in range(300):
            if n % 3 == 0 and model:
                key = next(iter(model))
                del store[key], model[key]
                if n % 2:
                    store[key] = model[key] = n
            store[str(n % 40)] = model[str(n % 40)] = n
            if n % 20 == 0:
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await asyncio.sleep(0.002)
        assert list(store.items()) == list(model.items())
    await killer.close()
    async with bot(postgres_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list(model.items())
        assert await on_disk() == list(model)


async def test_a_server_that_is_stopped_is_waited_for(own_postgres, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(background, "INTERVAL", 0.05)
    monkeypatch.setattr(background, "LONGEST_PAUSE", 0.1)
    info = own_postgres.get_postmaster_info()
    url = f"postgresql://postgres@/postgres?host={info.socket_dir}"
    async with bot(url, tmp_path, "a", patience=20) as [store], asyncio.timeout(60):
        store["before"] = 1
        await flush_stores()
        os.kill(info.pid, signal.SIGINT)
        while info.is_running():
            await asyncio.sleep(0.01)
        store["meanwhile"] = 2
        with pytest.raises(DatabaseError, match="1 of module a; they are kept in the journal"):
            await flush_stores()
        store["meanwhile"] = 3
        await store.sync()
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        while stores._open.background.unwritten():
            await asyncio.sleep(0.01)
        assert await on_disk() == ["before", "meanwhile"]
    async with bot(url, tmp_path, "a") as [store]:
        assert dict(store) == {"before": 1, "meanwhile": 3}
    assert len([message for message in caplog.messages if "cannot be written" in message]) == 1


async def test_a_server_that_does_not_answer_is_not_waited_for_at_the_end(own_postgres, tmp_path, caplog):
    info = own_postgres.get_postmaster_info()
    url = f"postgresql://postgres@/postgres?host={info.socket_dir}"
    postmaster = psutil.Process(info.pid)
    async with bot(url, tmp_path, "a") as [store], asyncio.timeout(60):
        store["before"] = 1
        await flush_stores()
        frozen = [postmaster, *postmaster.children()]
        try:
            for process in frozen:
                process.suspend()
            store["last"] = 2
            await close_stores(patience=0.1)
            async with asyncio.timeout(30):
                await close_database()
        finally:
            for process in frozen:
                process.resume()
    assert "1 of module a stay in the journal" in caplog.text
    async with bot(url, tmp_path, "a") as [store]:
        assert dict(store) == {"before": 1, "last": 2}


async def test_whether_a_commit_counted_is_found_out(database_url, tmp_path, monkeypatch):
    """The connection is lost after the commit and before anyone hears of it: done again, `c` would stand before `b`."""
    lasting = writing.lasting

    @asynccontextmanager
    async def lost():
        async with lasting() as connection:
            yield connection
        raise ConnectionError("the answer was lost")

    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(a=1, b=2)
        await flush_stores()
        monkeypatch.setattr(folding, "lasting", lost)
        del store["a"]
        store["a"] = 3
        store["c"] = 4
        with pytest.raises(DatabaseError):
            await flush_stores()
        monkeypatch.undo()
        store["d"] = 5
        await flush_stores()
        assert await on_disk() == list(store) == ["b", "a", "c", "d"]
        assert await fetch("SELECT version FROM aha_store__a") == [1, 1, 1, 1]


# --- several processes ---------------------------------------------------------------------------------------------

_OTHER = """
import asyncio, sys
from pathlib import Path
from services.data_store import flush_stores
from tests.store_bot import bot

async def main():
    async with bot(sys.argv[1], Path(sys.argv[2]), "a") as [store]:
        for n in range(30):
            store[f"other {n}"] = n
            await flush_stores()

asyncio.run(main())
"""


async def test_processes_with_folders_of_their_own_share_a_postgresql(postgres_url, tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    async with bot(postgres_url, mine, "a") as [store]:
        program = [sys.executable, "-c", _OTHER, postgres_url, str(theirs)]
        other = await asyncio.create_subprocess_exec(*program, cwd=Path(__file__).parents[2])
        for n in range(30):
            store[f"mine {n}"] = n
            await flush_stores()
            await asyncio.sleep(0.02)
        assert await other.wait() == 0
    both = {f"{who} {n}": n for who in ("mine", "other") for n in range(30)}
    for folder in (mine, theirs):
        async with bot(postgres_url, folder, "a") as [store]:
            assert dict(store) == both
