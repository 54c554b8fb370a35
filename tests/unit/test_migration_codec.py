"""What a migration remembers comes back from JSON as it was, also when another release of Aha has written it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from core.migration.ledger.codec import encode, meaning_from
from core.migration.ledger.codec_records import planned_as_data, planned_from, record_from
from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import (
    AddColumn,
    AddIndex,
    ConvertColumn,
    Fill,
    FillFromOld,
    MergeTable,
    Phase,
    Planned,
    RenameColumn,
    RenameConstraint,
    RestoreKept,
    Source,
    Verdict,
)

names = st.text(min_size=1, max_size=5)
texts = st.none() | names
tuples = st.lists(names, max_size=3).map(tuple)
columns = st.builds(
    ColumnState,
    name=names,
    type=names,
    nullable=st.booleans(),
    default=texts,
    computed=texts,
    identity=texts,
    collation=texts,
    comment=texts,
)
constraints = st.builds(
    ConstraintState,
    kind=st.sampled_from(ConstraintKind),
    columns=tuples,
    definition=names,
    name=texts,
    target=texts,
    target_columns=tuples,
    validated=st.booleans(),
)
indexes = st.builds(IndexState, name=names, columns=tuples, definition=names, unique=st.booleans(), sql=names)
states = st.builds(
    TableState,
    name=names,
    columns=st.lists(columns, max_size=3).map(tuple),
    constraints=st.lists(constraints, max_size=2).map(tuple),
    indexes=st.lists(indexes, max_size=2).map(tuple),
    comment=texts,
    options=tuples,
)
numbers = st.none() | st.integers(0, 99)
meanings = st.builds(
    Meaning,
    kind=st.sampled_from(Kind),
    sql=names,
    length=numbers,
    precision=numbers,
    scale=numbers,
    timezone=st.booleans(),
    members=tuples,
    native=st.booleans(),
    decorator=texts,
)
renames = st.dictionaries(names, names, max_size=2)
records = st.builds(
    TableRecord,
    name=names,
    module=names,
    state=states,
    meanings=st.dictionaries(names, meanings, max_size=3),
    renamed=st.dictionaries(names, tuples, max_size=2),
    wrote=st.dictionaries(names, tuples, max_size=2),
    filled_from=st.dictionaries(names, tuples, max_size=2),
    merged=tuples,
    was=tuples,
    used=st.booleans(),
    unvalidated=tuples,
    members=st.dictionaries(names, renames, max_size=2),
)
fills = st.builds(Fill, source=st.sampled_from(Source), sql=texts)
steps = (
    st.builds(AddColumn, names, names, fills, nullable=st.booleans())
    | st.builds(ConvertColumn, names, names, meanings, meanings, fills, renames, wrote=tuples, filled=tuples)
    | st.builds(FillFromOld, names, names, old=names, wrote=tuples, before=meanings, after=meanings)
    | st.builds(RestoreKept, names, names, meanings, wrote=tuples, spelled=st.booleans())
    | st.builds(MergeTable, names, old=names, columns=renames)
    | st.builds(RenameColumn, names, names, old=names)
    | st.builds(RenameConstraint, names, constraints, constraints)
    | st.builds(AddIndex, names, indexes)
)
plans = st.builds(
    Planned,
    step=steps,
    phase=st.sampled_from(Phase),
    verdict=st.sampled_from(Verdict),
    rows=st.integers(0, 9),
    kept=st.integers(0, 9),
    keys=tuples,
    remedy=st.text(max_size=3),
    probe=st.text(max_size=3),
)


@given(records)
def test_a_record_comes_back_as_it_was(record):
    found = record_from(encode(record))
    assert found == record
    # Fields that do not count for equality are written, too.
    assert encode(found) == encode(record)


@given(plans)
def test_a_step_comes_back_as_it_was(planned):
    found = planned_from(json.loads(encode(planned_as_data(planned))))
    assert found == planned
    assert encode(planned_as_data(found)) == encode(planned_as_data(planned))


def test_what_a_newer_release_has_added_is_passed_over():
    state = TableState("t", (ColumnState("id", "INTEGER"),), (ConstraintState(ConstraintKind.PRIMARY, ("id",), "x"),))
    record = TableRecord("t", "demo", state, {"id": Meaning(Kind.INTEGER, "INTEGER")})
    data = json.loads(encode(record))
    for part in (
        data,
        data["state"],
        data["state"]["columns"][0],
        data["state"]["constraints"][0],
        data["meanings"]["id"],
    ):
        part["news"] = [1]
    assert record_from(json.dumps(data)) == record


def test_what_an_older_release_filled_in_is_read():
    record = TableRecord("t", "demo", TableState("t", ()), {}, wrote={"a": ("5",)})
    data = json.loads(encode(record)) | {"wrote": {"a": "5"}}
    assert record_from(json.dumps(data)) == record


def test_a_kind_of_values_that_this_release_does_not_know_is_another_kind():
    assert meaning_from({"kind": "colour", "sql": "COLOUR"}) == Meaning(Kind.OTHER, "COLOUR")


def test_a_step_says_what_it_is_and_what_becomes_of_it():
    step = AddColumn("t", "c", Fill(Source.CALLABLE, make=dict), nullable=True)
    data = json.loads(encode(planned_as_data(Planned(step, Phase.EXPAND, Verdict.REPORT, rows=3))))
    assert (data["step"], data["table"], data["column"], data["verdict"], data["rows"]) == (
        "AddColumn",
        "t",
        "c",
        "report",
        3,
    )
    assert data["fill"] == {"source": "default, called per row", "sql": None, "make": "dict", "usual": None}
