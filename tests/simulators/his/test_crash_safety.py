"""Killed between any two messages, a hospital's counter finds back to what the platform booked.

Each flow is broken off at each of its messages, before the platform has it and after it has acted on it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from harness.faults.catalogue import Effect
from simulators.platform.visits import State
from tests.simulators.his.clinic_rig import ADMISSION, DAY, SLOT, Clinic, visits_at, ward_lines


def locked(clinic: Clinic) -> None:
    """A slot is locked."""
    assert clinic.do("lock", order="R0001", slot=SLOT)["outcome"] == "accepted"


def seen(clinic: Clinic) -> None:
    """The doctor has ordered something."""
    clinic.seen()


def paid(clinic: Clinic) -> None:
    """It is paid."""
    clinic.paid()


def registered(clinic: Clinic) -> None:
    """Registered, no more."""
    assert clinic.registered()["outcome"] == "accepted"


def admitted(clinic: Clinic) -> None:
    """In hospital."""
    assert clinic.admitted()["outcome"] == "accepted"


def charged(clinic: Clinic) -> None:
    """In hospital with fees."""
    admitted(clinic)
    assert clinic.do("charge", order="I0001", lines=ward_lines())["outcome"] == "accepted"


def discharged(clinic: Clinic) -> None:
    """Discharged, not settled."""
    charged(clinic)
    assert clinic.do("discharge", order="I0001", way_out="1")["outcome"] == "accepted"


def settled(clinic: Clinic) -> None:
    """Discharged and settled."""
    discharged(clinic)
    assert clinic.do("settle", order="I0001", use_account=True)["outcome"] == "accepted"


def nobody(_: Clinic) -> None:
    """Nothing has happened."""


Flow = tuple[Callable[[Clinic], None], str, dict[str, Any], list[str]]
FLOWS: dict[str, Flow] = {
    "register": (locked, "register", {"order": "R0001"}, ["1101", "2201", "2203", "2204", "2206", "2207"]),
    "pay": (seen, "pay", {"order": "F0001"}, ["1101", "2203", "2204", "2206", "2207"]),
    "refund-part": (
        paid,
        "refund-part",
        {"order": "F0001", "keep": [0, 2]},
        ["1101", "2208", "2205", "2204", "2206", "2207"],
    ),
    "refund-fees": (paid, "refund", {"order": "F0001"}, ["2208", "2205"]),
    "refund-registration": (registered, "refund", {"order": "R0001", "way": "online"}, ["2208", "2205", "2202"]),
    "admit": (nobody, "admit", {"order": "I0001", **ADMISSION}, ["1101", "2401"]),
    "charge": (admitted, "charge", {"order": "I0001", "lines": ward_lines()}, ["2301"]),
    "cancel-admission": (charged, "cancel-admission", {"order": "I0001"}, ["2302", "2404"]),
    "discharge": (charged, "discharge", {"order": "I0001", "way_out": "1"}, ["2402"]),
    "settle": (discharged, "settle", {"order": "I0001"}, ["1101", "2303", "2304"]),
    "refund-stay": (settled, "refund", {"order": "I0001"}, ["2305"]),
}
FAST = {"register-1-2201", "pay-4-2207", "refund-part-2-2205", "admit-1-2401", "charge-0-2301", "settle-2-2304"}
"""One break of each kind; all of them are for the slow run."""


def _breaks() -> list[Any]:
    found = []
    for name, (_, _, _, infnos) in FLOWS.items():
        for at, infno in enumerate(infnos):
            here = f"{name}-{at}-{infno}"
            for effect in (Effect.LOSE_REQUEST, Effect.LOSE_REPLY):
                fast = here in FAST and effect is Effect.LOSE_REPLY
                marks = () if fast else (pytest.mark.slow,)
                found.append(pytest.param(name, at, effect, id=f"{here}-{effect.value}", marks=marks))
    return found


@pytest.mark.parametrize(("name", "at", "effect"), _breaks())
def test_books_and_platform_agree_after_a_crash(clinic: Clinic, name: str, at: int, effect: Effect) -> None:
    before, do, members, infnos = FLOWS[name]
    before(clinic)
    clinic.fault(infnos[at], effect)
    clinic.begin(do, **members)
    clinic.kill_at(at)
    clinic.adapter.restart()
    clinic.do("sign-in")
    assert clinic.do("resolve") == {"id": clinic.adapter.number, "outcome": "accepted"}
    clinic.agree()
    _nothing_is_left(clinic)
    _goes_on(clinic, name, do, members)


def _nothing_is_left(clinic: Clinic) -> None:
    """No details that nobody will settle, and no visit that nobody has paid for."""
    paid_for = {order for order, _, state in clinic.books() if state == "settled"}
    for visit in visits_at(clinic.bench):
        if visit.state is State.REGISTERED:
            assert visit.number.partition("-")[0] in paid_for, visit
            assert visit.unsettled == []
    assert all(state in {"settled", "refunded", "reversed"} for _, _, state in clinic.books())


def _goes_on(clinic: Clinic, name: str, do: str, members: dict[str, Any]) -> None:
    """What the person came for can still be done, if it was not."""
    book = [state for order, _, state in clinic.books() if order == members["order"]]
    match name:
        case "register":
            if "settled" not in book:
                clinic.do("lock", order="R0001", slot=SLOT)
                again = clinic.do("register", order="R0001")
                assert again["outcome"] == "accepted", again
        case "pay" | "refund-part" | "settle":
            if "settled" not in book:
                again = clinic.do("settle" if name == "settle" else "pay", order=members["order"])
                assert again["outcome"] == "accepted", again
                assert again["amounts"]["total"] == {"pay": "288.05", "refund-part": "88.05", "settle": "3110.00"}[name]
        case "refund-fees" | "refund-registration" | "refund-stay":
            again = clinic.do(do, **members)
            assert again["outcome"] == ("accepted" if "settled" in book else "refused"), again
        case "admit":
            visits = visits_at(clinic.bench)
            assert all(visit.state is State.CANCELLED for visit in visits) or clinic.admitted().get("error")
        case "charge":
            assert clinic.do("charge", order="I0001", lines=ward_lines())["outcome"] == "accepted"
            assert clinic.do("discharge", order="I0001")["outcome"] == "accepted"
            assert clinic.do("settle", order="I0001")["amounts"]["total"] in {"3110.00", "6220.00"}
        case "discharge":
            if visits_at(clinic.bench)[0].state is State.ADMITTED:
                assert clinic.do("discharge", order="I0001")["outcome"] == "accepted"
            assert clinic.do("settle", order="I0001")["outcome"] == "accepted"
        case _:
            if visits_at(clinic.bench)[0].state is not State.CANCELLED:
                assert clinic.do("cancel-admission", order="I0001")["outcome"] == "accepted"
            assert clinic.admitted()["outcome"] == "accepted"
    clinic.agree()


def test_lock_survives_a_crash(clinic: Clinic) -> None:
    locked(clinic)
    clinic.adapter.kill()
    clinic.adapter.restart()
    assert clinic.do("slots", day=DAY)["slots"][0]["free"] == 2
    assert clinic.do("register", order="R0001")["outcome"] == "accepted"


def test_record_to_pay_survives_a_crash(clinic: Clinic) -> None:
    clinic.seen()
    clinic.adapter.kill()
    clinic.adapter.restart()
    assert [record["order"] for record in clinic.do("pending")["records"]] == ["F0001"]
