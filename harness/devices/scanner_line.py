"""Opening the line of a scanner box, whatever it is plugged into."""

from harness.errors import ConfigError
from harness.line.address import Address, Scheme, parse_address
from harness.line.client import ClientLine
from harness.line.serial import SerialClient
from harness.line.serial_format import SerialFormat
from harness.line.tape import Tape
from harness.line.tcp import TcpClient

WHOLE_SCANS = frozenset({Scheme.HID})
"""Ways in that give each scan whole, so that no suffix and no gap need to be looked for."""


def open_scanner_line(
    where: Address | str, *, name: str = "scanner", tape: Tape | None = None, wire: SerialFormat | None = None
) -> ClientLine:
    """Open the line of a serial:, rfc2217:, tcp:, visa:, wedge: or hid: address.

    Raises Disconnected when it cannot be had, ConfigError for an address that is no line of a box.
    """
    where = parse_address(where) if isinstance(where, str) else where
    match where.scheme:
        case Scheme.SERIAL:
            return SerialClient.open(where, channel=f"{name}.serial", tape=tape, wire=wire)
        case Scheme.TCP:
            return TcpClient.open(where, channel=f"{name}.tcp", tape=tape)
        case Scheme.RFC2217:
            from harness.line.rfc2217_client import Rfc2217Client

            return Rfc2217Client.open(where, channel=f"{name}.serial", tape=tape, wire=wire)
        case Scheme.VISA if where.target.upper().startswith("ASRL"):
            from harness.line.visa import VisaClient

            return VisaClient.open(where, channel=f"{name}.serial", tape=tape, wire=wire)
        case Scheme.WEDGE:
            from harness.line.wedge import WedgeClient

            return WedgeClient.open(where, channel=f"{name}.keys", tape=tape)
        case Scheme.HID:
            from harness.line.hid import HidClient

            return HidClient.open(where, channel=f"{name}.hid", tape=tape)
        case _:
            raise ConfigError(
                f"A scanner box cannot be reached at {where}.",
                cause="the address is of another kind of device, or the bench has not started the virtual box",
                remedy="write serial:, tcp:, rfc2217:, visa:ASRL…::INSTR, wedge: or hid:, or virtual in a bench file",
            )
