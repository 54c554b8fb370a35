"""The functions in PostgreSQL's pg_temp that conversions call: for what takes variables, or may raise. Text only.

Each returns NULL for what it cannot say, and none depends on the settings of a session. A block that catches
exceptions is slow, so there is one only where no pattern can tell beforehand what is valid.
"""

from __future__ import annotations

from core.migration.casts import values


def _function(signature: str, returns: str, body: str, declare: str = "") -> str:
    return (
        f"CREATE OR REPLACE FUNCTION pg_temp.{signature} RETURNS {returns} LANGUAGE plpgsql IMMUTABLE STRICT AS "
        f"$aha${'DECLARE ' + declare if declare else ''} BEGIN {body} END $aha$"
    )


def _caught(body: str) -> str:
    return f"{body} EXCEPTION WHEN OTHERS THEN RETURN NULL;"


_FLOAT = """
    IF n = 0 THEN RETURN 0; END IF;
    IF abs(n) > 1.7976931348623157e308 OR abs(n) < 4.94e-324 THEN RETURN NULL; END IF;
    f := n::float8;
    IF f::text::numeric = n THEN RETURN f; END IF;
    RETURN NULL;
"""

_DURATION = """
    IF n < -62135596800 OR n >= 253402300800 OR n * 1000000 <> trunc(n * 1000000) THEN RETURN NULL; END IF;
    RETURN trunc(n)::bigint * interval '1 second' + ((n % 1) * 1000000)::bigint * interval '1 microsecond';
"""

_MOMENT = f"""
    IF abs(n) >= {values.FIRST_MILLISECONDS} THEN n := n * 0.001; END IF;
    d := pg_temp.aha_duration(CASE WHEN rounded THEN round(n, 6) ELSE n END);
    RETURN timestamp '1970-01-01' + d;
"""

# The months have been checked by the pattern; counting on from the first day of one cannot raise.
_DATE = f"""
    IF t !~ '^(?:{values.DATE})$' OR left(t, 4) = '0000' THEN RETURN NULL; END IF;
    d := make_date(left(t, 4)::int, substr(t, 6, 2)::int, 1) + (substr(t, 9, 2)::int - 1);
    IF extract(month FROM d) <> substr(t, 6, 2)::int THEN RETURN NULL; END IF;
    RETURN d;
"""

_ISO = f"""
    p := regexp_match(t, '^({values.DATE})(?:[T ]({values.TIME})({values.OFFSET})?)?$');
    d := pg_temp.aha_date(p[1]);
    IF d IS NULL THEN RETURN NULL; END IF;
    m := d + coalesce(p[2], '00:00')::time;
    IF p[3] <> 'Z' THEN
        o := make_interval(hours => substr(p[3], 2, 2)::int,
                           mins => coalesce(nullif(ltrim(substr(p[3], 4), ':'), '')::int, 0));
        m := CASE left(p[3], 1) WHEN '-' THEN m + o ELSE m - o END;
    END IF;
    IF m >= timestamp '0001-01-01' AND m < timestamp '10000-01-01' THEN RETURN m; END IF;
    RETURN NULL;
"""

_SPELL_FLOAT = """
    IF NOT abs(f) < 'Infinity' THEN RETURN NULL; END IF;
    t := f::text;
    IF abs(f) >= 1e15 AND abs(f) < 1e16 THEN t := t::numeric::text; END IF;
    RETURN t || CASE WHEN t ~ '[.e]' THEN '' ELSE '.0' END;
"""

_UNIQUE = """
    IF json_typeof(j) = 'object' THEN
        IF (SELECT count(*) <> count(DISTINCT k) FROM json_object_keys(j) AS k) THEN RETURN false; END IF;
        RETURN NOT EXISTS (SELECT FROM json_each(j) WHERE NOT pg_temp.aha_unique(value));
    ELSIF json_typeof(j) = 'array' THEN
        RETURN NOT EXISTS (SELECT FROM json_array_elements(j) AS e WHERE NOT pg_temp.aha_unique(e));
    END IF;
    RETURN true;
"""

FUNCTIONS = (
    _function("aha_float(n numeric)", "float8", _FLOAT, "f float8;"),
    _function("aha_duration(n numeric)", "interval", _DURATION),
    _function("aha_moment(n numeric, rounded boolean)", "timestamp", _MOMENT, "d interval;"),
    _function("aha_date(t text)", "date", _DATE, "d date;"),
    _function("aha_iso(t text)", "timestamp", _ISO, "p text[]; d date; m timestamp; o interval;"),
    _function("aha_spell_float(f float8)", "text", _SPELL_FLOAT, "t text;"),
    _function("aha_json(t text)", "json", _caught("RETURN t::json;")),
    _function("aha_unique(j json)", "boolean", _UNIQUE),
    _function(
        "aha_jsonb(t text)",
        "jsonb",
        _caught("IF pg_temp.aha_unique(t::json) THEN RETURN t::jsonb; END IF; RETURN NULL;"),
    ),
    _function(
        "aha_as(t text, sample anyelement)",
        "anyelement",
        _caught("result := t; RETURN result;"),
        "result sample%TYPE;",
    ).replace("STRICT", "CALLED ON NULL INPUT"),
    _function("aha_string(j json)", "text", _caught("RETURN j #>> '{}';")),
    _function("aha_utf8(b bytea)", "text", _caught("RETURN convert_from(b, 'UTF8');")),
    _function(
        "aha_same(t text, type text)",
        "boolean",
        _caught("EXECUTE format('SELECT format(''%%s'', $1::%s) = $1', type) INTO same USING t; RETURN same;"),
        "same boolean;",
    ),
)
