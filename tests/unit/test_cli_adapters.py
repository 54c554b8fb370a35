"""Which adapters run, and what becomes of the others when one ends."""

import asyncio

import pytest

from aha.adapters import Entry, Running, entries
from core.adapter import Adapter, adapters
from models.exc import ConfigError, UsageError

BOTS = [{"adapter": "console"}, {"adapter": "onebot", "id": "a", "url": "ws://a"}, {"adapter": "onebot", "id": "b"}]
CONSOLE = Entry("console", "console")
A, B = Entry("onebot", "a", {"url": "ws://a"}), Entry("onebot", "b")


@pytest.mark.parametrize(
    ("bots", "only", "expected"),
    [
        pytest.param([], (), [CONSOLE], id="nothing configured"),
        pytest.param(BOTS, (), [CONSOLE, A, B], id="all configured"),
        pytest.param(BOTS, ("onebot",), [A, B], id="all bots of one adapter"),
        pytest.param(BOTS, ("console", "onebot"), [CONSOLE, A, B], id="both"),
        pytest.param(BOTS[1:], ("console",), [CONSOLE], id="one that is not configured"),
        pytest.param([], ("console", "console"), [CONSOLE], id="twice"),
        pytest.param([{"adapter": "onebot", "id": 7}], (), [Entry("onebot", "7")], id="number as id"),
    ],
)
def test_the_configuration_and_the_options_choose(bots, only, expected):
    assert entries(bots, only=only) == expected


def test_an_unknown_adapter_is_named_with_those_that_there_are():
    with pytest.raises(UsageError, match="--adapter irc: there is no such adapter; there are: console, onebot"):
        entries([], only=("irc",))
    with pytest.raises(ConfigError, match=r'^bots\[1\].adapter: expected one of console, onebot, found "irc"$'):
        entries([{"adapter": "console"}, {"adapter": "irc"}])


class Stub(Adapter):
    """Ends as it is told."""

    name = platform = "stub"

    def __init__(self, bot_id, *, error=None, stubborn=False):
        super().__init__(lambda event: None, bot_id=bot_id, settings={})
        self.error, self.stubborn, self.closed = error, stubborn, 0
        self.go = asyncio.Event()

    async def run(self):
        await self.go.wait()
        if self.error:
            raise self.error

    async def stop_intake(self):
        pass

    async def close(self):
        self.closed += 1
        if not self.stubborn:
            self.go.set()

    async def call(self, action, params):
        raise NotImplementedError


@pytest.fixture
async def running():
    running = Running()
    yield running
    await running.close()
    assert not adapters


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_one_that_ends_leaves_the_others_alone(running):
    first, second = Stub("first"), Stub("second")
    running.start(first)
    running.start(second)
    first.go.set()
    await until(lambda: list(adapters) == ["second"])
    assert (first.closed, second.closed, running.ended.is_set()) == (1, 0, False)


@pytest.mark.parametrize(
    ("errors", "failed"),
    [
        ([None], False),
        ([OSError("no")], True),
        ([OSError("no"), None], False),
        ([OSError("a"), ConfigError("b")], True),
    ],
    ids=str,
)
async def test_the_end_of_the_last_is_the_end_and_a_failure_if_all_failed(running, errors, failed, caplog):
    stubs = [Stub(str(number), error=error) for number, error in enumerate(errors)]
    for stub in stubs:
        running.start(stub)
        stub.go.set()
    async with asyncio.timeout(5):
        await running.ended.wait()
    assert running.failed == failed
    assert [stub.closed for stub in stubs] == [1] * len(stubs)
    for number, error in enumerate(errors):
        assert (f"adapter {number} stopped" in caplog.text) == (error is not None)


async def test_a_wrong_configuration_is_no_traceback(running, caplog):
    stub = Stub("x", error=ConfigError("bots[0].url: write one"))
    running.start(stub)
    stub.go.set()
    await until(running.ended.is_set)
    assert "bots[0].url: write one" in caplog.text
    assert "Traceback" not in caplog.text


async def test_closing_ends_all_of_them(running):
    stubs = [Stub("a"), Stub("b")]
    for stub in stubs:
        running.start(stub)
    await running.close()
    assert all(stub.closed for stub in stubs)


async def test_one_that_does_not_end_is_cancelled(running, monkeypatch):
    monkeypatch.setattr("aha.adapters._CLOSING", 0.01)
    stub = Stub("a", stubborn=True)
    running.start(stub)
    await running.close()
    assert not stub.go.is_set()
