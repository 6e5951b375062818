"""A family over a line that keeps scans apart by itself."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import Event, FamilyDialect, Reply, Request
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query


class PacketDialect:
    """A family over a line that gives each scan whole (HID-POS): what begins as a reply is one, all else is a scan."""

    acknowledgement = b""

    def __init__(self, inner: FamilyDialect, framing: ScanFraming) -> None:
        self._inner = inner
        self._suffix = framing.suffix
        self._prefix = framing.prefix

    @property
    def pending(self) -> bool:
        return False

    def feed(self, data: bytes) -> list[Event]:
        replies = [*self._inner.feed(data), *self._inner.idle()]
        if any(isinstance(event, Reply) for event in replies):
            return [event for event in replies if isinstance(event, Reply)]
        found = data.removesuffix(self._suffix) if self._suffix else data
        found = found.removeprefix(self._prefix)
        return [Scan(data, found) if found else Malformed(data, "holds no data")]

    def idle(self) -> list[Event]:
        return []

    def expect(self, request: Request) -> None:
        self._inner.expect(request)

    def forget(self) -> None:
        self._inner.forget()

    def trigger(self, *, on: bool) -> Request:
        return self._inner.trigger(on=on)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        return self._inner.settings(items, permanent=permanent)

    def question(self, tag: str, kind: Query | None) -> Request:
        return self._inner.question(tag, kind)

    def identity(self) -> Request:
        return self._inner.identity()
