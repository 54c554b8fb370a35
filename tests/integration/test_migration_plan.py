"""Plans over several releases: what others put there, late declarations, rollbacks, lost records, tables that go."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint
from sqlalchemy.exc import IntegrityError

from core.database import close_database, db_engine, open_database
from core.migration.steps import Phase, Verdict
from tests.planned_releases import Releases, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


@pytest.fixture
async def play(database: str) -> Any:
    """Run a function with the releases of an empty database and its connection."""

    async def run(story: Callable[[Releases, Connection], None]) -> None:
        async with db_engine.connect() as connection:
            await connection.run_sync(lambda given: story(Releases(given), given))

    return run


def t(*columns: tuple[Any, ...] | Any, name: str = "t__m", **kw: Any) -> Callable[[MetaData], Table]:
    """A table with an id; a column is (name, type, ...), its last part may be a dictionary of options."""

    def make(metadata: MetaData) -> Table:
        parts = [_part(given) for given in columns]
        return Table(name, metadata, Column("id", Integer, primary_key=True), *parts, **kw)

    return make


def _part(given: Any) -> Any:
    if not isinstance(given, tuple):
        return given()
    options = given[-1] if isinstance(given[-1], dict) else {}
    rest = [part for part in given if not isinstance(part, dict)]
    return Column(*(part() if getattr(part, "__name__", "") == "<lambda>" else part for part in rest), **options)


def run(connection: Connection, *statements: str) -> list[tuple[Any, ...]]:
    for statement in statements:
        # asyncpg prepares a text once, for tables as they were then.
        result = connection.exec_driver_sql(f"{statement} /* {next(_numbers)} */")
    rows = [tuple(row) for row in result] if result.returns_rows else []
    connection.commit()
    return rows


_numbers = count()


def was(*names: str) -> dict[str, Any]:
    return {"info": {"was": list(names)}}


async def test_what_others_put_there_is_left_alone(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", Integer), ("b", Integer)))
        run(connection, "CREATE INDEX theirs ON t__m (a)", "ALTER TABLE t__m ADD COLUMN extra INTEGER DEFAULT 1")
        run(connection, "CREATE UNIQUE INDEX also_theirs ON t__m (extra, b)")
        assert releases.start(t(("a", Integer), ("b", Integer))) == []
        assert releases.start(t(("a", Integer))) == ["apply DropIndex also_theirs", "report RetireColumn b"]

    await play(story)


async def test_a_lost_record_drops_nothing(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(
            t(("a", Integer), ("b", Integer, {"nullable": False}), ("c", String), lambda: Index("ix", "a")),
            t(name="other__m"),
        )
        run(connection, "INSERT INTO t__m (id, a, b, c) VALUES (1, 1, 1, 'x')")
        releases.records.clear()
        planned = releases.start(t(("a", Integer), ("d", String, was("c"))))
        assert planned == ["apply RenameColumn d from c", "report RetireColumn b rows=1"]
        assert run(connection, "SELECT id, a, d, b FROM t__m") == [(1, 1, "x", 1)]
        run(connection, "INSERT INTO t__m (id) VALUES (2)")

    await play(story)


async def test_a_rename_that_is_declared_late_fills_what_nobody_wrote(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", String)))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, '5'), (2, '6'), (3, '7'), (4, 'x'), (5, NULL)")
        releases.start(t(("b", Integer, {"default": 0})))
        run(connection, "UPDATE t__m SET b = 9 WHERE id = 2", "UPDATE t__m SET b = NULL WHERE id = 3")
        late = t(("b", Integer, {"default": 0, **was("a")}))
        assert releases.start(late) == ["report FillFromOld b from a rows=3 kept=1 keys=2"]
        assert run(connection, "SELECT id, b FROM t__m ORDER BY id") == [(1, 5), (2, 9), (3, 7), (4, 0), (5, 0)]
        run(connection, "UPDATE t__m SET b = NULL")
        assert releases.start(late) == []

    await play(story)


async def test_a_table_whose_rename_is_declared_late_gets_the_rows_it_does_not_have(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", String)))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, 'x'), (2, 'y')")
        created = releases.start(t(("b", String), name="u__m"))
        assert created == ["apply CreateTable u__m", "report RetireTable t__m"]
        run(connection, "INSERT INTO u__m (id, b) VALUES (2, 'new')")
        late = t(("b", String, was("a")), name="u__m", **was("t"))
        assert releases.start(late) == ["report MergeTable u__m from t__m rows=1 kept=1 keys=2"]
        assert run(connection, "SELECT id, b FROM u__m ORDER BY id") == [(1, "x"), (2, "new")]
        assert releases.start(late) == []

    await play(story)


async def test_a_table_renamed_with_all_that_bears_its_name_is_as_if_made_so_and_goes_back(play: Any) -> None:
    def parts(column: str) -> list[Any]:
        return [
            lambda: CheckConstraint(f"{column} > 0"),
            lambda: UniqueConstraint(column),
            lambda: Index(None, column, "id"),
            ("p", lambda: ForeignKey("p__m.id")),
        ]

    def story(releases: Releases, connection: Connection) -> None:
        parent = t(name="p__m")
        old = t(("a", Integer), *parts("a"), name="old__m")
        new = t(("b", Integer, was("a")), *parts("b"), name="new__m", **was("old"))
        releases.start(parent, old)
        run(connection, "INSERT INTO old__m (id, a) VALUES (1, 5)")
        planned = releases.start(parent, new)
        assert planned[:2] == ["apply RenameTable new__m from old__m", "apply RenameColumn b from a"]
        assert {line.split()[1] for line in planned[2:]} <= {"RenameConstraint", "AddIndex", "DropIndex"}
        assert run(connection, "SELECT id, b FROM new__m") == [(1, 5)]
        releases.start(parent, old)
        assert run(connection, "SELECT id, a FROM old__m") == [(1, 5)]

    await play(story)


async def test_a_column_that_is_taken_up_again_has_its_values_in_the_type_it_has_then(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", String)))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, '5'), (2, 'x')")
        releases.start(t())
        run(connection, "INSERT INTO t__m (id) VALUES (3)")
        planned = releases.start(t(("a", Integer, {"nullable": False, "default": 1})))
        assert planned == [
            "report ConvertColumn a 1 rows=2 kept=1 keys=2",
            "apply FillColumn a 1 rows=1",
            "apply SetNullable a not null",
        ]
        assert run(connection, "SELECT id, a FROM t__m ORDER BY id") == [(1, 5), (2, 1), (3, 1)]
        planned = releases.start(t(("a", String)))
        assert "report RestoreKept a rows=1" in planned
        assert run(connection, "SELECT id, a FROM t__m ORDER BY id") == [(1, "5"), (2, "x"), (3, "1")]

    await play(story)


async def test_an_enforced_foreign_key_is_validated_when_the_rows_are_clean(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        parent = t(name="p__m")
        releases.start(parent, t(("p", Integer)))
        run(connection, "INSERT INTO t__m (id, p) VALUES (1, 5)")
        keyed = t(("p", Integer, lambda: ForeignKey("p__m.id")))
        releases.start(parent, keyed)
        assert releases.start(parent, keyed) == ["postpone ValidateConstraint FOREIGN KEY(p) rows=1 keys=1"]
        run(connection, "INSERT INTO p__m (id) VALUES (5)")
        assert releases.start(parent, keyed) == ["apply ValidateConstraint FOREIGN KEY(p)"]
        assert releases.start(parent, keyed) == []

    await play(story)


async def test_rows_that_refer_to_nothing_may_be_written_when_others_of_their_columns_change(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        parent, key = t(name="p__m"), ("p", Integer, lambda: ForeignKey("p__m.id"))
        releases.start(parent, t(("p", Integer), ("a", String)))
        run(connection, "INSERT INTO t__m (id, p, a) VALUES (1, 5, '7')")
        releases.start(parent, t(key, ("a", String)))
        called = ("b", Integer, {"default": lambda: 3, "nullable": False})
        releases.start(parent, t(key, ("a", Integer), called))
        assert run(connection, "SELECT id, p, a, b FROM t__m") == [(1, 5, 7, 3)]
        run(connection, "INSERT INTO p__m (id) VALUES (5)")
        assert releases.start(parent, t(key, ("a", Integer), called)) == ["apply ValidateConstraint FOREIGN KEY(p)"]

    await play(story)


async def test_what_was_postponed_is_taken_when_it_is_possible_and_its_probe_says_so(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", Integer)))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, 1), (2, 1), (3, NULL)")
        strict = t(("a", Integer, {"unique": True, "nullable": False}))
        releases.start(strict)
        (unit,) = releases.plan([strict])
        assert [told(planned) for planned in unit.steps] == [
            "postpone SetNullable a not null rows=1 keys=3",
            "postpone AddConstraint UNIQUE(a) rows=2 keys=1,2",
        ]
        probes = [planned.probe for planned in unit.steps]
        assert [run(connection, probe) for probe in probes] == [[(1,)], [(2,)]]
        run(connection, "UPDATE t__m SET a = id")
        assert [run(connection, probe) for probe in probes] == [[(0,)], [(0,)]]
        planned = [told(entry) for unit in releases.plan([strict], Phase.SETTLE) for entry in unit.steps]
        assert planned == ["apply SetNullable a not null", "apply AddConstraint UNIQUE(a)"]
        releases.start(strict)

    await play(story)


async def test_a_probe_is_left_out_while_other_steps_change_what_it_asks_for(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("p", Integer)))
        run(connection, "INSERT INTO t__m (id, p) VALUES (1, 5)")
        made = [t(name="p__m"), t(("p", Integer, lambda: ForeignKey("p__m.id")))]
        waits = [p for unit in releases.plan(made) for p in unit.steps if p.verdict is Verdict.POSTPONE]
        assert [planned.probe for planned in waits] == [""]
        releases.start(*made)
        (unit,) = releases.plan(made, Phase.SETTLE)
        (planned,) = unit.steps
        assert run(connection, planned.probe) == [(1,)]

    await play(story)


async def test_an_unused_table_does_not_hold_a_key_that_changes(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        def keyed(*key: str) -> Callable[[MetaData], Table]:
            columns = ("k", "l")
            return lambda metadata: Table(
                "p__m",
                metadata,
                *(Column(name, Integer, nullable=False, autoincrement=False) for name in columns),
                PrimaryKeyConstraint(*key),
            )

        releases.start(keyed("k"), t(("p", Integer, lambda: ForeignKey("p__m.k"))))
        run(connection, "INSERT INTO p__m (k, l) VALUES (1, 1)", "INSERT INTO t__m (id, p) VALUES (1, 1)")
        releases.start(keyed("k"))
        planned = releases.start(keyed("k", "l"))
        assert planned == [
            "report DropConstraint FOREIGN KEY(p)",
            "apply DropConstraint PRIMARY KEY(k)",
            "apply AddConstraint PRIMARY KEY(k, l)",
        ]
        run(connection, "INSERT INTO p__m (k, l) VALUES (1, 2)")
        assert run(connection, "SELECT id, p FROM t__m") == [(1, 1)]

    await play(story)


@pytest.mark.parametrize("later", [Text, BigInteger])
async def test_an_unused_table_follows_a_key_that_is_converted(play: Any, later: type[Any]) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        def keyed(type_: type[Any]) -> Callable[[MetaData], Table]:
            return lambda metadata: Table("p__m", metadata, Column("k", type_, primary_key=True, autoincrement=False))

        releases.start(keyed(Integer), t(("p", Integer, lambda: ForeignKey("p__m.k"))))
        run(connection, "INSERT INTO p__m (k) VALUES (7)", "INSERT INTO t__m (id, p) VALUES (1, 7)")
        releases.start(keyed(Integer))
        assert releases.start(keyed(later)) == ["apply ConvertColumn k rows=1"]
        assert run(connection, "SELECT t.id FROM t__m t JOIN p__m p ON p.k = t.p") == [(1,)]
        with pytest.raises(IntegrityError):
            run(connection, "DELETE FROM p__m")
        connection.rollback()
        restored = t(("p", later, lambda: ForeignKey("p__m.k")))
        assert [line for line in releases.start(keyed(later), restored) if "Convert" not in line] == []
        assert run(connection, "SELECT t.id FROM t__m t JOIN p__m p ON p.k = t.p") == [(1,)]

    await play(story)


async def test_an_unused_table_does_not_hold_values_that_cannot_be_converted(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        def coded(type_: type[Any]) -> Callable[[MetaData], Table]:
            return t(("k", type_, {"unique": True}), name="p__m")

        releases.start(coded(String), t(("p", String, lambda: ForeignKey("p__m.k"))))
        run(connection, "INSERT INTO p__m (id, k) VALUES (1, 'x')", "INSERT INTO t__m (id, p) VALUES (1, 'x')")
        releases.start(coded(String))
        assert releases.start(coded(Integer)) == [
            "report DropConstraint FOREIGN KEY(p)",
            "report ConvertColumn k rows=1 kept=1 keys=1",
        ]
        assert run(connection, "SELECT id, p FROM t__m") == [(1, "x")]

    await play(story)


async def test_a_kept_value_returns_over_a_default_that_was_converted_since(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", String)))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, 'x'), (2, '7')")
        releases.start(t(("a", Integer, {"default": 0})))
        releases.start(t(("a", Numeric, {"default": 0})))
        releases.start(t(("a", BigInteger)))
        assert run(connection, "SELECT id, a FROM t__m ORDER BY id") == [(1, 0), (2, 7)]
        assert "report RestoreKept a rows=1" in releases.start(t(("a", String)))
        assert run(connection, "SELECT id, a FROM t__m ORDER BY id") == [(1, "x"), (2, "7")]

    await play(story)


async def test_automatic_names_that_differ_because_of_other_tables_are_left_alone(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        one, other = (f"{'x' * 55}_{name}__m" for name in "ab")
        plain, unique = ("a", Integer), ("a", Integer, {"unique": True})
        releases.start(t(unique, name=one), t(plain, name=other))
        assert releases.start(t(unique, name=other)) == ["apply AddConstraint UNIQUE(a)", f"report RetireTable {one}"]
        assert releases.start(t(unique, name=other)) == []
        assert releases.start(t(plain, name=other)) == ["apply DropConstraint UNIQUE(a)"]

    await play(story)


def _overlapping() -> ExcludeConstraint:
    """The same numbers, in whatever spelling, only when another name is written beside them; not where a is 9."""
    return ExcludeConstraint(
        ("during", "&&"), (func.int4range(text("a"), text("a"), text("'[]'")), "&&"), where=text("a <> 9"), name="ex"
    )


@pytest.mark.parametrize(
    "make", [lambda: ExcludeConstraint(("during", "&&"), name="ex"), _overlapping], ids=["column", "expression"]
)
async def test_an_exclusion_waits_for_rows_that_exclude_each_other(postgres_url: str, make: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        during = ("during", INT4RANGE)
        exclusive = t(during, ("a", Integer), make)
        releases.start(t(during, ("a", Integer)))
        run(connection, "INSERT INTO t__m VALUES (0, '[7,9)', 1), (1, '[1,5)', 1), (2, '[4,6)', 1), (3, '[10,11)', 9)")
        assert releases.start(exclusive) == ["postpone AddConstraint EXCLUDE(during) rows=2 keys=1,2"]
        ((planned,),) = (unit.steps for unit in releases.plan([exclusive]))
        assert run(connection, planned.probe) == [(1,)]
        run(connection, "UPDATE t__m SET during = '[5,6)' WHERE id = 2")
        assert run(connection, planned.probe) == [(0,)]
        assert releases.start(exclusive) == ["apply AddConstraint EXCLUDE(during)"]
        assert releases.start(exclusive) == []

    await open_database(postgres_url)
    try:
        async with db_engine.connect() as connection:
            await connection.run_sync(lambda given: story(Releases(given), given))
    finally:
        await close_database()


async def test_an_unused_table_stays_and_is_used_again(play: Any) -> None:
    def story(releases: Releases, connection: Connection) -> None:
        releases.start(t(("a", Integer)), t(name="p__m"))
        run(connection, "INSERT INTO t__m (id, a) VALUES (1, 5)")
        assert releases.start(t(name="p__m")) == ["report RetireTable t__m"]
        assert releases.records["t__m"].used is False
        assert releases.start(t(("a", Integer)), t(name="p__m")) == []
        assert releases.records["t__m"].used is True
        assert run(connection, "SELECT id, a FROM t__m") == [(1, 5)]

    await play(story)
