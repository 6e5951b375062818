"""The driver of a scanner box (扫码墩), the same for a real and a virtual one, and the stage that shows it a picture.

    with Scanner.open("serial:/dev/ttyUSB0") as scanner:
        scanner.configure({"SCNMOD": "0"})
        scanner.trigger()
        print(scanner.read(timeout=3.0).text)

A stage brings a picture before the box: `VirtualStage` through a simulator's back door; a real box has a screen.
Newland boxes so far. One thread at a time; commands and scans share the line, and a scan that comes while an answer is
awaited is kept for the next `read`.
"""

import http.client
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.address import Address, Scheme, parse_address
from harness.line.client import ClientLine
from harness.line.serial import SerialClient
from harness.line.tape import Tape
from harness.line.tcp import TcpClient
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import (
    LEGACY_START,
    LEGACY_STOP,
    Answer,
    Answered,
    HostSide,
    Query,
    Status,
    Storage,
    encode_command,
)
from harness.wire.scanner.newland_parameters import TRIGGER

ANSWER_TIMEOUT_S = 0.3
"""How long a box may take to answer a command; makers' software waits 50 to 300 ms."""
MAX_BATCH = 200
"""Characters of a command at most, as makers' software has it."""
SHOW_TIMEOUT_S = 30.0


class NoScan(BenchError):
    """Nothing was read in time."""


class NoAnswer(BenchError):
    """The box did not answer a command in time."""


class Scanner:
    """A scanner box on its line.

    `tape` records the line from the host's side, for a real box; a virtual one records itself (no tape then).
    """

    def __init__(self, line: ClientLine, *, framing: ScanFraming | None = None) -> None:
        self._line = line
        self._framing = framing or ScanFraming()
        self._codec = HostSide(self._framing)
        self._scans: deque[Scan | Malformed] = deque()
        self._answers: deque[Answer] = deque()

    @classmethod
    def open(
        cls,
        address: str | Address,
        tape: Tape | None = None,
        *,
        name: str = "scanner",
        framing: ScanFraming | None = None,
        baud: int = 9600,
    ) -> Self:
        """Open the line of a `serial:`, `rfc2217:` or `tcp:` address.

        Raises Disconnected when it cannot be had, ConfigError for an address that is no line.
        """
        where = parse_address(address) if isinstance(address, str) else address
        match where.scheme:
            case Scheme.SERIAL | Scheme.RFC2217:
                line: ClientLine = SerialClient.open(where, channel=f"{name}.serial", tape=tape, baud=baud)
            case Scheme.TCP:
                line = TcpClient.open(where, channel=f"{name}.tcp", tape=tape)
            case _:
                raise ConfigError(
                    f"A scanner box cannot be reached at {where}.",
                    cause="the address is of another kind of device, or the bench has not started the virtual box",
                    remedy="write serial:, rfc2217: or tcp:, or virtual in a bench file",
                )
        return cls(line, framing=framing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._line.close()

    def trigger(self, *, on: bool = True) -> None:
        """Pull the trigger, or let it go, by the three-byte form that all boxes of the family take.

        Nothing is answered. Raises Disconnected.
        """
        self._line.write(LEGACY_START if on else LEGACY_STOP)

    def command_trigger(self, *, on: bool = True) -> None:
        """Pull the trigger, or let it go, by `SCNTRG`, and await the answer. Raises as `configure` does."""
        self.configure({TRIGGER: "1" if on else "0"})

    def read(self, timeout: float) -> Scan:
        """The next scan, begun at most `timeout` seconds from now.

        Raises NoScan when none came, PeerViolation for bytes that are no scan as the box is set, Disconnected.
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
        match scans.popleft():
            case Scan() as scan:
                return scan
            case Malformed(raw=raw, reason=reason):
                raise PeerViolation(
                    f"The scanner box sent {raw[:64].hex(' ')}, which {reason}.",
                    cause="the box is set to another prefix or suffix, bytes were lost, or the baud is wrong",
                    remedy="set the box's suffix and the framing alike; check the baud and the cable",
                )

    def configure(self, settings: Mapping[str, str], *, permanent: bool = False) -> None:
        """Set tags such as `{"RRDDUR": "3000"}`; temporary by default, since flash memory wears.

        Raises ConfigError when the box refuses one, NoAnswer, PeerViolation, Disconnected.
        """
        storage = Storage.PERMANENT if permanent else Storage.TEMPORARY
        for batch in _batches(list(settings.items())):
            for answered in self._exchange(batch, storage):
                _require_done(answered)

    def query(self, tag: str, kind: Query | None = Query.CURRENT) -> str:
        """What the box says to a question about a tag; `kind` None asks an action such as `QRYSYS`.

        Raises ConfigError when the box does not know the tag, NoAnswer, PeerViolation, Disconnected.
        """
        (answered,) = self._exchange([(tag, "" if kind is None else kind.value)], Storage.TEMPORARY)
        _require_done(answered)
        return answered.data

    def _exchange(self, items: list[tuple[str, str]], storage: Storage) -> tuple[Answered, ...]:
        try:
            raw = encode_command(items, storage=storage)
        except ValueError as error:
            raise ConfigError(
                f"The scanner box cannot be told this: {error}.",
                cause="a slip in a tag or value",
                remedy="write tags as six capitals, values as the box's manual has them",
            ) from error
        self._answers.clear()
        self._line.write(raw)
        self._await(self._answers, ANSWER_TIMEOUT_S)
        if not self._answers:
            raise NoAnswer(
                f"The scanner box did not answer {raw.decode('latin-1')!r} within {ANSWER_TIMEOUT_S:g} s.",
                cause="it is of another family, works at another baud, or is set up by barcodes only",
                remedy="check the family and the baud in the bench file",
            )
        answer = self._answers.popleft()
        if [answered.tag for answered in answer.items] != [tag for tag, _ in items]:
            raise PeerViolation(
                f"The scanner box answered {answer.raw!r} to {raw!r}.",
                cause="the box answered another host's command, or its dialect differs",
                remedy="see that only one program uses the box",
            )
        return answer.items

    def _await(self, wanted: "deque[Scan | Malformed] | deque[Answer]", timeout: float) -> None:
        """Read until something wanted is there or the time is over; what has begun by then may end within the gap."""
        codec, gap = self._codec, self._framing.idle_s
        deadline = time.monotonic() + timeout
        patience = gap if codec.pending else timeout
        while True:
            data = self._line.read(patience)
            for event in codec.feed(data) if data else codec.idle():
                if isinstance(event, Answer):
                    self._answers.append(event)
                else:
                    self._scans.append(event)
            left = deadline - time.monotonic()
            if wanted or left <= (-gap if codec.pending else 0):
                return
            patience = gap if codec.pending else left


def _batches(items: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    batches: list[list[tuple[str, str]]] = [[]]
    size = 0
    for tag, data in items:
        added = len(tag) + len(data) + 1
        if batches[-1] and size + added > MAX_BATCH:
            batches.append([])
            size = 0
        batches[-1].append((tag, data))
        size += added
    return [batch for batch in batches if batch]


def _require_done(answered: Answered) -> None:
    match answered.status:
        case Status.NO_SUCH_TAG:
            raise ConfigError(
                f"The scanner box has no setting {answered.tag!r}.",
                cause="the tag is of another model, or spelled in small letters",
                remedy="look it up in the box's manual",
            )
        case Status.OUT_OF_RANGE:
            raise ConfigError(
                f"The scanner box refuses {answered.tag} = {answered.data!r}.",
                cause="the value is out of the setting's range",
                remedy=f"ask the box for the range: query({answered.tag!r}, Query.RANGE)",
            )
        case Status.DONE:
            return


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What became of a picture that was shown: read or not, what, or why not.

    For messages and demonstrations; what a case checks stands on the tape.
    """

    read: bool
    text: str = ""
    symbology: str = ""
    why: str = ""


class ScannerStage(Protocol):
    """What brings pictures before a box."""

    def show(self, picture: bytes) -> Shown | None:
        """Show a picture; None when the stage cannot tell what became of it."""
        ...

    def blank(self) -> None:
        """Show nothing."""
        ...


class VirtualStage:
    """Shows pictures to a virtual box through its back door; `control` is that door's address, `http://…`."""

    def __init__(self, control: str) -> None:
        self._host = urlsplit(control).netloc

    def show(self, picture: bytes) -> Shown:
        """Show a PNG or JPEG picture and tell what the box read. Raises ConfigError for bytes that are no picture."""
        told = self._call("POST", "/show", picture)
        return Shown(
            read=told.get("read") is True,
            text=str(told.get("text", "")),
            symbology=str(told.get("symbology", "")),
            why=str(told.get("why", "")),
        )

    def blank(self) -> None:
        """Show nothing."""
        self._call("DELETE", "/show")

    def configure(self, settings: Mapping[str, str | int | bool]) -> None:
        """Set the virtual box as configuration barcodes would, e.g. `{"suffix": "LF"}`, until its next reset.

        Raises ConfigError for what it has not.
        """
        self._call("POST", "/configure", json.dumps(settings).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> dict[str, object]:
        connection = http.client.HTTPConnection(self._host, timeout=SHOW_TIMEOUT_S)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            told = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BenchError(
                f"The virtual scanner box does not answer at {self._host}: {error}.",
                cause="its simulator stopped, or the address is of another program",
                remedy="look at the bench's log, and bring the bench up again",
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK or not isinstance(told, dict):
            why = told.get("error", told) if isinstance(told, dict) else told
            raise ConfigError(
                f"The virtual scanner box refuses {path}: {why}.",
                cause="the picture or the setting is not as the box takes it",
                remedy="show a PNG or JPEG picture; set only what the message names",
            )
        return told
