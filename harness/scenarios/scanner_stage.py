"""The stage of a scanner box under test: what comes before it, what has to arrive, and what has to hold between cases.

Whatever a case is about to do stands on the tape first: which code comes before the box, and what has to arrive. The
judge compares; the case itself checks only what a host would notice. `stage.host` tells the box things, `stage.box` is
its line, `stage.stand_in` what a virtual box alone can be told.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.bench.tables import ScannerTable
from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_family import Family
from harness.devices.scanner_stage import ScannerStage
from harness.errors import PeerViolation
from harness.faults.catalogue import Effect
from harness.line.record import Direction, JsonValue, Record
from harness.line.tape import Tape
from harness.scenarios.code_pictures import QR, code_picture, plain_picture
from harness.scenarios.scanner_book import Book
from harness.scenarios.scanner_box import BoxLine
from harness.scenarios.scanner_host import BoxHost
from harness.scenarios.scanner_spelling import Wish
from harness.scenarios.scanner_stand_in import StandIn
from harness.scenarios.stage import CASE, Stage
from harness.wire.scanner import ssi

PARTY = "scanner"
"""The kind of device that is under test."""
READY: Mapping[str, Wish] = {"same_code_ms": 0, "good_read_ms": 0, "session_ms": 3000}
"""How a real box is set before each case; a case sets what it is about."""
USUAL_LOCK_OUT_S = 2
ACKNOWLEDGEMENT = ssi.acknowledge()
Code = tuple[str, str]
"""Digits and symbology."""


@dataclass(frozen=True, kw_only=True)
class BoxStage(Stage):
    """What a scenario with a scanner box has to hand."""

    host: BoxHost
    box: BoxLine
    stand_in: StandIn
    eye: ScannerStage
    """What brings pictures before the box: a virtual box's back door, or a screen."""
    table: ScannerTable

    @property
    def book(self) -> Book:
        """The box's family."""
        return self.host.book

    def show(self, digits: str, symbology: str = QR, *, why: str = "shown") -> str:
        """Show a code that has to be read; returns what arrived, empty for nothing."""
        self._due([(digits, symbology)], why)
        self._bring(digits, symbology)
        return self.take()

    def show_in_vain(self, digits: str, symbology: str = QR, *, why: str) -> None:
        """Show a code of which nothing may come."""
        self._due([], why)
        self._bring(digits, symbology)
        self.box.quiet()

    def blank(self) -> None:
        """Nothing is before the box."""
        self.eye.blank()

    def show_plain(self) -> None:
        """Show a screen without a code; nothing may come of it."""
        self._due([], "nothing to read")
        self.eye.show(plain_picture())
        self.box.quiet()

    def pull(self, digits: str = "", symbology: str = QR, *, why: str = "shown", on: bool = True) -> str:
        """Pull the trigger, or let it go; `digits` are what has to be read then. Returns what arrived."""
        self._due([(digits, symbology)] if digits else [], why)
        self.host.trigger(on=on)
        return self.take() if digits else self.box.quiet()

    def pull_in_vain(self, *, why: str) -> None:
        """Pull the trigger, of which nothing may come."""
        self._due([], why)
        self.host.trigger(on=True)
        self.box.quiet()

    def present(self, digits: str, symbology: str = QR) -> None:
        """Show a code without saying what has to come of it; `due` was called, or a trigger is to follow."""
        self._bring(digits, symbology)

    def due(self, *codes: Code, why: str) -> None:
        """Say what has to arrive from here to the next saying."""
        self._due(list(codes), why)

    def take(self) -> str:
        """What arrives next, empty for nothing; whether it is right is for the judge to say."""
        try:
            text = self.box.driver.read(self.table.read_s).text
        except (NoScan, PeerViolation):
            return ""
        if self.virtual and self.box.form["packeted"] and self.book.family is Family.SSI:
            await_acknowledgement(self.tape, text, patience_s=self.patience_s)  # before the clock may be stepped
        return text

    def meanwhile(self, digits: str, symbology: str = QR) -> threading.Thread:
        """Show a code and go on at once, to hear what comes while it is still leaving; join what is returned."""
        self.tape.event(CASE, "shown", digits=digits, symbology=symbology)
        showing = threading.Thread(target=self.eye.show, args=(code_picture(digits, symbology),), name="showing")
        showing.start()
        return showing

    def give_up(self, seconds: float) -> None:
        """Leave a command unfinished for so long that the box gives it up."""
        self.box.listen(seconds)
        self.tape.event(CASE, "given-up")

    def wait(self, seconds: int) -> None:
        """Let seconds pass: on the bench's clock, or in earnest where the box has its own."""
        if self.clock.steppable:
            self.step_clock(seconds)
        else:
            self.box.listen(seconds)

    def make_ready(self) -> None:
        """Nothing before the box, and what earlier cases may have set put back: a real box is not new for each case.

        What the family has no command for stays; then its usual lock-out is waited for.
        """
        self.eye.blank()
        for name, value in (*READY.items(), *self.box.form.items()):
            if self.book.spell(name, value, self.box.form) is not None:
                self.host.set_up(**{name: value})
        if self.book.enable is not None and self.book.listens:
            self.host.enable(on=True)
        if self.book.spell("same_code_ms", 0, self.box.form) is None:
            self.wait(USUAL_LOCK_OUT_S)
        self.box.quiet()

    def back_to_watching(self) -> None:
        """After the power came back: the settings of the bench hold again; scans plain, the mode to watch."""
        self.box.quiet()
        self.box.form.update(self.box.at_start)
        self.host.say_form()
        self.host.watch_plainly()

    def leave_out(self, why: str) -> None:
        """Note that this part of the case has nothing to try on this family."""
        self.tape.event(CASE, "not-offered", family=self.book.family.value, why=why)

    def excuse(self, why: str) -> None:
        """Say that what comes until the next saying of what is due is not the box's fault."""
        self.tape.event(CASE, "excused", why=why)

    def deaf(self) -> bool:
        """Whether the box takes no commands and types keys alone, so that there is nothing to try; noted if so."""
        if not self.book.listens:
            self.leave_out("a box that types takes no commands, and has keys alone to send")
        return not self.book.listens

    @property
    def virtual(self) -> bool:
        """Whether the box is a virtual one."""
        return self.stand_in.virtual

    def spoil(self, effect: Effect, **detail: int) -> None:
        """Schedule a fault of the next scan. Raises BenchError when the box is real."""
        self.disturb(PARTY, "scan", effect, **detail)

    def open_again(self) -> None:
        """Hang up and open the line anew; what still stood on it is no scan. Raises Disconnected."""
        self.box.close()
        self.box.open()
        self.box.quiet()
        self.box.close()
        self.tape.event(CASE, "line-opened")
        self.box.open()

    def await_bytes(self, *, since: int) -> bool:
        """Wait until a virtual box has taken in what was sent after a record; a real one is given some time."""
        if not self.virtual:
            return not self.box.line.read(self.table.quiet_s)
        heard = self.tape.wait_for(lambda r: _of_box(r, Direction.RECEIVED), since=since, timeout=self.patience_s)
        return heard is not None

    def follow(self) -> bool:
        """Read on with a driver that finds the box again by itself; False where this box comes back elsewhere."""
        self.box.quiet()
        where = self.stand_in.where()
        self.stand_in.unplug()
        self.stand_in.replug()
        if self.stand_in.where() != where:
            return False
        self.box.close()
        self.tape.event(CASE, "line-opened")
        self.box.driver = Scanner.open(
            where, self.tape, name="client", framing=self.box.framing, family=self.book.family, follow=True
        )
        return True

    def _due(self, codes: Sequence[Code], why: str) -> None:
        self.box.drain()
        listed: list[JsonValue] = [[digits, symbology] for digits, symbology in codes]
        self.tape.event(CASE, "due", codes=listed, why=why)

    def _bring(self, digits: str, symbology: str) -> None:
        self.tape.event(CASE, "shown", digits=digits, symbology=symbology)
        self.eye.show(code_picture(digits, symbology))


def await_acknowledgement(tape: Tape, text: str, *, patience_s: float) -> bool:
    """Wait until a virtual box has heard that this scan came: its driver says so as soon as it has the bytes.

    That may be before anybody asks for the scan, when an answer and the scan come together. False when patience ends.
    """
    sent = [r.seq for r in tape.recent() if _of_box(r, Direction.SENT) and text.encode() in r.data]
    heard = tape.wait_for(
        lambda r: _of_box(r, Direction.RECEIVED) and ACKNOWLEDGEMENT in r.data,
        since=sent[-1] if sent else tape.seq,
        timeout=patience_s,
    )
    return heard is not None


def _of_box(record: Record, direction: Direction) -> bool:
    return record.direction is direction and record.channel.startswith(f"{PARTY}.")
