"""The steps of a stop and the signals that ask for it."""

import asyncio
import os
import signal

import pytest

from aha import steps
from aha.signals import Interrupted, StopSignal
from aha.steps import attempt, attempt_within


async def fail():
    raise RuntimeError("no")


async def leave():
    raise SystemExit(1)


@pytest.mark.parametrize("work", [fail, leave])
async def test_a_step_that_fails_is_logged_and_the_next_one_is_done(work, caplog):
    await attempt("feed the cat", work)
    assert "while stopping: could not feed the cat" in caplog.text


async def test_a_step_that_fails_in_time_is_logged(caplog):
    await attempt_within(5, "feed the cat", fail, hurry=asyncio.Event())
    assert "could not feed the cat" in caplog.text


async def test_a_step_that_takes_too_long_is_cancelled(monkeypatch, caplog):
    monkeypatch.setattr(steps, "_GRACE", 0.01)
    cancelled = asyncio.Event()

    async def hang():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    await attempt_within(0.01, "wait for the cat", hang, hurry=asyncio.Event())
    assert cancelled.is_set()
    assert "gave up trying to wait for the cat" in caplog.text


async def test_hurry_ends_the_waiting(monkeypatch):
    monkeypatch.setattr(steps, "_GRACE", 0.01)
    hurry = asyncio.Event()
    step = asyncio.create_task(attempt_within(60, "wait", asyncio.Event().wait, hurry=hurry))
    hurry.set()
    async with asyncio.timeout(5):
        await step


async def test_a_quick_step_is_done_even_in_a_hurry():
    hurry, done = asyncio.Event(), asyncio.Event()
    hurry.set()

    async def quick():
        await asyncio.sleep(0)
        done.set()

    await attempt_within(60, "be quick", quick, hurry=hurry)
    assert done.is_set()


async def test_the_first_signal_asks_to_stop_and_the_second_to_hurry():
    signals = StopSignal(asyncio.get_running_loop())
    with signals.listen():
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await signals.stop.wait()
        assert not signals.hurry.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        async with asyncio.timeout(5):
            await signals.hurry.wait()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


@pytest.fixture
def hangup():
    """SIGHUP as a terminal's program finds it: pytest itself may have been started with nohup."""
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        pytest.skip("there is no such signal")
    before = signal.signal(number, signal.SIG_DFL)
    yield number
    signal.signal(number, before)


async def test_a_terminal_that_is_closed_asks_to_stop_and_never_to_hurry(hangup):
    signals = StopSignal(asyncio.get_running_loop())
    with signals.listen():
        for _ in range(3):
            os.kill(os.getpid(), hangup)
            async with asyncio.timeout(5):
                await signals.stop.wait()
        await asyncio.sleep(0)  # what a signal wants done, the loop does
        assert not signals.hurry.is_set()
    assert signal.getsignal(hangup) is signal.SIG_DFL


async def test_under_nohup_the_end_of_a_terminal_is_none_of_the_bot(hangup):
    signal.signal(hangup, signal.SIG_IGN)
    signals = StopSignal(asyncio.get_running_loop())
    with signals.listen():
        os.kill(os.getpid(), hangup)
        assert not signals.asked


async def test_the_signals_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopSignal(asyncio.get_running_loop()).listen():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_signal_breaks_off_blocking_code_where_that_was_allowed():
    signals = StopSignal(asyncio.get_running_loop())

    def block():
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            pass

    with signals.listen(), pytest.raises(Interrupted), signals.interrupting():
        block()


async def test_what_may_be_broken_off_does_not_begin_after_a_signal():
    signals = StopSignal(asyncio.get_running_loop())
    with signals.listen():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted), signals.interrupting():
            pytest.fail("it began")


async def test_a_step_whose_own_task_was_cancelled_is_a_failed_step(caplog):
    async def needs_a_cancelled_task():
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    await attempt("use what is gone", needs_a_cancelled_task)
    assert "needed to use what is gone had been cancelled" in caplog.text


async def test_cancelling_the_stop_itself_is_not_swallowed():
    stopping = asyncio.create_task(attempt("wait", asyncio.Event().wait))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
