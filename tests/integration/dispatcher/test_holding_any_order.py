"""In whatever order modules are held, drained, replaced and released, each gets every event once and in order."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from core.context import Module, entered
from core.dispatcher import dispatcher, on_message
from tests.integration.dispatcher.held import forget_callbacks
from tests.integration.dispatcher.messages import message

NAMES = "abc"
STEPS = st.one_of(
    st.just(("feed", None)),
    st.tuples(st.just("hold"), st.sets(st.sampled_from(NAMES), min_size=1)),
    st.tuples(st.just("release"), st.integers(0, 2)),
    st.tuples(st.just("pass time"), st.integers(1, 3)),
    st.tuples(st.just("drain"), st.integers(0, 2)),
    st.tuples(st.just("replace"), st.sampled_from(NAMES)),
)


@given(steps=st.lists(STEPS, max_size=30), lasts=st.integers(0, 3))
def test_every_module_gets_every_event_once_and_in_order(steps, lasts):
    asyncio.run(_any_order(steps, lasts))


async def _any_order(steps, lasts):
    world = _World(lasts)
    try:
        for step, what in steps:
            await getattr(world, f"do_{step.replace(' ', '_')}")(what)
        for hold in world.holds:
            hold.release()
        await asyncio.wait_for(asyncio.gather(*world.futures), 5)
    finally:
        for module in world.modules.values():
            module.drop()
    numbers = [str(number) for number in range(len(world.futures))]
    assert world.heard == dict.fromkeys(NAMES, numbers)
    assert all(not module.tasks for module in world.modules.values())


class _World:
    """Three modules of which some are held; what each step does."""

    def __init__(self, lasts):
        self.modules = {name: Module(name) for name in NAMES}
        self.heard = {name: [] for name in NAMES}
        self.lasts = lasts
        self.holds, self.futures = [], []
        for name in NAMES:
            self.register(name)

    def register(self, name):
        async def callback(event):
            self.heard[name].append(event.message_str)
            for _ in range(self.lasts):
                await asyncio.sleep(0)

        with entered(self.modules[name]):
            on_message(callback=callback)

    async def do_feed(self, _):
        self.futures.append(dispatcher.feed(message(str(len(self.futures)))))

    async def do_hold(self, names):
        if held := names - {module.name for hold in self.holds for module in hold.modules}:
            self.holds.append(dispatcher.hold([self.modules[name] for name in held]))

    async def do_release(self, number):
        if number < len(self.holds):
            self.holds.pop(number).release()

    async def do_pass_time(self, times):
        for _ in range(times):
            await asyncio.sleep(0)

    async def do_drain(self, number):
        if number < len(self.holds):
            await self.holds[number].drain(5)

    async def do_replace(self, name):
        """New code, as at a reload: nothing is replaced unless it is held and drained."""
        hold = next((hold for hold in self.holds if self.modules[name] in hold.modules), None)
        if hold is not None:
            await hold.drain(5)
            forget_callbacks(self.modules[name])
            self.register(name)
