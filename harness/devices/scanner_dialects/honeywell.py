"""The Honeywell family's dialect, and Mindeo's in the same frames."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import CodecDialect, Event, Reply, Request, Said, Told
from harness.devices.scanner_dialects.spelling import batches, cannot
from harness.wire.scanner import honeywell
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query

_SAID = {
    honeywell.Status.DONE: Said.DONE,
    honeywell.Status.NO_SUCH_TAG: Said.NO_SUCH_SETTING,
    honeywell.Status.REFUSED: Said.REFUSED,
}


class HoneywellDialect(CodecDialect[honeywell.Answer]):
    """Tags of letters, or Mindeo's of digits; an answer is told from a scan by what was asked."""

    def __init__(self, framing: ScanFraming, *, mindeo: bool) -> None:
        self._commands = honeywell.HostSide(framing, closed=not mindeo)
        super().__init__(self._commands)
        self._mindeo = mindeo

    def expect(self, request: Request) -> None:
        if request.answered:
            self._commands.expect(request.raw)

    def forget(self) -> None:
        self._commands.forget()

    def trigger(self, *, on: bool) -> Request:
        return Request(honeywell.TRIGGER if on else honeywell.UNTRIGGER, answered=False)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        storage = honeywell.Storage.PERMANENT if permanent else honeywell.Storage.TEMPORARY
        return [self._request(batch, storage) for batch in batches(items)]

    def question(self, tag: str, kind: Query | None) -> Request:
        data = "" if kind is None else honeywell.Query[kind.name].value
        return self._request([(tag, data)], honeywell.Storage.PERMANENT)

    def identity(self) -> Request:
        if self._mindeo:
            raise cannot("a Mindeo box", "be asked who it is")
        return self.question(honeywell.REVISION, None)

    def _request(self, items: Sequence[tuple[str, str]], storage: honeywell.Storage) -> Request:
        return Request(honeywell.encode_menu(items, storage=storage), tuple(tag.upper() for tag, _ in items))

    def _told(self, event: Scan | honeywell.Answer | Malformed) -> Event:
        if not isinstance(event, honeywell.Answer):
            return event
        items = tuple(Told(item.tag.upper(), item.data, _SAID[item.status]) for item in event.items)
        return Reply(event.raw, items, " ".join(event.text.split()))
