"""What the tape says of a scanner box under test: what it was shown, what arrived, what it was told and answered.

Read from the bench's own record (channels `client.…`) by the family's codec, and from what the case says about itself:

    box       {family, prefix, suffix, letter, aim, packeted}   how the box is set from here on; prefix, suffix in hex
    due       {codes: [[digits, symbology], …], why}            what has to arrive before the next `due`, in this order
    shown     {digits, symbology}                               a code is before the box from here on
    answer-due {said: […]}                                      how the next command has to be answered
    excused   {why}                                             what comes until the next `due` is not the box's fault
    given-up  {}                                                a command that was begun is not ended

A command without `answer-due` has to be answered as done, if its family answers it at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from harness.judge.history import CASE, CaseHistory, Event
from harness.judge.scanner_commands import DONE, SILENCE, SILENCES_S, Asked, Ear, Read, Told
from harness.line.record import Direction, Kind, Record
from harness.line.wedge_reading import KeyReader
from harness.wire.scanner.framing import Malformed, ScanFraming
from harness.wire.scanner.symbologies import ids_of

CLIENT, KEYS = "client.", ".keys"
"""How the channels begin on which the bench records its own side of the line; how that of a keyboard ends."""
LINE_ENDS = frozenset({"unplugged", "plugged-in", "power", "line-opened"})
"""Events after which nothing that has begun on the line goes on."""
SETTINGS_END = "power"


@dataclass(frozen=True, kw_only=True)
class Form:
    """How scans have to look."""

    family: str
    prefix: bytes = b""
    suffix: bytes = b"\r"
    letter: bool = False
    aim: bool = False
    packeted: bool = False

    @property
    def framing(self) -> ScanFraming:
        """How they are framed on the line."""
        return ScanFraming(prefix=self.prefix, suffix=self.suffix)

    def head(self, symbology: str) -> bytes:
        """The ids before the data of a code."""
        ids = ids_of(symbology)
        return (ids.letter if self.letter else b"") + (ids.aim if self.aim else b"")

    @property
    def head_size(self) -> int:
        """How many bytes of ids stand before the data."""
        return len(self.head("qr"))


@dataclass(frozen=True, kw_only=True)
class Due:
    """What has to arrive from here to the next one; record numbers, `end` the last that counts."""

    seq: int
    end: int
    codes: tuple[tuple[str, str], ...]
    why: str
    disturbed: bool
    """Whether meanwhile a fault fired that the case had asked for, the cable was pulled or the power was cut."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A scan that arrived; `seq` is the record that ended it, `order` its place among all that was said."""

    seq: int
    order: int
    read: Read
    form: Form

    @property
    def head(self) -> bytes:
        """What stands where the ids have to be."""
        inner = self.read.data.removeprefix(self.form.prefix) if self.read.packet else self.read.data
        return inner[: self.form.head_size]

    @property
    def text(self) -> str:
        """The data behind the ids."""
        inner = self.read.data.removeprefix(self.form.prefix) if self.read.packet else self.read.data
        return inner[self.form.head_size :].decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A command and its answer, if one came."""

    seq: int
    order: int
    asked: Asked
    due: tuple[str, ...]
    """How it had to be answered, one for each item, or one for all."""
    slow: bool
    """Whether the command took so long on the line that the box may have given it up."""
    reply_seq: int | None = None
    reply_order: int = -1
    reply: Told | None = None

    @property
    def done(self) -> bool:
        """Whether all of it was answered as done."""
        return self.reply is not None and set(self.reply.said) == {DONE}


@dataclass(frozen=True, kw_only=True)
class Stray:
    """Bytes that are neither a scan as it has to be nor an answer to anything."""

    seq: int
    raw: bytes
    what: str


@dataclass(frozen=True, kw_only=True)
class ScannerTalk:
    """All that was said on the box's line in a case."""

    family: str
    dues: tuple[Due, ...]
    deliveries: tuple[Delivery, ...]
    exchanges: tuple[Exchange, ...]
    strays: tuple[Stray, ...]
    powers: tuple[int, ...]
    """Places among all that was said at which the box had lost its power and got it back."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Every code that was shown, with its symbology."""

    def within(self, due: Due) -> list[Delivery]:
        """What arrived while this was due."""
        return [delivery for delivery in self.deliveries if due.seq < delivery.seq <= due.end]

    def disturbed(self, seq: int) -> bool:
        """Whether a fault fired in the stretch to which a record belongs."""
        return any(due.disturbed for due in self.dues if due.seq <= seq <= due.end)


@lru_cache(maxsize=4)
def scanner_talk(history: CaseHistory) -> ScannerTalk | None:
    """What was said on the line of the box under test; None when none was."""
    if not any(event.device == CASE for event in history.named("box")):
        return None
    return _Reader(history).talk()


class _Reader:
    def __init__(self, history: CaseHistory) -> None:
        self._history = history
        self._form = Form(family="newland")
        self._ear = Ear("newland", self._form.framing)
        self._deliveries: list[Delivery] = []
        self._exchanges: list[Exchange] = []
        self._strays: list[Stray] = []
        self._powers: list[int] = []
        self._shown: dict[str, str] = {}
        self._due_said: tuple[str, ...] | None = None
        self._order = 0
        self._begun: Record | None = None
        self._keys = KeyReader()

    def talk(self) -> ScannerTalk:
        """Read the case through."""
        last = 0
        for record in self._history.records:
            if record.kind is Kind.FRAME:
                if record.channel.startswith(CLIENT):
                    self._frame(record)
                    last = record.seq
            else:
                self._event(record, last)
        self._flush(last)
        return ScannerTalk(
            family=self._form.family,
            dues=tuple(self._dues()),
            deliveries=tuple(self._deliveries),
            exchanges=tuple(self._exchanges),
            strays=tuple(self._strays),
            powers=tuple(self._powers),
            shown=self._shown,
        )

    def _event(self, record: Record, last: int) -> None:
        name, fields = record.name, record.event
        if name in LINE_ENDS:
            self._flush(last)
            self._renew()
            if name == SETTINGS_END and fields.get("on") is True:
                self._powers.append(self._next())
        if record.channel != CASE:
            return
        match name:
            case "box":
                self._flush(last)
                self._form = Form(
                    family=str(fields["family"]),
                    prefix=bytes.fromhex(str(fields.get("prefix", ""))),
                    suffix=bytes.fromhex(str(fields.get("suffix", ""))),
                    letter=fields.get("letter") is True,
                    aim=fields.get("aim") is True,
                    packeted=fields.get("packeted") is True,
                )
                self._renew()
            case "due":
                self._flush(last)
            case "given-up":
                self._ear.given_up()
                self._begun = None
            case "shown":
                self._shown[str(fields["digits"])] = str(fields["symbology"])
            case "answer-due":
                said = fields.get("said")
                self._due_said = tuple(str(one) for one in said) if isinstance(said, list) else None

    def _frame(self, record: Record) -> None:
        if record.direction is Direction.SENT:
            data = self._keys.feed(record.data).encode() if record.channel.endswith(KEYS) else record.data
            self._take(self._ear.from_box(data), record.seq)
            return
        if self._begun is None:
            self._begun = record
        asked = self._ear.from_host(record.data)
        slow = record.real_ns - self._begun.real_ns > SILENCES_S[self._form.family] * 0.5e9
        if asked:
            self._begun = None
        for one in asked:
            default = (DONE,) if one.answered else (SILENCE,)
            due, self._due_said = self._due_said or default, None
            if one.acknowledges or (not one.answered and one.raw == b"\x15"):
                due = (SILENCE,)
            self._exchanges.append(Exchange(seq=record.seq, order=self._next(), asked=one, due=due, slow=slow))

    def _take(self, arrived: "list[Read | Told | Malformed]", seq: int) -> None:
        for one in arrived:
            match one:
                case Read():
                    self._deliveries.append(Delivery(seq=seq, order=self._next(), read=one, form=self._form))
                case Malformed(raw=raw, reason=reason):
                    self._strays.append(Stray(seq=seq, raw=raw, what=reason))
                case Told():
                    self._answered(one, seq)

    def _answered(self, told: Told, seq: int) -> None:
        """An answer belongs to the first of the last commands that has none and gets one; else to the last of them."""
        last = self._exchanges[-1].seq if self._exchanges else -1
        open_ones = [at for at, e in enumerate(self._exchanges) if e.seq == last and e.reply is None]
        answered = [at for at in open_ones if self._exchanges[at].asked.answered]
        place = (answered or open_ones or [-1])[0]
        if place < 0:
            self._strays.append(Stray(seq=seq, raw=told.raw, what="answers nothing that was asked"))
            return
        found = self._exchanges[place]
        self._exchanges[place] = Exchange(
            seq=found.seq,
            order=found.order,
            asked=found.asked,
            due=found.due,
            slow=found.slow,
            reply_seq=seq,
            reply_order=self._next(),
            reply=told,
        )

    def _dues(self) -> Iterator[Due]:
        events = [event for event in self._history.named("due") if event.device == CASE]
        end = self._history.records[-1].seq if self._history.records else 0
        fired = [event.seq for event in self._history.named("fault-fired", "unplugged")]
        fired += [event.seq for event in self._history.named("power") if event["on"] is False]
        fired += [event.seq for event in self._history.named("excused") if event.device == CASE]
        for place, event in enumerate(events):
            until = events[place + 1].seq - 1 if place + 1 < len(events) else end
            disturbed = any(event.seq < at <= until for at in fired)
            yield Due(seq=event.seq, end=until, codes=_codes(event), why=str(event["why"]), disturbed=disturbed)

    def _flush(self, last: int) -> None:
        self._take(self._ear.silence(), last)

    def _renew(self) -> None:
        self._ear = Ear(self._form.family, self._form.framing)
        self._begun = None
        self._keys = KeyReader()

    def _next(self) -> int:
        self._order += 1
        return self._order


def _codes(event: Event) -> tuple[tuple[str, str], ...]:
    listed = event["codes"]
    return tuple((str(digits), str(symbology)) for digits, symbology in listed) if isinstance(listed, list) else ()
