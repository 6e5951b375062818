"""The register family's dialect: one byte at an address."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import CodecDialect, Event, Reply, Request, Said, Told
from harness.devices.scanner_dialects.spelling import cannot, number
from harness.wire.scanner import register
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query


class RegisterDialect(CodecDialect[register.Answer]):
    """Addresses that are written and read."""

    def __init__(self, framing: ScanFraming) -> None:
        super().__init__(register.HostSide(framing))

    def trigger(self, *, on: bool) -> Request:
        return Request(register.encode_write(0x0002, b"\x01" if on else b"\x00"))

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        found = []
        for tag, text in items:
            value = number(text)
            if not 0 <= value <= 0xFF:
                raise ValueError(f"a register holds one byte, not {text}")
            found.append(Request(register.encode_write(number(tag), bytes([value]))))
        return found + ([Request(register.encode_save())] if permanent else [])

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not Query.CURRENT:
            raise cannot("a register box", "be asked for anything but a register's value")
        return Request(register.encode_read(number(tag)))

    def identity(self) -> Request:
        raise cannot("a register box", "be asked who it is")

    def _told(self, event: Scan | register.Answer | Malformed) -> Event:
        if not isinstance(event, register.Answer):
            return event
        said = Said.DONE if event.status == register.Status.DONE else Said.REFUSED
        text = str(event.data[0]) if len(event.data) == 1 else event.data.hex()
        return Reply(event.raw, (Told("", text, said),))
