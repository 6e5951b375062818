"""The schedule of a device that several processes serve: it takes no fault."""

from harness.faults.catalogue import Fault
from harness.faults.schedule import FaultSchedule


class NoFaults(FaultSchedule):
    """Refuses every fault: faults count messages in one order, which several processes do not have."""

    def plan(self, fault: Fault) -> None:
        """Always raises ValueError, which the back door hands on."""
        raise ValueError(f"{fault.effect} cannot be scheduled: several workers have no common order; use --workers 1")
