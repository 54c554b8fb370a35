"""The disk is full, or the file may not be written: nothing is lost, and with room the next start does it all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aha.testing import release, running_bot
from tests.migration.faults.places import Files, Scene, path_of, survived
from tests.migration.sources import note
from tests.migration.story import Put, Query, Release, Rows, Story

NOBODY = 65534
ROOT = os.geteuid() == 0
LONG = "x" * 900

# Each change copies the whole table or rewrites all of its rows.
BIG = Story(
    "big",
    Release(note("text: str", "n: str")),
    Put("note", *((i, LONG, str(i)) for i in range(1, 4001))),
    Release(note("text: str", "n: int", "m: int = column(default=1)")),
    Query("SELECT count(*), sum(n), sum(m), min(length(text)) FROM note__notes", (4000, 8002000, 4000, len(LONG))),
)
SMALL = Story(
    "small",
    Release(note("text: str")),
    Put("note", (1, "5"), (2, "five")),
    Release(note("text: int | None", "n: int = column(default=1, unique=False)")),
    Rows("note", (1, 5, 1), (2, None, 1)),
)


async def disturbed(scene, starts, database, **job):
    """A start that may fail, but neither hangs nor dies; afterwards all is well again."""
    end = starts.one(database, scene.modules, **job)
    assert end["status"] == 0, end
    await scene.go_on(database)
    return end


@pytest.mark.parametrize("parts", [3, pytest.param(40, marks=[pytest.mark.faults, pytest.mark.timeout(1800)])])
async def test_sqlite_file_that_may_not_grow(starts, tmp_path, parts):
    scene = await Scene(BIG, Files(tmp_path), tmp_path).begin()
    size = path_of(scene.database).stat().st_size
    failed = 0
    for part in range(parts):
        database = scene.place.copy(scene.database)
        end = await disturbed(scene, starts, database, limit=size + 4096 + part * size * 2 // parts)
        failed += bool(end.get("error") or end["failures"])
        survived("disk full", database)
        scene.place.drop(database)
    assert failed


@pytest.mark.parametrize("free", [0.1, *(pytest.param(n / 10, marks=pytest.mark.faults) for n in range(3, 30, 3))])
async def test_sqlite_disk_that_is_full(starts, tmp_path, mount, free):
    scene = await Scene(BIG, Files(tmp_path), tmp_path).begin()
    size = path_of(scene.database).stat().st_size
    disk = mount(int(size * (1 + free)))
    database = f"sqlite:///{shutil.copy(path_of(scene.database), disk)}"
    starts.one(database, scene.modules)
    mount(size * 20, "remount")
    await scene.go_on(database)
    survived("disk full", database)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("free", [1, 3, 5, 8])
async def test_postgresql_disk_that_is_full(starts, tmp_path, mount, postgres, free):
    disk = mount("30m") / "data"
    disk.mkdir()
    give_to_server(postgres, disk, disk.parent)
    postgres.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
    place = Small(postgres)
    try:
        scene = await Scene(BIG, place, tmp_path).begin()
        used = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
        mount(used + free * 1024 * 1024, "remount")
        end = starts.one(scene.database, scene.modules)
        assert end["status"] == 0
        mount("100m", "remount")
        await scene.go_on(scene.database)
        survived("disk full", scene.database)
    finally:
        place.close()
        postgres.execute("DROP TABLESPACE small")


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
async def test_file_that_may_not_be_written(starts, tmp_path):
    scene = await Scene(SMALL, Files(tmp_path), tmp_path).begin()
    with TemporaryDirectory(prefix="aha-read-only-") as folder:
        database, module = for_all_to_read(scene, Path(folder))
        before = path_of(database).read_bytes()
        end = starts.one(database, [module], user=NOBODY)
        assert end["status"] == 0
        assert end["error"].startswith("DatabaseError")
        assert path_of(database).read_bytes() == before
        await scene.go_on(database)


async def test_a_module_whose_tables_have_no_room_costs_the_others_nothing(starts, tmp_path, mount):
    scene = await Scene(BIG, Files(tmp_path), tmp_path).begin()
    other = release("other", "GREETING = 'hello'", folder=tmp_path)
    size = path_of(scene.database).stat().st_size
    disk = mount(int(size * 1.4))
    database = f"sqlite:///{shutil.copy(path_of(scene.database), disk)}"
    end = starts.one(database, [*scene.modules, other])
    assert "error" not in end, end
    assert list(end["failures"]) == ["notes"]
    mount(size * 20, "remount")
    await scene.go_on(database)


def give_to_server(postgres, *folders):
    """Let the server's user own these folders."""
    if "host=/" not in postgres.url:
        pytest.skip("the server may be on another machine")
    user = Path(postgres.url.partition("host=")[2]).stat().st_uid
    for folder in folders:
        os.chown(folder, user, -1)


def for_all_to_read(scene, folder):
    """A copy of the scene's database and module in `folder`, which everybody may read, but only root may write."""
    file = Path(shutil.copy(path_of(scene.database), folder))
    module = release("notes", scene.modules[0].read_text(), folder=folder)
    for path in (folder, module.parent):
        path.chmod(0o755)
    file.chmod(0o444)
    return f"sqlite:///{file}", module


class Small:
    """Databases of which the first lies in the tablespace `small`."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.made = []

    def empty(self):
        self.made.append(self.postgres.create())
        if len(self.made) == 1:
            name = self.made[0].partition("?")[0].rpartition("/")[2]
            self.postgres.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small')
        return self.made[-1]

    def close(self):
        for url in self.made:
            self.postgres.drop(url)


async def test_room_is_all_that_is_missing(tmp_path):
    """The story of these tests is a change that works."""
    scene = await Scene(BIG, Files(tmp_path), tmp_path).begin()
    await scene.go_on(scene.database)
    async with running_bot(modules=scene.modules, database=scene.database) as bot:
        assert len(await bot.rows("note", "id")) == 4000
