"""SQL that differs in spaces, comments or the style of its quotes is the same text."""

import pytest

from core.migration.schema.tokens import folded, named, quoted, spell, tokens

SAME = {
    "spaces": ("a  in\n(1,2)", "a IN (1, 2)"),
    "comments": ("a -- one\n + /* two, ' */ b", "a + b"),
    "a comment without an end": ("a /* b", "a"),
    "brackets": ("[a b] > 1", '"a b" > 1'),
    "backticks": ("`a``b`", '"a`b"'),
    "double quotes": ('"a""b"', '"a""b"'),
    "strings": ("'it''s -- /* '", "'it''s -- /* '"),
    "blobs": ("x'0F'", "x'0F'"),
    "calls and keywords": ("CHECK( lower ( a ) in ( 'x' ) )", "CHECK (lower(a) IN ('x'))"),
    "types": ("NUMERIC ( 10,2 )", "NUMERIC(10, 2)"),
    "operators of two signs": ("a||b<=c<>d!=e==f", "a || b <= c <> d != e == f"),
    "unary signs": ("a - -1 + (-2) * ~b", "a - -1 + (-2) * ~b"),
    "numbers": ("1.5e-3 + .5 + 0xFF", "1.5e-3 + .5 + 0xFF"),
    "qualified names": ("a . b", "a.b"),
    "arrows": ("a->>'$.x'->'$.y'", "a ->> '$.x' -> '$.y'"),
    "letters of any script": ("größe>長さ", "größe > 長さ"),
}


@pytest.mark.parametrize(("given", "expected"), SAME.values(), ids=SAME)
def test_text_is_written_in_one_way(given, expected):
    assert spell(tokens(given)) == expected
    assert spell(tokens(expected)) == expected


def test_brackets_are_subscripts_on_postgresql():
    assert spell(tokens("a[1]::text", brackets=False)) == "a[1]::text"
    assert spell(tokens("ARRAY[1,2]", brackets=False)) == "ARRAY[1, 2]"


def test_a_name_is_quoted_so_that_it_can_be_read_back():
    assert [token.text for token in tokens(quoted('a "b" [c]'))] == ['a "b" [c]']


def test_named_are_columns_but_neither_functions_nor_collations_nor_strings():
    columns = {name.lower(): name for name in ("Lower", "b", "nocase", "c")}
    assert named(tokens("lower(B) COLLATE nocase || 'c' || \"lower\""), columns) == ("b", "Lower")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("key LIKE 'a' AND like LIKE 'b'", "<key> LIKE 'a' AND <like> LIKE 'b'", id="operators"),
        pytest.param("desc DESC, key + 1 ASC", "<desc> DESC, <key> + 1 ASC", id="order"),
        pytest.param("end IS NOT NULL AND case WHEN null THEN end - 1 END - 2", None, id="case"),
        pytest.param("cast(cast AS TEXT) COLLATE key", "cast(<cast> AS TEXT) COLLATE KEY", id="calls and collations"),
        pytest.param('"null" IS NULL', "<null> IS NULL", id="quoted"),
    ],
)
def test_a_keyword_is_a_column_only_where_an_operand_stands(sql, expected):
    names = {"key", "like", "desc", "end", "case", "null", "cast"}
    text = spell(tokens(sql), lambda token: f"<{token.text}>" if token.text in names else None)
    assert text == (expected or "<end> IS NOT NULL AND CASE WHEN NULL THEN <end> - 1 END - 2")


def test_only_the_letters_of_english_have_no_case():
    assert (folded("ABC_Ä"), folded("ABC")) == ("abc_Ä", "abc")
