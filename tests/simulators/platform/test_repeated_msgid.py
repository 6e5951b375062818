"""A msgid that has its answer, where the platform refuses it instead of giving the answer again."""

from collections.abc import Iterator

import pytest

from simulators.platform.settings import PlatformSettings, RepeatedMsgid
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig, start_rig, stop_rig

P1 = PEOPLE["P001"]


@pytest.fixture(scope="module")
def strict_rig() -> Iterator[Rig]:
    rig = start_rig(platform=PlatformSettings(repeated_msgid=RepeatedMsgid.REFUSE))
    yield rig
    stop_rig(rig)


@pytest.fixture
def rig(strict_rig: Rig) -> Rig:
    reset_rig(strict_rig).sign_in()
    return strict_rig


@pytest.mark.parametrize("infno", ["2102", "2101"])
def test_it_is_refused_and_booked_once(rig: Rig, infno: str) -> None:
    body = rig.request(infno, rig.purchase(P1), signtype="MOCK")
    assert rig.send(body)["infcode"] == 0
    for _ in range(2):
        again = rig.send(body)
        assert (again["infcode"], again["warn_msg"]) == (-1, "981090")
        assert str(body["msgid"]) in again["err_msg"]
    assert len(rig.events("booked")) == (infno == "2102")
    assert rig.events("replayed") == []


def test_a_refusal_is_no_answer_to_be_had_again(rig: Rig) -> None:
    body = rig.request("2102", rig.purchase(P1, insutype="390"), signtype="MOCK")
    assert [rig.send(body)["warn_msg"] for _ in range(2)] == ["981014", "981090"]


def test_what_came_of_it_is_reversed_or_asked_for(rig: Rig) -> None:
    body = rig.request("2102", rig.purchase(P1), signtype="MOCK")
    settled = rig.send(body)
    assert rig.call("5203", rig.keys(settled))["infcode"] == 0
    reversal = {"psn_no": P1.psn_no, "omsgid": body["msgid"], "oinfno": "2102"}
    assert rig.call("2601", {"data": reversal})["infcode"] == 0
    assert rig.send(body)["warn_msg"] == "981090"
    assert rig.balance(P1) == 200_000
