"""The door for host commands over TCP: read by the codec, done by `host_commands`, shown on the tape without keys."""

from collections.abc import Callable

from harness.faults.catalogue import Effect
from harness.wire.encryption_machine.host import (
    CODE_SIZE,
    GOOD,
    LENGTH_SIZE,
    HostCall,
    HostServerCodec,
    Malformed,
    code_of,
)
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine import spoiling
from simulators.encryption_machine.door_dialect import Answered
from simulators.encryption_machine.host_commands import HostCommands
from simulators.encryption_machine.host_secrets import HIDDEN_COMMANDS, secrets_in, secrets_in_reply
from simulators.encryption_machine.host_status import Traffic
from simulators.encryption_machine.key_file import STORE_FAILURES
from simulators.encryption_machine.machine import Machine, Refused
from simulators.encryption_machine.tape_mask import Masked, masked, masked_from

Call = HostCall | Malformed
NO_REPLY = b"B"
"""In a binary dialect, what no reply begins with."""


class HostDialect:
    """How the host door reads, acts and spells; one for all its connections."""

    suffix = "host"

    def __init__(self, machine: Machine, profile: HostProfile, *, fell_into: Callable[[Effect], None]) -> None:
        self._machine = machine
        self._profile = profile
        self._codec = HostServerCodec(profile)
        self._fell_into = fell_into
        self._commands = HostCommands(machine, profile)

    # What a door asks of its dialect

    def codec(self) -> HostServerCodec:
        """For a new connection."""
        return HostServerCodec(self._profile)

    def name_of(self, call: Call) -> str:
        """The command's two characters; `malformed` for what has none."""
        return call.code or "malformed"

    def raw_of(self, call: Call) -> bytes:
        """The request's bytes."""
        return call.raw

    def shown(self, call: Call) -> Masked | None:
        """The request without keys."""
        if isinstance(call, Malformed):
            return self._hidden(call.raw, call.code)
        secrets = secrets_in(call.request)
        return masked(call.raw, secrets) if secrets else None

    def remains_shown(self, partial: bytes) -> Masked:
        """What came of a request that never ended; hidden after its command if it may carry a key."""
        at = LENGTH_SIZE + self._profile.header_length
        return self._hidden(partial, code_of(self._profile, partial[at : at + CODE_SIZE])) or Masked(partial, 0)

    def acts_on(self, effect: Effect, call: Call) -> bool:
        """Whether `serve` does anything with this effect."""
        if effect in spoiling.REFUSALS or effect in spoiling.CONDITIONS:
            return True
        return isinstance(call, HostCall) and spoiling.applies(effect, call.request)

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply; whatever goes wrong is a reply, too."""
        refused = self._machine.refused
        answered = self._served(call, effect)
        self._commands.traffic.count(call.code, call.raw, answered.wire, refused=self._machine.refused > refused)
        return answered

    def forget(self) -> None:
        """Count traffic from nothing, as after switching on."""
        self._commands.traffic = Traffic()

    def _served(self, call: Call, effect: Effect | None) -> Answered:
        if effect is not None and effect in spoiling.CONDITIONS:
            self._fell_into(effect)
            effect = None
        if isinstance(call, Malformed):
            self._machine.refused += 1
            sent = self._codec.refuse(call)
            return Answered(sent, None, close=call.fatal or not sent)
        if effect is not None and effect in spoiling.REFUSALS:
            return self._refused(call, spoiling.REFUSALS[effect])
        try:
            reply = self._commands.do(call.request, effect)
            sent = self._codec.answer(call, reply)
        except Refused as refusal:
            return self._refused(call, refusal.reason)
        except STORE_FAILURES:
            return self._refused(call, Reason.HARDWARE)
        except ValueError:
            # The profile cannot spell the result: a length beyond its field.
            return self._refused(call, Reason.DATA_LENGTH)
        self._machine.served += 1
        secrets = secrets_in_reply(reply)
        return Answered(sent, masked(sent, secrets) if secrets else None)

    def misspelt(self, effect: Effect, answered: Answered) -> Answered | None:
        """A reply whose frame is wrong; None when the effect is none of a frame's."""
        frame = answered.wire
        header = self._profile.header_length
        body = frame[LENGTH_SIZE:]
        match effect:
            case Effect.LENGTH_TOO_BIG:
                size = len(body) + 1
            case Effect.LENGTH_TOO_SMALL:
                size = len(body) - 1
            case Effect.LENGTH_ZERO:
                size = 0
            case Effect.WRONG_HEADER if header:
                body, size = bytes(byte ^ 1 for byte in body[:header]) + body[header:], len(body)
            case Effect.WRONG_REPLY_CODE if self._profile.binary:
                body, size = body[:header] + NO_REPLY + body[header + len(GOOD) :], len(body)
            case Effect.WRONG_REPLY_CODE:
                code = body[header : header + CODE_SIZE]
                wrong = code[:1] + bytes([0x30 + (code[1] - 0x30 + 1) % 10])
                body, size = body[:header] + wrong + body[header + CODE_SIZE :], len(body)
            case _:
                return None
        shown = answered.shown
        head = size.to_bytes(LENGTH_SIZE)
        if shown is not None:
            shown = Masked(head + shown.data[LENGTH_SIZE:], shown.hidden)
        return Answered(head + body, shown, answered.close)

    def unsolicited(self) -> Answered:
        """The reply to a diagnosis that nobody asked for."""
        header = b"H" * self._profile.header_length
        if self._profile.binary:
            return Answered((len(header) + len(GOOD)).to_bytes(LENGTH_SIZE) + header + GOOD)
        body = header + b"ND" + self._profile.ok.encode()
        text = f"{self._profile.lmk_check}{self._profile.firmware}".encode()
        return Answered((len(body) + len(text)).to_bytes(LENGTH_SIZE) + body + text)

    # Inside

    def _refused(self, call: HostCall, reason: Reason) -> Answered:
        self._machine.refused += 1
        return Answered(self._codec.refuse(call, reason))

    def _hidden(self, raw: bytes, code: str) -> Masked | None:
        if code not in HIDDEN_COMMANDS:
            return None
        return masked_from(raw, LENGTH_SIZE + self._profile.header_length + CODE_SIZE)
