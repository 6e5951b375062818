"""What a box is plugged into, by its settings: the one place that knows every attachment.

    pty              SerialAttachment over a pty                  channel NAME.serial
    tcp, tcp:PORT    SerialAttachment over a TCP line             channel NAME.tcp
    rfc2217:PORT     SerialAttachment over RFC 2217               channel NAME.serial
    wedge            WedgeAttachment: events, reports or text     channel NAME.keys
    hid              PosAttachment                                channel NAME.hid

The attachment alone paces what leaves. A box on USB without a serial port sends no packets and awaits no
acknowledgements (`scans_whole`); its scans leave as `scan_on` has them.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from harness.bench.plugin import SimulatorContext
from harness.line.hid_pos import PosLayout
from harness.line.pty import PtyLine
from harness.line.rfc2217_server import Rfc2217Line
from harness.line.tcp import TcpLine
from harness.line.wedge_reading import HostKeyboard
from harness.line.wedge_typing import Typist
from simulators.scanner.attach_hid import PosAttachment, WedgeAttachment
from simulators.scanner.attach_protocol import Attachment, Label, Report
from simulators.scanner.attach_serial import SerialAttachment, SerialLine
from simulators.scanner.dialect import Dialect
from simulators.scanner.mutants import Mutant, ids_for
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import KeyStream, LineKind, ScannerSettings

POS_LAYOUTS: Mapping[str, PosLayout] = MappingProxyType({"honeywell": PosLayout.HONEYWELL})
"""Whose HID-POS reports a family sends; Newland's for the others, of which none is published (assumed)."""
ANSWER = Label(aim=b"X0", code_id=b"X")
"""How a Honeywell box labels its answers to commands; the published second form, `Z6`, is not played. The maker's id is
assumed: hosts tell the layout by its being there."""


def make_attachment(context: SimulatorContext, settings: ScannerSettings, report: Report) -> Attachment:
    """The attachment that the settings name, not started."""
    kind, port = settings.plugged_into()
    match kind:
        case LineKind.WEDGE:
            return WedgeAttachment(
                tape=context.tape,
                channel=f"{context.name}.keys",
                report=report,
                typist=typist_of(settings),
                interval_ms=settings.poll_ms,
                pace=settings.pace,
                link=_link(settings),
                reports=settings.keys is KeyStream.REPORTS,
                host=host_of(settings) if settings.keys is KeyStream.TEXT else None,
            )
        case LineKind.HID:
            return PosAttachment(
                tape=context.tape,
                channel=f"{context.name}.hid",
                report=report,
                layout=settings.pos_layout or POS_LAYOUTS.get(settings.family, PosLayout.NEWLAND),
                interval_ms=settings.poll_ms,
                pace=settings.pace,
                link=_link(settings),
            )
        case _:
            line = _line(kind, context, settings, port or context.port)
            return SerialAttachment(
                line, wire=settings.wire, report=report, pace=settings.pace, mismatch=settings.mismatch
            )


def _line(kind: LineKind, context: SimulatorContext, settings: ScannerSettings, port: int) -> SerialLine:
    name = context.name
    if kind is LineKind.TCP:
        return TcpLine(tape=context.tape, channel=f"{name}.tcp", host=context.host, port=port)
    if kind is LineKind.RFC2217:
        return Rfc2217Line(tape=context.tape, channel=f"{name}.serial", host=context.host, port=port)
    return PtyLine(
        tape=context.tape,
        channel=f"{name}.serial",
        link=_link(settings),
        renumber=settings.renumber,
        baud=settings.baud,
    )


def _link(settings: ScannerSettings) -> Path | None:
    return None if settings.link is None else Path(settings.link)


def typist_of(settings: ScannerSettings) -> Typist:
    """How the box types."""
    return Typist(country=settings.keyboard, beyond=settings.beyond)


def host_of(settings: ScannerSettings) -> HostKeyboard:
    """How the host is set that receives the keys as text."""
    return HostKeyboard(country=settings.host_keyboard, caps_lock=settings.caps_lock, method=settings.input_method)


def as_plugged(settings: ScannerSettings) -> ScannerSettings:
    """The settings as they hold for what the box is plugged into: packets are for byte lines."""
    kind, _ = settings.plugged_into()
    if kind in {LineKind.WEDGE, LineKind.HID}:
        return replace(settings, packeted=False, acknowledged=False)
    return settings


def scan_on(
    line: Attachment, dialect: Dialect, sighting: Sighting, mutant: Mutant
) -> tuple[bytes, Label | None] | None:
    """A scan as it leaves on this attachment, where it is not the dialect's affair; else None.

    A keyboard types prefix, ids, data and suffix; a HID-POS report has the data alone, and the ids in their own places.
    """
    match line:
        case PosAttachment():
            ids = ids_for(mutant, "gs1-128" if sighting.aim == "]C1" else sighting.symbology.value)
            return sighting.data, Label(aim=ids.aim[1:], code_id=ids.letter)
        case WedgeAttachment():
            return dialect.scan_data(sighting), None
        case _:
            return None
