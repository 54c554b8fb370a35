"""What others have put into the database is left alone, and what depends on a column survives its changes."""

from tests.migration.sources import note, table
from tests.migration.story import Kept, Put, Query, Release, Rows, Sql, Story

TEXT = note("text: str", "n: int")
ROWS = Put("note", (1, "a", 1), (2, "b", 2))
# On SQLite each of these changes takes a table that is made anew, on PostgreSQL a type that a view may depend on.
REBUILT = note("text: str = column(String(9), unique=True)", "n: str")
AFTER = Rows("note", (1, "a", "1"), (2, "b", "2"))
VIEW = "CREATE VIEW every AS SELECT id, text, n FROM note__notes"
HEAR = "$$ BEGIN INSERT INTO heard VALUES (NEW.text); RETURN NEW; END $$"
TRIGGER = {
    "sqlite": [
        "CREATE TABLE heard (t TEXT)",
        "CREATE TRIGGER hear AFTER INSERT ON note__notes BEGIN INSERT INTO heard VALUES (NEW.text); END",
    ],
    "postgresql": [
        "CREATE TABLE heard (t TEXT)",
        f"CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS {HEAR}",
        "CREATE TRIGGER hear AFTER INSERT ON note__notes FOR EACH ROW EXECUTE FUNCTION hear()",
    ],
}

STORIES = [
    Story(
        "view-survives",
        Release(TEXT),
        ROWS,
        Sql(VIEW, "CREATE VIEW above AS SELECT id, n FROM every WHERE id > 1"),
        Release(REBUILT),
        AFTER,
        Query("SELECT n FROM every ORDER BY id", "1", "2"),
        Query("SELECT n FROM above", "2"),
    ),
    Story(
        "view-survives-a-renamed-column",
        Release(TEXT),
        ROWS,
        Sql("CREATE VIEW every AS SELECT id, text AS said FROM note__notes WHERE text > ''"),
        Release(note("body: str = column(info={'was': 'text'})", "n: int")),
        Query("SELECT said FROM every ORDER BY id", "a", "b"),
    ),
    Story(
        "view-survives-a-renamed-table",
        Release(TEXT),
        ROWS,
        Sql(VIEW),
        Release(table("memo", "text: str", "n: str", info={"was": "note"})),
        Query("SELECT n FROM every ORDER BY id", "1", "2"),
    ),
    Story(
        "trigger-survives",
        Release(TEXT),
        ROWS,
        Sql(**TRIGGER),
        Release(REBUILT),
        Put("note", (3, "c", "3")),
        Query("SELECT t FROM heard", "c"),
    ),
    Story(
        "trigger-does-not-fire-for-the-migration",
        Release(TEXT),
        ROWS,
        Sql(**TRIGGER),
        Release(note("text: str", "n: int", "m: int = column(default=1)")),
        Release(REBUILT),
        Query("SELECT t FROM heard"),
    ),
    Story(
        "index-of-others-survives",
        Release(TEXT),
        ROWS,
        Sql("CREATE INDEX mine ON note__notes (text, id)"),
        Release(REBUILT, differs={"note"}),
        AFTER,
        Sql("DROP INDEX mine"),
    ),
    Story(
        "column-of-others-survives",
        Release(TEXT),
        ROWS,
        Sql("ALTER TABLE note__notes ADD COLUMN mine TEXT DEFAULT 'x'"),
        Release(REBUILT),
        AFTER,
        Put("note", (3, "c", "3")),
        Query("SELECT mine FROM note__notes ORDER BY id", "x", "x", "x"),
    ),
    Story(
        "column-of-others-that-the-model-wants-later",
        Release(TEXT),
        ROWS,
        Sql("ALTER TABLE note__notes ADD COLUMN mine TEXT", "UPDATE note__notes SET mine = id * 5"),
        Release(note("text: str", "n: int", "mine: int")),
        Rows("note", (1, "a", 1, 5), (2, "b", 2, 10)),
    ),
    Story(
        "table-of-others-survives-and-may-refer-to-ours",
        Release(TEXT),
        ROWS,
        Sql("CREATE TABLE mine (note INTEGER REFERENCES note__notes (id))", "INSERT INTO mine VALUES (2)"),
        Release(REBUILT),
        Query("SELECT note FROM mine", 2),
    ),
    Story(
        "table-of-others-that-the-model-wants-later",
        Release(TEXT),
        ROWS,
        Sql(
            "CREATE TABLE user__notes (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO user__notes VALUES (1, 'Momo')"
        ),
        Release(TEXT, table("user", "name: str", "n: int = column(default=1)")),
        Rows("user", (1, "Momo", 1)),
    ),
    # --- somebody was at the tables ---
    Story(
        "by-hand-a-column-dropped",
        Release(TEXT),
        ROWS,
        Sql("ALTER TABLE note__notes DROP COLUMN n"),
        Release(note("text: str", "n: int = column(default=1)")),
        Rows("note", (1, "a", 1), (2, "b", 1)),
    ),
    Story(
        "by-hand-an-index-dropped",
        Release(note("text: str", args="Index('ix', 'text')")),
        Sql("DROP INDEX ix__notes"),
        Release(note("text: str", args="Index('ix', 'text')")),
    ),
    Story(
        "by-hand-a-table-dropped",
        Release(TEXT, table("user")),
        ROWS,
        Sql("DROP TABLE user__notes"),
        Release(TEXT, table("user")),
        Put("user", (1,)),
    ),
    Story(
        "by-hand-a-column-renamed",
        Release(TEXT),
        ROWS,
        Sql("ALTER TABLE note__notes RENAME COLUMN text TO body"),
        Release(note("body: str = column(info={'was': 'text'})", "n: int")),
        Rows("note", (1, "a", 1), (2, "b", 2)),
    ),
    Story(
        "by-hand-a-type-changed",
        Release(TEXT),
        ROWS,
        Sql(
            sqlite=[
                "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, text VARCHAR NOT NULL, n TEXT)",
                "INSERT INTO t SELECT id, text, n || 'x' FROM note__notes WHERE id = 1",
                "INSERT INTO t SELECT id, text, n FROM note__notes WHERE id = 2",
                "DROP TABLE note__notes",
                "ALTER TABLE t RENAME TO note__notes",
            ],
            postgresql=[
                "ALTER TABLE note__notes ALTER COLUMN n DROP NOT NULL, ALTER COLUMN n TYPE TEXT",
                "UPDATE note__notes SET n = n || 'x' WHERE id = 1",
            ],
        ),
        Release(note("text: str", "n: int | None")),
        Rows("note", (1, "a", None), (2, "b", 2)),
        Kept("note.n", {1: "1x"}),
    ),
    Story(
        "by-hand-the-history-lost",
        Release(note("v: str", "gone: str")),
        Put("note", (1, "5", "x"), (2, "five", "y")),
        Release(note("v: str")),
        Sql("DROP TABLE aha_schema", "DROP TABLE aha_stamp", "DROP TABLE aha_history", "DROP TABLE aha_once"),
        Release(note("v: int | None", "gone: str")),
        Rows("note", (1, 5, "x"), (2, None, "y")),
        Kept("note.v", {2: "five"}),
    ),
]
