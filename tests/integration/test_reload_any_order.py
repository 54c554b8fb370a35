"""Whatever is edited, broken, mended, removed and added in whatever order: what runs is whole, and never half old."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reloaded_bot import answering, reloaded_bot

NAMES = "abcd"
BROKEN = {
    "": "",
    "syntax": "def f(:\n",
    "import": "1 / 0\n",
    "start": "from core.dispatcher import on_start\n@on_start\ndef begin(): 1 / 0\n",
    "table": (
        "from sqlalchemy import Column, ForeignKey, Table\nfrom core.database import metadata\n"
        "Table('t', metadata, Column('id', ForeignKey('nowhere.id'), primary_key=True))\n"
    ),
}


@dataclass(frozen=True)
class Release:
    """What stands in the file of a module: whom it imports, and what is wrong with it."""

    imports: frozenset[str]
    broken: str

    def code(self, name: str, version: int) -> str:
        imports = "".join(f"import modules.{other} as needs_{other}\n" for other in sorted(self.imports - {name}))
        return f"VERSION = {version}\n{imports}{BROKEN[self.broken]}{answering('VERSION', to=name)}"


RELEASES = st.builds(Release, st.frozensets(st.sampled_from(NAMES), max_size=2), st.sampled_from([*BROKEN, "", "", ""]))
EDITS = st.lists(st.dictionaries(st.sampled_from(NAMES), st.none() | RELEASES, min_size=1), min_size=1, max_size=5)


@given(edits=EDITS, named=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_what_runs_is_whole(edits, named):
    with TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), edits, named=named))


async def play(folder: Path, edits: list[dict[str, Release | None]], *, named: bool) -> None:
    async with reloaded_bot(folder, f"sqlite:///{folder}/test.db", {}) as bot:
        on_disk: dict[str, Release] = {}
        versions: dict[str, int] = {}
        for version, edit in enumerate(edits):
            await change(bot, edit, version, on_disk, versions, named=named)
        mended = {name: Release(release.imports & on_disk.keys(), "") for name, release in on_disk.items()}
        await change(bot, mended, len(edits), on_disk, versions, named=False)
        assert bot.loader.loaded.keys() == on_disk.keys()


async def change(bot, edit, version, on_disk, versions, *, named):
    """Write the releases, reload, and see that what the outcome says is so."""
    before = {name: bot.code(name).VERSION for name in bot.loader.loaded}
    files = {f"{name}.py": release and release.code(name, version) for name, release in edit.items()}
    bot.folder.write({name: code for name, code in files.items() if code or (bot.folder.path / name).exists()})
    for name, release in edit.items():
        versions[name] = version
        if release:
            on_disk[name] = release
        else:
            on_disk.pop(name, None)
    names = [name for name in edit if name in on_disk or name in bot.loader.wanted] if named else []
    outcome = await (bot.reloader.follow(names) if named else bot.reloader.reload())
    running = {name: bot.code(name).VERSION for name in bot.loader.loaded}
    new = {*outcome.reloaded, *outcome.added}
    assert new <= running.keys()
    assert not {*outcome.removed} & running.keys()
    assert {name: running[name] for name in new} == {name: versions[name] for name in new}
    assert {name: at for name, at in running.items() if name not in new} == {
        name: before[name] for name in running if name not in new
    }
    for name in outcome.failed:
        assert (name in running) == outcome.failed[name].startswith("was not reloaded"), outcome
    for name in running:
        needed = {key.partition("_")[2]: code for key, code in vars(bot.code(name)).items() if key.startswith("needs_")}
        # As at a start, a module whose import was good and whose on_start was not has left its code to its importers.
        assert {other for other, code in needed.items() if other in running and code is not bot.code(other)} == set()
    for name in NAMES:
        assert await bot.say(name) == ([str(running[name])] if name in running else [])
