"""2601 of a 2207A: as 2207 where oinfno has four characters, by its whole name where it has six."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.wire.profile import load_profile
from simulators.platform import app
from tests.simulators.hospital_rig import HOSPITAL, Hospital
from tests.simulators.insurer_rig import PEOPLE, Rig

P1 = PEOPLE["P001"]


@pytest.fixture
def hospital_with(make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Hospital]:
    def make(length: int) -> Hospital:
        monkeypatch.setattr(app, "load_profile", lambda name: replace(load_profile(name), oinfno_length=length))
        rig = make_rig()
        rig.sign_in(HOSPITAL.code)
        return Hospital(rig)

    return make


def reversal(hospital: Hospital, settled: dict[str, Any], oinfno: str) -> str:
    msgid = settled["output"]["setlinfo"]["medins_setl_id"]
    answer = hospital.call("2601", {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": oinfno}})
    return str(answer["warn_msg"])


@pytest.mark.parametrize(
    ("length", "tried"),
    [(4, [("2207A", "981003"), ("2304", "981028"), ("2207", "")]), (6, [("2207", "981028"), ("2207A", "")])],
)
def test_it_is_named_as_far_as_there_is_room(
    hospital_with: Callable[[int], Hospital], length: int, tried: list[tuple[str, str]]
) -> None:
    hospital = hospital_with(length)
    settled = hospital.done("2207A", hospital.settle_input(P1, hospital.visit(P1)))
    for oinfno, code in tried:
        assert reversal(hospital, settled, oinfno) == code, oinfno
    assert hospital.rig.balance(P1) == 200_000
