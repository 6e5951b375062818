"""The mutants of the mobile-payment centre: each with its sentence, and none by another name."""

import pytest

from harness.errors import ConfigError
from harness.judge.plan import load_plan
from simulators.mobile_payment import SIMULATOR
from simulators.mobile_payment.app import MobilePayment
from simulators.mobile_payment.mutants import MUTANTS, payment_for


def test_every_mutant_says_what_is_wrong_with_it() -> None:
    assert all(text.endswith(".") for text in MUTANTS.values())
    assert len(set(MUTANTS.values())) == len(MUTANTS)
    assert SIMULATOR.mutants == MUTANTS


def test_every_mutant_is_another_centre() -> None:
    assert payment_for("") is MobilePayment
    for name in MUTANTS:
        made = payment_for(name)
        assert made is not MobilePayment
        changed = made.centres is not MobilePayment.centres or made.insurances is not MobilePayment.insurances
        assert changed or made.__module__.endswith("mutant_doors")


def test_the_plan_says_where_each_shows() -> None:
    assert set(load_plan("mobile-payment").shown_in) == set(MUTANTS)


def test_a_name_that_is_none_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="any-tide") as raised:
        payment_for("any-tide")
    assert "any-time" in raised.value.remedy
