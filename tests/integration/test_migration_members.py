"""Members of enums get other names, all at once: in rows what a dict makes of them, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.database import db_engine
from core.migration.casts.cast import cast_sql, prepare
from core.migration.casts.postgresql import replaced
from core.migration.kept.table import literal
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAMES = ("low", "mid", "high", "it's", "é")
ENUM = Meaning(Kind.ENUM, "VARCHAR(4)", length=4, members=NAMES)
names = st.sampled_from(NAMES)


async def run(work: Any) -> None:
    """Run `work` on a connection that is ready to convert."""
    async with db_engine.begin() as connection:
        await connection.run_sync(lambda sync: (prepare(sync), work(sync)))


async def test_each_row_gets_the_new_name_of_its_own_member(database):
    def check(connection: Connection) -> None:
        @settings(max_examples=100, deadline=None)
        @given(st.dictionaries(names, names))
        def every(renamed: dict[str, str]) -> None:
            cast = cast_sql(connection, "v", ENUM, ENUM, members=renamed)
            rows = " UNION ALL ".join(f"SELECT {n} AS n, {literal(name)} AS v" for n, name in enumerate(NAMES))
            found = connection.exec_driver_sql(f"SELECT {cast.value} FROM ({rows}) AS r ORDER BY n").scalars().all()
            assert found == [renamed.get(name, name) for name in NAMES]

        every()

    await run(check)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_name_in_an_array_becomes_the_new_one_of_its_own_member(database):
    def check(connection: Connection) -> None:
        @settings(max_examples=100, deadline=None)
        @given(st.dictionaries(names, names), st.lists(names, max_size=6))
        def every(renamed: dict[str, str], held: list[str]) -> None:
            array = f"ARRAY[{', '.join(map(literal, held))}]::text[]"
            found = connection.exec_driver_sql(f"SELECT {replaced(array, renamed)}").scalar_one()
            assert found == [renamed.get(name, name) for name in held]

        every()

    await run(check)
