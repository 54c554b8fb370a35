"""What the owner reads of a migration: one line for each step, in two languages."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields, replace
from string import Formatter
from typing import get_args

import pytest

from core.migration.ledger.codec import encode
from core.migration.ledger.codec_records import planned_as_data, planned_from
from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord, UnitPlan
from core.migration.report import heading, lines, undo
from core.migration.report import line as line_of
from core.migration.state import ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    ConvertColumn,
    Fill,
    Phase,
    Planned,
    RetireColumn,
    RetireTable,
    SetNullable,
    Source,
    Step,
    Verdict,
)
from core.migration.texts import CHINESE, ENGLISH

TEXT, INTEGER = Meaning(Kind.TEXT, "TEXT"), Meaning(Kind.INTEGER, "INTEGER")
ZERO = Fill(Source.VALUE, "0")
UNIQUE = ConstraintState(ConstraintKind.UNIQUE, ("mail",), "UNIQUE (mail)", "uq_mail__demo")
REPORT, POSTPONE, REFUSE = Verdict.REPORT, Verdict.POSTPONE, Verdict.REFUSE


def unit(*steps: Planned) -> UnitPlan:
    """A unit of module `demo` with these steps for its table `note__demo`."""
    record = TableRecord("note__demo", "demo", TableState("note__demo", ()), {})
    return UnitPlan(("demo",), steps, {}, {}, {"note__demo": record})


SAID = {
    "filled": (
        Planned(AddColumn("note__demo", "points", ZERO, nullable=False), Phase.EXPAND, rows=1200),
        "note__demo.points: added; 1,200 rows got 0",
        "note__demo.points: 新增列；1,200 行填入 0",
    ),
    "kept": (
        Planned(
            ConvertColumn("note__demo", "text", TEXT, INTEGER, Fill(), {}),
            Phase.EXPAND,
            REPORT,
            rows=120,
            kept=3,
            keys=("7", "19", "44"),
            remedy="kept",
        ),
        (
            "note__demo.text: TEXT -> INTEGER: 117 rows converted; 3 values cannot follow (keys 7, 19, "
            "44) and are kept: "
            "aha db kept --module demo"
        ),
        (
            "note__demo.text: TEXT -> INTEGER：已转换 117 行；3 个值无法转换（主键 7, 19, 44），已另行保留："
            "aha db kept --module demo"
        ),
    ),
    "postponed": (
        Planned(AddConstraint("note__demo", UNIQUE), Phase.SETTLE, POSTPONE, 9, keys=("1", "2"), remedy="duplicates"),
        (
            "note__demo [uq_mail__demo]: postponed, tried again at every start: added: UNIQUE (mail): "
            "9 rows have a value "
            "that another has too (keys 1, 2, ...); change them in @on_start"
        ),
        (
            "note__demo [uq_mail__demo]: 暂缓，每次启动都会重试：新增：UNIQUE (mail)：9 行的值与其他行重复"
            "（主键 1, 2 等）；请在 @on_start 中修改"
        ),
    ),
    "not null": (
        Planned(
            SetNullable("note__demo", "n", nullable=False), Phase.SETTLE, POSTPONE, 1, keys=("5",), remedy="fill_nulls"
        ),
        (
            "note__demo.n: postponed, tried again at every start: NOT NULL: 1 row without a value "
            "(key 5); give it one "
            "in @on_start, or give the column a default"
        ),
        (
            "note__demo.n: 暂缓，每次启动都会重试：NOT NULL：1 行没有值（主键 5）；请在 @on_start 中补上，"
            "或为该列声明默认值"
        ),
    ),
    "one kept": (
        Planned(
            ConvertColumn("note__demo", "text", TEXT, INTEGER, Fill(), {}),
            Phase.EXPAND,
            REPORT,
            rows=2,
            kept=1,
            keys=("2",),
            remedy="kept",
        ),
        (
            "note__demo.text: TEXT -> INTEGER: 1 row converted; 1 value cannot follow (key 2) and is kept: "
            "aha db kept --module demo"
        ),
        (
            "note__demo.text: TEXT -> INTEGER：已转换 1 行；1 个值无法转换（主键 2），已另行保留："
            "aha db kept --module demo"
        ),
    ),
    "table perhaps renamed": (
        Planned(RetireTable("memo__demo"), Phase.EXPAND, REPORT, remedy="declare_rename"),
        (
            "memo__demo: no longer declared: it stays, unused; if it was renamed, "
            'declare the new table with __table_args__ = {"info": {"was": "memo"}}'
        ),
        (
            "memo__demo: 模块不再声明此表：保留，不再使用；若是改名，请在新表上声明 "
            '__table_args__ = {"info": {"was": "memo"}}'
        ),
    ),
    "perhaps renamed": (
        Planned(RetireColumn("note__demo", "nick"), Phase.EXPAND, REPORT, rows=2, remedy="declare_rename"),
        (
            "note__demo.nick: no longer declared: it stays, unused, with 2 rows; if it was renamed, "
            "declare the new column "
            'with info={"was": "nick"}'
        ),
        (
            "note__demo.nick: 模块不再声明此列：保留，不再使用，其中 2 行有值；若是改名，请在新列上声明 "
            'info={"was": "nick"}'
        ),
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_a_step_is_one_line_that_says_what_how_many_which_and_the_remedy(case: str) -> None:
    planned, english, chinese = SAID[case]
    assert [str(line) for line in lines([unit(planned)])] == [english]
    assert [str(line) for line in lines([unit(planned)], lang="zh")] == [chinese]


def test_a_refusal_says_that_the_module_is_off_and_its_data_untouched() -> None:
    key = ConstraintState(ConstraintKind.PRIMARY, ("a",), "PRIMARY KEY (a)", None)
    refused = Planned(AddConstraint("note__demo", key), Phase.EXPAND, REFUSE, 2, keys=("1",), remedy="key_duplicates")
    (line,) = lines([unit(refused)])
    assert line.verdict is REFUSE
    assert line.what.endswith("until then the module is off, its data is untouched")


@pytest.mark.parametrize("remedy", [key.removesuffix(".1") for key in ENGLISH if key.endswith(".1")])
def test_what_is_said_of_one_row_does_not_speak_of_several(remedy: str) -> None:
    assert not re.search(r"\b(have|are|do|refer|keep|them|these|they)\b", ENGLISH[f"{remedy}.1"])


def test_the_heading_names_the_modules_once() -> None:
    added = unit(Planned(AddColumn("note__demo", "points", ZERO, nullable=False), Phase.EXPAND))
    assert heading([added, added]) == "the database was brought up to date: demo"
    assert heading([added], seconds=0.25) == "the database was brought up to date in 0.2 s: demo"
    assert heading([], lang="zh") == CHINESE["nothing to do"]


def test_what_only_waits_is_not_called_a_change() -> None:
    waits = unit(Planned(AddConstraint("note__demo", UNIQUE), Phase.SETTLE, POSTPONE, 2, remedy="duplicates"))
    assert heading([waits]) == "waiting for rows to be put right: demo"


def test_programs_get_the_same_by_keys() -> None:
    (line,) = lines([unit(SAID["kept"][0])])
    assert line.as_data() == {
        "module": "demo",
        "table": "note__demo",
        "column": "text",
        "step": "ConvertColumn",
        "phase": "expand",
        "verdict": "report",
        "rows": 120,
        "kept": 3,
        "keys": ["7", "19", "44"],
        "remedy": "kept",
        "text": SAID["kept"][1],
    }


def test_a_step_that_the_history_tells_of_is_said_without_its_unit() -> None:
    planned, english, _ = SAID["kept"]
    assert str(line_of(planned, "demo")) == english


def test_every_kind_of_step_has_its_words() -> None:
    kinds = {kind.__name__ for kind in get_args(Step)}
    assert kinds <= {key.partition(".")[0] for key in ENGLISH}


def test_both_languages_say_the_same_things() -> None:
    assert ENGLISH.keys() == CHINESE.keys()
    for key, text in ENGLISH.items():
        fields = {field for _, field, _, _ in Formatter().parse(text) if field}
        assert fields == {field for _, field, _, _ in Formatter().parse(CHINESE[key]) if field}, key
        assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", CHINESE[key]), key


NEW = Meaning(Kind.ENUM, "mood", members=("a", "b"), native=True)
INDEX = IndexState("ix_mail", ("mail",), "(mail)", unique=True, sql="CREATE INDEX ...")
VALUES = {
    "table": "note__demo",
    "old": "memo__demo",
    "columns": {"a": "b"},
    "column": "text",
    "nullable": True,
    "fill": ZERO,
    "wrote": "0",
    "before": TEXT,
    "after": NEW,
    "members": {"x": "a"},
    "what": "default",
    "constraint": UNIQUE,
    "validate": False,
    "index": INDEX,
    "new": UNIQUE,
    "without": (UNIQUE,),
    "plain": True,
}


@pytest.mark.parametrize("kind", get_args(Step), ids=lambda kind: kind.__name__)
def test_the_history_gives_back_the_step_that_was_entered(kind) -> None:
    values = {field.name: VALUES[field.name] for field in fields(kind) if field.name in VALUES}
    if "new" in values:
        values["old"] = UNIQUE
    planned = Planned(
        kind(**values), Phase.SETTLE, REPORT, rows=3, kept=2, keys=("1",), remedy="kept", probe="SELECT 1"
    )
    assert planned_from(json.loads(encode(planned_as_data(planned)))) == planned


def test_a_step_of_a_newer_release_is_none_that_we_know() -> None:
    assert planned_from({"step": "Fold", "table": "note__demo"}) is None


def enum(*members: str) -> Meaning:
    return Meaning(Kind.ENUM, "VARCHAR(4)", length=4, members=members)


@pytest.mark.parametrize(
    ("before", "after", "members", "said"),
    [
        (enum("a", "b", "c"), enum("a", "d", "e"), {"b": "d"}, "member b is now d, member c removed, member e added"),
        (enum("a", "b"), enum("a", "b"), {"a": "b", "b": "a", "x": "a"}, "member a is now b, member b is now a"),
        (enum("a", "b"), enum("b", "c"), {"a": "b", "b": "c"}, "member a is now b, member b is now c"),
        (enum("a", "b"), replace(enum("a", "other"), sql="VARCHAR(5)"), {}, "member b removed, member other added"),
        (enum("a"), replace(enum("a"), sql="VARCHAR(5)"), {}, "VARCHAR(4) -> VARCHAR(5)"),
        (enum("a"), NEW, {}, "VARCHAR(4) -> mood"),
        (Meaning(Kind.TEXT, "VARCHAR(4)"), enum("a"), {}, "VARCHAR(4) (text) -> VARCHAR(4) (enum)"),
        (Meaning(Kind.TEXT, "TEXT"), Meaning(Kind.TEXT, "TEXT", decorator="m:D"), {}, "another form"),
    ],
    ids=["members", "exchange", "chain", "longer members", "only longer", "a database type", "kind", "decorator"],
)
def test_a_change_is_named_as_the_author_made_it(before, after, members, said):
    step = ConvertColumn("note__demo", "text", before, after, Fill(), members)
    line = line_of(Planned(step, Phase.EXPAND, rows=2), "demo")
    assert line.what == f"{said}: 2 rows converted"


def test_what_keeps_a_new_column_from_not_null_is_said_once():
    added = Planned(
        AddColumn("note__demo", "size", Fill(), nullable=True), Phase.EXPAND, REPORT, rows=2, remedy="fill_nulls"
    )
    waits = Planned(
        SetNullable("note__demo", "size", nullable=False), Phase.SETTLE, POSTPONE, rows=2, remedy="fill_nulls"
    )
    assert [str(said) for said in lines([unit(added, waits)])] == [
        "note__demo.size: added",
        (
            "note__demo.size: postponed, tried again at every start: NOT NULL: 2 rows without a value; give them one "
            "in @on_start, or give the column a default"
        ),
    ]
    assert "2 rows without a value" in str(lines([unit(added)])[0])  # in the history it stands alone


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (0, "whether rows have the same value is known once they are filled"),
        (2, "2 rows have a value that another has too (keys 1, 2), for they were filled with it; change them in @on_s"),
    ],
    ids=["not known yet", "known"],
)
def test_duplicates_that_come_from_a_fill_are_said_to(rows, said):
    added = Planned(AddColumn("note__demo", "mail", ZERO, nullable=False), Phase.EXPAND, rows=2)
    keys = ("1", "2") if rows else ()
    unique = Planned(
        AddConstraint("note__demo", UNIQUE), Phase.SETTLE, POSTPONE, rows=rows, keys=keys, remedy="duplicates"
    )
    assert said in str(lines([unit(added, unique)])[1])
    assert "filled with it" not in str(lines([unit(unique)])[0])


def test_what_only_waits_for_on_start_is_not_said_to_wait_for_rows():
    waits = Planned(SetNullable("note__demo", "size", nullable=False), Phase.SETTLE, POSTPONE, remedy="on_start")
    assert heading([unit(waits)]) == "not finished until a start whose on_start succeeds: demo"
    assert str(lines([unit(waits)])[0]).endswith("NOT NULL: the on_start of module demo has to succeed first")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_command_that_goes_back_can_be_pasted(lang):
    said = undo("my data/aha $1.zip", options=["--db", "sqlite:///my.db?a&b"], lang=lang)
    command = said[said.index("aha db restore") :]
    restored = ["my data/aha $1.zip", "--db", "sqlite:///my.db?a&b"]
    assert shlex.split(command) == ["aha", "db", "restore", *restored, "--overwrite"]
    assert said.count("my data/aha $1.zip") == 2
