"""A command that the adapter is busy with: what it asked for meanwhile, and how it answered."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from harness.counter.hospital import Asked
from harness.counter.line_fields import DOCUMENT
from harness.counter.messages import Answer, Journalled, PresentPlease, Released, ScanPlease
from harness.counter.outcome import Outcome
from harness.errors import PeerViolation

T = TypeVar("T")


class Waits(Protocol):
    """Whoever hears the adapter's lines."""

    def wait_until(self, wanted: Callable[[], T | None], what: str) -> T:
        """Wait until `wanted` gives something. Raises PeerViolation when the adapter fails or no line comes in time."""
        ...


class ProcessOperation:
    """A command that the adapter is busy with; see `Operation` of `port` for what each method means."""

    def __init__(self, waits: Waits, number: int, do: str, read: Callable[[Answer], Outcome]) -> None:
        self._waits = waits
        self._read = read
        self._asks_seen = 0
        self.number = number
        self.do = do
        self.asks: list[Asked] = []
        self.released: list[Released] = []
        self.journal: list[Journalled] = []
        self.answer: Answer | None = None
        self.not_understood: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the adapter has answered, well or badly."""
        return self.answer is not None or self.not_understood is not None

    def take(self, message: ScanPlease | PresentPlease | Released | Journalled) -> None:
        """Note an event of this command."""
        match message:
            case ScanPlease():
                self.asks.append(Asked.SCAN)
            case PresentPlease(what=what):
                self.asks.append(what)
            case Released():
                self.released.append(message)
            case Journalled():
                self.journal.append(message)

    def until_scan_please(self) -> bool:
        """Wait until the desk asks for a (further) scan: True; False when it ended without. Raises PeerViolation."""
        while (asked := self.until_asked()) is not None:
            if asked is Asked.SCAN:
                return True
        return False

    def until_asked(self) -> Asked | None:
        """Wait until the desk asks for something (more) to be shown or typed; None when it ended without."""

        def asked() -> Asked | bool | None:
            if len(self.asks) > self._asks_seen:
                return self.asks[self._asks_seen]
            return False if self.ended else None

        found = self._waits.wait_until(asked, f"'scan-please', 'present-please' or an answer to {self.do!r}")
        if not isinstance(found, Asked):
            return None
        self._asks_seen += 1
        return found

    def until_journalled(self, infno: str) -> str | None:
        """Wait until a message of this transaction stands in the journal; its msgid, or None when it ended without."""

        def journalled() -> str | None:
            found = [message.msgid for message in self.journal if message.infno == infno]
            if found:
                return found[-1]
            return "" if self.ended else None

        return self._waits.wait_until(journalled, f"the journal event of {infno}") or None

    def outcome(self) -> Outcome:
        """Wait for the end. Raises PeerViolation when the adapter dies, falls silent or breaks the protocol."""
        return self._read(self.whole_answer())

    def error(self) -> str | None:
        """Wait for the end; the adapter's `error` to what makes no sense, None when it answered otherwise."""
        self._waits.wait_until(lambda: self.ended or None, f"an answer to {self.do!r}")
        return self.not_understood

    def whole_answer(self) -> Answer:
        """Wait for the end; the answer as it came."""
        self._waits.wait_until(lambda: self.ended or None, f"an answer to {self.do!r}")
        if self.answer is None:
            raise PeerViolation(
                f"The adapter did not understand {self.do!r}: {self.not_understood}",
                cause="the command is read wrongly, or is not implemented although `ready.can` lists it",
                remedy=f"compare the command on the tape with {DOCUMENT}",
            )
        return self.answer
