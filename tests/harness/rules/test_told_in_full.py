"""What a finding repeats of an answer tells a vendor why, and names nobody."""

from fixtures.population import people
from harness.rules.books import totals_agree
from harness.rules.outcome import outcome_as_expected
from tests.harness.rules import stories

PROMPT = "参保地110000与参保信息639900不符"


def test_an_outcome_that_was_not_expected_has_reason_code_and_prompt() -> None:
    tape = stories.wrong_kind()
    tape["A0001 expect"].content.update(outcomes=["accepted"], reasons=[])
    tape["A0001 answer"].content.update(reason="platform-refused", code="981013", prompt=PROMPT)
    (found,) = outcome_as_expected(tape.history())
    assert found.expected == "purchase: accepted"
    assert found.seen == f"refused (platform-refused, code 981013, “{PROMPT}”)"


def test_a_reason_that_was_not_expected_has_them_too() -> None:
    tape = stories.wrong_kind()
    tape["A0001 expect"].content.update(reasons=["code-used"])
    (found,) = outcome_as_expected(tape.history())
    assert found.expected == "purchase: refused (code-used)"
    assert found.seen.startswith("refused (wrong-code-kind, “请使用医保电子凭证二维码")


def test_without_code_and_prompt_nothing_is_made_up() -> None:
    tape = stories.good_purchase()
    tape["A0001 expect"].content.update(outcomes=["refused"])
    (found,) = outcome_as_expected(tape.history())
    assert found.seen == "accepted"


def test_a_prompt_is_repeated_without_personal_data_and_cut() -> None:
    tape = stories.good_purchase()
    someone = people()[0]
    answer = tape["A0001 answer"].content
    answer.update(outcome="refused", reason="platform-refused", prompt=f"{someone.name} {someone.id_no} " + "x" * 999)
    (found,) = outcome_as_expected(tape.history())
    assert someone.id_no not in found.seen
    assert someone.name not in found.seen
    assert someone.id_no[:6] in found.seen
    assert len(found.seen) < 200


def test_one_settlement_is_one() -> None:
    tape = stories.good_purchase()
    tape["totals answer"].content.update(count=2)
    (found,) = totals_agree(tape.history())
    assert found.expected.startswith("1 settlement, ")
    assert found.seen.startswith("2 settlements, ")
