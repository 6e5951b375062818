"""What the social-card library waits for: a card in the slot, its password at the keypad, a code, the centre's answer.

How the calls travel is the business of `library_door` and `code_query`; what a chip remembers that of `chips`.
"""

from dataclasses import dataclass

from harness.clock import Clock
from harness.wire.card_pin import card_pin_proof
from simulators.terminal.cards import Card, CardKind
from simulators.terminal.chips import Chips
from simulators.terminal.held import Held
from simulators.terminal.refusals import Refusal, refusals
from simulators.terminal.settings import MOST_S, PassType, TerminalSettings


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A call that waits for a card of one kind."""

    wanted: CardKind
    held: Held[Card]


@dataclass(frozen=True, kw_only=True)
class PinCall:
    """A call that waits for the password of the card in the reader."""

    card: Card
    held: Held[str]


class CardReader:
    """The slot, and the calls that wait for it, or for a code; one call at a time."""

    def __init__(self, clock: Clock, settings: TerminalSettings, chips: Chips) -> None:
        self._clock = clock
        self._settings = settings
        self._chips = chips
        self._unread: Card | None = None
        self.inside: Card | None = None
        """The card that was read and is still there."""
        self.reading: Reading | None = None
        self.pin: PinCall | None = None
        self.scan: Held[str] | None = None
        """The call that waits for a code."""
        self.query: Held[str] | None = None
        """The call that waits for the voucher centre."""

    @property
    def busy(self) -> bool:
        """Whether a call waits."""
        return any(call is not None for call in (self.reading, self.pin, self.scan, self.query))

    def set_up(self, settings: TerminalSettings) -> None:
        """Wait as long as these say from now on, and know passwords as they do."""
        self._settings = settings

    def insert(self, card: Card) -> bool:
        """Put a card in; whether a call takes it at once, or it lies there for the next."""
        self._eject()
        if self.reading is None or self.reading.held.over:
            self._unread = card
            return False
        self.reading.held.end(card)
        return True

    def pull(self) -> bool:
        """Take the card out; whether there was one."""
        there = self.inside is not None or self._unread is not None
        self._eject()
        return there

    def begin(self, wanted: CardKind) -> Reading:
        """A call that reads the next card; one that lies unread is read at once."""
        timeout = refusals()["no-card"]
        held: Held[Card] = Held(self._clock, life_s=self._settings.card_s, timeout=timeout)
        self.reading = Reading(wanted=wanted, held=held)
        if self._unread is not None:
            card, self._unread = self._unread, None
            held.end(card)
        return self.reading

    def begin_scan(self) -> Held[str]:
        """A call that takes the next code that is shown."""
        self.scan = Held(self._clock, life_s=self._settings.card_s, timeout=refusals()["no-code"])
        return self.scan

    def begin_query(self) -> Held[str]:
        """A call that waits for what the voucher centre says, which has a time of its own for people."""
        self.query = Held(self._clock, life_s=MOST_S, timeout=refusals()["centre-unavailable"])
        return self.query

    def show_code(self, text: str) -> bool:
        """A code is held before the terminal; whether a call takes it."""
        if self.scan is None or self.scan.over:
            return False
        self.scan.end(text)
        return True

    def read(self, reading: Reading, found: Card | Refusal) -> Card | Refusal:
        """The end of a reading: the card, in the reader from now on, or why there is none."""
        if isinstance(found, Refusal):
            return found
        if problem := found.problem(reading.wanted):
            return refusals()[problem]
        self.inside = found
        return found

    def ask_pin(self, card_no: object) -> PinCall | Refusal:
        """A call that waits for the password of a card that was read."""
        card = self.inside
        if card is None:
            return refusals()["card-pulled-out"]
        if card.kind is not CardKind.SOCIAL_CARD or card.person.card_no != card_no:
            return refusals()["other-card"]
        if self._chip_knows and self._chips.locked(card.person.card_sn):
            return refusals()["pin-locked"]
        timeout = refusals()["keypad-timeout"]
        self.pin = PinCall(card=card, held=Held(self._clock, life_s=self._settings.keypad_s, timeout=timeout))
        return self.pin

    def type_pin(self, call: PinCall, text: str) -> Refusal | None:
        """A password was typed; the call gets its proof, and never the password, or what the chip says against it."""
        refusal = self._judged(call.card, text)
        call.held.end(card_pin_proof(call.card.person.card_sn, text) if refusal is None else refusal)
        return refusal

    @property
    def _chip_knows(self) -> bool:
        return self._settings.pass_type is PassType.CARD

    def _judged(self, card: Card, text: str) -> Refusal | None:
        """What the chip says against a password; None where it is right, or the chip does not know it."""
        if not self._chip_knows:
            return None
        if text == card.person.card_pin:
            self._chips.right(card.person.card_sn)
            return None
        left = self._chips.wrong(card.person.card_sn)
        return refusals()["pin-wrong"].with_left(left) if left else refusals()["pin-locked"]

    def cancel(self) -> int:
        """Cancel was pressed: every waiting call ends; returns how many."""
        waiting = self._waiting()
        for held in waiting:
            held.end(refusals()["cancelled"])
        return len(waiting)

    def abandon(self) -> None:
        """The case is over."""
        for held in self._waiting():
            held.abandon()

    def _waiting(self) -> "list[Held[Card] | Held[str]]":
        calls: list[Held[Card] | Held[str]] = []
        if self.reading is not None and not self.reading.held.over:
            calls.append(self.reading.held)
        if self.pin is not None and not self.pin.held.over:
            calls.append(self.pin.held)
        return [*calls, *(call for call in (self.scan, self.query) if call is not None and not call.over)]

    def _eject(self) -> None:
        self._unread = self.inside = None
        if self.pin is not None:
            self.pin.held.end(refusals()["card-pulled-out"])
