"""`inf_time_tolerance_s`: what was sent too far from the clock is refused, unless it has its answer already."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.wire.institution import check_reply, decode
from simulators.platform.settings import PlatformSettings
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase
from tests.simulators.platform_visit import BUYER

STALE, REUSED = "981087", "981007"
SIGN_IN = {"signIn": {"opter_no": "001", "mac": "", "ip": "10.0.0.7"}}
NOW = "2020-10-14 08:30:00"

Open = Callable[..., Office]


@pytest.fixture
def open_one() -> Iterator[Open]:
    """Opens platforms whose clock stands still, with cashier 001 signed in."""
    opened: list[Office] = []

    def one(**settings: Any) -> Office:
        office = open_office(PlatformSettings(token_check=False, **settings))
        opened.append(office)
        office.seconds = 0
        office.sign_in(PHARMACY)
        return office

    yield one
    for office in opened:
        office.close()


def bought(office: Office, at: str, *, order: str = "A1") -> dict[str, Any]:
    return office.call("2102", purchase(BUYER, order), PHARMACY, inf_time=at)


@pytest.mark.parametrize("at", ["2020-10-14 08:25:00", "2020-10-14 08:35:00", NOW])
def test_up_to_the_tolerance_it_is_taken(open_one: Open, at: str) -> None:
    assert bought(open_one(inf_time_tolerance_s=300), at)["infcode"] == 0


@pytest.mark.parametrize(
    "at", ["2020-10-14 08:24:59", "2020-10-14 08:35:01", "2020-10-13 08:30:00", "0001-01-01 00:00:00"]
)
def test_beyond_it_is_refused_in_the_platforms_own_way_and_nothing_is_booked(open_one: Open, at: str) -> None:
    office = open_one(inf_time_tolerance_s=300)
    answer = bought(office, at)
    assert check_reply("2102", answer) == ()
    assert (answer["infcode"], answer["warn_msg"]) == (-1, STALE)
    assert at in answer["err_msg"]
    assert NOW in answer["err_msg"]
    assert office.ledger.settlements() == []


@pytest.mark.parametrize("at", ["1999-01-01 00:00:00", "2099-12-31 23:59:59"])
def test_without_a_tolerance_it_is_not_compared(open_one: Open, at: str) -> None:
    assert PlatformSettings().inf_time_tolerance_s == 0
    assert bought(open_one(), at)["infcode"] == 0


def test_a_sign_in_is_compared_as_well(open_one: Open) -> None:
    office = open_one(inf_time_tolerance_s=300)
    assert office.call("9001", SIGN_IN, PHARMACY, inf_time="2020-10-14 09:00:00")["warn_msg"] == STALE


def test_what_is_no_time_is_a_wrong_field_and_no_other_refusal(open_one: Open) -> None:
    office = open_one(inf_time_tolerance_s=300)
    for at in ("2020-10-14 08:24", "2020-02-30 08:30:00", "", None, 1602635400):
        assert office.call("2102", purchase(BUYER, "A1"), PHARMACY, inf_time=at)["warn_msg"] == "981003"


def test_the_refusal_is_not_remembered(open_one: Open) -> None:
    office = open_one(inf_time_tolerance_s=300)
    sent = office.request("2102", purchase(BUYER, "A1"), PHARMACY)
    late = sent.replace(NOW.encode(), b"2020-10-14 08:00:00", 1)
    assert decode(office.answer(late))["warn_msg"] == STALE
    assert decode(office.answer(sent))["infcode"] == 0


@pytest.mark.parametrize("infno", ["2102", "1101"])
def test_what_has_its_answer_gets_it_again_whatever_the_time(open_one: Open, infno: str) -> None:
    office = open_one(inf_time_tolerance_s=300)
    query = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": BUYER.id_no}}
    sent = office.request(infno, purchase(BUYER, "A1") if infno == "2102" else query, PHARMACY)
    first = office.answer(sent)
    office.clock.step(seconds=3600)
    assert office.answer(sent) == first, "as it was, an hour later"
    assert office.answer(sent.replace(b'"inf_time":"2020', b'"inf_time":"2019', 1)) == first
    assert len(office.ledger.settlements()) == (infno == "2102")


def test_other_content_under_an_answered_msgid_is_reused_and_not_stale(open_one: Open) -> None:
    office = open_one(inf_time_tolerance_s=300)
    sent = office.request("2102", purchase(BUYER, "A1"), PHARMACY)
    office.answer(sent)
    other = sent.replace(b'"invono":"A1"', b'"invono":"A2"').replace(b'"inf_time":"2020', b'"inf_time":"2019', 1)
    assert decode(office.answer(other))["warn_msg"] == REUSED


def test_a_first_answer_in_the_ledger_counts_after_a_restart(open_one: Open, tmp_path: Path) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    office = open_one(inf_time_tolerance_s=300, ledger=ledger)
    sent = office.request("2102", purchase(BUYER, "A1"), PHARMACY)
    first = office.answer(sent)
    office.runner.run(office.platform.stop())
    other = open_one(inf_time_tolerance_s=300, ledger=ledger)
    other.clock.step(seconds=3600)
    assert other.answer(sent) == first


def test_a_tolerance_below_nought_is_an_error() -> None:
    with pytest.raises(ValueError, match="inf_time_tolerance_s"):
        PlatformSettings(inf_time_tolerance_s=-1)
