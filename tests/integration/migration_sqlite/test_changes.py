"""Any change of a model is carried out in one go: no row goes, and nothing is left to be done but what rows forbid."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    insert,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from core.database import close_database, db_engine, open_database
from core.migration.casts import cast as casts
from core.migration.planner.plan import is_empty, make_plan, next_records
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from core.migration.sqlite import script as apply_sqlite
from core.migration.steps import Phase, Verdict
from tests.integration.migration_sqlite.steps import KEPT, run_script
from tests.planned_releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a column may be: its type, and values that its rows may hold.
TYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "text": (Text(), ("", "5", "x", "1e3", "true")),
    "short": (String(5), ("", "5", "x")),
    "integer": (Integer(), (0, 1, 2**40)),
    "big": (BigInteger(), (0, -7)),
    "float": (Float(), (0.5, 3.0)),
    "numeric": (Numeric(10, 2), (1, 2.5)),
    "boolean": (Boolean(), (0, 1)),
}


def column_of(kind: str, *, nullable: bool, fill: str, more: str) -> dict[str, Any]:
    """A column that makes sense: what has to be unique has no default that is the same for every row."""
    fill = "" if more == "unique" else fill
    return {"type": kind, "nullable": nullable, "fill": fill, "more": more}


columns = st.builds(
    column_of,
    st.sampled_from(sorted(TYPES)),
    nullable=st.booleans(),
    fill=st.sampled_from(["", "default", "server", "called"]),
    more=st.sampled_from(["", "", "unique", "index", "check"]),
)
models = st.fixed_dictionaries(
    {
        # A name that always refers to another table, so that its type makes sense before and after.
        "columns": st.fixed_dictionaries(
            {},
            optional={
                "a": columns,
                "b": columns,
                "order": columns,
                "parent": st.just(column_of("integer", nullable=True, fill="", more="parent")),
                "made": st.just(column_of("text", nullable=True, fill="", more="computed")),
            },
        ),
        "key": st.sampled_from(["id", "id", "name", "both", "none"]),
        "autoincrement": st.booleans(),
        "with_rowid": st.booleans(),
    }
)


def model_of(model: dict[str, Any]) -> Table:
    metadata = MetaData()
    Table("parent", metadata, Column("id", Integer, primary_key=True))
    key, numbers = model["key"], model["autoincrement"] and model["key"] == "id" and model["with_rowid"]
    return Table(
        "t",
        metadata,
        *([Column("id", Integer, primary_key=True)] if key in ("id", "both") else []),
        Column("name", Text, primary_key=key in ("name", "both"), nullable=key in ("id", "none")),
        *(part for name, column in model["columns"].items() for part in parts_of(name, column)),
        sqlite_autoincrement=numbers,
        sqlite_with_rowid=model["with_rowid"] or key != "id",
    )


def parts_of(name: str, column: dict[str, Any]) -> list[Any]:
    kind, values = TYPES[column["type"]]
    more, default = column["more"], values[0]
    if more == "computed":
        return [Column(name, kind, Computed("name || 'x'"))]
    options = {
        "default": {"default": default},
        "server": {"server_default": str(default)},
        "called": {"default": lambda: default},
        "": {},
    }[column["fill"]]
    options["nullable"] = column["nullable"]
    extra: list[Any] = {
        "unique": [UniqueConstraint(name)],
        "index": [Index(f"ix_{name}", name)],
        "check": [CheckConstraint(f"CAST(\"{name}\" AS TEXT) <> 'x'", name=f"ck_{name}")],
    }.get(more, [])
    return [Column(name, kind, *([ForeignKey("parent.id")] if more == "parent" else []), **options), *extra]


def migrate(connection: Connection, model: Table, records: dict[str, Any], phase: Phase) -> bool:
    """Carry out what the plan says; whether it refused nothing."""
    tables = list(model.metadata.tables.values())
    wanted = wanted_tables(connection, tables, dict.fromkeys(model.metadata.tables, "m"), {})
    for unit in make_plan(connection, wanted, read_tables(connection), records, phase=phase):
        if any(planned.verdict is Verdict.REFUSE for planned in unit.steps):
            return False
        run_script(connection, apply_sqlite.script(connection, unit, phase), unit)
        records |= next_records(unit, phase)
    again = make_plan(connection, wanted, read_tables(connection), records, phase=phase)
    assert is_empty(again) or phase is Phase.EXPAND, [planned for unit in again for planned in unit.steps]
    if not any(unit.steps for unit in again):
        state, fresh = read_tables(connection)["t"], wanted["t"].state
        used = set(fresh.column_names)
        assert {c for c in state.columns if c.name in used} == set(fresh.columns)
        assert set(state.constraints) == set(fresh.constraints)
        assert set(state.indexes) >= set(fresh.indexes)
        assert state.options == fresh.options
    return True


def put_rows(connection: Connection, model: Table, data: st.DataObject) -> None:
    """Insert rows at random; what the table refuses is left out."""
    connection.exec_driver_sql("INSERT OR IGNORE INTO parent VALUES (0), (1)")
    for row in rows_of(model, data):
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        with suppress(IntegrityError):
            connection.exec_driver_sql(f"INSERT INTO t ({names}) VALUES ({marks})", tuple(row.values()))


def rows_of(model: Table, data: st.DataObject) -> Iterator[dict[str, Any]]:
    """Rows at random, as a column's type may have them."""
    written = [column for column in model.columns if column.computed is None]
    for number in range(data.draw(st.integers(0, 4), label="rows")):
        row = {}
        for column in written:
            values = {"id": (number + 1,), "name": ("n", f"n{number}")}.get(column.name) or next(
                values for kind, values in TYPES.values() if isinstance(kind, type(column.type))
            )
            row[column.name] = data.draw(st.sampled_from([*values, None] if column.nullable else values))
        yield row


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(models, models, st.data())
def test_a_change_loses_no_row_and_converges(old, new, data):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            casts.prepare(connection)
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            for statement in KEPT:
                connection.exec_driver_sql(statement)
            records: dict[str, Any] = {}
            before, after = model_of(old), model_of(new)
            assert migrate(connection, before, records, Phase.EXPAND)
            put_rows(connection, before, data)
            connection.commit()
            count = connection.exec_driver_sql("SELECT count(*) FROM t").scalar()
            for phase in Phase:
                if not migrate(connection, after, records, phase):
                    return
                assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == count
    finally:
        engine.dispose()


def change_on_postgresql(connection: Connection, old: Any, new: Any, data: st.DataObject) -> None:
    """The same on PostgreSQL, in both phases."""
    before, after = ([*model_of(model).metadata.tables.values()] for model in (old, new))
    releases = Releases(connection)
    releases.start(*(table.to_metadata for table in before))
    connection.execute(insert(before[0]), [{"id": 0}, {"id": 1}])
    for row in rows_of(before[1], data):
        flags = {c.name: bool(row[c.name]) for c in before[1].columns if isinstance(c.type, Boolean) and row[c.name]}
        with suppress(DBAPIError), connection.begin_nested():
            connection.execute(insert(before[1]), [row | flags])
    connection.commit()
    count = connection.exec_driver_sql("SELECT count(*) FROM t").scalar()
    units = releases.plan([table.to_metadata for table in after])
    if not any(unit.is_refused for unit in units):
        releases.start(*(table.to_metadata for table in after))
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == count


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models, models, st.data())
async def test_a_change_on_postgresql_loses_no_row_and_converges(postgres, old, new, data):
    url = postgres.create()
    await open_database(url)
    try:
        async with db_engine.connect() as connection:
            await connection.run_sync(change_on_postgresql, old, new, data)
    finally:
        await close_database()
        postgres.drop(url)
