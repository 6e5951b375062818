"""A box on USB without a serial port: one that types (keyboard wedge), and one that sends HID-POS reports.

    WedgeAttachment(…)                      input events on a pty, as an event device gives them; no uinput needed
    WedgeAttachment(…, reports=True)        boot reports on a socket, as hidraw gives them
    WedgeAttachment(…, host=HostKeyboard()) text on a pty, as a window of that host receives it
    PosAttachment(…)                        HID-POS reports of 64 bytes on a socket, commands in output reports

One `put` is one transmission: a scan's bytes become its reports, which leave one every `interval_ms`, as the host
polls. The tape has the reports, not the events, whose time stamps are the machine's. `lose` drops reports, for faults.
"""

import asyncio
import contextlib
import socket
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

from harness.clock import SystemClock
from harness.errors import BenchError
from harness.line.address import Address, hid_address, wedge_address
from harness.line.hid_pos import REPORT_SIZE, PosLayout, command_of, encode_scan
from harness.line.pty import PtyLine
from harness.line.record import Direction
from harness.line.tape import Tape
from harness.line.wedge_reading import HostKeyboard, KeyReader
from harness.line.wedge_typing import REPORT_SIZE as BOOT_SIZE
from harness.line.wedge_typing import KernelKeyboard, Typist
from simulators.scanner.attach_pacing import Pacer
from simulators.scanner.attach_protocol import Label, Report


class ReportSocket:
    """A HID device's reports on a socket at a path, one host at a time; a second one is hung up at once."""

    def __init__(self, path: Path | None) -> None:
        self._wanted = path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self._received: Callable[[bytes], None] = _ignore
        self.path = path or Path()

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Listen. Raises BenchError when the path cannot be had."""
        self._received = received
        if self._wanted is None:
            self._folder = tempfile.TemporaryDirectory(prefix="liantiao-hid-")
            self.path = Path(self._folder.name) / "hidraw0"
        self._listen()

    def put(self, report: bytes) -> bool:
        """Send one report; False when nobody is there, or nobody reads."""
        if self._client is None:
            return False
        try:
            self._client.send(report)
        except BlockingIOError:
            return False
        except OSError:
            self._hang_up()
            return False
        return True

    def unplug(self) -> None:
        """The device is gone: its name too."""
        self._close()

    def replug(self) -> None:
        """It is back under its name. Raises BenchError."""
        if self._server is None:
            self._listen()

    async def stop(self) -> None:
        """Stop listening; may be called twice."""
        self._close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _listen(self) -> None:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            server.bind(str(self.path))
            server.listen(1)
            server.setblocking(False)
        except OSError as error:
            server.close()
            raise BenchError(
                f"The HID device cannot be published as {self.path}: {error.strerror}.",
                cause="the folder is missing or not yours, or something of that name exists",
                remedy="choose another link, or none",
            ) from error
        self._server = server
        asyncio.get_running_loop().add_reader(server.fileno(), self._accept)

    def _accept(self) -> None:
        if self._server is None:
            return
        try:
            client, _ = self._server.accept()
        except OSError:
            return
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        self._client = client
        asyncio.get_running_loop().add_reader(client.fileno(), self._readable)

    def _readable(self) -> None:
        if self._client is None:
            return
        try:
            report = self._client.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            report = b""
        if report:
            self._received(report)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            asyncio.get_running_loop().remove_reader(client.fileno())
            client.close()

    def _close(self) -> None:
        self._hang_up()
        server, self._server = self._server, None
        if server is not None:
            asyncio.get_running_loop().remove_reader(server.fileno())
            server.close()
            with contextlib.suppress(OSError):
                self.path.unlink()


class WedgeAttachment:
    """A box that types. `link` is the stable name; with a `host` the line is the text that its window receives."""

    def __init__(
        self,
        *,
        tape: Tape,
        channel: str,
        report: Report,
        typist: Typist | None = None,
        interval_ms: int = 1,
        pace: bool = True,
        link: Path | None = None,
        reports: bool = False,
        host: HostKeyboard | None = None,
    ) -> None:
        self._tape = tape
        self._channel = channel
        self._report = report
        self.typist = typist or Typist()
        self._interval_s = interval_ms / 1000 if pace else 0.0
        self._socket = ReportSocket(link) if reports else None
        self._pty = None if reports else PtyLine(tape=Tape(SystemClock()), channel=channel, link=link)
        self._kernel = KernelKeyboard()
        self._host = host
        self._reader = KeyReader(host)
        self._pacer = Pacer(self._pass)
        self._lose: frozenset[int] = frozenset()
        self._plugged = True

    @property
    def address(self) -> Address:
        """Where hosts connect."""
        if self._socket is not None:
            return hid_address(str(self._socket.path))
        assert self._pty is not None
        if self._host is not None:
            return self._pty.address
        return wedge_address(self._pty.address.target)

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Publish the keyboard; nothing is ever received. Raises BenchError."""
        if self._socket is not None:
            await self._socket.start(_ignore)
        elif self._pty is not None:
            await self._pty.start(_ignore)

    def sit_down(self, host: HostKeyboard) -> None:
        """Another host's window receives the text from here on; only for a box that is read as text."""
        self._host, self._reader = host, KeyReader(host)

    def lose(self, reports: Collection[int]) -> None:
        """Lose these reports of the next `put`, counted from 0: 2n is the press of the n-th key, 2n + 1 its release."""
        self._lose = frozenset(reports)

    def describe(self, label: Label) -> None:
        """Keys carry no symbology."""

    def record(self, data: bytes) -> None:
        """Put the reports on the tape that are about to be sent, one frame a scan."""
        if reports := b"".join(self._reports(data)):
            self._tape.frame(self._channel, Direction.SENT, reports)

    def put(self, data: bytes) -> bool:
        """Type it. False when the box is unplugged."""
        reports = b"".join(self._reports(data))
        self._lose = frozenset()
        if not self._plugged:
            return False
        if reports:
            self._pacer.send(reports, unit_s=self._interval_s, size=BOOT_SIZE)
        return True

    def send(self, data: bytes) -> bool:
        """Record and type."""
        self.record(data)
        return self.put(data)

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        return self._pacer.busy

    async def drained(self) -> None:
        """Return when the last key is up."""
        await self._pacer.drained()

    def cut_short(self) -> None:
        """What has not left the box is lost; the kernel lets go of the keys that were down."""
        self._pacer.discard()
        self._lose = frozenset()
        self._kernel = KernelKeyboard()

    def discard(self) -> None:
        """Forget what is under way."""
        self.cut_short()
        self._reader = KeyReader(self._host)
        if self._pty is not None:
            self._pty.discard()

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged = False
        self.cut_short()
        if self._socket is not None:
            self._socket.unplug()
        elif self._pty is not None:
            self._pty.unplug()

    def replug(self) -> None:
        """Put it back. Raises BenchError."""
        if self._socket is not None:
            self._socket.replug()
        elif self._pty is not None:
            self._pty.replug()
            self._pty.discard()  # the kernel may still hold what was on its way when the cable was pulled
        self._plugged = True

    async def stop(self) -> None:
        """Close; may be called twice."""
        self._pacer.close()
        if self._socket is not None:
            await self._socket.stop()
        elif self._pty is not None:
            await self._pty.stop()

    def _reports(self, data: bytes) -> list[bytes]:
        reports = self.typist.reports(data)
        return [report for number, report in enumerate(reports) if number not in self._lose]

    def _pass(self, data: bytes) -> None:
        for at in range(0, len(data), BOOT_SIZE):
            report = data[at : at + BOOT_SIZE]
            if self._socket is not None:
                taken = self._socket.put(report)
            else:
                assert self._pty is not None
                events = self._kernel.events(report, at_ns=time.monotonic_ns())
                got = events if self._host is None else self._reader.feed(events).encode()
                taken = not got or self._pty.put(got)
            if not taken:
                self._report("bytes-lost", {"bytes": len(report)})


class PosAttachment:
    """A box that sends HID-POS reports; output reports are commands."""

    def __init__(
        self,
        *,
        tape: Tape,
        channel: str,
        report: Report,
        layout: PosLayout = PosLayout.NEWLAND,
        interval_ms: int = 1,
        pace: bool = True,
        link: Path | None = None,
    ) -> None:
        self._tape = tape
        self._channel = channel
        self._report = report
        self._layout = layout
        self._interval_s = interval_ms / 1000 if pace else 0.0
        self._socket = ReportSocket(link)
        self._pacer = Pacer(self._pass)
        self._label = Label()
        self._plugged = True
        self._received: Callable[[bytes], None] = _ignore

    @property
    def address(self) -> Address:
        """Where hosts connect."""
        return hid_address(str(self._socket.path))

    async def start(self, received: Callable[[bytes], None]) -> None:
        """Publish the device; `received` gets the commands of output reports. Raises BenchError."""
        self._received = received
        await self._socket.start(self._arrived)

    def describe(self, label: Label) -> None:
        """The next `put` carries a scan of this symbology."""
        self._label = label

    def record(self, data: bytes) -> None:
        """Put the reports on the tape that are about to be sent, one frame a scan."""
        self._tape.frame(self._channel, Direction.SENT, b"".join(self._reports(data)))

    def put(self, data: bytes) -> bool:
        """Send it as one scan. False when the box is unplugged."""
        if not self._plugged:
            return False
        self._pacer.send(b"".join(self._reports(data)), unit_s=self._interval_s, size=REPORT_SIZE)
        return True

    def send(self, data: bytes) -> bool:
        """Record and send."""
        self.record(data)
        return self.put(data)

    @property
    def busy(self) -> bool:
        """Whether something still leaves."""
        return self._pacer.busy

    async def drained(self) -> None:
        """Return when the last report has left."""
        await self._pacer.drained()

    def cut_short(self) -> None:
        """What has not left the box is lost."""
        self._pacer.discard()

    def discard(self) -> None:
        """Forget what is under way."""
        self.cut_short()

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged = False
        self.cut_short()
        self._socket.unplug()

    def replug(self) -> None:
        """Put it back. Raises BenchError."""
        self._socket.replug()
        self._plugged = True

    async def stop(self) -> None:
        """Close; may be called twice."""
        self._pacer.close()
        await self._socket.stop()

    def _reports(self, data: bytes) -> list[bytes]:
        return encode_scan(self._layout, data, aim=self._label.aim, code_id=self._label.code_id)

    def _arrived(self, report: bytes) -> None:
        self._tape.frame(self._channel, Direction.RECEIVED, report)
        command = command_of(report)
        if command is None:
            self._report("not-understood", {"hex": report[:16].hex(), "why": "is no output report of a command"})
        elif command:
            self._received(command)

    def _pass(self, data: bytes) -> None:
        for at in range(0, len(data), REPORT_SIZE):
            report = data[at : at + REPORT_SIZE]
            if not self._socket.put(report):
                self._report("bytes-lost", {"bytes": len(report)})


def _ignore(_: bytes) -> None:
    pass
