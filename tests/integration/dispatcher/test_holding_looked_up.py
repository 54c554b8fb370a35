"""Events whose Aha IDs are looked up before or while their modules are held."""

from __future__ import annotations

import asyncio

import pytest

from core.dispatcher import dispatcher
from core.expr import Puid, fetch
from tests.integration.dispatcher.held import forget_callbacks, listens
from tests.integration.dispatcher.messages import message


@pytest.fixture
def looked_up(monkeypatch):
    """Set it to let Aha IDs be known."""
    known = asyncio.Event()

    async def user2aha_id(platform, user):
        await known.wait()
        return int(user)

    monkeypatch.setattr(fetch, "user2aha_id", user2aha_id)
    return known


async def test_an_event_that_waited_has_its_aha_ids_looked_up(log, looked_up):
    looked_up.set()
    listens(log, log.demo, Puid == 5)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message("a")), dispatcher.feed(message("b", user_id="6"))]
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "a")]


async def test_what_was_being_looked_up_goes_to_the_callbacks_there_were_then(log, looked_up):
    listens(log, log.demo, Puid == 5)
    future = dispatcher.feed(message("before"))
    hold = dispatcher.hold([log.demo])
    draining = asyncio.create_task(hold.drain(5))
    await asyncio.sleep(0)
    looked_up.set()
    await draining
    assert log == [("demo", "before")]
    assert future.done()
    hold.release()


async def test_what_is_looked_up_for_others_too_is_not_cancelled(log, looked_up):
    listens(log, log.demo, Puid == 5)
    listens(log, log.other, Puid == 5)
    future = dispatcher.feed(message())
    hold = dispatcher.hold([log.demo])
    await hold.drain(0)
    forget_callbacks(log.demo)
    looked_up.set()
    hold.release()
    await future
    assert log == [("other", "ping")]
