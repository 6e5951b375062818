"""The mutants of the voucher centre: each differs in one thing, and without one the centre is the plain one."""

import pytest

from harness.errors import ConfigError
from simulators.voucher_centre import SIMULATOR
from simulators.voucher_centre.centre import Centre
from simulators.voucher_centre.mutants import MUTANTS, centre_for
from simulators.voucher_centre.settings import VoucherCentreSettings


def test_without_a_mutant_the_centre_is_the_plain_one() -> None:
    assert centre_for("") is Centre
    assert VoucherCentreSettings().mutant == ""


@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_every_mutant_is_another_centre_and_says_what_is_wrong(mutant: str) -> None:
    kind = centre_for(mutant)
    assert kind is not Centre
    assert issubclass(kind, Centre)
    assert MUTANTS[mutant].endswith(".")
    parts = [kind.books == Centre.books, kind.channels is Centre.channels, kind.library is Centre.library]
    assert all(parts) is (kind.__name__ != "Mutant"), "one part differs, or the centre itself"
    assert parts.count(False) <= 1


def test_no_two_say_the_same() -> None:
    assert len(set(MUTANTS.values())) == len(MUTANTS) >= 20


def test_the_simulator_offers_them() -> None:
    assert SIMULATOR.mutants == MUTANTS


def test_a_slip_of_the_pen_is_named() -> None:
    with pytest.raises(ConfigError, match="codes-serve-twice"):
        centre_for("codes-serve-thrice")
