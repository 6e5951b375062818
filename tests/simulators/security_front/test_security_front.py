"""The security front: two fronts understand each other; an encryption machine signs for one, and is not believed."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.bench.settings import read_settings
from harness.clock import BenchClock
from harness.devices.encryption_machine import EncryptionMachine
from harness.errors import ConfigError
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.gm import PrivateKey
from harness.line.address import parse_address
from harness.line.record import Kind
from harness.line.tape import Tape
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.mobile_payment import spell_public_key
from simulators.encryption_machine import SIMULATOR as MACHINE
from simulators.encryption_machine.settings import EncryptionMachineSettings
from simulators.security_front import SIMULATOR
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import SecurityFrontSettings, Side

SEED = 7
DATA = {"payOrdId": "ORD639900202010140830000000001", "feeSumamt": "12.50", "userName": "张三", "list": [{"b": 1}]}
LONG = {**DATA, "feedetailList": [{"medListCodg": f"XP{number:06d}", "cnt": "1"} for number in range(20)]}
TOO_LONG = {**DATA, "feedetailList": [{"medListCodg": f"XP{number:06d}", "cnt": "1"} for number in range(90)]}


@dataclass
class Bench:
    """Everything that runs, on one clock and one tape."""

    loop: LoopThread
    clock: BenchClock
    tape: Tape
    http: httpx.Client
    simulators: dict[str, Simulator]
    at: dict[str, Endpoints]
    faults: dict[str, FaultSchedule]

    def post(self, name: str, door: str, body: Any) -> tuple[int, dict[str, Any]]:
        """What a door answers."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        reply = self.http.post(f"{self.at[name].at}/{door}", **content)
        return reply.status_code, reply.json()

    def seal(self, name: str, data: Any = DATA, **members: Any) -> dict[str, Any]:
        """An envelope."""
        status, answer = self.post(name, "seal", {"service": "6202", "data": data, **members})
        assert (status, answer["code"]) == (200, 0), answer
        envelope: dict[str, Any] = answer["envelope"]
        return envelope

    def events(self, name: str) -> list[dict[str, Any]]:
        """What a device left on the tape."""
        records = self.tape.recent()
        return [dict(record.event) for record in records if record.kind is Kind.EVENT and record.channel == name]

    def add(self, name: str, kind: Any, settings: Any, *, seed: int = SEED) -> None:
        """Start one more device."""
        self.faults[name] = FaultSchedule(name, self.tape)
        context = SimulatorContext(name=name, clock=self.clock, tape=self.tape, seed=seed, faults=self.faults[name])

        async def bring_up() -> None:
            self.simulators[name] = kind.create(context, settings)
            self.at[name] = await self.simulators[name].start()
            self.simulators[name].connect({"encryption-machine": self.at["machine"].at} if "machine" in self.at else {})

        self.loop.call(bring_up())

    def as_new(self) -> "Bench":
        """For the next test."""
        for schedule in self.faults.values():
            schedule.clear()
        self.clock.rewind()
        for simulator in self.simulators.values():
            self.loop.call(simulator.reset(seed=SEED))
        self.tape.forget()
        return self

    def close(self) -> None:
        """Stop everything."""

        async def stop() -> None:
            await asyncio.gather(*(simulator.stop() for simulator in self.simulators.values()))

        self.http.close()
        self.loop.call(stop())
        self.loop.close()

    def fault(self, message: str, effect: Effect) -> None:
        """Schedule a fault at the machine."""
        self.faults["machine"].plan(Fault(party="machine", message=message, effect=effect))


def new_bench() -> Bench:
    """Nothing runs yet; end it with its `close`."""
    clock = BenchClock()
    return Bench(
        loop=LoopThread(),
        clock=clock,
        tape=Tape(clock),
        http=httpx.Client(trust_env=False, timeout=60),
        simulators={},
        at={},
        faults={},
    )


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = new_bench()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_pair() -> Iterator[Bench]:
    bench = new_bench()
    bench.add("hospital", SIMULATOR, SecurityFrontSettings())
    bench.add("centre", SIMULATOR, SecurityFrontSettings(side=Side.CENTRE))
    yield bench
    bench.close()


@pytest.fixture
def pair(shared_pair: Bench) -> Bench:
    """An institution and the centre, each with keys of the seed."""
    return shared_pair.as_new()


@pytest.fixture
def with_machine(shared_machine: Bench) -> Bench:
    """The institution's keys are in an encryption machine, index 1."""
    return shared_machine.as_new()


@pytest.fixture(scope="module")
def shared_machine() -> Iterator[Bench]:
    bench = new_bench()
    bench.add("machine", MACHINE, EncryptionMachineSettings())
    bench.add("hospital", SIMULATOR, SecurityFrontSettings(machine="bench", timeout_ms=500))
    with EncryptionMachine(parse_address(bench.at["machine"].at), load_host_profile("tass-sjj1310")) as driver:
        own = spell_public_key(driver.public_key(1))
    bench.add("centre", SIMULATOR, SecurityFrontSettings(side=Side.CENTRE, peer_key=own))
    yield bench
    bench.close()


def test_a_plain_message_goes_out_sealed_and_is_opened_by_the_other_side(pair: Bench) -> None:
    status, answer = pair.post("hospital", "seal", {"service": "6202", "data": DATA, "extra": {"trace": "1"}})
    assert status == 200
    assert answer["path"] == "/org/local/api/hos/pay_order"
    envelope = answer["envelope"]
    assert "data" not in envelope
    assert envelope["extra"] == {"trace": "1"}
    status, opened = pair.post("centre", "open", envelope)
    assert (status, opened["code"], opened["data"]) == (200, 0, DATA)
    assert opened["signed"] is opened["encrypted"] is True
    assert [record.name for record in pair.tape.recent() if record.channel == "hospital"] == ["sealed"]
    status, reply = pair.post("centre", "seal-reply", {"code": 0, "message": "成功", "data": {"ordStas": "6"}})
    assert pair.post("hospital", "open-reply", reply["envelope"])[1]["data"] == {"ordStas": "6"}
    assert "张三" not in str(pair.events("hospital") + pair.events("centre"))


def test_numbers_keep_their_digits_through_both_doors(pair: Bench) -> None:
    sealed = pair.post("hospital", "seal", b'{"service":"6202","data":{"feeSumamt":12.50}}')[1]["envelope"]
    raw = pair.http.post(pair.at["centre"].at + "/open", json=sealed).content
    assert b'"feeSumamt":12.50' in raw


def test_refusals_are_documented_ones(pair: Bench) -> None:
    envelope = pair.seal("hospital")
    for body, code, pain in (
        ({**envelope, "appId": "x" * 32}, 114, "app-id"),
        ({**envelope, "signData": ""}, 970030, "signature-missing"),
        ({**envelope, "timestamp": "1602635400001"}, 970044, "signature-wrong"),
        (b"<html>", 970001, "no-envelope"),
    ):
        status, answer = pair.post("centre", "open", body)
        assert (status, answer["code"], answer["pain"]) == (200, code, pain)
        assert answer["message"]
        assert answer["remedy"]
        assert "data" not in answer
    assert pair.post("hospital", "open", envelope)[1]["pain"] == "own-key"
    pains = [event for event in pair.events("centre") if "pain" in event]
    assert [event["pain"] for event in pains] == ["app-id", "signature-missing", "signature-wrong", "no-envelope"]
    pair.clock.step(seconds=301)
    assert pair.post("centre", "open", envelope)[1]["pain"] == "timestamp-away"
    no = pair.post("centre", "seal-reply", {"code": 114, "message": "不一致"})[1]["envelope"]
    assert pair.post("hospital", "open-reply", no)[1]["pain"] == "refused"


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("seal", b""),
        ("seal", b"[]"),
        ("seal", b"\xff"),
        ("seal", {"service": "6202"}),
        ("seal", {"data": []}),
        ("seal", {"data": {}, "extra": 1}),
        ("seal", {"data": {}, "more": 1}),
        ("seal", b'{"data":{"a":1,"a":2}}'),
        ("seal", b'{"data":{"a":1e999999999}}'),
        ("seal", b'{"data":' + b'{"a":' * 100 + b"1" + b"}" * 101),
        ("seal", b"[" * 100_000),
        ("seal-reply", {"code": "0"}),
        ("seal-reply", {"code": True}),
        ("seal-reply", {"data": []}),
    ],
)
def test_what_is_no_request_is_http_400(pair: Bench, door: str, body: Any) -> None:
    status, answer = pair.post("hospital", door, body)
    assert status == 400
    assert answer["error"]
    assert pair.seal("hospital")


def test_a_body_that_is_too_long_is_http_413(pair: Bench) -> None:
    assert pair.post("hospital", "open", b" " * ((1 << 20) + 1))[0] == 413


def test_the_same_seed_makes_the_same_envelopes(pair: Bench) -> None:
    first = pair.seal("hospital")
    assert pair.seal("hospital") == first
    pair.loop.call(pair.simulators["hospital"].reset(seed=SEED))
    assert pair.seal("hospital") == first
    pair.loop.call(pair.simulators["hospital"].reset(seed=8))
    assert pair.seal("hospital")["signData"] != first["signData"]
    assert pair.post("centre", "open", pair.seal("hospital"))[1]["pain"] == "signature-wrong"


def test_the_machine_signs_and_the_centre_opens(with_machine: Bench) -> None:
    for data in (DATA, LONG):
        assert with_machine.post("centre", "open", with_machine.seal("hospital", data))[1]["data"] == data
        sealed = with_machine.seal("centre", data)
        assert with_machine.post("hospital", "open", sealed)[1]["data"] == data
    status, answer = with_machine.post("hospital", "open", {**with_machine.seal("centre"), "encData": "00" * 32})
    assert (status, answer["pain"]) == (200, "cipher-wrong")
    forged = {**with_machine.seal("centre"), "timestamp": "1602635400001"}
    assert with_machine.post("hospital", "open", forged)[1]["pain"] == "signature-wrong"
    state = with_machine.http.get(with_machine.at["hospital"].also["control"] + "/state").json()
    assert state["machine"] == with_machine.at["machine"].at
    assert state["settings"]["secret"] == ""


def test_a_message_longer_than_the_machine_signs_is_said_so(with_machine: Bench) -> None:
    status, answer = with_machine.post("hospital", "seal", {"service": "6201", "data": TOO_LONG})
    assert status == 503
    assert "cannot be spelled" in answer["problem"]
    assert with_machine.seal("hospital")


@pytest.mark.parametrize(
    ("door", "message", "effect", "status"),
    [
        ("seal", "E5", Effect.SIGNATURE_BIT, 502),
        ("seal", "E5", Effect.SIGNATURE_SWAPPED, 502),
        ("seal", "E5", Effect.SIGNATURE_WITHOUT_ZA, 502),
        ("seal", "E5", Effect.SIGNATURE_OTHER_ID, 502),
        ("seal", "E5", Effect.KEY_MISMATCH, 503),
        ("seal", "E5", Effect.KEY_ROTATED, 502),
        ("seal", "E5", Effect.SIGNATURE_DER, 502),
        ("seal", "E5", Effect.SILENCE, 503),
        ("seal", "E5", Effect.BUSY, 503),
        ("seal", "E5", Effect.CUT_IN_BODY, 200),
        ("open", "E6", Effect.VERIFY_SAYS_BAD, 502),
        ("forged", "E6", Effect.VERIFY_SAYS_GOOD, 502),
    ],
)
def test_what_the_machine_claims_is_computed_again(
    with_machine: Bench, door: str, message: str, effect: Effect, status: int
) -> None:
    good = with_machine.seal("hospital")
    sealed = with_machine.seal("centre")
    forged = {**sealed, "timestamp": "1602635400001"}
    with_machine.fault(message, effect)
    request: tuple[str, Any] = {
        "seal": ("seal", {"service": "6202", "data": DATA}),
        "open": ("open", sealed),
        "forged": ("open", forged),
    }[door]
    seen, answer = with_machine.post("hospital", *request)
    assert seen == status
    if status != 200:
        assert answer["problem"]
        assert "envelope" not in answer
        assert "data" not in answer
    names = [record.name for record in with_machine.tape.recent() if record.channel == "hospital"]
    distrusted = status == 502 and effect is not Effect.SIGNATURE_DER
    assert names.count("machine-distrusted") == int(distrusted)
    assert names.count("machine-failed") == int(status != 200 and not distrusted)
    assert any(record.name == "fault-fired" for record in with_machine.tape.recent())
    again = with_machine.seal("hospital")
    assert with_machine.post("centre", "open", again)[1]["data"] == DATA
    assert good["encData"] == again["encData"]


def test_a_registered_key_that_is_not_the_machines_is_noticed(bench: Bench) -> None:
    bench.add("machine", MACHINE, EncryptionMachineSettings())
    other = spell_public_key(PrivateKey.generate().public)
    bench.add("hospital", SIMULATOR, SecurityFrontSettings(machine=bench.at["machine"].at, own_key=other))
    status, answer = bench.post("hospital", "seal", {"data": DATA})
    assert status == 502
    assert "registered" in answer["problem"]
    assert bench.events("hospital")[-1]["operation"] == "sign"


def test_a_front_without_its_machine_says_so(bench: Bench) -> None:
    bench.add("hospital", SIMULATOR, SecurityFrontSettings(machine="bench"))
    status, answer = bench.post("hospital", "seal", {"data": DATA})
    assert status == 503
    assert "no encryption machine" in answer["problem"]
    bench.add("lonely", SIMULATOR, SecurityFrontSettings(machine="tcp:127.0.0.1:1"))
    assert bench.post("lonely", "open", b"{}")[0] == 503


@pytest.mark.parametrize(
    "wrong",
    [
        {"machine": "serial:/dev/ttyS0"},
        {"machine": "somewhere"},
        {"variant": "none"},
        {"connections": 0},
        {"timeout_ms": 0},
        {"sign_index": 9999},
        {"side": "bank"},
    ],
)
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        read_settings(SecurityFrontSettings, wrong, where="bench.toml")


@pytest.mark.parametrize(
    ("key", "good"), [("K0011", True), ("R" + "0" * 32, True), ("K11", False), ("Z" + "0" * 32, False), ("", False)]
)
def test_where_the_cipher_key_is(bench: Bench, key: str, good: bool) -> None:
    bench.add("machine", MACHINE, EncryptionMachineSettings())
    bench.add("hospital", SIMULATOR, SecurityFrontSettings(machine="bench", cipher_key=key))
    status, answer = bench.post("hospital", "seal", {"data": DATA})
    assert status == (502 if good else 503), "those keys are there, and are other ones"
    assert ("cipher text" in answer["problem"]) is good


def test_seeded_keys_differ() -> None:
    assert len({seeded_key(seed, side) for seed in (1, 2) for side in Side}) == 4


def test_faults_name_the_doors(pair: Bench) -> None:
    pair.faults["hospital"].plan(Fault(party="hospital", message="seal", effect=Effect.EMPTY_BODY))
    assert pair.http.post(pair.at["hospital"].at + "/seal", json={"data": DATA}).content == b""
    assert pair.seal("hospital")
