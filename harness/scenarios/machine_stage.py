"""The stage of an encryption machine under test: its driver, bare lines for bytes by hand, which keys may be used."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.bench.tables import MachineTable
from harness.devices.encryption_machine import EncryptionMachine
from harness.faults.catalogue import Effect
from harness.line.client import ClientLine
from harness.scenarios.stage import CASE, Stage
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason

PARTY = "encryption-machine"
"""The kind of device that is under test."""


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

    def spoil(self, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault of the machine. Raises BenchError when it is real."""
        self.disturb(PARTY, message, effect, nth=nth, **detail)

    def expect(self, *reasons: Reason) -> None:
        """Put on the tape how the exchange before this had to end; the judge compares.

        Without a reason it had to succeed, with some it had to be refused for one of them, by the profile's code.
        """
        codes = sorted({self.profile.answers[reason] for reason in reasons}) or [self.profile.ok]
        self.tape.event(CASE, "expect-code", codes=codes, reasons=[reason.value for reason in reasons])
