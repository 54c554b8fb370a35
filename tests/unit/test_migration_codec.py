"""What a migration remembers comes back from JSON as it was, also when another release of Aha has written it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from core.migration.ledger.codec import encode, meaning_from
from core.migration.ledger.codec_records import planned_as_data, record_from
from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import AddColumn, Fill, Phase, Planned, Source, Verdict

names = st.text(min_size=1, max_size=5)
texts = st.none() | names
tuples = st.lists(names, max_size=3).map(tuple)
columns = st.builds(ColumnState, name=names, type=names, default=texts, computed=texts, comment=texts)
constraints = st.builds(ConstraintState, columns=tuples, definition=names, name=texts, target_columns=tuples)
indexes = st.builds(IndexState, name=names, columns=tuples, definition=names)
states = st.builds(
    TableState,
    name=names,
    columns=st.lists(columns, max_size=3).map(tuple),
    constraints=st.lists(constraints, max_size=2).map(tuple),
    indexes=st.lists(indexes, max_size=2).map(tuple),
    options=tuples,
)
meanings = st.builds(Meaning, sql=names, members=tuples, decorator=texts)
records = st.builds(
    TableRecord,
    name=names,
    module=names,
    state=states,
    meanings=st.dictionaries(names, meanings, max_size=3),
    renamed=st.dictionaries(names, tuples, max_size=2),
    wrote=st.dictionaries(names, names, max_size=2),
    merged=tuples,
    was=tuples,
    unvalidated=tuples,
)


@given(records)
def test_a_record_comes_back_as_it_was(record):
    assert record_from(encode(record)) == record


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
