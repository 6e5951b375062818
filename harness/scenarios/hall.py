"""Before a self-service terminal in a government hall: insurance shown, a proof printed, the tier changed, the session.

Requirement MY-SELF-SERVICE. The scenario plays who stands there; `identification.serve` shows, types and confirms.
"""

from collections.abc import Callable

from harness.counter.hospital import By
from harness.counter.outcome import Outcome
from harness.counter.port import Operation
from harness.devices.phone import Shown
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper, serve

IDLE_S = 60
"""Seconds without a touch after which a session must have ended."""
EMPLOYEE, OTHER_EMPLOYEE, RESIDENT = "P001", "P009", "P004"
TIER, OTHER_TIER = "2", "3"
"""Tiers that the resident does not have."""


def visitor(person: str = EMPLOYEE, *, by: By = By.CODE) -> Shopper:
    """Somebody before the terminal."""
    return Shopper(person=person, by=by)


def insurance(stage: CounterStage, who: Shopper, *, before_scan: Callable[[Shown], Shown] | None = None) -> Outcome:
    """Have the insurance shown."""
    return _served(stage, stage.counter.insurance(by=who.by), who, before_scan)


def proof(stage: CounterStage, who: Shopper) -> Outcome:
    """Have a proof of contributions printed."""
    return _served(stage, stage.counter.proof(by=who.by), who)


def tier(stage: CounterStage, who: Shopper, wanted: str = TIER) -> Outcome:
    """Have the contribution tier changed, confirmed by the voucher password."""
    return _served(stage, stage.counter.tier(wanted, by=who.by), who)


def terminal_works(stage: CounterStage) -> Outcome:
    """Show recovery: somebody else is shown their insurance."""
    stage.step("recovery: somebody else asks for their insurance")
    return stage.expect_accepted(insurance(stage, visitor(OTHER_EMPLOYEE).again()))


def _served(
    stage: CounterStage,
    operation: Operation,
    who: Shopper,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    return serve(stage, operation, who, before_scan=before_scan)
