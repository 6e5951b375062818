"""A channel's bills page and payments that nobody confirmed in a channel."""

import pytest

from harness.rules.registry import all_rules
from tests.harness.rules.breaking import dropped
from tests.harness.rules.stories import good_purchase
from tests.harness.rules.tape_builder import TapeBuilder


def exempt(tape: TapeBuilder) -> None:
    """The person need not confirm: the prompt becomes the platform's word for it."""
    prompt = tape["A0001 prompt"]
    prompt.channel, prompt.event = "platform", "password-exempt"
    prompt.content = {"msgid": tape["A0001 2102 request"].content["msgid"]}


@pytest.mark.parametrize(
    ("is_exempt", "has_bill", "seen"),
    [(False, True, []), (False, False, ["0 bills"]), (True, False, []), (True, True, ["a bill"])],
)
def test_a_bill_is_due_for_what_was_confirmed(*, is_exempt: bool, has_bill: bool, seen: list[str]) -> None:
    tape = good_purchase()
    if is_exempt:
        exempt(tape)
    if not has_bill:
        dropped("A0001 bill")(tape)
    found = all_rules()["one-bill-a-settlement"].check(tape.history())
    assert [observation.seen for observation in found] == seen
