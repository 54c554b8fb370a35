"""When stores are folded: soon, at once if much has changed, but never so often that nothing else gets its turn."""

import pytest

from services.data_store.background import INTERVAL, MUCH, is_due, rest_after


@pytest.mark.parametrize(
    ("changed", "passed", "rest", "filling", "due"),
    [
        pytest.param(1, 0.9 * INTERVAL, 0.0, False, False, id="a little waits"),
        pytest.param(1, INTERVAL, 0.0, False, True, id="until it is time"),
        pytest.param(MUCH, 0.1, 0.0, False, True, id="much does not wait"),
        pytest.param(MUCH, 0.1, 0.5, False, False, id="but for the rest after a long fold"),
        pytest.param(MUCH, 0.5, 0.5, False, True, id="and no longer"),
        pytest.param(MUCH, 0.1, 0.5, True, True, id="there is no rest while the journal fills up"),
        pytest.param(1, 0.1, 0.0, True, False, id="which a little does not change"),
    ],
)
def test_a_fold_is_due(changed, passed, rest, filling, due):
    assert is_due(changed, passed, rest=rest, filling=filling) is due


def test_folds_take_a_twentieth_of_the_time_but_rest_no_longer_than_the_journal_can_wait():
    assert rest_after(0.02) == pytest.approx(0.4)
    assert rest_after(60.0) == 8.0
