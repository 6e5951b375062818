"""Somebody's insurance moves while nobody at the counter hears of it (参保关系转移).

Only a virtual platform can be told so, through its back door.
"""

from harness.errors import BenchError
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper

PLATFORM = "platform"
FAR, RESIDENT = "649900", "390"
"""A place in another province than that of the institutions (assigned to nobody), and the residents' insurance."""
MOVER = Shopper(person="P009", channel="icbc")
"""Insured here as an employee, until they move; pays in a channel without a bills page."""


def moves(stage: CounterStage, who: Shopper = MOVER, *, place: str = FAR, insutype: str = RESIDENT) -> None:
    """Somebody is insured elsewhere and otherwise from now on. Raises BenchError with a real platform."""
    if PLATFORM not in stage.back_doors:
        raise BenchError(
            "Nobody's insurance can be moved: the platform is a real system.",
            cause="the case has the insurance office move somebody through a virtual platform's back door",
            remedy="run this case with the platform virtual",
        )
    stage.step(f"the insurance office moves {who.person} to another province, as a resident")
    stage.back_doors[PLATFORM].call("/people/move", {"person": who.person, "place": place, "insutype": insutype})
