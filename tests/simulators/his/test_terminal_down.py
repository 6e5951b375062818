"""The terminal dies at the counter, or its clock jumps: a clear end, nothing booked wrongly, the next one is served."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulators.his.clinic_rig import SLOT
from tests.simulators.terminal_rig import Alone, Lonely, terminals_alone

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """Terminals in processes of their own."""
    with terminals_alone(tmp_path / "cards.json") as start:
        yield start


def _during_the_password(terminal: Lonely) -> Callable[[str], None]:
    """Put the card in when it is asked for, and kill the terminal while it asks for the password."""

    def present(what: str) -> None:
        if what == "card":
            terminal.post("/present", {"what": "card", "person": "P001"})
        else:
            terminal.until_asked()
            terminal.kill()

    return present


def _during_the_reading(terminal: Lonely) -> Callable[[str], None]:
    """Kill the terminal instead of putting a card in."""

    def present(what: str) -> None:
        assert what == "card"
        terminal.kill()

    return present


def _next_is_served(clinic: "Clinic") -> None:
    assert clinic.registered("R0002", person="P008")["outcome"] == "accepted"
    clinic.agree()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("killing", "reason"),
    [(_during_the_password, "not-answered"), (_during_the_reading, "card-unreadable")],
    ids=["password", "reading"],
)
def test_a_terminal_that_is_killed(
    open_clinic: Any, alone: Alone, killing: Callable[[Lonely], Callable[[str], None]], reason: str
) -> None:
    terminal = alone()
    clinic: Clinic = open_clinic(terminal=terminal.at)
    clinic.adapter.present = killing(terminal)
    assert clinic.do("lock", order="R0001", slot=SLOT)["outcome"] == "accepted"
    refused = clinic.do("register", order="R0001", use_account=True, by="card")
    assert (refused["outcome"], refused["reason"]) == ("refused", reason)
    assert "终端未应答" in refused["prompt"]
    assert clinic.booked_fen() == 0
    assert clinic.sent("2201", "2207") == []
    clinic.adapter.present = lambda _: None
    again = clinic.do("register", order="R0001", use_account=True, by="card")
    assert again["reason"] == "card-unreadable", "it is still away"
    _next_is_served(clinic)


def test_a_terminal_that_was_never_there(open_clinic: Any) -> None:
    clinic: Clinic = open_clinic(terminal="http://127.0.0.1:9")
    clinic.adapter.present = lambda _: None
    assert clinic.do("lock", order="R0001", slot=SLOT)["outcome"] == "accepted"
    refused = clinic.do("register", order="R0001", use_account=True, by="card")
    assert (refused["outcome"], refused["reason"]) == ("refused", "card-unreadable")
    assert "终端未应答" in refused["prompt"]
    _next_is_served(clinic)


@pytest.mark.parametrize(
    ("hours", "outcome"), [(-1, "accepted"), (-48, "refused")], ids=["an hour", "to a day without a sign-in"]
)
def test_a_clock_set_back_while_a_password_is_asked_for(open_clinic: Any, hours: int, outcome: str) -> None:
    clinic: Clinic = open_clinic()
    present = clinic.adapter.present

    def late(what: str) -> None:
        if what == "card-pin":
            clinic.bench.step(seconds=hours * 3600)
        present(what)

    clinic.adapter.present = late
    assert clinic.registered("R0001", by="card")["outcome"] == outcome
    clinic.bench.step(seconds=-hours * 3600)
    clinic.adapter.present = present
    _next_is_served(clinic)


def test_a_card_pulled_while_its_password_is_asked_for(open_clinic: Any) -> None:
    clinic: Clinic = open_clinic()
    present = clinic.adapter.present

    def pulled(what: str) -> None:
        if what == "card-pin":
            clinic._await("terminal", "VerifyPIN")
            clinic.terminal.pull_card()
        else:
            present(what)

    clinic.adapter.present = pulled
    assert clinic.do("lock", order="R0001", slot=SLOT)["outcome"] == "accepted"
    refused = clinic.do("register", order="R0001", use_account=True, by="card")
    assert (refused["outcome"], refused["reason"]) == ("refused", "card-unreadable")
    assert "卡已拔出" in refused["prompt"]
    assert clinic.booked_fen() == 0
    clinic.adapter.present = present
    _next_is_served(clinic)
