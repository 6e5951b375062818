"""The assumed figures of rules are a province's to set: another value changes what a rule finds."""

import dataclasses

import pytest

from harness.errors import ConfigError
from harness.rules.limits import Limits, limits_of
from harness.rules.registry import all_rules
from harness.wire.profile import load_profile, offered_profiles, profile_from
from tests.harness.rules.breaking import Change, body, drug, line, logged
from tests.harness.rules.stories import good_purchase, not_activated
from tests.harness.rules.tape_builder import TapeBuilder

IN_LOG, IN_PROMPT = "no-personal-data-in-log", "no-personal-data-in-prompt"


def finds(rule: str, change: Change, **limits: object) -> bool:
    """Whether a rule finds something in a good story that was changed, where the profile sets these limits."""
    tape = good_purchase() if rule != IN_PROMPT else not_activated()
    tape["hello"].content["hello"]["profile"] |= limits
    change(tape)
    return bool(list(all_rules()[rule].check(tape.history())))


def id_no_of(tape: TapeBuilder) -> str:
    return tape.sales["A0001"].person.id_no


def in_row(count: int) -> Change:
    return logged(lambda tape: id_no_of(tape)[:count])


def masked(first: int, last: int) -> Change:
    def spelt(tape: TapeBuilder) -> str:
        number = id_no_of(tape)
        return number[:first] + "*" * (len(number) - first - last) + number[-last:]

    return logged(spelt)


def prompted(count: int) -> Change:
    def change(tape: TapeBuilder) -> None:
        tape["A0001 answer"].content["prompt"] += id_no_of(tape)[:count]

    return change


@pytest.mark.parametrize(
    ("rule", "change", "limit", "least"),
    [
        (
            "sent-when-it-says",
            body("A0001 2102 request", "inf_time", value="2020-10-14 08:36:00"),
            "time_tolerance_s",
            360,
        ),
        (
            "sent-when-it-says",
            body("A0001 2102 request", "inf_time", value="2020-10-14 08:24:00"),
            "time_tolerance_s",
            360,
        ),
        ("times-of-the-deed", line("fee_ocur_time", "2020-10-14 08:36:00"), "time_tolerance_s", 360),
        ("times-of-the-deed", drug("begntime", "2020-10-14 08:36:00"), "time_tolerance_s", 360),
        (IN_LOG, in_row(9), "id_digits_in_row", 9),
        (IN_LOG, in_row(12), "id_digits_in_row", 12),
        (IN_PROMPT, prompted(9), "id_digits_in_row", 9),
        (IN_LOG, masked(7, 4), "id_digits_shown", 11),
    ],
)
def test_another_value_changes_the_verdict(rule: str, change: Change, limit: str, least: int) -> None:
    assert finds(rule, change), "by the usual values"
    assert not finds(rule, change, **{limit: least})
    assert finds(rule, change, **{limit: least - 1})


@pytest.mark.parametrize(
    ("rule", "change", "limit", "value"),
    [
        (
            "sent-when-it-says",
            body("A0001 2102 request", "inf_time", value="2020-10-14 08:34:00"),
            "time_tolerance_s",
            60,
        ),
        (IN_LOG, in_row(8), "id_digits_in_row", 6),
        (IN_LOG, masked(6, 4), "id_digits_shown", 8),
    ],
)
def test_a_stricter_value_finds_what_may_usually_stand(rule: str, change: Change, limit: str, value: int) -> None:
    assert not finds(rule, change)
    assert finds(rule, change, **{limit: value})


@pytest.mark.parametrize("name", offered_profiles())
def test_every_profile_sets_them_and_marks_them_as_assumed(name: str) -> None:
    profile, usual = load_profile(name), vars(Limits())
    assert {limit: getattr(profile, limit) for limit in usual} == usual
    assert set(usual) <= set(profile.assumed)


@pytest.mark.parametrize(
    "told", [None, [], {}, {"id_digits_shown": "12"}, {"time_tolerance_s": -1}, {"time_tolerance_s": True}]
)
def test_a_tape_that_says_nothing_of_them_is_judged_by_the_usual_ones(told: object) -> None:
    tape = good_purchase()
    tape["hello"].content["hello"]["profile"] = told
    assert limits_of(tape.history()) == Limits()


def test_a_tape_without_an_adapter_has_the_usual_ones() -> None:
    assert limits_of(dataclasses.replace(good_purchase().history(), records=())) == Limits()


@pytest.mark.parametrize("limit", sorted(vars(Limits())))
def test_a_limit_below_nothing_is_refused(limit: str) -> None:
    assert getattr(profile_from("mine", {"title": "mine", limit: 0}), limit) == 0
    with pytest.raises(ConfigError, match=limit):
        profile_from("mine", {"title": "mine", limit: -1})
