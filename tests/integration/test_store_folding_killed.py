"""A process that is killed at any statement of a fold costs nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.data_store import flush_stores
from tests.store_bot import bot, on_disk
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
def copied(copy_database, tmp_path):
    """Makes copies of a closed database and its data folder; returns URL and folder."""
    (tmp_path / "data").mkdir()
    return lambda name: (copy_database(), shutil.copytree(tmp_path / "data", tmp_path / name))


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.faults)], ids=["some", "all"])
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
