"""What two rows are compared by is read from the text of an EXCLUDE constraint as PostgreSQL writes it."""

import pytest

from core.migration.planner.exclusion import Exclusion, exclusion_of


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("EXCLUDE USING gist (during WITH &&)", Exclusion((("during", "&&"),))),
        (
            "EXCLUDE USING gist (room gist_int4_ops WITH =, during WITH &&) WHERE ((NOT gone)) DEFERRABLE",
            Exclusion((("room", "="), ("during", "&&")), "((NOT gone))"),
        ),
        (
            "EXCLUDE USING gist (int4range(a, b, '[)'::text) WITH -|-, ((x || 'WITH ='::text)) WITH =)",
            Exclusion((("int4range(a, b, '[)'::text)", "-|-"), ("((x || 'WITH ='::text))", "="))),
        ),
        (
            'EXCLUDE USING btree (a COLLATE "C" text_pattern_ops DESC WITH OPERATOR(pg_catalog.=))',
            Exclusion((('a COLLATE "C"', "OPERATOR(pg_catalog.=)"),)),
        ),
    ],
    ids=["column", "operator-class", "expression", "collation"],
)
def test_an_exclusion_is_read(definition: str, expected: Exclusion) -> None:
    assert exclusion_of(definition) == expected
