"""What the host of a scanner box under test tells it: settings, commands, the trigger, spelled from its family's book.

How a command has to be answered stands on the tape before it is sent; the judge compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.devices.http import Refused as Declined
from harness.devices.scanner import NoAnswer, Refused
from harness.errors import BenchError, PeerViolation
from harness.line.record import Direction, Kind, Record
from harness.line.tape import Tape
from harness.scenarios.scanner_book import Book, Told
from harness.scenarios.scanner_box import BoxLine
from harness.scenarios.scanner_spelling import Wish
from harness.scenarios.scanner_stand_in import StandIn
from harness.scenarios.stage import CASE

CLIENT = "client."
"""How the channels of the host's own end of a line begin; a stand-in's have its name."""
WATCH, TRIGGER = "watch", "trigger"
"""The box reads whatever comes into view; the box waits for the host's trigger."""
BACK_DOOR_MODES = {WATCH: "sense", TRIGGER: "host"}
PLAIN: Mapping[str, Wish] = {"prefix": "", "suffix": "CR", "code_id": False, "aim_id": False, "packeted": False}
"""Scans without anything but a CR."""


@dataclass(frozen=True, kw_only=True)
class BoxHost:
    """The host's side of the box."""

    tape: Tape
    book: Book
    """The box's family."""
    box: BoxLine
    stand_in: StandIn

    def trigger(self, *, on: bool) -> None:
        """Pull the trigger, or let it go; what the box says to it is for the judge."""
        try:
            self.box.driver.command_trigger(on=on)
        except (NoAnswer, Refused, PeerViolation):
            self.box.quiet()

    def mode(self, name: str, *, mode: str = "") -> None:
        """Set when the box looks: WATCH or TRIGGER."""
        settings = self.book.modes.get(name)
        if settings is None:
            self._by_barcode({"mode": mode or BACK_DOOR_MODES[name]})
        else:
            self._tell(settings)

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
        return self.stand_in.virtual and name not in {"packeted", "acknowledged"}

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
        since = self.tape.seq
        self.box.line.write(told.raw)
        if told.said and self.stand_in.virtual:  # on a busy machine a stand-in may need longer than the line's silence
            self.tape.wait_for(_has_come, since=since, timeout=self.box.table.read_s)
        self.hear()

    def hear(self) -> None:
        """Take in an answer that comes without the driver's asking, if it comes."""
        self.box.quiet()

    def answer_due(self, said: Sequence[str]) -> None:
        """Say how the next command has to be answered."""
        self.tape.event(CASE, "answer-due", said=list(said))

    def configure(self, settings: Mapping[str, str], *, permanent: bool = False) -> None:
        """Set by the family's own names; what the box says to it is for the judge."""
        try:
            self.box.driver.configure(settings, permanent=permanent)
        except (NoAnswer, Refused, PeerViolation):
            self.box.quiet()

    def ask(self, tag: str) -> str:
        """Ask for a setting; empty when the box does not say."""
        try:
            return self.box.driver.query(tag)
        except (NoAnswer, Refused, PeerViolation):
            self.box.quiet()
            return ""

    def _tell(self, settings: Sequence[tuple[str, str]]) -> None:
        self.configure(dict(settings))

    def _by_barcode(self, wishes: Mapping[str, Wish]) -> None:
        if not self.stand_in.virtual:
            raise _cannot(self.book, f"be told {', '.join(wishes)}")
        self.tape.event(CASE, "set-by-barcode", names=list(wishes))
        try:
            self.stand_in.read_barcodes(wishes)
        except Declined as error:
            raise _cannot(self.book, f"be told {', '.join(wishes)}") from error


def _has_come(record: Record) -> bool:
    """Whether the stand-in has written something, which is then on the line."""
    return record.kind is Kind.FRAME and record.direction is Direction.SENT and not record.channel.startswith(CLIENT)


def _cannot(book: Book, what: str) -> BenchError:
    return BenchError(
        f"A box of the family {book.family} cannot {what} by its host.",
        cause="the family has no command for it that is published",
        remedy="run this case with the box virtual, or set the box by its barcodes and leave the case out",
    )
