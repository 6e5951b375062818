"""The driver of a scanner box (扫码墩), the same for a real and a virtual one.

    with Scanner.open("serial:/dev/ttyUSB0") as scanner:
        scanner.configure({"SCNMOD": "0"})
        scanner.trigger()
        print(scanner.read(timeout=3.0).text)

Every command family and every way to plug one in (`scanner_family`, `scanner_line`). One thread at a time; commands and
scans share the line, and a scan that comes while an answer is awaited is kept for the next `read`. With `follow=True` a
box that is pulled out is waited for, found again by its serial number, and set up as it was; see `scanner_follow`.
"""

import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol, Self

from harness.devices.scanner_dialects.dialect import FamilyDialect, Reply, Request, Said, Told
from harness.devices.scanner_dialects.packets import PacketDialect
from harness.devices.scanner_family import Family, family_dialect
from harness.devices.scanner_line import WHOLE_SCANS, open_scanner_line
from harness.devices.scanner_stage import ScannerStage, Shown, VirtualStage
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, parse_address
from harness.line.client import ClientLine, Disconnected
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query
from harness.wire.scanner.newland_parameters import TRIGGER

__all__ = ["NoAnswer", "NoScan", "Refused", "Scanner", "ScannerStage", "Shown", "VirtualStage"]

ANSWER_TIMEOUT_S = 0.3
"""How long a box may take to answer a command; makers' software waits 50 to 300 ms."""
WAKE_S = 0.05
"""What a sleeping SSI box needs between being woken and the first command."""


class NoScan(BenchError):
    """Nothing was read in time."""


class NoAnswer(BenchError):
    """The box did not answer a command in time."""


class Refused(ConfigError):
    """The box understood, and will not: no such setting, a value out of range, or not in this trigger mode."""


class Follower(Protocol):
    """Finds a box again that was pulled out."""

    def await_line(self, deadline: float) -> ClientLine:
        """Its line, opened anew. Raises Disconnected when it is not back by a moment of `time.monotonic`."""
        ...


class Scanner:
    """A scanner box on its line.

    `tape` records the line from the host's side, for a real box; a virtual one records itself (no tape then).
    """

    def __init__(
        self,
        line: ClientLine,
        *,
        framing: ScanFraming | None = None,
        family: Family = Family.NEWLAND,
        whole_scans: bool = False,
        follower: Follower | None = None,
    ) -> None:
        self._line = line
        self._framing = framing or ScanFraming()
        self._family = family
        self._whole = whole_scans
        self._follower = follower
        self._dialect = self._new_dialect()
        self._scans: deque[Scan | Malformed] = deque()
        self._answers: deque[Reply] = deque()
        self._set: dict[str, str] = {}
        self._lost = False
        self.returns = 0
        """How often the box was pulled out and found again."""

    @classmethod
    def open(
        cls,
        address: str | Address,
        tape: Tape | None = None,
        *,
        name: str = "scanner",
        framing: ScanFraming | None = None,
        baud: int = 9600,
        wire: SerialFormat | None = None,
        family: Family = Family.NEWLAND,
        follow: bool = False,
    ) -> Self:
        """Open the line of a box; `wire` sets more of a serial line than `baud` does.

        Raises Disconnected when it cannot be had, ConfigError for an address that is no line.
        """
        where = parse_address(address) if isinstance(address, str) else address
        wire = wire or SerialFormat(baud=baud)
        follower = None
        if follow:
            from harness.devices.scanner_follow import PortFollower

            follower = PortFollower(where, name=name, tape=tape, wire=wire)
        line = open_scanner_line(where, name=name, tape=tape, wire=wire)
        whole = where.scheme in WHOLE_SCANS
        return cls(line, framing=framing, family=family, whole_scans=whole, follower=follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._line.close()

    def trigger(self, *, on: bool = True) -> None:
        """Pull the trigger, or let it go.

        Raises Disconnected; for families that answer (SSI, register) also NoAnswer, and ConfigError when the box's
        trigger mode refuses it.
        """
        request = self._dialect.trigger(on=on)
        if request.answered:
            _require_done(self._exchange(request))
        else:
            self._write(request)

    def command_trigger(self, *, on: bool = True) -> None:
        """Pull the trigger, or let it go, by a command that is answered, on Newland boxes too (`SCNTRG`)."""
        if self._family is Family.NEWLAND:
            (request,) = self._dialect.settings([(TRIGGER, "1" if on else "0")], permanent=False)
            _require_done(self._exchange(request))
        else:
            self.trigger(on=on)

    def read(self, timeout: float) -> Scan:
        """The next scan, begun at most `timeout` seconds from now.

        Raises NoScan when none came, PeerViolation for bytes that are no scan as the box is set, Disconnected; a box
        that is followed may be away for as long as `timeout`.
        """
        scans = self._scans
        if not scans:
            self._await(scans, timeout)
        if not scans:
            raise NoScan(
                f"The scanner box read nothing within {timeout:g} s.",
                cause="nothing readable is before it, the box waits for its trigger, or the same code is locked out",
                remedy="look at the picture, pull the trigger, or wait for the same-code lock-out",
            )
        found = scans.popleft()
        if isinstance(found, Scan):
            return found
        raise PeerViolation(
            f"The scanner box sent {found.raw[:64].hex(' ')}, which {found.reason}.",
            cause="the box is set to another prefix or suffix, bytes were lost, or the baud is wrong",
            remedy="set the box's suffix and the framing alike; check the baud and the cable",
        )

    def configure(self, settings: Mapping[str, str], *, permanent: bool = False) -> None:
        """Set what the family calls so, e.g. `{"RRDDUR": "3000"}`; temporary by default, since flash memory wears.

        Raises ConfigError when the box refuses one, NoAnswer, PeerViolation, Disconnected.
        """
        for request in self._spelled(settings, permanent=permanent):
            if request.answered:
                _require_done(self._exchange(request))
            else:
                self._write(request)
        if not permanent:
            self._set |= settings

    def query(self, tag: str, kind: Query | None = Query.CURRENT) -> str:
        """What the box says to a question about a setting; `kind` None asks an action such as `QRYSYS`.

        Raises ConfigError when the box does not know it, NoAnswer, PeerViolation, Disconnected.
        """
        try:
            request = self._dialect.question(tag, kind)
        except ValueError as error:
            raise _unspeakable(error) from error
        reply = self._exchange(request)
        _require_done(reply)
        return reply.items[0].data

    def identify(self) -> str:
        """What the box says of itself.

        Raises ConfigError when its family cannot be asked, NoAnswer, PeerViolation, Disconnected.
        """
        reply = self._exchange(self._dialect.identity())
        _require_done(reply)
        return reply.text

    def wake(self) -> None:
        """Wake a sleeping SSI box before a command. Raises Disconnected."""
        self._line.write(b"\x00")
        self._await(self._answers, WAKE_S)

    def _spelled(self, settings: Mapping[str, str], *, permanent: bool) -> list[Request]:
        try:
            return self._dialect.settings(list(settings.items()), permanent=permanent)
        except ValueError as error:
            raise _unspeakable(error) from error

    def _exchange(self, request: Request) -> Reply:
        self._answers.clear()
        self._dialect.expect(request)
        try:
            self._write(request)
            self._await(self._answers, ANSWER_TIMEOUT_S)
        finally:
            self._dialect.forget()
        if not self._answers:
            raise NoAnswer(
                f"The scanner box did not answer {request.raw.decode('latin-1')!r} within {ANSWER_TIMEOUT_S:g} s.",
                cause="it is of another family, works at another baud, or is set up by barcodes only",
                remedy="check the family and the baud in the bench file; `liantiao devices --ask` tries them",
            )
        reply = self._answers.popleft()
        told = tuple(item.tag for item in reply.items if item.tag)
        if told and request.tags and told != request.tags:
            raise PeerViolation(
                f"The scanner box answered {reply.raw!r} to {request.raw!r}.",
                cause="the box answered another host's command, or its dialect differs",
                remedy="see that only one program uses the box",
            )
        return reply

    def _write(self, request: Request) -> None:
        if self._lost:
            self._find_again(time.monotonic() + ANSWER_TIMEOUT_S)
        try:
            self._line.write(request.raw)
        except Disconnected:
            self._lose()
            raise

    def _await(self, wanted: "deque[Scan | Malformed] | deque[Reply]", timeout: float) -> None:
        """Read until something wanted is there or the time is over; what has begun by then may end within the gap."""
        gap = self._framing.idle_s
        deadline = time.monotonic() + timeout
        if self._lost:
            self._find_again(deadline)
        dialect = self._dialect
        patience = gap if dialect.pending else timeout
        while True:
            try:
                data = self._line.read(patience)
            except Disconnected:
                self._lose()
                if self._follower is None or wanted is self._answers:
                    raise
                self._find_again(deadline)
                dialect, data = self._dialect, b""
            for event in dialect.feed(data) if data else dialect.idle():
                if isinstance(event, Reply):
                    self._answers.append(event)
                else:
                    self._scans.append(event)
            if dialect.acknowledgement:
                due, dialect.acknowledgement = dialect.acknowledgement, b""
                self._acknowledge(due)
            if wanted:
                return
            pending = dialect.pending
            left = deadline - time.monotonic()
            if left <= (-gap if pending else 0):
                return
            patience = gap if pending else left

    def _acknowledge(self, due: bytes) -> None:
        """Tell the box that its packet came; a box that is gone sends it again, and is told then."""
        try:
            self._line.write(due)
        except Disconnected:
            self._lose()
            if self._follower is None:
                raise

    def _lose(self) -> None:
        """The line is gone: what had begun on it never ends; which packet came last is still known."""
        self._line.close()
        self._dialect.idle()
        self._dialect.forget()
        self._dialect.acknowledgement = b""
        self._lost = self._follower is not None

    def _find_again(self, deadline: float) -> None:
        """Wait until the box is back, and set it up as it was: temporary settings do not survive.

        Raises Disconnected when it is not back in time.
        """
        assert self._follower is not None
        while self._lost:
            self._line = self._follower.await_line(deadline)
            self._lost = False
            self.returns += 1
            try:
                self._set_up(deadline)
            except Disconnected:
                continue

    def _set_up(self, deadline: float) -> None:
        """Give the box its temporary settings again; it may take a while to start."""
        for request in self._spelled(self._set, permanent=False) if self._set else []:
            if not request.answered:
                self._write(request)
                continue
            while True:
                try:
                    _require_done(self._exchange(request))
                    break
                except NoAnswer:
                    if time.monotonic() >= deadline:
                        raise

    def _new_dialect(self) -> FamilyDialect:
        dialect = family_dialect(self._family, self._framing)
        return PacketDialect(dialect, self._framing) if self._whole else dialect


def _unspeakable(error: ValueError) -> ConfigError:
    return ConfigError(
        f"The scanner box cannot be told this: {error}.",
        cause="a slip in a tag or value",
        remedy="write tags and values as the box's manual has them: six capitals for Newland, numbers for SSI",
    )


def _require_done(reply: Reply) -> None:
    for told in reply.items:
        _require_item(told)


def _require_item(told: Told) -> None:
    match told.said:
        case Said.NO_SUCH_SETTING:
            raise Refused(
                f"The scanner box has no setting {told.tag!r}{f' ({told.data})' if told.data else ''}.",
                cause="the tag is of another model, or spelled in small letters",
                remedy="look it up in the box's manual",
            )
        case Said.REFUSED:
            raise Refused(
                f"The scanner box refuses {told.tag or 'this'}: {told.data!r}.",
                cause="the value is out of the setting's range, or the box's trigger mode does not allow it",
                remedy="ask the box for the range where it can be asked; set host trigger mode before triggering",
            )
        case Said.DONE:
            return
