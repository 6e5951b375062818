"""The host's side of a command family on a line: what goes in and comes out, and what families have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from harness.wire.scanner.framing import Malformed, Scan
from harness.wire.scanner.newland import Query

AnswerT = TypeVar("AnswerT")
"""What a family's codec gives beside scans."""
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Said(Enum):
    """What a box says to a request, whatever its family spells."""

    DONE = "done"
    NO_SUCH_SETTING = "no such setting"
    REFUSED = "refused"


@dataclass(frozen=True)
class Told:
    """One part of a reply; without a tag it is about what was asked."""

    tag: str
    data: str
    said: Said


@dataclass(frozen=True)
class Reply:
    """A box's reply; `text` is what it says of itself."""

    raw: bytes
    items: tuple[Told, ...]
    text: str = ""


@dataclass(frozen=True)
class Request:
    """Bytes for the box; `tags` are what the reply must be about, `answered` whether there is one."""

    raw: bytes
    tags: tuple[str, ...] = ()
    answered: bool = True


Event = Scan | Reply | Malformed


class FamilyDialect(Protocol):
    """The host's side of one family on one line."""

    acknowledgement: bytes
    """What must be sent for what was fed last; whoever sends it empties it."""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        ...

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes; returns the scans and replies that are now complete."""
        ...

    def idle(self) -> list[Event]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        ...

    def expect(self, request: Request) -> None:
        """A request is sent now."""
        ...

    def forget(self) -> None:
        """No reply is awaited any more."""
        ...

    def trigger(self, *, on: bool) -> Request:
        """Pull the trigger, or let it go."""
        ...

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        """Set these. Raises ValueError for what cannot be spelled."""
        ...

    def question(self, tag: str, kind: Query | None) -> Request:
        """Ask about a setting. Raises ValueError for what cannot be spelled, ConfigError for what cannot be asked."""
        ...

    def identity(self) -> Request:
        """Ask the box who it is. Raises ConfigError when the family has no such question."""
        ...


class HostSide(Protocol[AnswerT_co]):
    """The codec of a family whose replies are told from scans by their form."""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended."""
        ...

    def feed(self, data: bytes) -> Sequence[Scan | AnswerT_co | Malformed]:
        """Take bytes; returns what is now complete."""
        ...

    def idle(self) -> Sequence[Scan | AnswerT_co | Malformed]:
        """The line has been silent: whatever has begun is over."""
        ...


class CodecDialect(ABC, Generic[AnswerT]):
    """The part of a dialect that families share: scans as the codec gives them, replies as `_told` reads them."""

    acknowledgement = b""

    def __init__(self, codec: HostSide[AnswerT]) -> None:
        self._codec = codec

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended."""
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes; returns the scans and replies that are now complete."""
        return [event if type(event) is Scan else self._told(event) for event in self._codec.feed(data)]

    def idle(self) -> list[Event]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        return [self._told(event) for event in self._codec.idle()]

    def expect(self, request: Request) -> None:
        """A request is sent now; replies are told from scans by their form."""

    def forget(self) -> None:
        """No reply is awaited any more."""

    @abstractmethod
    def _told(self, event: Scan | AnswerT | Malformed) -> Event:
        """The same event with an answer as the driver knows it."""
