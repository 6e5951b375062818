"""Registrations at the reference adapter: slots and locks, payment, what a failure leaves behind, refunds."""

from typing import TYPE_CHECKING, Any

import pytest

from harness.faults.catalogue import Effect
from simulators.platform.visits import State
from tests.simulators.his.clinic_rig import DAY, SINGLE, SLOT, visits_at
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic

LOCK_ENDS = "2020-10-14 08:45:00"
FLOW = ["1101", "2201", "2203", "2204", "2206", "2207"]


def free(clinic: "Clinic", slot: str, **members: Any) -> int:
    """How many places of a slot are free."""
    shown = clinic.do("slots", day=DAY, **members)["slots"]
    return int(next(row["free"] for row in shown if row["slot"] == slot))


def test_registration_is_paid_and_booked(clinic: "Clinic") -> None:
    assert free(clinic, SLOT) == 3
    done = clinic.registered()
    assert (done["outcome"], done["slot"], done["amounts"]["total"]) == ("accepted", SLOT, "12.00")
    assert clinic.flow() == FLOW
    assert free(clinic, SLOT) == 2
    assert clinic.books() == [("R0001", "2207", "settled")]
    clinic.agree()
    opened = clinic.sent("2201")[0]["input"]["data"]
    assert opened["begntime"] == f"{DAY} 08:00:00"
    assert clinic.asked("ec.query")[0]["data"]["businessType"] == "01101"


def test_scope_amounts_are_those_of_the_upload(clinic: "Clinic") -> None:
    clinic.registered()
    settled = clinic.sent("2207")[0]["input"]["data"]
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    assert [settled[name] for name in names] == ["0.00", "2.00", "0.00", "10.00"]


def test_slots_of_the_past_are_not_offered(clinic: "Clinic") -> None:
    morning = [slot["slot"] for slot in clinic.do("slots", day="2020-10-14")["slots"]]
    afternoon = [slot["slot"] for slot in clinic.do("slots", day="2020-10-14", at="2020-10-14 12:00:00")["slots"]]
    assert any(slot.endswith("AM") for slot in morning)
    assert afternoon == [slot for slot in morning if slot.endswith("PM")]
    assert clinic.do("slots", day="2020-10-13")["slots"] == []
    assert clinic.do("lock", order="R1", slot="S20201013-0101-AM")["reason"] == "no-such-slot"
    assert clinic.do("lock", order="R1", slot="S20201016-9999-AM")["reason"] == "no-such-slot"
    assert clinic.do("lock", order="R1", slot="nonsense")["reason"] == "no-such-slot"


def test_unpaid_lock_ends_by_itself(clinic: "Clinic") -> None:
    locked = clinic.do("lock", order="R0001", slot=SINGLE)
    assert locked["until"] == LOCK_ENDS
    assert clinic.do("lock", order="R0002", slot=SINGLE)["reason"] == "slot-taken"
    assert clinic.do("lock", order="R0002", slot=SINGLE, at="2020-10-14 08:44:59")["reason"] == "slot-taken"
    assert clinic.do("register", order="R0001", at=LOCK_ENDS)["reason"] == "lock-expired"
    assert clinic.flow() == []
    assert clinic.do("lock", order="R0002", slot=SINGLE, at=LOCK_ENDS)["outcome"] == "accepted"


def test_lock_can_be_given_up(clinic: "Clinic") -> None:
    clinic.do("lock", order="R0001", slot=SINGLE)
    assert clinic.do("release", order="R0001")["outcome"] == "accepted"
    assert clinic.do("release", order="R0001")["reason"] == "lock-expired"
    assert clinic.do("register", order="R0001")["reason"] == "lock-expired"
    assert free(clinic, SINGLE) == 1


def test_orders_are_used_once(clinic: "Clinic") -> None:
    clinic.registered()
    assert "in use" in clinic.do("lock", order="R0001", slot=SINGLE)["error"]
    assert "settled already" in clinic.do("register", order="R0001")["error"]
    assert "is paid" in clinic.do("release", order="R0001")["error"]


def test_nothing_happens_without_sign_in(open_clinic: Any) -> None:
    clinic = open_clinic(sign_in=False)
    clinic.do("lock", order="R0001", slot=SLOT)
    assert clinic.do("register", order="R0001")["reason"] == "not-signed-in"
    assert clinic.asked("ec.query") == []


FAILURES = [
    pytest.param(
        infno, effect, id=f"{infno}-{effect.value}", marks=() if (infno, effect) in FAST else (pytest.mark.slow,)
    )
    for FAST in ({("2201", Effect.LOSE_REPLY), ("2204", Effect.EMPTY_BODY), ("2207", Effect.LOSE_REPLY)},)
    for infno in ("2201", "2203", "2204", "2206", "2207")
    for effect in (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.EMPTY_BODY)
]


@loses
@pytest.mark.parametrize(("infno", "effect"), FAILURES)
def test_failure_leaves_nothing_at_the_platform(clinic: "Clinic", infno: str, effect: Effect) -> None:
    clinic.fault(infno, effect)
    assert clinic.registered(slot=SINGLE)["reason"] == "platform-unavailable"
    assert [visit.state for visit in visits_at(clinic.bench)] in ([], [State.CANCELLED])
    assert free(clinic, SINGLE) == 1
    clinic.agree()
    assert clinic.registered(slot=SINGLE)["outcome"] == "accepted", "the same order may be tried anew"
    clinic.agree()


@loses
def test_unknown_settlement_holds_the_slot_until_it_is_known(clinic: "Clinic") -> None:
    clinic.fault("2207")
    for nth in (1, 2, 3):
        clinic.fault("2601", Effect.BAD_GATEWAY, nth=nth)
    unknown = clinic.registered(slot=SINGLE)
    assert unknown["outcome"] == "unknown"
    assert unknown["msgid"] == clinic.sent("2207")[0]["msgid"]
    assert free(clinic, SINGLE) == 0
    assert clinic.do("resolve")["outcome"] == "accepted"
    assert free(clinic, SINGLE) == 1
    assert clinic.sent("2601")[-1]["input"]["data"]["oinfno"] == "2207"
    assert [visit.state for visit in visits_at(clinic.bench)] == [State.CANCELLED]
    clinic.agree()


def test_online_refund_before_the_day(clinic: "Clinic") -> None:
    clinic.registered(slot=SINGLE)
    back = clinic.do("refund", order="R0001", way="online")
    assert (back["outcome"], back["amounts"]["total"]) == ("accepted", "-30.00")
    assert clinic.flow(since="2207") == ["2208", "2205", "2202"]
    assert clinic.sent("2208")[0]["opter_type"] == "3"
    assert free(clinic, SINGLE) == 1
    assert clinic.do("refund", order="R0001", way="online")["reason"] == "already-refunded"
    assert clinic.books() == [("R0001", "2207", "refunded")]
    clinic.agree()


def test_refund_on_the_day_is_at_the_window_only(clinic: "Clinic") -> None:
    clinic.registered()
    clinic.do("sign-in", at=f"{DAY} 07:00:00")
    assert clinic.do("refund", order="R0001", way="online", at=f"{DAY} 07:00:00")["reason"] == "refund-at-window"
    assert clinic.sent("2208") == []
    assert clinic.do("refund", order="R0001", way="window", at=f"{DAY} 07:00:00")["outcome"] == "accepted"


def test_registration_with_paid_fees_is_not_refunded(clinic: "Clinic") -> None:
    clinic.paid()
    assert clinic.do("refund", order="R0001")["reason"] == "has-fees"
    assert clinic.do("refund", order="F0001")["outcome"] == "accepted"
    assert clinic.do("refund", order="R0001")["outcome"] == "accepted"


@loses
def test_refund_in_doubt_is_reversed(clinic: "Clinic") -> None:
    clinic.registered(slot=SINGLE)
    clinic.fault("2208")
    assert clinic.do("refund", order="R0001")["reason"] == "platform-unavailable"
    assert clinic.sent("2601")[0]["input"]["data"]["oinfno"] == "2208"
    assert free(clinic, SINGLE) == 0
    clinic.agree()
    assert clinic.do("refund", order="R0001")["outcome"] == "accepted"
    clinic.agree()
