"""The stage of an encryption machine under test: its driver, bare lines for bytes by hand, which keys may be used."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.bench.tables import MachineTable
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineSilent
from harness.devices.signature_server import SignatureServer
from harness.errors import BenchError
from harness.faults.catalogue import Effect
from harness.gm import PublicKey
from harness.line.client import ClientLine
from harness.line.record import JsonValue
from harness.scenarios.stage import CASE, Stage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.error_codes import code_number
from harness.wire.encryption_machine.host import LENGTH_SIZE
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason

PARTY = "encryption-machine"
"""The kind of device that is under test."""
KEK = 1
"""The index of a KEK (type 000) that cases may use; not changed."""


class Door(StrEnum):
    """The doors of a machine's signature server, as its endpoints name them."""

    HTTP = "svs-http"
    DER = "svs-der"


@dataclass(frozen=True, kw_only=True)
class MachineStage(Stage):
    """What a scenario with an encryption machine has to hand."""

    machine: EncryptionMachine
    """The driver over host commands; a fresh pool for each case."""
    profile: HostProfile
    """The dialect of the machine's host commands."""
    keys: MachineTable
    """Which keys a case may use, and for what."""
    open_line: Callable[[], ClientLine]
    """A new connection to the host-command port for bytes by hand; recorded, hung up when the case ends."""

    server: Callable[[Door], SignatureServer]
    """The driver of the machine's signature server at a door. Raises BenchError when the bench names none."""

    def ask_server(
        self, door: Door, request: svs.SvsRequest, *reasons: Reason, public: PublicKey | None = None
    ) -> svs.SvsReply:
        """Ask the signature server and put on the tape what it answered and how that had to end, as `expect` does.

        With `public`, the signer's key, the judge computes signatures and verifications again.
        """
        server = self.server(door)
        if svs.request_type(request) not in server.profile.messages:
            raise _lacks(server.profile.name, svs.WIRE_NAMES[svs.request_type(request)])
        reply = server.ask(request)
        answers = server.profile.answers
        expected = sorted({answers[reason] for reason in reasons}) or [svs.SUCCESS]
        code = reply.code if isinstance(reply, svs.SvsRefusal) else svs.SUCCESS
        signed = _signature_in(request, reply, public)
        why = [reason.value for reason in reasons]
        self._note_server(door, type(request).__name__, code=code, expected=expected, reasons=why, signed=signed)
        return reply

    def expect_server_code(self, door: Door, request: str, code: int, *, due: int) -> None:
        """Put on the tape with what code a request ended, and with what code it had to end."""
        why = [self.server(door).profile.code(due).name]
        self._note_server(door, request, code=code, expected=[due], reasons=why, signed={})

    def _note_server(
        self,
        door: Door,
        request: str,
        *,
        code: int,
        expected: Sequence[int],
        reasons: Sequence[str],
        signed: Mapping[str, JsonValue],
    ) -> None:
        self.tape.event(
            CASE,
            "server-answered",
            door=door.value,
            request=request,
            code=f"{code:08X}",
            codes=[f"{one:08X}" for one in expected],
            reasons=list(reasons),
            verify_failed=f"{self.server(door).profile.answers[Reason.VERIFY_FAILED]:08X}",
            **signed,
        )

    def spoil(self, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault of the machine. Raises BenchError when it is real."""
        self.disturb(PARTY, message, effect, nth=nth, **detail)

    def refuse_next(self, message: str, code: str) -> None:
        """Have the machine refuse its next message of a kind with an error code of host commands."""
        self.spoil(message, Effect.REFUSE, code=code_number(code))

    def ask(self, request: wire.Request, *reasons: Reason) -> wire.Reply:
        """Ask the machine and put on the tape how that has to end, as `expect` does; returns its reply.

        Raises BenchError when the machine's profile has no such command.
        """
        try:
            self.profile.command_for(request)
        except ValueError:
            code = request.code if isinstance(request, wire.VendorRequest) else type(request).__name__
            raise _lacks(self.profile.name, code) from None
        reply = self.machine.ask(request)
        self.expect(*reasons)
        return reply

    def say(self, line: ClientLine, body: bytes, *reasons: Reason) -> bytes:
        """Send a command and its fields as bytes by hand, framed; returns the whole reply and expects as `ask` does.

        Raises MachineSilent when none comes in time.
        """
        line.write(framed(self.profile, body))
        reply = read_reply(line, within_s=self.keys.timeout_s)
        self.expect(*reasons)
        return reply

    def public_key(self, index: int) -> PublicKey:
        """The public key at an index, which must be there; from here on the judge knows it, too."""
        key = self.machine.public_key(index)
        self.expect()
        return key

    def expect(self, *reasons: Reason) -> None:
        """Put on the tape how the exchange before this had to end; the judge compares.

        Without a reason it had to succeed, with some it had to be refused for one of them, by the profile's code.
        """
        codes = sorted({self.profile.answers[reason] for reason in reasons}) or [self.profile.ok]
        self.tape.event(CASE, "expect-code", codes=codes, reasons=[reason.value for reason in reasons])

    def expect_code(self, code: str) -> None:
        """As `expect`, by the code itself."""
        self.tape.event(CASE, "expect-code", codes=[code], reasons=[self.profile.error(code).name])

    def example_key(self) -> wire.WrappedKey:
        """The key of GB/T 32907's example, under the machine's LMK. Raises BenchError when the bench has none."""
        return wire.WrappedKey(scheme="R", wrapped=_demanded(self.keys.example_key, "example_key"))

    def example_pair(self) -> wire.ExternalPrivateKey:
        """The private key of GB/T 32918.5's examples, likewise."""
        return wire.ExternalPrivateKey(private=_demanded(self.keys.example_pair, "example_pair"))


def framed(profile: HostProfile, body: bytes) -> bytes:
    """A message with its length and a header of zeros."""
    message = b"0" * profile.header_length + body
    return len(message).to_bytes(LENGTH_SIZE) + message


def read_reply(line: ClientLine, *, within_s: float) -> bytes:
    """The next whole message on a line. Raises MachineSilent, Disconnected."""
    deadline = time.monotonic() + within_s
    held = b""
    while len(held) < LENGTH_SIZE or len(held) < LENGTH_SIZE + int.from_bytes(held[:LENGTH_SIZE]):
        left = deadline - time.monotonic()
        data = line.read(left) if left > 0 else b""
        if not data:
            raise MachineSilent(begun=bool(held))
        held += data
    return held


def _demanded(text: str, name: str) -> bytes:
    if not text:
        raise BenchError(
            f"The bench file does not say {name}.",
            cause="the example's key must be given under this machine's LMK",
            remedy=f"have the key wrapped at the machine and write {name} in [machine], in hex",
        )
    return bytes.fromhex(text)


def _lacks(profile: str, command: str) -> BenchError:
    return BenchError(
        f"The machine's profile {profile} has no {command}.",
        cause="this case demands a command that the machine does not have",
        remedy="leave the case out for this machine, or write the command's layout in its profile",
    )


def _signature_in(request: svs.SvsRequest, reply: svs.SvsReply, public: PublicKey | None) -> dict[str, JsonValue]:
    """The signature of an exchange with what it is over, in hex; nothing when the signer is not known."""
    match request, reply:
        case svs.SignData(data=data), svs.SignedReply(signature=signature):
            pass
        case svs.VerifySignedData(data=data, signature=signature), _:
            pass
        case _:
            return {}
    if public is None:
        return {}
    return {"message": data.hex(), "signature": signature.hex(), "public": public.point.hex()}
