"""What serves the wishes to a bot, on a real socket and real files; a stand-in does the work."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from aha.control.serving import Desk, serving
from core.adapter import adapters
from core.config import cfg
from tests.integration.control.stand_in import Platform, StandIn


@pytest.fixture
def reloader():
    return StandIn()


@pytest.fixture
def bot(tmp_path, reloader):
    """Serves for the body, with data and modules in `tmp_path` unless `data` is another folder."""

    @asynccontextmanager
    async def bot(*, data=None, off=None, watch=False, hurry=None):
        data = data or tmp_path / "data"
        (tmp_path / "modules").mkdir(exist_ok=True)
        data.mkdir(parents=True, exist_ok=True)
        desk = Desk(data, tmp_path / "modules", watch=watch)
        async with serving(reloader, desk, off=lambda: off or (), hurry=hurry or asyncio.Event()):
            yield data

    return bot


@pytest.fixture
def platform():
    adapters["main"] = Platform()
    yield adapters["main"]
    adapters.clear()
    cfg.reset()
