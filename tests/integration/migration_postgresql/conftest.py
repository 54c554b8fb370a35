"""The bot's PostgreSQL database, to which releases are brought."""

from __future__ import annotations

import pytest

from tests.integration.migration_postgresql.releases import opened


@pytest.fixture
async def bot(postgres_url: str):
    async with opened(postgres_url) as bot:
        yield bot
