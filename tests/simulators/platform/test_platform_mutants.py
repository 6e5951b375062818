"""Every mutant of the platform differs from it in what its name says, and its books still balance."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import ConfigError
from harness.money import parse_yuan
from simulators.platform.mutants import MUTANTS, Office, office_for
from simulators.platform.settings import PlatformSettings
from tests.simulators.insurer_rig import PEOPLE, Rig

P1 = PEOPLE["P001"]
OPENING = 200_000
OWN = 3161
"""What the account pays of the usual purchase, in fen."""


@pytest.fixture
def open_mutant(make_rig: Callable[..., Rig]) -> Callable[[str], Rig]:
    def make(name: str) -> Rig:
        rig = make_rig(platform=PlatformSettings(mutant=name))
        rig.sign_in()
        return rig

    return make


def bought(rig: Rig, *, refunded: bool = False) -> list[dict[str, Any]]:
    """What was booked of a purchase, and of its refund."""
    settled = rig.settle(P1)
    if refunded:
        assert rig.call("2103", rig.keys(settled))["infcode"] == 0
    assert sum(rig.state("platform")["postings"].values()) == 0
    return rig.events("booked")


def test_without_a_mutant_it_is_the_right_one() -> None:
    assert office_for("") == Office()


def test_an_unknown_mutant_is_said_to_be_unknown() -> None:
    with pytest.raises(ConfigError, match="books-trice"):
        office_for("books-trice")


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("notice-twice", ["payment", "payment", "refund", "refund"]),
        ("no-notice", []),
        ("no-refund-notice", ["payment"]),
    ],
)
def test_notices(open_mutant: Callable[[str], Rig], name: str, kinds: list[str]) -> None:
    rig = open_mutant(name)
    bought(rig, refunded=True)
    assert [notice["kind"] for notice in rig.phone.notices] == kinds


def test_another_split(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("another-split")
    (booking,) = bought(rig)
    assert (booking["account_fen"], rig.balance(P1)) == (OWN - 100, OPENING - OWN + 100)


def test_gives_back_less(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("gives-back-less")
    payment, refund = bought(rig, refunded=True)
    assert payment["total_fen"] + refund["total_fen"] == 1
    assert rig.balance(P1) == OPENING - 1


def test_loses_a_fen(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("loses-a-fen")
    (booking,) = bought(rig)
    assert (booking["account_fen"], booking["balance_fen"]) == (OWN, OPENING - OWN - 1)
    assert rig.balance(P1) == OPENING - OWN - 1


def test_books_twice(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("books-twice")
    first, second = bought(rig)
    assert first["msgid"] == second["msgid"]
    assert first["setl_id"] != second["setl_id"]
    assert rig.balance(P1) == OPENING - 2 * OWN


def test_takes_back_twice(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("takes-back-twice")
    payment, first, second = bought(rig, refunded=True)
    assert first["reverses"] == second["reverses"] == payment["setl_id"]
    assert rig.balance(P1) == OPENING + OWN


def test_books_pre_settlements(open_mutant: Callable[[str], Rig]) -> None:
    rig = open_mutant("books-pre-settlements")
    answer = rig.call("2101", rig.purchase(P1))
    (booking,) = rig.events("booked")
    assert booking["total_fen"] == parse_yuan(answer["output"]["setlinfo"]["medfee_sumamt"])
    assert rig.balance(P1) == OPENING - OWN


def test_every_mutant_says_what_is_wrong_with_it() -> None:
    assert all(text.endswith(".") for text in MUTANTS.values())
    assert len(set(MUTANTS.values())) == len(MUTANTS)
