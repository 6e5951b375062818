"""What a virtual box alone can be told is an error of the lab for a real one, before anything is sent."""

from collections.abc import Callable

import pytest

from harness.errors import BenchError
from harness.scenarios.scanner_stand_in import StandIn

ASKED: dict[str, Callable[[StandIn], object]] = {
    "power": lambda box: box.power(on=False),
    "unplug": StandIn.unplug,
    "replug": StandIn.replug,
    "plug": lambda box: box.unplug_in_scan(byte=3),
    "keyboard": lambda box: box.keyboard(caps_lock=True),
    "configure": lambda box: box.read_barcodes({"suffix": "LF"}),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_real_box_cannot_be_told(what: str) -> None:
    with pytest.raises(BenchError, match=f"A real box cannot be told {what}") as refused:
        ASKED[what](StandIn())
    assert refused.value.remedy == "run this case with the box virtual"


def test_a_real_box_is_not_virtual_and_where_it_is_is_not_known() -> None:
    assert not StandIn().virtual
    assert StandIn().where() == ""
