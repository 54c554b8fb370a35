"""What others built on a PostgreSQL table is as it was when a column has changed, or the change does not happen."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, Table, Text

from models.exc import DatabaseError
from tests.integration.migration_postgresql.releases import key


@pytest.fixture
async def bot(bot):
    await bot.release(note(Integer))
    await bot.sql("INSERT INTO note (a, b) VALUES (7, 'b')")
    return bot


def note(type_, name="a", **info):
    return lambda m: Table("note", m, key(), Column(name, type_, **info), Column("b", Text))


# All that the catalogue says of them, but for the texts, in which types change.
SEEN = """
SELECT c.relname::text, c.relkind::text, c.relowner::regrole::text, c.reloptions, c.relispopulated,
       array(SELECT a::text FROM unnest(c.relacl) a ORDER BY 1), obj_description(c.oid, 'pg_class'),
       array(SELECT a.attname || coalesce(a.attacl::text, '') || coalesce(col_description(c.oid, a.attnum), '')
             || coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM pg_attribute a
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'aha%'
UNION ALL
SELECT tgname::text, 't', tgenabled::text, NULL, NULL, ARRAY[pg_get_triggerdef(oid)],
       obj_description(oid, 'pg_trigger'), NULL FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT rulename::text, 'R', ev_enabled::text, NULL, NULL, ARRAY[pg_get_ruledef(oid)],
       obj_description(oid, 'pg_rewrite'), NULL FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid > 16383
UNION ALL
SELECT polname::text, 'p', polcmd::text, NULL, polpermissive, array(SELECT r::regrole::text FROM unnest(polroles) r),
       obj_description(oid, 'pg_policy'), ARRAY[pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)]
FROM pg_policy
UNION ALL
SELECT proname::text, 'f', proowner::regrole::text, NULL, NULL, array(SELECT a::text FROM unnest(proacl) a ORDER BY 1),
       obj_description(oid, 'pg_proc'), ARRAY[pg_get_functiondef(oid)]
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 2, 1
"""

BUILT = {
    "view": ["CREATE VIEW v AS SELECT a, id FROM note WHERE a IS NOT NULL"],
    "views on views": [
        "CREATE VIEW v1 AS SELECT a FROM note",
        "CREATE VIEW v0 AS SELECT a, b FROM v1, (SELECT b FROM note) n",
        "CREATE VIEW v2 AS SELECT v0.a FROM v0 JOIN v1 USING (a)",
        "CREATE VIEW unrelated AS SELECT b FROM note",
    ],
    "options, owner, grants, comments, defaults": [
        "CREATE VIEW v WITH (security_barrier = true, check_option = local) AS SELECT a, b FROM note",
        "ALTER VIEW v SET (security_invoker = true)",
        "ALTER VIEW v ALTER COLUMN b SET DEFAULT 'it''s'",
        "COMMENT ON VIEW v IS 'it''s \\ one'",
        "COMMENT ON COLUMN v.a IS 'a'",
        "GRANT SELECT ON v TO aha_test_reader WITH GRANT OPTION",
        "GRANT UPDATE (b) ON v TO PUBLIC",
        "ALTER VIEW v OWNER TO aha_test_reader",
        "REVOKE DELETE ON v FROM aha_test_reader",
    ],
    "rights that new views get by themselves": [
        "CREATE VIEW v AS SELECT a FROM note",
        "REVOKE SELECT ON v FROM CURRENT_USER",
        "GRANT INSERT ON v TO aha_test_reader",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO aha_test_reader, PUBLIC",
    ],
    "materialized view": [
        "CREATE MATERIALIZED VIEW v WITH (fillfactor = 70) AS SELECT a, id FROM note",
        "CREATE UNIQUE INDEX v_ix ON v (id) WHERE a IS NOT NULL",
        "CREATE MATERIALIZED VIEW w AS SELECT a FROM v WITH NO DATA",
        "COMMENT ON MATERIALIZED VIEW v IS 'c'",
    ],
    "triggers and rules of views": [
        "CREATE VIEW v AS SELECT a, b FROM note",
        "CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION no()",
        "CREATE RULE r AS ON UPDATE TO v DO INSTEAD DELETE FROM note WHERE note.a = new.a",
        "COMMENT ON RULE r ON v IS 'c'",
    ],
    "triggers of tables": [
        "CREATE TRIGGER one BEFORE UPDATE OF a ON note FOR EACH ROW EXECUTE FUNCTION no()",
        "CREATE TRIGGER two AFTER UPDATE ON note FOR EACH ROW WHEN (old.a IS NULL) EXECUTE FUNCTION no()",
        "ALTER TABLE note ENABLE REPLICA TRIGGER two",
        "COMMENT ON TRIGGER one ON note IS 'c'",
    ],
    "rules of tables": [
        "CREATE TABLE log (id int, a text)",
        "CREATE RULE r AS ON DELETE TO note DO ALSO INSERT INTO log SELECT old.id, 'a' WHERE old.a IS NOT NULL",
        "ALTER TABLE note DISABLE RULE r",
    ],
    "policies": [
        "CREATE POLICY mine ON note AS RESTRICTIVE FOR UPDATE TO aha_test_reader USING (a IS NULL) WITH CHECK (b > '')",
        "CREATE POLICY all_of_it ON note USING (a IS NOT NULL)",
        "COMMENT ON POLICY mine ON note IS 'c'",
    ],
    "functions": [
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(a) FROM note; END",
        "CREATE VIEW v AS SELECT f() AS n",
        "REVOKE EXECUTE ON FUNCTION f FROM PUBLIC",
        "COMMENT ON FUNCTION f IS 'c'",
    ],
    "functions of the row type of a view": [
        "CREATE VIEW v AS SELECT a FROM note",
        "CREATE FUNCTION g() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'",
    ],
}


@pytest.fixture
async def reader(bot):
    await bot.sql(
        "CREATE ROLE aha_test_reader",
        "GRANT ALL ON SCHEMA public TO aha_test_reader",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
    )
    yield
    await bot.sql("DROP OWNED BY aha_test_reader CASCADE", "DROP ROLE aha_test_reader")


@pytest.mark.parametrize("built", BUILT.values(), ids=BUILT.keys())
@pytest.mark.usefixtures("reader")
async def test_what_others_built_is_as_it_was(bot, built):
    await bot.sql(*built)
    before = await bot.sql(SEEN)
    await bot.release(note(Text))
    assert await bot.sql("SELECT a FROM note") == [("7",)]
    assert await bot.sql(SEEN) == before


async def test_a_view_that_does_not_fit_stops_the_change_and_is_named(bot):
    await bot.sql("CREATE VIEW sums AS SELECT a + 1 AS b FROM note")
    with pytest.raises(DatabaseError, match="view sums does not fit the change: drop it or change it"):
        await bot.release(note(Text))
    assert await bot.sql("SELECT a, sums.b FROM note, sums") == [(7, 8)]


async def test_a_table_built_on_a_view_stops_the_change_and_the_view_is_named(bot):
    await bot.sql("CREATE VIEW seen AS SELECT a FROM note", "CREATE TABLE built (rows seen[])")
    with pytest.raises(DatabaseError, match="view seen has to be made again, but something else is built on it"):
        await bot.release(note(Text))
    assert await bot.one("SELECT a FROM seen") == 7


async def test_views_of_a_renamed_column_and_schema_follow(bot):
    await bot.sql(
        'CREATE SCHEMA "Else"',
        'CREATE VIEW "Else"."V" AS SELECT a AS "A b" FROM note',
        'CREATE MATERIALIZED VIEW "Else".m AS SELECT * FROM "Else"."V"',
    )
    await bot.release(note(Text, "new", info={"was": "a"}))
    assert await bot.sql('SELECT "A b" FROM "Else".m') == [("7",)]


async def test_nothing_is_made_again_for_a_change_that_needs_it_not(bot):
    await bot.sql("CREATE VIEW v AS SELECT a FROM note")
    oid = await bot.one("SELECT 'v'::regclass::oid")
    await bot.release(note(Integer, comment="c", server_default="1"))
    assert await bot.one("SELECT 'v'::regclass::oid") == oid
