"""What is read out of the text of SQLite's tables is what SQLite itself says of them, however they were written."""

import re

import pytest
from sqlalchemy import create_engine

from core.migration.schema.read import read_tables, table_names
from core.migration.schema.tokens import Sort, quoted, tokens
from core.migration.state import ConstraintKind

TABLES = {
    "bare columns": "CREATE TABLE t (a, b)",
    "types of several words": "CREATE TABLE t (a DOUBLE PRECISION, b VARCHAR ( 20 ), c NUMERIC(10, -2), d BIG INT)",
    "a quoted type": 'CREATE TABLE t (a "my type", b [VARCHAR(3)])',
    "names in all quotes": "CREATE TABLE [t] (\"a b\" INT, `c``d` INT, [e,f)] INT, 'g''h' INT)",
    "keywords as names": 'CREATE TABLE t ("check" INT, "primary" INT, "order" INT, key INT, "(" INT)',
    "comments": "CREATE TABLE t (a INT, -- the first, (\n b /* ' , */ TEXT /* ) */ NOT NULL\n) -- end",
    "inline constraints": (
        "CREATE TABLE t (a INTEGER CONSTRAINT pk PRIMARY KEY AUTOINCREMENT NOT NULL, b INT UNIQUE ON CONFLICT IGNORE,"
        " c INT CHECK (c > (1 + 2)) DEFAULT 3 NULL, d TEXT COLLATE NOCASE REFERENCES t ON DELETE SET NULL)"
    ),
    "constraints of the table": (
        "CREATE TABLE t (a INT NOT NULL, b INT, c TEXT, CONSTRAINT k PRIMARY KEY (a, b), UNIQUE (c), CHECK (a<b),"
        " CONSTRAINT f FOREIGN KEY (a, b) REFERENCES t (b, c) ON UPDATE NO ACTION ON DELETE CASCADE"
        " DEFERRABLE INITIALLY DEFERRED)"
    ),
    "constraints without commas": "CREATE TABLE t (a INT, b INT, UNIQUE (a) CHECK (b > 0) UNIQUE (b, a))",
    "defaults": (
        "CREATE TABLE t (a INT DEFAULT -1, b TEXT DEFAULT 'x, y)', c TEXT DEFAULT (lower('A') || ')'), "
        " d INT DEFAULT +2.5, e TEXT DEFAULT CURRENT_TIMESTAMP, f BLOB DEFAULT x'00', g INT DEFAULT NULL,"
        ' h DEFAULT "yes",'
        " i DEFAULT true, j DEFAULT ((1)), k DEFAULT no)"
    ),
    "generated columns": (
        "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c AS (a || 'x'),"
        " d TEXT AS (b) VIRTUAL NOT NULL)"
    ),
    "without rowid": "CREATE TABLE t (a TEXT PRIMARY KEY, b INT) WITHOUT ROWID",
    "a key of several columns": "CREATE TABLE t (a INT, b TEXT, PRIMARY KEY (b COLLATE NOCASE DESC, a))",
    "a rowid": "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)",
    "no rowid, for the sake of an old mistake": "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)",
    "constraints with a name for everything": (
        "CREATE TABLE t (a INT CONSTRAINT nn NOT NULL CONSTRAINT d DEFAULT 1 "
        "CONSTRAINT c CHECK (a > 0) CONSTRAINT u UNIQUE)"
    ),
    "names in another case": "CREATE TABLE T (Aa INT, bB INT, PRIMARY KEY (aA), FOREIGN KEY (BB) REFERENCES t (AA))",
    "a table from a query": "CREATE TABLE t AS SELECT 1 AS a, 'x' AS \"b c\"",
    "a key with a match": "CREATE TABLE t (a INT REFERENCES t (a) MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE)",
    "a long check": "CREATE TABLE t (a TEXT CHECK (CASE WHEN a IN ('(', ')') THEN 1 ELSE length(a) < 3 END))",
}


@pytest.fixture
def sqlite():
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _only(connection):
    (state,) = read_tables(connection).values()
    return state


@pytest.mark.parametrize("ddl", TABLES.values(), ids=TABLES)
def test_columns_are_those_that_sqlite_tells(sqlite, ddl):
    sqlite.exec_driver_sql(ddl)
    state = _only(sqlite)
    told = sqlite.exec_driver_sql("SELECT * FROM pragma_table_xinfo('t')").all()
    assert state.column_names == tuple(row.name for row in told)
    for column, row in zip(state.columns, told, strict=True):
        assert column.type.replace(" ", "") == row.type.upper().replace(" ", "")
        assert column.nullable <= (not row.notnull)
        assert bool(column.computed) == (row.hidden in (2, 3))
        assert (column.computed or "VIRTUAL").endswith("STORED") == (row.hidden == 3)
        assert (column.default is None) == (row.dflt_value in (None, "NULL"))
    assert set(state.primary_key) == {row.name for row in told if row.pk}


@pytest.mark.parametrize("ddl", TABLES.values(), ids=TABLES)
def test_constraints_are_those_that_sqlite_tells(sqlite, ddl):
    sqlite.exec_driver_sql(ddl)
    state = _only(sqlite)
    keys = sqlite.exec_driver_sql("SELECT * FROM pragma_foreign_key_list('t') ORDER BY id, seq").all()
    told = {}
    for row in keys:
        told.setdefault(row.id, []).append(row)
    foreign = [c for c in state.constraints if c.kind is ConstraintKind.FOREIGN]
    assert sorted(tuple(c.columns) for c in foreign) == sorted(tuple(row[3] for row in rows) for rows in told.values())
    assert sorted(("CASCADE" in c.definition, "SET NULL" in c.definition) for c in foreign) == sorted(
        (rows[0].on_delete == "CASCADE", rows[0].on_delete == "SET NULL") for rows in told.values()
    )
    uniques = sqlite.exec_driver_sql("SELECT name FROM pragma_index_list('t') WHERE origin = 'u'").scalars().all()
    columns = [
        tuple(sqlite.exec_driver_sql("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).scalars())
        for name in uniques
    ]
    assert sorted(c.columns for c in state.constraints if c.kind is ConstraintKind.UNIQUE) == sorted(columns)


@pytest.mark.parametrize("ddl", [ddl for ddl in TABLES.values() if " AS SELECT " not in ddl])
def test_what_was_read_makes_the_same_table_again(sqlite, ddl):
    sqlite.exec_driver_sql(ddl)
    state = _only(sqlite)
    sqlite.exec_driver_sql("DROP TABLE t")
    sqlite.exec_driver_sql(_ddl(state))
    assert _only(sqlite) == state


def _ddl(state):
    """A CREATE TABLE out of nothing but the state."""
    parts = []
    for column in state.columns:
        text = f"{quoted(column.name)} {column.type}"
        text += "" if column.nullable else " NOT NULL"
        text += f" DEFAULT {column.default}" if column.default else ""
        text += f" COLLATE {column.collation}" if column.collation else ""
        text += f" AS {column.computed}" if column.computed else ""
        key = next((c for c in state.constraints if c.kind is ConstraintKind.PRIMARY), None)
        if "AUTOINCREMENT" in state.options and key and column.name in key.columns:
            text += f" CONSTRAINT {key.name} PRIMARY KEY AUTOINCREMENT"
        parts.append(text)
    for constraint in state.constraints:
        if constraint.kind is ConstraintKind.PRIMARY and "AUTOINCREMENT" in state.options:
            continue
        name = f"CONSTRAINT {quoted(constraint.name)} " if constraint.name else ""
        parts.append(name + constraint.definition)
    options = ", ".join(option for option in state.options if option in ("WITHOUT ROWID", "STRICT"))
    return f"CREATE TABLE {quoted(state.name)} ({', '.join(parts)}) {options}"


STYLES = {
    "brackets": lambda name: f"[{name}]",
    "backticks": lambda name: f"`{name}`",
    "double quotes": quoted,
    "capitals": str.upper,
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("name", ["inline constraints", "constraints of the table", "defaults", "generated columns"])
def test_neither_quotes_nor_spaces_nor_comments_matter(sqlite, style, name):
    plain = TABLES[name]
    sqlite.exec_driver_sql(plain)
    state = _only(sqlite)
    sqlite.exec_driver_sql("DROP TABLE t")
    names = {"t", *state.column_names}
    text = ""
    for token in tokens(plain):
        is_name = token.sort is Sort.WORD and token.text in names
        text += (
            style(token.text) if is_name else token.text if token.sort is Sort.STRING else _as_was(token)
        ) + " -- c,'(\n"
    sqlite.exec_driver_sql(text)
    assert _folded(_only(sqlite), style) == _folded(state, style)


def _folded(state, style):
    """The state as it is, or as a text without case and quotes if the style has changed these."""
    return state if style is not str.upper else re.sub(r"[\\'\"]", "", repr(state).upper())


def _as_was(token):
    return quoted(token.text) if token.sort is Sort.QUOTED else token.text.lower()


ALTERED = {
    "renamed": (
        "CREATE TABLE o (id INT, CHECK (o.id > 0))",
        ["ALTER TABLE o RENAME TO t"],
        "CREATE TABLE t (id INT, CHECK (id > 0))",
    ),
    "column added": (
        "CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id), CHECK (id > 0))",
        ["ALTER TABLE t ADD COLUMN \"b\" VARCHAR(20) DEFAULT 'x' NOT NULL", "ALTER TABLE t ADD c REFERENCES t (id)"],
        (
            "CREATE TABLE t (id INTEGER NOT NULL, b VARCHAR(20) NOT NULL DEFAULT 'x', c REFERENCES t,"
            " PRIMARY KEY (id), CHECK (id > 0))"
        ),
    ),
    "column renamed": (
        (
            "CREATE TABLE t (id INT, a TEXT CHECK (length(a) > 1), b INT AS (length(a)), UNIQUE (a),"
            " FOREIGN KEY (a) REFERENCES t (a))"
        ),
        ['ALTER TABLE t RENAME COLUMN a TO "new a"', 'ALTER TABLE t RENAME COLUMN "new a" TO c'],
        (
            "CREATE TABLE t (id INT, c TEXT CHECK (length(c) > 1), b INT AS (length(c)), UNIQUE (c),"
            " FOREIGN KEY (c) REFERENCES t (c))"
        ),
    ),
    "column to a name that is quoted": (
        "CREATE TABLE t (id INT, a TEXT CHECK (a > 1), PRIMARY KEY (a, id))",
        ['ALTER TABLE t RENAME COLUMN a TO "order"'],
        'CREATE TABLE t (id INT, "order" TEXT CHECK ("order" > 1), PRIMARY KEY ("order", id))',
    ),
    "column dropped": (
        "CREATE TABLE t (id INT, a TEXT, b TEXT DEFAULT 'x', UNIQUE (b))",
        ["ALTER TABLE t DROP COLUMN a"],
        "CREATE TABLE t (id INT, b TEXT DEFAULT 'x', UNIQUE (b))",
    ),
    "made anew and renamed": (
        "CREATE TABLE t (id INT)",
        [
            "CREATE TABLE new (id INT, p INT REFERENCES t (id))",
            "DROP TABLE t",
            "PRAGMA legacy_alter_table=ON",
            "ALTER TABLE new RENAME TO t",
        ],
        "CREATE TABLE t (id INT, p INT, FOREIGN KEY (p) REFERENCES t (id))",
    ),
}


@pytest.mark.parametrize(("ddl", "altering", "fresh"), ALTERED.values(), ids=ALTERED)
def test_an_altered_table_equals_one_made_like_that(sqlite, ddl, altering, fresh):
    for statement in (ddl, *altering):
        sqlite.exec_driver_sql(statement)
    altered = _only(sqlite)
    sqlite.exec_driver_sql("DROP TABLE t")
    sqlite.exec_driver_sql(fresh)
    assert altered == _only(sqlite)


def test_indexes_of_renamed_tables_and_columns_equal_fresh_ones(sqlite):
    for statement in (
        "CREATE TABLE o (a TEXT, b INT)",
        "CREATE UNIQUE INDEX IF NOT EXISTS ix ON o ( lower( a ) DESC, b COLLATE nocase ) WHERE b>0 AND o.a IS NOT NULL",
        "ALTER TABLE o RENAME COLUMN a TO c",
        "ALTER TABLE o RENAME TO t",
    ):
        sqlite.exec_driver_sql(statement)
    (index,) = _only(sqlite).indexes
    assert index.definition == "(lower(c) DESC, b COLLATE nocase) WHERE b > 0 AND c IS NOT NULL"
    assert (index.columns, index.unique) == (("c", "b"), True)
    sqlite.exec_driver_sql("DROP INDEX ix")
    sqlite.exec_driver_sql(index.sql)
    assert _only(sqlite).indexes == (index,)


def test_only_ordinary_tables_are_read(sqlite):
    for statement in (
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE TEMP TABLE temporary (a)",
        "CREATE VIRTUAL TABLE f USING fts5 (a)",
        "INSERT INTO t DEFAULT VALUES",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
    ):
        sqlite.exec_driver_sql(statement)
    assert {name for name in table_names(sqlite) if not name.startswith("f_")} == {"t"}
    assert read_tables(sqlite, ["t", "v", "nowhere"]).keys() == {"t"}


def test_a_default_can_stand_in_ddl(sqlite):
    sqlite.exec_driver_sql(TABLES["defaults"])
    assert [column.default for column in _only(sqlite).columns] == [
        "-1",
        "'x, y)'",
        "(lower('A') || ')')",
        "+2.5",
        "CURRENT_TIMESTAMP",
        "x'00'",
        None,
        "'yes'",
        "TRUE",
        "1",
        "'no'",
    ]


def test_a_key_without_columns_means_the_primary_key(sqlite):
    sqlite.exec_driver_sql("CREATE TABLE p (x INT, y INT, PRIMARY KEY (y, x))")
    sqlite.exec_driver_sql("CREATE TABLE t (a INT, b INT, FOREIGN KEY (a, b) REFERENCES P ON DELETE cascade)")
    (key,) = read_tables(sqlite, ["t"])["t"].constraints
    assert key.definition == "FOREIGN KEY(a, b) REFERENCES p (y, x) ON DELETE CASCADE"
    assert (key.target, key.target_columns) == ("p", ("y", "x"))


def test_tables_of_an_attached_database_carry_its_name(sqlite):
    sqlite.exec_driver_sql("ATTACH ':memory:' AS other")
    sqlite.exec_driver_sql("CREATE TABLE other.t (a INT)")
    assert read_tables(sqlite, ["other.t"]).keys() == {"other.t"}
    assert read_tables(sqlite) == {}
    assert table_names(sqlite, schemas=["other"]) == {"other.t"}
