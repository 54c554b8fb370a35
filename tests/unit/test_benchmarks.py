"""The benchmarks' arithmetic and their page. What they measure is not tested here."""

import json

import pytest

from benchmarks.load import frame_of, is_pong, ping
from benchmarks.page import is_like, page, with_section
from benchmarks.rows import Row, Section


def row(unit, ours, peer, **rest):
    return Row(what="what", against="other", ours=ours, peer=peer, unit=unit, **rest)


@pytest.mark.parametrize(
    ("found", "compared", "met"),
    [
        pytest.param(row("per second", (90, 80, 70), (100, 100, 100), allowed=0.8), 0.8, True, id="rate just reached"),
        pytest.param(row("per second", (79, 79, 99), (100, 100, 100), allowed=0.8), 0.79, False, id="rate missed"),
        pytest.param(row("seconds", (1.5, 1.0, 3.0), (1.0, 1.0, 2.5), allowed=0.5), 0.5, True, id="just in time"),
        pytest.param(row("seconds", (2.0,), (1.0,), allowed=0.5), 1.0, False, id="too late"),
        pytest.param(row("MB", (13.0, 20.0, 9.0), (10.0, 10.0, 10.0), allowed=1.3), 1.3, True, id="just small enough"),
        pytest.param(row("MB", (14.0,), (10.0,), allowed=1.3), 1.4, False, id="too large"),
        pytest.param(row("per second", (1,), (2,)), 0.5, None, id="shown beside"),
        pytest.param(row("per second", (1,), (2,), proves="no error"), 0.5, True, id="proves something else"),
    ],
)
def test_a_row_is_met_by_the_median_of_what_its_rounds_say(found, compared, met):
    assert found.compared == pytest.approx(compared)
    assert found.met is met


def test_each_round_is_compared_with_itself_so_that_a_slow_machine_harms_neither():
    assert row("per second", (100, 10), (100, 10)).compared == 1


def test_the_page_says_requirement_figures_spread_and_verdict():
    rows = (
        row("per second", (1000.0, 3000.0), (2000.0, 2000.0), allowed=2),
        row("seconds", (1.25,), (1.0,), allowed=0.3),
        row("per second", (5.0,), (5.0,), proves="no error"),
        row("MB", (120.0,), (100.0,), allowed=1.3),
    )
    text = page([Section("Title", "How.", rows, ("Note.",))], machine="M", versions={"Python": "3"}, rounds="2")
    assert "| what | other | ≥ 2 × | 2,000/s | 2,000/s | 1.00 × (0.50 to 1.50) | **not met** |" in text
    assert "| what | other | ≤ it + 0.3 s | 1.25 s | 1.00 s | +0.25 s (+0.25 to +0.25) | met |" in text
    assert "| what | other | no error | 5/s | 5/s | 1.00 × (1.00 to 1.00) | met |" in text
    assert "| what | other | ≤ 1.3 × | 120 MB | 100 MB | 1.20 × (1.20 to 1.20) | met |" in text
    assert "* Note." in text


@pytest.mark.parametrize(
    ("call", "answered"),
    [
        pytest.param({"action": "send_msg", "params": {"message": "pong"}}, True, id="text"),
        pytest.param(
            {"action": "send_group_msg", "params": {"message": [{"type": "text", "data": {"text": "pong"}}]}},
            True,
            id="segments",
        ),
        pytest.param({"action": "send_msg", "params": {"message": "no"}}, False, id="another text"),
        pytest.param({"action": "get_login_info", "params": {}}, False, id="another call"),
    ],
)
def test_only_a_pong_counts_as_an_answer(call, answered):
    assert is_pong(call) is answered


@pytest.mark.parametrize(("size", "head"), [(0, b"\x81\x80"), (125, b"\x81\xfd"), (126, b"\x81\xfe\x00\x7e")])
def test_frames_say_their_length_and_carry_a_mask_that_changes_nothing(size, head):
    assert frame_of(b"x" * size) == head + bytes(4) + b"x" * size


def test_every_ping_is_a_message_of_its_own():
    first, second = (json.loads(ping(1, number)[8:]) for number in (1, 2))
    assert first["raw_message"] == second["raw_message"] == "ping"
    assert first["message_id"] != second["message_id"]


def test_a_section_is_measured_anew_on_the_page_of_the_same_machine_versions_and_rounds():
    head = {"machine": "M", "versions": {"v": "1"}, "rounds": "Rounds: 3 (a)"}
    one, two, other = (Section("One", "How.", ()), Section("Two", "How.", ()), Section("One", "How else.", ()))
    old = page([one, two], **head)
    assert with_section(old, other) == page([other, two], **head)
    assert with_section(old, two) == old
    assert is_like(old, **head)
    assert not is_like(old, **{**head, "machine": "N"})
