"""The door for the DER form of the signature server over TCP (GM/T 0029 App. A)."""

from collections.abc import Callable
from datetime import datetime

from harness.clock import local_time
from harness.faults.catalogue import Effect
from harness.faults.schedule import FaultSchedule
from harness.gm.der import SEQUENCE
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import WIRE_NAMES, RequestType, SvsCall, SvsMalformed, SvsRefusal, SvsRequest
from harness.wire.encryption_machine.svs_der import SvsDerServerCodec
from harness.wire.encryption_machine.svs_profile import SvsProfile
from simulators.encryption_machine import spoiling
from simulators.encryption_machine.door_dialect import Answered
from simulators.encryption_machine.key_file import STORE_FAILURES
from simulators.encryption_machine.machine import Machine, Refused
from simulators.encryption_machine.refusing import response_code
from simulators.encryption_machine.svs_service import SvsService
from simulators.encryption_machine.tape_mask import Masked, masked, masked_element, masked_from

Call = SvsCall | SvsMalformed
SHOWN_OF_MALFORMED = 2
"""Bytes of a message that cannot be read which the tape shows: a PIN may follow."""
WITHOUT_PIN = frozenset({RequestType.EXPORT_CERT, RequestType.PARSE_CERT, RequestType.VALIDATE_CERT})


class SvsDerDialect:
    """How the door reads, acts and spells; one for all its connections."""

    suffix = "der"

    def __init__(
        self,
        machine: Machine,
        service: SvsService,
        profile: SvsProfile,
        *,
        fell_into: Callable[[Effect], None],
        faults: FaultSchedule,
    ) -> None:
        self._machine = machine
        self._service = service
        self._profile = profile
        self._codec = SvsDerServerCodec(profile)
        self._fell_into = fell_into
        self._faults = faults

    def codec(self) -> SvsDerServerCodec:
        """For a new connection."""
        return SvsDerServerCodec(self._profile)

    def name_of(self, call: Call) -> str:
        """The request's name as the standard spells it, `signData`; `malformed` for what has none."""
        return "malformed" if call.type is None else WIRE_NAMES[call.type]

    def raw_of(self, call: Call) -> bytes:
        """The request's bytes."""
        return call.raw

    def shown(self, call: Call) -> Masked | None:
        """The request without its PIN."""
        if isinstance(call, SvsMalformed):
            return None if call.type in WITHOUT_PIN else masked_from(call.raw, SHOWN_OF_MALFORMED)
        pin = pin_in(call.request)
        if not pin:
            return None
        shown = masked_element(call.raw, pin)
        return shown if shown.hidden else masked(call.raw, (pin,))

    def remains_shown(self, partial: bytes) -> Masked:
        """What came of a request that never ended."""
        return masked_from(partial, SHOWN_OF_MALFORMED)

    def acts_on(self, effect: Effect, call: Call) -> bool:
        """Whether `serve` does anything with this effect."""
        if effect is Effect.REFUSE:
            return call.type is not None and response_code(self._faults.last) is not None
        if effect in spoiling.REFUSALS or effect in spoiling.CONDITIONS:
            return True
        return isinstance(call, SvsCall) and spoiling.applies(effect, call.request)

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply; whatever goes wrong is a reply, too."""
        if effect is Effect.REFUSE:
            code = response_code(self._faults.last)
            assert code is not None, "asked by acts_on"
            self._machine.refused += 1
            return Answered(self._codec.answer(call, SvsRefusal(code=code), when=self._now()))
        if effect is not None and effect in spoiling.CONDITIONS:
            self._fell_into(effect)
            effect = None
        if isinstance(call, SvsMalformed):
            self._machine.refused += 1
            refusal = self._codec.refuse(call, when=self._now())
            return Answered(refusal, None, close=call.fatal or not refusal)
        try:
            sent = self._codec.answer(call, self._service.serve(call.request, effect), when=self._now())
        except Refused as refused:
            self._machine.refused += 1
            return Answered(self._codec.refuse(call, refused.reason, when=self._now()))
        except (ValueError, *STORE_FAILURES):
            # The key store fails; or the profile cannot spell the result: a fault's raw signature where DER is due.
            self._machine.refused += 1
            return Answered(self._codec.refuse(call, Reason.HARDWARE, when=self._now()))
        self._machine.served += 1
        return Answered(sent)

    def misspelt(self, effect: Effect, answered: Answered) -> Answered | None:
        """A reply whose outer length is wrong; None when the effect is none of a DER message's."""
        frame = answered.wire
        if len(frame) < 2 or frame[0] != SEQUENCE:
            return None
        last = 1 if frame[1] < 0x80 else 1 + (frame[1] & 0x7F)
        match effect:
            case Effect.LENGTH_TOO_BIG if frame[last] < 0x7F:
                wrong = frame[last] + 1
            case Effect.LENGTH_TOO_SMALL if frame[last] > 0:
                wrong = frame[last] - 1
            case Effect.LENGTH_ZERO:
                return Answered(bytes([SEQUENCE, 0]) + frame[last + 1 :], None, answered.close)
            case _:
                return None
        return Answered(frame[:last] + bytes([wrong]) + frame[last + 1 :], None, answered.close)

    def unsolicited(self) -> Answered:
        """An empty SEQUENCE, which answers nothing."""
        return Answered(bytes([SEQUENCE, 0]))

    def _now(self) -> datetime:
        return local_time(self._machine.clock)


def pin_in(request: SvsRequest) -> bytes:
    """The PIN that a request carries; empty for none."""
    pin = getattr(request, "pin", b"")
    assert isinstance(pin, bytes)
    return pin
