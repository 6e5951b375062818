"""The single-letter family's dialect."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import CodecDialect, Event, Reply, Request, Said, Told
from harness.devices.scanner_dialects.spelling import cannot
from harness.wire.scanner import letters
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query


class LettersDialect(CodecDialect[letters.Answer]):
    """One letter a command, and set-up numbers of six digits."""

    def __init__(self, framing: ScanFraming) -> None:
        super().__init__(letters.HostSide(framing))

    def trigger(self, *, on: bool) -> Request:
        letter = letters.Letter.TRIGGER_PULL if on else letters.Letter.TRIGGER_RELEASE
        return Request(letter.value, answered=False)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        """CipherLab's numbers; whether they last is the number's own affair."""
        return [Request(letters.encode_set_up(tag + value), answered=False) for tag, value in items]

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not None or tag not in {"i", "h", "s"}:
            raise cannot("a single-letter box", "be asked anything but i, h and s")
        return Request(tag.encode())

    def identity(self) -> Request:
        return Request(letters.Letter.IDENTITY.value)

    def _told(self, event: Scan | letters.Answer | Malformed) -> Event:
        if not isinstance(event, letters.Answer):
            return event
        return Reply(event.raw, (Told("", event.text, Said.DONE),), event.text)
