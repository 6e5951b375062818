"""The Newland family's dialect."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import CodecDialect, Event, Reply, Request, Said, Told
from harness.devices.scanner_dialects.spelling import batches
from harness.wire.scanner import newland
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query

_START = Request(newland.LEGACY_START, answered=False)
_STOP = Request(newland.LEGACY_STOP, answered=False)
_SAID = {
    newland.Status.DONE: Said.DONE,
    newland.Status.NO_SUCH_TAG: Said.NO_SUCH_SETTING,
    newland.Status.OUT_OF_RANGE: Said.REFUSED,
}


class NewlandDialect(CodecDialect[newland.Answer]):
    """Tags of letters, in unified setting commands."""

    def __init__(self, framing: ScanFraming) -> None:
        super().__init__(newland.HostSide(framing))

    def trigger(self, *, on: bool) -> Request:
        return _START if on else _STOP

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        storage = newland.Storage.PERMANENT if permanent else newland.Storage.TEMPORARY
        return [self._request(batch, storage) for batch in batches(items)]

    def question(self, tag: str, kind: Query | None) -> Request:
        return self._request([(tag, "" if kind is None else kind.value)], newland.Storage.TEMPORARY)

    def identity(self) -> Request:
        return self.question("QRYSYS", None)

    def _request(self, items: Sequence[tuple[str, str]], storage: newland.Storage) -> Request:
        return Request(newland.encode_command(items, storage=storage), tuple(tag for tag, _ in items))

    def _told(self, event: Scan | newland.Answer | Malformed) -> Event:
        if not isinstance(event, newland.Answer):
            return event
        items = tuple(Told(item.tag, item.data, _SAID[item.status]) for item in event.items)
        return Reply(event.raw, items, items[0].data if items else "")
