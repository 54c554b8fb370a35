"""What is made in a thread, one ahead."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing

import pytest

from services.data_store.ahead import ahead


async def test_each_is_made_in_its_order():
    assert [made async for made in ahead(str, iter(range(5)))] == list("01234")
    assert [made async for made in ahead(str, iter([]))] == []


async def test_the_next_one_is_made_while_one_is_in_use_and_no_other():
    begun = [threading.Event() for _ in range(3)]

    def make(number: int) -> int:
        begun[number].set()
        return number

    async with aclosing(ahead(make, iter(range(3)))) as made:
        assert await anext(made) == 0
        async with asyncio.timeout(10):
            await asyncio.to_thread(begun[1].wait)
        assert not begun[2].is_set()


async def test_an_error_comes_when_it_is_the_turn_of_what_could_not_be_made():
    made = ahead(lambda number: 1 // number, iter([1, 0]))
    assert await anext(made) == 1
    with pytest.raises(ZeroDivisionError):
        await anext(made)
