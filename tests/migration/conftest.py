"""Databases for changes of tables: `make_database` is to be parametrized with their kind."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest

from aha.testing import running_bot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aha.testing.databases import Postgres


@pytest.fixture(scope="module")
def prepared(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database on which a bot without modules has run: its copies are made faster than its tables."""
    url = postgres.create()
    asyncio.run(start_once(url))
    yield url
    postgres.drop(url)


async def start_once(url: str) -> None:
    async with running_bot(modules=[], database=url):
        pass


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of databases that know no module; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        numbers = count()
        return lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("prepared")

    def make() -> str:
        url = postgres.create(template=template)
        request.addfinalizer(lambda: postgres.drop(url))
        return url

    return make
