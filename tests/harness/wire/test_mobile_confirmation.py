"""The mobile-payment centre's proof that somebody has confirmed."""

import json

import pytest

from harness.wire.mobile_confirmation import is_confirmed, mobile_exp_content

SAID = json.loads(mobile_exp_content("key", msgid="M1", psn_no="P1", own_pay="12.50", order="ORD1"))


def test_a_proof_is_of_one_key_message_person_and_amount() -> None:
    assert is_confirmed(SAID, "key", msgid="M1", psn_no="P1")
    assert not is_confirmed(SAID, "other", msgid="M1", psn_no="P1")
    assert not is_confirmed(SAID, "key", msgid="M2", psn_no="P1")
    assert not is_confirmed(SAID, "key", msgid="M1", psn_no="P2")
    assert not is_confirmed({**SAID, "own_pay": "0.00"}, "key", msgid="M1", psn_no="P1")


@pytest.mark.parametrize(
    "change", [{"mobile_proof": None}, {"mobile_proof": 1}, {"mobile_proof": "中"}, {"own_pay": 1}]
)
def test_anything_else_proves_nothing(change: dict[str, object]) -> None:
    assert not is_confirmed({**SAID, **change}, "key", msgid="M1", psn_no="P1")


def test_without_a_key_nothing_is_proved() -> None:
    said = json.loads(mobile_exp_content("", msgid="M1", psn_no="P1", own_pay="1.00", order="O"))
    assert not is_confirmed(said, "", msgid="M1", psn_no="P1")
