"""The terminal of one case: its slot, its screen, the cards' chips, and how it tells the tape and open pages.

Whoever acts on it is elsewhere: people (`patient`), the social-card library (`library_door`), the voucher centre
(`centre_door`), the card office (`card_office`).
"""

from fixtures.population import people
from harness.bench.plugin import SimulatorContext
from harness.clock import Clock
from harness.line.record import JsonValue
from simulators.kit.live_page import Bell
from simulators.terminal.centre import Centre
from simulators.terminal.chips import Chips
from simulators.terminal.library import CardReader
from simulators.terminal.library_setup import Setup
from simulators.terminal.screen import Screen
from simulators.terminal.settings import TerminalSettings

DEFAULT_INSTITUTION = "H63999900001"


class Unit:
    """What stands on the counter; `address` is the voucher centre's, empty for none."""

    def __init__(self, context: SimulatorContext, settings: TerminalSettings, bell: Bell) -> None:
        self._context = context
        self.settings = settings
        self.institution = settings.institution or context.institution or DEFAULT_INSTITUTION
        self.bell = bell
        self.chips = Chips(most=settings.pin_lock_after, file=settings.cards)
        self.centre: Centre
        self.address = ""
        self.setup: Setup | None = None
        """What the last Init said."""
        self._renew()

    @property
    def clock(self) -> Clock:
        """The bench's clock."""
        return self._context.clock

    def restart(self) -> None:
        """Off and on again: held calls are hung up on, the screen is empty, the slot too; the chips remember."""
        self.reader.abandon()
        self._renew()
        self.changed()

    def begin(self) -> None:
        """A new case: all cards are new, too. Raises BenchError when their file cannot be written."""
        self.restart()
        self.chips.clear()

    def tell(self, name: str, **fields: JsonValue) -> None:
        """Put an event on the tape."""
        self._context.tape.event(self._context.name, name, **fields)

    def changed(self) -> None:
        """Tell open pages."""
        self.bell.ring()

    def shown(self, asked_elsewhere: tuple[str, ...]) -> dict[str, JsonValue]:
        """What stands on the screen; `asked_elsewhere` is what calls at the centre wait for here."""
        asked: list[JsonValue] = [] if self.reader.reading is None else [self.reader.reading.wanted.value]
        asked += ["code"] if self.reader.scan is not None else []
        asked += ["id-card" if thing == "card" else thing for thing in asked_elsewhere]
        return {
            "institution": self.institution,
            "now_ms": self.clock.now_ns() // 1_000_000,
            "runs": not self.clock.steppable,
            "asked": asked,
            "card_in": self.reader.inside is not None,
            **self.screen.as_json(pin=self.reader.pin),
        }

    def set_up(self, setup: Setup) -> None:
        """The library was set up by Init, until the power goes."""
        self.setup = setup
        self.reader.set_up(setup.over(self.settings))

    def library_state(self) -> dict[str, JsonValue]:
        """What Init has said, for the back door; keys are not kept."""
        if self.setup is None:
            return {"set_up": False}
        timeout_s, pass_type = self.setup.timeout_s, self.setup.pass_type
        return {
            "set_up": True,
            "ec_url": self.setup.ec_url,
            "timeout_s": timeout_s,
            "pass_type": None if pass_type is None else pass_type.value,
            "area": self.setup.area,
        }

    def _renew(self) -> None:
        self.setup = None
        self.reader = CardReader(self._context.clock, self.settings, self.chips)
        self.screen = Screen(self._context.clock)


def short_id(id_no: str) -> str:
    """The short id of the person with an ID number; empty for nobody's."""
    return next((person.id for person in people() if person.id_no == id_no), "")
