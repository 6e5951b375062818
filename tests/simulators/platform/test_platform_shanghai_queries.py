"""What Shanghai's front machine tells itself: a message's fate, a day's totals, a card; also after a restart."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock
from harness.errors import ConfigError
from harness.faults.schedule import FaultSchedule
from harness.line.http import TapedServer
from harness.line.tape import Tape
from harness.wire import shanghai
from simulators.platform import SIMULATOR
from simulators.platform.settings import PlatformSettings
from tests.simulators.hospital_rig import HOSPITAL
from tests.simulators.insurer_rig import Rig, start_rig, stop_rig
from tests.simulators.platform.test_platform_shanghai import Counter
from tests.simulators.platform.test_platform_shanghai_hospital import P1, SCOPE, TOTAL, WHO, Clinic

DAY = "2020-10-14"
NOTHING = dict.fromkeys(shanghai.COLLATED, "0.00")


def msgid(number: int) -> str:
    """A message id of the hospital's."""
    return f"{HOSPITAL.code[:12]}20201014{number:09d}"


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    rig = start_rig(profile="shanghai")
    yield Clinic(rig, HOSPITAL)
    stop_rig(rig)


def fate(clinic: Counter, of: str) -> dict[str, Any]:
    """The answer to SI91."""
    answer = clinic.send("SI91", {"ymsgid": of})
    assert answer["xxfhm"] == "P001"
    found: dict[str, Any] = answer["xxnr"]
    return found


def settled(clinic: Clinic, number: int = 800) -> dict[str, Any]:
    """A visit, settled under a message id."""
    visit = clinic.visit()
    clinic.upload(visit, "B1")
    return clinic.settled(visit, msgid=msgid(number))


def refund(paid: Mapping[str, Any]) -> dict[str, object]:
    """What takes a settlement back."""
    return {"translsh": paid["lsh"], "jzdyh": paid["jzdyh"], **WHO, "yllb": "11", "totalexpense": TOTAL}


# --- SI91 ---


def test_a_messages_fate_is_told_from_the_books(clinic: Clinic) -> None:
    assert fate(clinic, msgid(800)) == {"paystatus": "0"}
    paid = settled(clinic)
    told = fate(clinic, msgid(800))
    assert told["paystatus"] == "1"
    assert {name: told[name] for name in ("lsh", "jzdyh", "personno", "totalexpense", "fundpay", "cashpay")} == {
        name: paid[name] for name in ("lsh", "jzdyh", "personno", "totalexpense", "fundpay", "cashpay")
    }
    clinic.done("SK01", refund(paid), msgid=msgid(801))
    assert fate(clinic, msgid(800))["paystatus"] == "2"
    assert fate(clinic, msgid(801))["totalexpense"] == f"-{TOTAL}"
    clinic.done("SK01", {"ymsgid": msgid(801), "ymsglx": "SK01", "yllb": "11", **WHO})
    assert [fate(clinic, msgid(n))["paystatus"] for n in (800, 801)] == ["1", "3"]
    clinic.done("SK01", {"ymsgid": msgid(800), "ymsglx": "SI12", "yllb": "11", **WHO})
    assert fate(clinic, msgid(800))["paystatus"] == "3"


def test_a_barred_message_will_never_be_booked(clinic: Clinic) -> None:
    assert clinic.send("SK01", {"ymsgid": msgid(7), "ymsglx": "SI12", "yllb": "11", **WHO})["xxfhm"] == "981027"
    assert fate(clinic, msgid(7)) == {"paystatus": "3"}


def test_another_institutions_messages_are_nothing_here(clinic: Clinic) -> None:
    settled(clinic)
    assert fate(Counter(clinic.rig), msgid(800)) == {"paystatus": "0"}


def test_a_message_that_waits_for_a_password_is_under_way(clinic: Clinic) -> None:
    counter = Counter(clinic.rig)
    basket = counter.basket()
    number = counter.send("SI11", basket)["xxnr"]["jssqxh"]
    asked = f"{counter.institution.code[:12]}20201014000000900"
    since = clinic.rig.tape.seq
    with ThreadPoolExecutor(1) as hands:
        answer = hands.submit(counter.send, "SI12", {**basket, "jssqxh": number}, msgid=asked)
        clinic.rig.wait_for("prompt-shown", since=since)
        assert fate(counter, asked) == {"paystatus": "4"}
        assert counter.send("SI12", {**basket, "jssqxh": number})["xxfhm"] == "982009", "its number is taken"
        clinic.rig.answer_prompt(None)
        assert answer.result(timeout=60)["xxfhm"] == "981021"
    assert fate(counter, asked) == {"paystatus": "0"}
    assert counter.settle({**basket, "jssqxh": number})["xxfhm"] == "P001", "after a refusal it may be named again"


def test_a_settlement_is_told_by_its_serial_number(clinic: Clinic) -> None:
    paid = settled(clinic)
    keys = {"translsh": paid["lsh"], "jzdyh": paid["jzdyh"], **WHO}
    assert clinic.done("SI91", keys)["cashpay"] == paid["cashpay"]
    assert clinic.send("SI91", {**keys, "jzdyh": "M0"})["xxfhm"] == "981024"


# --- SL01 ---


def totals(paid: Mapping[str, Any], **changed: object) -> dict[str, object]:
    """What SL01 says of one settlement."""
    found = {name: paid.get(name, "0.00") for name in shanghai.COLLATED}
    return {"daycollate": DAY, "daycount": "1", **found, "curaccountpay": paid["accountpay"], **changed}


def test_a_day_is_level_or_warned_of(clinic: Clinic) -> None:
    empty = {"daycollate": DAY, "daycount": 0, **NOTHING}
    assert clinic.done("SL01", empty) == {"daycollate": DAY, "resultcollate": "000000"}
    paid = settled(clinic)
    assert clinic.done("SL01", totals(paid))["resultcollate"] == "000000"
    for wrong, result in (
        (empty, "000101"),
        (totals(paid, daycount="2"), "000102"),
        (totals(paid, cashpay="9999.00", fundpay="0.00"), "000103"),
        (totals(paid, totalexpense="195.01"), "000102"),
    ):
        answer = clinic.send("SL01", wrong)
        assert (answer["xxfhm"], answer["xxnr"]["resultcollate"]) == ("P900", result)
        assert f"totalexpense={TOTAL}" in answer["fhxx"]
    clinic.done("SK01", refund(paid))
    twice = {"daycollate": DAY, "daycount": "2", **NOTHING}
    assert clinic.done("SL01", twice)["resultcollate"] == "000000", "a refund counts, and takes its amounts off"
    assert Counter(clinic.rig).send("SL01", empty)["xxfhm"] == "P001", "another institution's day is its own"


def test_what_was_reversed_counts_on_no_day(clinic: Clinic) -> None:
    settled(clinic)
    clinic.done("SK01", {"ymsgid": msgid(800), "ymsglx": "SI12", "yllb": "11", **WHO})
    assert clinic.done("SL01", {"daycollate": DAY, "daycount": "0", **NOTHING})["resultcollate"] == "000000"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("SL01", {}),
        ("SL01", {"daycollate": "2020-02-30", "daycount": "0", **NOTHING}),
        ("SL01", {"daycollate": DAY, "daycount": "1.5", **NOTHING}),
        ("SL01", {"daycollate": DAY, "daycount": "0", **NOTHING, "cashpay": "1e3"}),
        ("SL01", {"daycollate": DAY, "daycount": "0", **NOTHING, "fundpay": "NaN"}),
        ("SL01", {"daycollate": DAY, "daycount": "0", **NOTHING, "fundpay": True}),
        ("SL01", {"daycollate": DAY, "daycount": [], **NOTHING}),
        ("SI91", {}),
        ("SI91", {"ymsgid": 7}),
        ("SI91", {"ymsgid": "x" * 31}),
    ],
)
def test_a_query_with_wrong_members_is_refused_and_names_them(
    clinic: Clinic, kind: str, told: dict[str, object]
) -> None:
    answer = clinic.send(kind, told)
    assert answer["xxfhm"] == "981003"
    assert "xxnr" in answer["fhxx"]
    assert answer["xxnr"] == {}


@pytest.mark.parametrize("kind", ["SI91", "SL01", "S000"])
@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        ({"jgdm": "H00000000000"}, "981003"),
        ({"jgdm": "X00000000000", "msgid": "X0000000000020201014000000001"}, "981004"),
        ({"msgid": "1"}, "981003"),
        ({"msgid": None}, "981003"),
        ({"czybm": ""}, "981003"),
        ({"jysj": "yesterday"}, "981003"),
        ({"jgdm": {"a": 1}}, "981003"),
    ],
)
def test_a_query_with_a_wrong_envelope_is_refused(
    clinic: Clinic, kind: str, envelope: dict[str, object], code: str
) -> None:
    told: dict[str, object] = {"ymsgid": msgid(1)} if kind == "SI91" else {"daycollate": DAY, "daycount": 0, **NOTHING}
    assert clinic.send(kind, told, **envelope)["xxfhm"] == code


# --- a restart ---


def test_after_a_restart_numbers_are_gone_and_the_books_are_there(tmp_path: Path) -> None:
    books = PlatformSettings(ledger=str(tmp_path / "ledger.db"))
    rig = start_rig(profile="shanghai", platform=books)
    before = Clinic(rig, HOSPITAL)
    paid = settled(before)
    visit = before.visit("V2")
    before.upload(visit, "B1")
    bill = before.bill(visit)
    offered = before.done("SI11", bill)
    stop_rig(rig)

    rig = start_rig(profile="shanghai", platform=books)
    rig.numbers = 500
    after = Clinic(rig, HOSPITAL)
    confirm = {**bill, **{name: offered[name] for name in SCOPE}, "jssqxh": offered["jssqxh"]}
    refused = after.send("SI12", confirm)
    assert refused["xxfhm"] == "982009"
    assert offered["jssqxh"] in refused["fhxx"]
    assert rig.events("booked") == []
    assert fate(after, msgid(800))["paystatus"] == "1"
    assert fate(after, msgid(800))["lsh"] == paid["lsh"]
    assert after.done("SL01", totals(paid))["resultcollate"] == "000000"
    again = after.done("SI11", bill)
    assert after.done("SI12", {**confirm, "jssqxh": again["jssqxh"]})["totalexpense"] == TOTAL
    stop_rig(rig)


def test_what_was_booked_is_answered_under_its_message_after_a_restart(tmp_path: Path) -> None:
    books = PlatformSettings(ledger=str(tmp_path / "ledger.db"))
    rig = start_rig(profile="shanghai", platform=books)
    before = Clinic(rig, HOSPITAL)
    visit = before.visit()
    before.upload(visit, "B1")
    bill = before.bill(visit)
    offered = before.done("SI11", bill)
    confirm = {**bill, **{name: offered[name] for name in SCOPE}, "jssqxh": offered["jssqxh"]}
    paid = before.done("SI12", confirm, msgid=msgid(800))
    stop_rig(rig)

    rig = start_rig(profile="shanghai", platform=books)
    assert Clinic(rig, HOSPITAL).done("SI12", confirm, msgid=msgid(800)) == paid
    assert rig.events("booked") == []
    stop_rig(rig)


def test_several_processes_are_refused_since_numbers_live_in_one() -> None:
    clock = BenchClock()
    with Tape(clock) as tape:
        context = SimulatorContext(
            name="platform", clock=clock, tape=tape, seed=1, faults=FaultSchedule("platform", tape), profile="shanghai"
        )
        with pytest.raises(ConfigError, match="serves from one process only"):
            SIMULATOR.create(context, PlatformSettings(workers=2))


# --- S000 ---


@dataclass
class Reader:
    """A terminal that answers as told."""

    rig: Rig
    answer: dict[str, object] = field(default_factory=dict)
    status: int = 200
    asked: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        app = Starlette(routes=[Route("/HeaSecReadInfo/ReadCardBas", self._read, methods=["POST"])])
        self.server = TapedServer(app, name="terminal", tape=self.rig.tape)

    async def _read(self, request: Request) -> Response:
        self.asked.append(json.loads(await request.body()))
        return JSONResponse(self.answer, status_code=self.status)


@pytest.fixture
def reader(clinic: Clinic) -> Iterator[Reader]:
    found = Reader(clinic.rig)
    clinic.rig.loop.call(found.server.start())
    connect: Callable[[Mapping[str, str]], None] = clinic.rig.platform.connect
    peers = {"voucher-centre": clinic.rig.centre_at, "terminal": found.server.address}

    async def connected() -> None:
        connect(peers)

    clinic.rig.loop.call(connected())
    yield found
    clinic.rig.loop.call(found.server.stop())


def test_a_card_is_read_at_the_institutions_terminal(clinic: Clinic, reader: Reader) -> None:
    reader.answer = {"code": 0, "cardInfo": f"639900|1|{P1.card_no}|2"}
    assert clinic.done("S000", {}) == {"cardinfo": f"639900|1|{P1.card_no}|2"}
    assert reader.asked == [{"orgId": HOSPITAL.code}]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("no-card", "P101"),
        ("cancelled", "P101"),
        ("card-pulled-out", "P101"),
        ("card-unreadable", "P100"),
        ("card-wrong-kind", "P100"),
        ("busy", "P100"),
        ("", "P100"),
    ],
)
def test_no_card_and_a_reader_that_fails_have_codes_of_their_own(
    clinic: Clinic, reader: Reader, reason: str, code: str
) -> None:
    reader.answer = {"code": -1, "reason": reason, "message": "为什么"}
    answer = clinic.send("S000", {})
    assert (answer["xxfhm"], answer["fhxx"], answer["xxnr"]) == (code, "为什么", {})


def test_a_reader_that_does_not_answer_is_no_reader(clinic: Clinic) -> None:
    assert clinic.send("S000", {})["xxfhm"] == "P100"
