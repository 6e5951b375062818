"""The codes of answers: one table for whoever judges and whoever simulates."""

from harness.wire.mobile_payment.answers import answers_of


def test_one_code_of_the_field_means_two_things() -> None:
    assert {answer.id for answer in answers_of(114)} == {"app-mismatch", "app-id"}
    assert answers_of(999) == ()
    assert [answer.id for answer in answers_of(0)] == ["ok"]
