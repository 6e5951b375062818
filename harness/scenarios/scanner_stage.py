"""The stage of a scanner box under test: its driver, what brings codes before it, how it is set up, cable and power.

Whatever a case is about to do stands on the tape first: which code comes before the box, what has to arrive, how a
command has to be answered. The judge compares; the case itself checks only what a host would notice.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.bench.tables import ScannerTable
from harness.devices.http import Refused as Declined
from harness.devices.scanner import NoAnswer, NoScan, Refused, Scanner
from harness.devices.scanner_family import Family
from harness.devices.scanner_stage import ScannerStage
from harness.errors import BenchError, PeerViolation
from harness.faults.catalogue import Effect
from harness.line.client import ClientLine
from harness.line.record import Direction, JsonValue
from harness.scenarios.code_pictures import QR, code_picture, plain_picture
from harness.scenarios.scanner_books import SUFFIXES, Book, Told, Wish
from harness.scenarios.stage import CASE, Stage
from harness.wire.scanner.framing import ScanFraming

PARTY = "scanner"
"""The kind of device that is under test."""
WATCH, TRIGGER = "watch", "trigger"
"""The box reads whatever comes into view; the box waits for the host's trigger."""
BACK_DOOR_MODES = {WATCH: "sense", TRIGGER: "host"}
READY: Mapping[str, Wish] = {"same_code_ms": 0, "good_read_ms": 0, "session_ms": 3000}
"""How a real box is set before each case; a case sets what it is about."""
PLAIN: Mapping[str, Wish] = {"prefix": "", "suffix": "CR", "code_id": False, "aim_id": False, "packeted": False}
"""Scans without anything but a CR."""
USUAL_LOCK_OUT_S = 2
Code = tuple[str, str]
"""Digits and symbology."""


@dataclass(kw_only=True)
class BoxLine:
    """The line to the box as it is now, and how its scans look; a case may hang up and open it again."""

    dial: Callable[[], ClientLine]
    """Open the line. Raises Disconnected."""
    family: Family
    whole_scans: bool
    """Whether the line gives each scan whole."""
    form: dict[str, Wish]
    """`prefix`, `suffix` (by name), `code_id`, `aim_id`, `packeted`."""
    at_start: dict[str, Wish] = field(init=False)
    """How scans look by the bench file."""
    line: ClientLine = field(init=False)
    driver: Scanner = field(init=False)

    def __post_init__(self) -> None:
        self.at_start = dict(self.form)

    @property
    def framing(self) -> ScanFraming:
        """How scans stand on the line."""
        prefix = str(self.form["prefix"]).encode("latin-1")
        return ScanFraming(prefix=prefix, suffix=SUFFIXES[str(self.form["suffix"])])

    def open(self) -> None:
        """Open the line anew. Raises Disconnected."""
        self.line = self.dial()
        self.renew()

    def renew(self) -> None:
        """A driver that reads scans as they look now."""
        self.driver = Scanner(self.line, framing=self.framing, family=self.family, whole_scans=self.whole_scans)

    def close(self) -> None:
        """Hang up; may be called twice."""
        if hasattr(self, "driver"):
            self.driver.close()


@dataclass(frozen=True, kw_only=True)
class BoxStage(Stage):
    """What a scenario with a scanner box has to hand."""

    book: Book
    """The box's family."""
    box: BoxLine
    eye: ScannerStage
    """What brings pictures before the box: a virtual box's back door, or a screen."""
    table: ScannerTable

    # --- what is before the box, and what has to come of it ---

    def show(self, digits: str, symbology: str = QR, *, why: str = "shown") -> str:
        """Show a code that has to be read; returns what arrived, empty for nothing."""
        self._due([(digits, symbology)], why)
        self._bring(digits, symbology)
        return self.take()

    def show_in_vain(self, digits: str, symbology: str = QR, *, why: str) -> None:
        """Show a code of which nothing may come."""
        self._due([], why)
        self._bring(digits, symbology)
        self.quiet()

    def blank(self) -> None:
        """Nothing is before the box."""
        self.eye.blank()

    def show_plain(self) -> None:
        """Show a screen without a code; nothing may come of it."""
        self._due([], "nothing to read")
        self.eye.show(plain_picture())
        self.quiet()

    def pull(self, digits: str = "", symbology: str = QR, *, why: str = "shown", on: bool = True) -> str:
        """Pull the trigger, or let it go; `digits` are what has to be read then. Returns what arrived."""
        self._due([(digits, symbology)] if digits else [], why)
        self._trigger(on=on)
        return self.take() if digits else self.quiet()

    def pull_in_vain(self, *, why: str) -> None:
        """Pull the trigger, of which nothing may come."""
        self._due([], why)
        self._trigger(on=True)
        self.quiet()

    def present(self, digits: str, symbology: str = QR) -> None:
        """Show a code without saying what has to come of it; `due` was called, or a trigger is to follow."""
        self._bring(digits, symbology)

    def due(self, *codes: Code, why: str) -> None:
        """Say what has to arrive from here to the next saying."""
        self._due(list(codes), why)

    def take(self) -> str:
        """What arrives next, empty for nothing; whether it is right is for the judge to say."""
        since = self.tape.seq
        try:
            text = self.box.driver.read(self.table.read_s).text
        except (NoScan, PeerViolation):
            return ""
        if self.virtual and self.box.form["packeted"] and self.book.family is Family.SSI:
            self.await_bytes(since=since)  # the acknowledgement, before the clock may be stepped
        return text

    def quiet(self) -> str:
        """Take in whatever arrives until the line is silent; returns the last of it."""
        last = ""
        while True:
            try:
                last = self.box.driver.read(self.table.quiet_s).text
            except NoScan:
                return last
            except PeerViolation:
                continue

    def meanwhile(self, digits: str, symbology: str = QR) -> threading.Thread:
        """Show a code and go on at once, to hear what comes while it is still leaving; join what is returned."""
        self.tape.event(CASE, "shown", digits=digits, symbology=symbology)
        showing = threading.Thread(target=self.eye.show, args=(code_picture(digits, symbology),), name="showing")
        showing.start()
        return showing

    def hear_raw(self) -> bytes:
        """Take in bytes as they come, acknowledging nothing, until the line is silent."""
        held = self.box.line.read(self.table.read_s)
        while piece := self.box.line.read(self.table.quiet_s):
            held += piece
        return held

    def give_up(self, seconds: float) -> None:
        """Leave a command unfinished for so long that the box gives it up."""
        self._listen(seconds)
        self.tape.event(CASE, "given-up")

    def wait(self, seconds: int) -> None:
        """Let seconds pass: on the bench's clock, or in earnest where the box has its own."""
        if self.clock.steppable:
            self.step_clock(seconds)
        else:
            self._listen(seconds)

    def _listen(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.box.driver.read(left)
            except (NoScan, PeerViolation):
                continue

    # --- how the box is set ---

    def mode(self, name: str, *, mode: str = "") -> None:
        """Set when the box looks: WATCH or TRIGGER."""
        settings = self.book.modes.get(name)
        if settings is None:
            self._by_barcode({"mode": mode or BACK_DOOR_MODES[name]})
        else:
            self._tell(settings)

    def make_ready(self) -> None:
        """Nothing before the box, and what earlier cases may have set put back: a real box is not new for each case.

        What the family has no command for stays; then its usual lock-out is waited for.
        """
        self.eye.blank()
        for name, value in (*READY.items(), *self.box.form.items()):
            if self.book.spell(name, value, self.box.form) is not None:
                self.set_up(**{name: value})
        if self.book.enable is not None and self.book.listens:
            self.enable(on=True)
        if self.book.spell("same_code_ms", 0, self.box.form) is None:
            self.wait(USUAL_LOCK_OUT_S)
        self.quiet()

    def back_to_watching(self) -> None:
        """After the power came back: the settings of the bench hold again; scans plain, the mode to watch."""
        self.quiet()
        self.box.form.update(self.box.at_start)
        self.say_form()
        self.watch_plainly()

    def watch_plainly(self) -> None:
        """Read whatever comes into view, and send it as it is, with CR behind it."""
        for name, value in PLAIN.items():
            if self.box.form[name] != value:
                self.set_up(**{name: value})
        self.mode(WATCH)

    def enable(self, *, on: bool) -> None:
        """Let the box read, or forbid it."""
        way = self.book.enable if on else self.book.disable
        match way:
            case Told():
                self.say(way)
            case None:
                raise _cannot(self.book, "be enabled and disabled")
            case settings:
                self._tell(settings)

    def set_up(self, **wishes: Wish) -> None:
        """Set what the bench calls so (`suffix`, `same_code_ms`, …) by the family's commands.

        Where it has none, a virtual box is told as by a barcode. Raises BenchError for a real one.
        """
        for name, value in wishes.items():
            settings = self.book.spell(name, value, self.box.form)
            if settings is None:
                self._by_barcode({name: value})
            else:
                self._tell(settings)
            if name in self.box.form:
                self.box.form[name] = value
                self.say_form()

    def offers(self, name: str, value: Wish = 0) -> bool:
        """Whether the box can be set so, by command or at its back door."""
        if self.book.spell(name, value, self.box.form) is not None:
            return True
        return self.virtual and name not in {"packeted", "acknowledged"}

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

    def say_form(self) -> None:
        """Put on the tape how scans look from here on, and read them so."""
        form, framing = self.box.form, self.box.framing
        self.tape.event(
            CASE,
            "box",
            family=self.book.family.value,
            prefix=framing.prefix.hex(),
            suffix=framing.suffix.hex(),
            letter=bool(form["code_id"]),
            aim=bool(form["aim_id"]),
            packeted=bool(form["packeted"]),
        )
        self.box.renew()

    def say(self, told: Told) -> None:
        """Say bytes by hand and take in the answer that they have to get."""
        self.answer_due(told.said)
        self.box.line.write(told.raw)
        self.hear()

    def hear(self) -> None:
        """Take in an answer that comes without the driver's asking, if it comes."""
        self.quiet()

    def answer_due(self, said: Sequence[str]) -> None:
        """Say how the next command has to be answered."""
        self.tape.event(CASE, "answer-due", said=list(said))

    def configure(self, settings: Mapping[str, str], *, permanent: bool = False) -> None:
        """Set by the family's own names; what the box says to it is for the judge."""
        try:
            self.box.driver.configure(settings, permanent=permanent)
        except (NoAnswer, Refused, PeerViolation):
            self.quiet()

    def ask(self, tag: str) -> str:
        """Ask for a setting; empty when the box does not say."""
        try:
            return self.box.driver.query(tag)
        except (NoAnswer, Refused, PeerViolation):
            self.quiet()
            return ""

    # --- its cable, its power, faults: what a virtual box alone can be told ---

    @property
    def virtual(self) -> bool:
        """Whether the box is a virtual one."""
        return PARTY in self.back_doors

    def spoil(self, effect: Effect, **detail: int) -> None:
        """Schedule a fault of the next scan. Raises BenchError when the box is real."""
        self.disturb(PARTY, "scan", effect, **detail)

    def power(self, *, on: bool) -> None:
        """Cut the box's power, or restore it. Raises BenchError when the box is real."""
        self._back_door("/power", {"on": on})

    def cycle_power(self) -> None:
        """Cut the power and restore it."""
        self.power(on=False)
        self.power(on=True)

    def unplug(self) -> None:
        """Pull the cable."""
        self._back_door("/unplug", {})

    def unplug_in_scan(self, *, byte: int) -> None:
        """Have the cable pulled in the next scan, when so many of its bytes have left."""
        self._back_door("/plug", {"in": False, "scan": 1, "byte": byte})

    def keyboard(self, **wishes: Wish) -> bool:
        """Set the keyboard of a box that types, or that of its host; False where there is none to set."""
        try:
            self._back_door("/keyboard", wishes)
        except Declined:
            return False
        return True

    def replug(self) -> None:
        """Put the cable back."""
        self._back_door("/replug", {})

    def open_again(self) -> None:
        """Hang up and open the line anew; what still stood on it is no scan. Raises Disconnected."""
        self.box.close()
        self.box.open()
        self.quiet()
        self.box.close()
        self.tape.event(CASE, "line-opened")
        self.box.open()

    def await_bytes(self, *, since: int) -> bool:
        """Wait until a virtual box has taken in what was sent after a record; a real one is given some time."""
        if not self.virtual:
            return not self.box.line.read(self.table.quiet_s)
        arrived = self.tape.wait_for(
            lambda r: r.direction is Direction.RECEIVED and r.channel.startswith(f"{PARTY}."),
            since=since,
            timeout=self.patience_s,
        )
        return arrived is not None

    def follow(self) -> bool:
        """Read on with a driver that finds the box again by itself; False where this box comes back elsewhere."""
        self.quiet()
        where = str(self.back_doors[PARTY].state()["at"])
        self.unplug()
        self.replug()
        if str(self.back_doors[PARTY].state()["at"]) != where:
            return False
        self.box.close()
        self.tape.event(CASE, "line-opened")
        self.box.driver = Scanner.open(
            where, self.tape, name="client", framing=self.box.framing, family=self.book.family, follow=True
        )
        return True

    def _back_door(self, path: str, content: Mapping[str, object]) -> None:
        if not self.virtual:
            raise BenchError(
                f"A real box cannot be told {path.strip('/')}.",
                cause="cable and power of a real box are in nobody's hand here",
                remedy="run this case with the box virtual",
            )
        self.back_doors[PARTY].call(path, content)

    def _tell(self, settings: Sequence[tuple[str, str]]) -> None:
        self.configure(dict(settings))

    def _by_barcode(self, wishes: Mapping[str, Wish]) -> None:
        if not self.virtual:
            raise _cannot(self.book, f"be told {', '.join(wishes)}")
        self.tape.event(CASE, "set-by-barcode", names=list(wishes))
        try:
            self.back_doors[PARTY].call("/configure", dict(wishes))
        except Declined as error:
            raise _cannot(self.book, f"be told {', '.join(wishes)}") from error

    def _due(self, codes: Sequence[Code], why: str) -> None:
        self._drain()
        listed: list[JsonValue] = [[digits, symbology] for digits, symbology in codes]
        self.tape.event(CASE, "due", codes=listed, why=why)

    def _drain(self) -> None:
        """What has come belongs to what was due before."""
        while True:
            try:
                self.box.driver.read(0)
            except NoScan:
                return
            except PeerViolation:
                continue

    def _bring(self, digits: str, symbology: str) -> None:
        self.tape.event(CASE, "shown", digits=digits, symbology=symbology)
        self.eye.show(code_picture(digits, symbology))

    def _trigger(self, *, on: bool) -> None:
        try:
            self.box.driver.command_trigger(on=on)
        except (NoAnswer, Refused, PeerViolation):
            self.quiet()


def _cannot(book: Book, what: str) -> BenchError:
    return BenchError(
        f"A box of the family {book.family} cannot {what} by its host.",
        cause="the family has no command for it that is published",
        remedy="run this case with the box virtual, or set the box by its barcodes and leave the case out",
    )
