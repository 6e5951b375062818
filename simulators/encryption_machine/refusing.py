"""The machine told to refuse with a code: the fault `refuse`, whose `detail.code` says which code it is.

A door asks its schedule whether a fault is due and then has its dialect serve the request; a dialect is told the effect
alone and finds the code in the fault that the schedule gave last.
"""

from collections.abc import Callable

from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.wire.encryption_machine.error_codes import code_of_number
from harness.wire.encryption_machine.host_messages import Refusal
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.svs import SUCCESS
from simulators.encryption_machine.door_dialect import Answered
from simulators.encryption_machine.host_door import Call, HostDialect
from simulators.encryption_machine.machine import Machine

CODE = "code"
MOST_RESPONSE_CODE = 0xFFFFFFFF


def host_code(fault: Fault | None, profile: HostProfile) -> str | None:
    """The error code that a fault demands of a host command; None when it names none that means a refusal."""
    number = _number(fault)
    try:
        code = None if number is None else code_of_number(number, profile.errors)
    except ValueError:
        return None
    return None if code == profile.ok else code


def response_code(fault: Fault | None) -> int | None:
    """The respValue that a fault demands of the signature server; None when it names none that means a refusal."""
    number = _number(fault)
    return number if number is not None and SUCCESS < number <= MOST_RESPONSE_CODE else None


class ObedientDialect(HostDialect):
    """The host door's dialect, which refuses with the code that it is told."""

    def __init__(
        self, machine: Machine, profile: HostProfile, *, fell_into: Callable[[Effect], None], faults: FaultSchedule
    ) -> None:
        super().__init__(machine, profile, fell_into=fell_into)
        self._faults = faults

    def acts_on(self, effect: Effect, call: Call) -> bool:
        """Whether `serve` does anything with this effect."""
        if effect is Effect.REFUSE:
            return bool(call.code) and host_code(self._faults.last, self._profile) is not None
        return super().acts_on(effect, call)

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply; whatever goes wrong is a reply, too."""
        if effect is not Effect.REFUSE:
            return super().serve(call, effect)
        code = host_code(self._faults.last, self._profile)
        assert code is not None, "asked by acts_on"
        self._machine.refused += 1
        sent = self._codec.answer(call, Refusal(code=code))
        self._commands.traffic.count(call.code, call.raw, sent, refused=True)
        return Answered(sent)


def _number(fault: Fault | None) -> int | None:
    return None if fault is None or fault.effect is not Effect.REFUSE else fault.detail.get(CODE)
