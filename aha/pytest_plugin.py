"""Fixtures for the tests of modules. pytest loads this in every project that has Aha: it imports nothing of it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aha.testing import RunningBot


@pytest.fixture
def aha_bot(pytestconfig: pytest.Config, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[RunningBot]]:
    """`aha.testing.running_bot` with module paths seen from the root of the project, and its data in `tmp_path`.

    async def test_greeting(aha_bot):
        async with aha_bot("modules/hello") as bot:
            assert await bot.say("hello") == ["Hello!"]

    `database=` and `config=` are those of `running_bot`.
    """
    from aha.testing import running_bot  # noqa: PLC0415 - whoever does not use the fixture does not pay for it

    def start(*modules: str | Path, **options: Any) -> AbstractAsyncContextManager[RunningBot]:
        options.setdefault("database", f"sqlite:///{tmp_path / 'aha.db'}")
        return running_bot(modules=[pytestconfig.rootpath / module for module in modules], **options)

    return start
