"""Tapes of a scanner box in the making: what is due and shown, what the box sends, what it is told and answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.judge.history import CASE, CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record
from harness.wire.scanner import newland, ssi
from tests.harness.rules.tape_builder import Entry

DIGITS = "6201234567890123456789012345"
OTHER = "6201234567890123456789012368"
LINE = "client.serial"


@dataclass
class ScannerTape:
    """A tape of one case; `family` newland or ssi."""

    family: str = "newland"
    packeted: bool = False
    entries: list[Record] = field(default_factory=list)

    def event(self, channel: str, name: str, **fields: object) -> None:
        """Record what is not bytes."""
        entry = Entry(label=name, at_ns=len(self.entries), channel=channel, event=name, content=fields)
        self.entries.append(entry.record(len(self.entries)))

    def frame(self, data: bytes, *, sent: bool) -> None:
        """Record bytes; `sent` by the box."""
        pattern = Entry(label="", at_ns=len(self.entries), channel=CASE, event="x", content={}).record(0)
        way = Direction.SENT if sent else Direction.RECEIVED
        number = len(self.entries)
        self.entries.append(replace(pattern, seq=number, kind=Kind.FRAME, channel=LINE, direction=way, data=data))

    def box(self, **form: object) -> None:
        """How scans look from here on."""
        told = {"prefix": "", "suffix": "0d", "letter": False, "aim": False, "packeted": self.packeted}
        self.event(CASE, "box", family=self.family, **(told | form))

    def due(self, *codes: str, why: str = "shown", symbology: str = "qr") -> None:
        """Say what has to arrive."""
        self.event(CASE, "due", codes=[[digits, symbology] for digits in codes], why=why)

    def show(self, digits: str = DIGITS, *, why: str = "shown", symbology: str = "qr", due: bool = True) -> None:
        """Show a code, which has to arrive or not."""
        self.due(*([digits] if due else []), why=why, symbology=symbology)
        self.event(CASE, "shown", digits=digits, symbology=symbology)

    def scan(self, digits: str = DIGITS, *, head: bytes = b"", end: bytes = b"\r") -> None:
        """The box sends a scan."""
        self.frame(head + digits.encode() + end, sent=True)

    def packet(self, digits: str = DIGITS, *, kind: int = 0x1C, again: bool = False, off: int = 0) -> None:
        """The box sends DECODE_DATA."""
        (raw,) = ssi.encode_decode_data(kind, digits.encode())
        raw = ssi.sent_again(raw) if again else raw
        self.frame(raw[:-1] + bytes([(raw[-1] + off) & 0xFF]), sent=True)

    def tell(self, *items: tuple[str, str], permanent: bool = False, said: Sequence[str] = ()) -> bytes:
        """A command to a Newland box; `said`: how it has to be answered."""
        if said:
            self.event(CASE, "answer-due", said=list(said))
        storage = newland.Storage.PERMANENT if permanent else newland.Storage.TEMPORARY
        raw = newland.encode_command(items, storage=storage)
        self.frame(raw, sent=False)
        return raw

    def answer(self, raw: bytes, *outcomes: newland.Outcome) -> None:
        """A Newland box's answer."""
        (command,) = newland.BoxSide().feed(raw)
        assert isinstance(command, newland.Command)
        told = outcomes or tuple(newland.Outcome(status=newland.Status.DONE) for _ in command.items)
        self.frame(newland.encode_answer(command, told), sent=True)

    def talk(self, *items: tuple[str, str], permanent: bool = False) -> None:
        """A command and the answer that it is done."""
        self.answer(self.tell(*items, permanent=permanent))

    def ask(self, tag: str, value: str) -> None:
        """A question and its answer."""
        self.answer(self.tell((tag, "*")), newland.Outcome(status=newland.Status.DONE, data=value))

    def history(self) -> CaseHistory:
        """The case as the judge reads it, ended."""
        self.event(CASE, "case-end")
        (found,) = read_histories(self.entries)
        self.entries.pop()
        return found


def begun(family: str = "newland", *, packeted: bool = False) -> ScannerTape:
    """A case has begun, and one code was read."""
    tape = ScannerTape(family=family, packeted=packeted)
    tape.event(CASE, "case-start", case="scanner/x", title="x", requirements=["QH-SCANNER-BOX"])
    tape.box()
    tape.show()
    if packeted:
        tape.packet()
        tape.frame(ssi.acknowledge(), sent=False)
    else:
        tape.scan()
    return tape


def good_story() -> ScannerTape:
    """A box that does everything right, with faults that excuse it."""
    tape = begun()
    tape.talk(("SCNMOD", "0"))
    tape.show(due=False, why="not-triggered")
    tape.due(DIGITS)
    tape.talk(("SCNTRG", "1"))
    tape.scan()
    tape.show(OTHER, why="rotated")
    tape.scan(OTHER)
    tape.show(OTHER, due=False, why="locked-out")
    tape.answer(
        tape.tell(("ZZZZZZ", "1"), said=["no-such-setting"]), newland.Outcome(status=newland.Status.NO_SUCH_TAG)
    )
    tape.ask("GRBVLL", "20")
    tape.talk(("GRBVLL", "7"))
    tape.ask("GRBVLL", "7")
    tape.event("scanner", "power", on=False)
    tape.event("scanner", "power", on=True)
    tape.ask("GRBVLL", "20")
    tape.talk(("GRBVLL", "9"), permanent=True)
    tape.event("scanner", "power", on=True)
    tape.ask("GRBVLL", "9")
    tape.talk(("CPRENA", "1"), ("CPRSET", "2A"))
    tape.box(prefix="2a", aim=True)
    tape.show()
    tape.scan(head=b"*]Q1")
    tape.show(OTHER, symbology="code128")
    tape.scan(OTHER, head=b"*]C0")
    tape.show()
    tape.event("faults", "fault-fired", party="scanner", message="scan", effect="drop-byte", nth=1)
    tape.scan(DIGITS[1:], head=b"*")
    tape.show(OTHER)
    tape.frame(b"*]Q1620123", sent=True)
    tape.event("scanner", "unplugged")
    tape.event("scanner", "plugged-in")
    tape.event(CASE, "line-opened")
    tape.due(why="set wrong")
    tape.event(CASE, "excused", why="x")
    tape.scan("６２", head=b"*]Q1")
    tape.show()
    tape.scan(head=b"*]Q1")
    return tape
