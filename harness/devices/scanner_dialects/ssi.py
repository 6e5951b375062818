"""The SSI family's dialect: numbered parameters in packets, each scan acknowledged."""

from collections.abc import Sequence

from harness.devices.scanner_dialects.dialect import Event, Reply, Request, Said, Told
from harness.devices.scanner_dialects.spelling import cannot, number
from harness.wire.scanner import ssi
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query


class SsiDialect:
    """Parameter numbers in packets; whoever gets a scan acknowledges it."""

    def __init__(self, framing: ScanFraming) -> None:
        self._codec = ssi.HostSide(framing)
        self.acknowledgement = b""

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return self._take(self._codec.feed(data))

    def idle(self) -> list[Event]:
        return self._take(self._codec.idle())

    def expect(self, request: Request) -> None:
        pass

    def forget(self) -> None:
        pass

    def trigger(self, *, on: bool) -> Request:
        return Request(ssi.encode(ssi.Op.START_SESSION if on else ssi.Op.STOP_SESSION))

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        pairs = [(number(tag), number(value)) for tag, value in items]
        return [Request(ssi.encode_parameters(pairs, permanent=permanent))]

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not Query.CURRENT:
            raise cannot("an SSI box", "be asked for anything but a parameter's value")
        asked = number(tag)
        return Request(ssi.encode(ssi.Op.PARAM_REQUEST, ssi.encode_parameter_number(asked)), (str(asked),))

    def identity(self) -> Request:
        return Request(ssi.encode(ssi.Op.REQUEST_REVISION))

    def _take(self, events: Sequence[Scan | ssi.Decoded | ssi.Packet | Malformed]) -> list[Event]:
        found: list[Event] = []
        for event in events:
            match event:
                case ssi.Decoded():
                    self.acknowledgement += ssi.acknowledge()
                    found.append(event)
                case ssi.Packet(opcode=ssi.Op.DECODE_DATA):
                    self.acknowledgement += ssi.acknowledge()
                case ssi.Packet():
                    found += _reply(event)
                case _:
                    found.append(event)
        return found


def _reply(packet: ssi.Packet) -> list[Event]:
    """An event of the box is no reply, and no scan."""
    match packet.opcode:
        case ssi.Op.CMD_ACK:
            return [Reply(packet.raw, (Told("", "", Said.DONE),))]
        case ssi.Op.CMD_NAK:
            said = Said.NO_SUCH_SETTING if packet.data[:1] == bytes([ssi.Nak.BAD_CONTEXT]) else Said.REFUSED
            return [Reply(packet.raw, (Told("", f"cause {packet.data.hex()}", said),))]
        case ssi.Op.REPLY_REVISION:
            text = packet.data.decode("latin-1").strip()
            return [Reply(packet.raw, (Told("", text, Said.DONE),), text)]
        case ssi.Op.PARAM_SEND:
            parsed = ssi.parse_parameters(packet.data)
            if parsed is None:
                return [Malformed(packet.raw, "holds parameters cut short")]
            return [Reply(packet.raw, tuple(Told(str(n), str(value), Said.DONE) for n, value in parsed[1]))]
        case _:
            return []
