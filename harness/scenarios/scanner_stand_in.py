"""What a virtual scanner box alone can be told, at its back door: its cable, its power, its keyboard, its barcodes."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.devices.back_door import BackDoorClient
from harness.devices.http import Refused
from harness.errors import BenchError
from harness.scenarios.scanner_spelling import Wish


@dataclass(frozen=True)
class StandIn:
    """The back door of a virtual box. Every call raises BenchError for a real one."""

    back_door: BackDoorClient | None = None
    """None for a real box."""

    @property
    def virtual(self) -> bool:
        """Whether the box is a virtual one."""
        return self.back_door is not None

    def power(self, *, on: bool) -> None:
        """Cut the box's power, or restore it."""
        self._tell("/power", {"on": on})

    def cycle_power(self) -> None:
        """Cut the power and restore it."""
        self.power(on=False)
        self.power(on=True)

    def unplug(self) -> None:
        """Pull the cable."""
        self._tell("/unplug", {})

    def unplug_in_scan(self, *, byte: int) -> None:
        """Have the cable pulled in the next scan, when so many of its bytes have left."""
        self._tell("/plug", {"in": False, "scan": 1, "byte": byte})

    def keyboard(self, **wishes: Wish) -> bool:
        """Set the keyboard of a box that types, or that of its host; False where there is none to set."""
        try:
            self._tell("/keyboard", wishes)
        except Refused:
            return False
        return True

    def replug(self) -> None:
        """Put the cable back."""
        self._tell("/replug", {})

    def read_barcodes(self, wishes: Mapping[str, Wish]) -> None:
        """Set the box as by its configuration barcodes. Raises Refused for what it cannot be set to."""
        self._tell("/configure", wishes)

    def where(self) -> str:
        """Where the box is now; one that was unplugged may have come back elsewhere."""
        return "" if self.back_door is None else str(self.back_door.state()["at"])

    def _tell(self, path: str, content: Mapping[str, object]) -> None:
        if self.back_door is None:
            raise BenchError(
                f"A real box cannot be told {path.strip('/')}.",
                cause="cable and power of a real box are in nobody's hand here",
                remedy="run this case with the box virtual",
            )
        self.back_door.call(path, content)
