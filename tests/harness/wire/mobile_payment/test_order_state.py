"""What each ordStas means to a client: 18 to 25 are under way, whatever nobody has documented is unknown."""

import pytest

from harness.wire.mobile_payment import STANDINGS, Standing, standing_of


@pytest.mark.parametrize(
    ("states", "standing"),
    [
        ((0, 1, 2, 3, 17), Standing.UNDER_WAY),
        (range(18, 26), Standing.UNDER_WAY),
        ((4, 5, 6), Standing.PAID),
        (range(7, 12), Standing.REFUNDED),
        ((12, 13), Standing.REVOKED),
        ((14, 15, 16), Standing.FAILED),
    ],
)
def test_a_state_is_an_end_or_is_not(states: range, standing: Standing) -> None:
    assert {standing_of(str(state)) for state in states} == {standing}
    assert {standing_of(state) for state in states} == {standing}


def test_all_26_states_mean_something() -> None:
    assert sorted(STANDINGS, key=int) == [str(state) for state in range(26)]


@pytest.mark.parametrize("state", ["26", "99", "-1", "06", " 6", "6.0", "", "SUCC", None, True, 6.0, [], {"a": 1}])
def test_any_other_is_neither_paid_nor_failed(state: object) -> None:
    assert standing_of(state) is Standing.UNKNOWN
