"""The stage of an encryption machine: what it demands stands on the tape, and bytes by hand are whole messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from harness.bench.tables import MachineTable
from harness.clock import BenchClock
from harness.devices.back_door import BackDoorClient
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSilent
from harness.devices.signature_server import SignatureServer
from harness.errors import BenchError
from harness.faults.catalogue import Effect, Fault
from harness.gm import PrivateKey, Signature
from harness.line.client import ClientLine
from harness.line.tape import Tape
from harness.scenarios.machine_stage import PARTY, Door, MachineStage, framed, read_reply
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs_profile import SvsProfile, load_svs_profile

KEY = PrivateKey(d=0x1234567)
PROFILE = load_host_profile("tass-sjj1310")


@dataclass
class Answering:
    """A machine, or a server, that says what it was given to say."""

    reply: object = None
    profile: SvsProfile = field(default_factory=lambda: load_svs_profile("fisherman-json"))
    asked: list[object] = field(default_factory=list)

    def ask(self, request: object) -> object:
        """The reply."""
        self.asked.append(request)
        return self.reply


@dataclass
class Listening:
    """A back door that notes faults."""

    planned: list[Fault] = field(default_factory=list)

    def plan_fault(self, fault: Fault) -> None:
        """Note it."""
        self.planned.append(fault)


@dataclass
class Pieces:
    """A line on which these pieces arrive."""

    held: list[bytes]
    written: bytes = b""

    def write(self, data: bytes) -> None:
        """Note it."""
        self.written += data

    def read(self, within_s: float) -> bytes:
        """The next piece; nothing when there is none."""
        assert within_s > 0
        return self.held.pop(0) if self.held else b""


def stage(
    *, machine: Answering | None = None, server: Answering | None = None, door: Listening | None = None
) -> MachineStage:
    """A stage with nothing real on it."""
    clock = BenchClock()
    return MachineStage(
        tape=Tape(clock),
        clock=clock,
        step_clock=lambda _: None,
        back_doors={PARTY: cast("BackDoorClient", door)} if door else {},
        machine=cast("EncryptionMachine", machine or Answering()),
        profile=PROFILE,
        keys=MachineTable(),
        open_line=lambda: line([]),
        server=lambda _: cast("SignatureServer", server or Answering()),
    )


def line(pieces: Sequence[bytes]) -> ClientLine:
    return cast("ClientLine", Pieces(list(pieces)))


def events(of: MachineStage, name: str) -> list[dict[str, object]]:
    return [dict(record.event) for record in of.tape.recent() if record.name == name]


def test_a_request_that_must_succeed_or_fail_is_noted_by_code() -> None:
    played = stage(machine=Answering(wire.EchoReply(data=b"x")))
    assert played.ask(wire.Echo(data=b"x")) == wire.EchoReply(data=b"x")
    played.ask(wire.Echo(data=b"x"), Reason.KEY_MISSING, Reason.VERIFY_FAILED)
    played.expect_code("41")
    first, second, third = events(played, "expect-code")
    assert (first["codes"], first["reasons"]) == (["00"], [])
    assert (second["codes"], second["reasons"]) == (["01", "21"], ["key-missing", "verify-failed"])
    assert (third["codes"], third["reasons"]) == (["41"], ["hardware"])


@pytest.mark.parametrize("request_", [wire.VendorRequest(code="NI"), wire.Digest(data=b"")], ids=["command", "message"])
def test_a_command_that_the_machine_lacks_is_named_and_not_sent(request_: wire.Request) -> None:
    machine = Answering()
    with pytest.raises(BenchError, match=r"tass-sjj1310 has no (NI|Digest)"):
        stage(machine=machine).ask(request_)
    assert not machine.asked


def test_a_server_without_a_request_is_not_asked() -> None:
    server = Answering(profile=load_svs_profile("der-go"))
    with pytest.raises(BenchError, match="der-go has no genRandomData"):
        stage(server=server).ask_server(Door.DER, svs.GenRandom(size=1))
    assert not server.asked


def test_an_answer_of_the_server_is_noted_with_what_it_signs() -> None:
    signature = KEY.sign(b"m", form=Signature.DER)
    played = stage(server=Answering(svs.SignedReply(signature=signature)))
    played.ask_server(Door.HTTP, svs.SignData(key_index=1, pin=b"secret", data=b"m"), public=KEY.public)
    (noted,) = events(played, "server-answered")
    assert (noted["request"], noted["code"], noted["codes"]) == ("SignData", "00000000", ["00000000"])
    assert (noted["message"], noted["signature"]) == (b"m".hex(), signature.hex())
    assert noted["public"] == KEY.public.point.hex()
    assert "secret" not in str(noted)


def test_a_refusal_of_the_server_is_noted_by_its_code() -> None:
    played = stage(server=Answering(svs.SvsRefusal(code=0x04000006)))
    asked = svs.VerifySignedData(certificate=b"c", data=b"m", signature=b"s")
    played.ask_server(Door.DER, asked, Reason.PIN_WRONG)
    played.expect_server_code(Door.DER, "exportCert", 0x04000005, due=0x0400001D)
    first, second = events(played, "server-answered")
    assert (first["door"], first["code"], first["codes"]) == ("svs-der", "04000006", ["04000006"])
    assert first["verify_failed"] == "0400000C"
    assert (second["code"], second["codes"], second["reasons"]) == ("04000005", ["0400001D"], ["crl"])
    assert "signature" not in first, "nobody said whose it is"


def test_a_refusal_is_ordered_by_the_number_of_its_code() -> None:
    door = Listening()
    stage(door=door).refuse_next("E5", "D2")
    assert door.planned == [Fault(party=PARTY, message="E5", effect=Effect.REFUSE, detail={"code": 0xD2})]


@pytest.mark.parametrize("name", ["example_key", "example_pair"])
def test_an_example_key_that_the_bench_lacks_is_asked_for(name: str) -> None:
    with pytest.raises(BenchError, match=name):
        getattr(stage(), name)()


def test_bytes_by_hand_are_framed_under_a_header_of_zeros() -> None:
    assert framed(PROFILE, b"NC") == b"\0\2NC"
    assert framed(load_host_profile("payshield-like"), b"NC") == b"\0\x060000NC"


def test_a_reply_is_read_whole_whatever_its_pieces() -> None:
    assert read_reply(line([b"\0", b"\4N", b"D00"]), within_s=5) == b"\0\4ND00"


@pytest.mark.parametrize(("pieces", "begun"), [([], False), ([b"\0\4ND"], True)], ids=["nothing", "half"])
def test_a_reply_that_does_not_come_is_silence(pieces: list[bytes], begun: bool) -> None:
    with pytest.raises(MachineSilent) as caught:
        read_reply(line(pieces), within_s=5)
    assert caught.value.begun is begun
