"""How the reference adapter reads its scanner: where a scan ends, what it is, and what is thrown away."""

import os
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from simulators.his.scan import ScanKind, Scanner, ScannerGoneError, kind_of

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

CODE = b"4241234567890123456701630000"
PATIENCE_S = 50.0
"""What is at once takes less, on a machine that stands still for a while too."""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CODE.decode(), ScanKind.VOUCHER),
        ("134567890123456789", ScanKind.OTHER),
        ("280123456789012345", ScanKind.OTHER),
        ("ABCDEF0123456789ABCDEF0123456789:1", ScanKind.OTHER),
        (CODE.decode()[:-1], ScanKind.UNREADABLE),
        ("5" + CODE.decode()[1:], ScanKind.UNREADABLE),
        (CODE.decode()[:10] + "t" + CODE.decode()[11:], ScanKind.UNREADABLE),
        ("４" + CODE.decode()[1:], ScanKind.UNREADABLE),
        ("", ScanKind.UNREADABLE),
    ],
)
def test_kind_is_told_by_form(text: str, kind: ScanKind) -> None:
    assert kind_of(text) is kind


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b""], ids=["CR", "LF", "CRLF", "TAB", "none"])
def test_any_suffix_ends_a_scan(adapter: "Adapter", systems: "Systems", end: bytes) -> None:
    assert adapter.buy("A0001", CODE + end)["outcome"] == "accepted"
    assert adapter.buy("A0002", CODE + end)["outcome"] == "accepted"
    assert {r["data"]["ecQrCode"] for r in systems.sent("ec.query")} == {CODE.decode()}


@pytest.mark.parametrize("end", [b"\r", b""], ids=["CR", "none"])
def test_double_read_is_one_customer(adapter: "Adapter", systems: "Systems", end: bytes) -> None:
    assert adapter.buy("A0001", (CODE + end) * 2)["outcome"] == "accepted"
    assert adapter.buy("A0002", b"134567890123456789" + end)["reason"] == "wrong-code-kind"
    assert [r["data"]["ecQrCode"] for r in systems.sent("ec.query")] == [CODE.decode(), "134567890123456789"]


def test_damaged_scan_is_asked_for_once_more(adapter: "Adapter", systems: "Systems") -> None:
    assert adapter.buy("A0001", CODE[:5] + CODE[6:] + b"\r", CODE + b"\r")["outcome"] == "accepted"
    assert len(systems.sent("ec.query")) == 1


def test_scan_damaged_twice_is_refused(adapter: "Adapter", systems: "Systems") -> None:
    answer = adapter.buy("A0001", CODE[1:] + b"\r", CODE[1:])
    assert answer["reason"] == "scan-unreadable"
    assert "重新扫码" in answer["prompt"]
    assert systems.sent("ec.query") == []


def test_nobody_shows_a_code(start: Any) -> None:
    adapter = start(scan={"wait_s": 0.2})
    adapter.do("sign-in")
    adapter.begin("purchase", **adapter_basket(adapter))
    assert adapter.finish()["reason"] == "scan-unreadable"


def adapter_basket(adapter: Any) -> dict[str, Any]:
    adapter.scans = []
    return {
        "order": "A0001",
        "lines": [{"code": "X", "name": "药", "price": "1", "quantity": "1", "amount": "1.00", "level": "01"}],
        "total": "1.00",
        "use_account": True,
    }


def test_scan_in_pieces_is_one_scan() -> None:
    with _tcp_scanner(idle_s=PATIENCE_S) as (scanner, box):
        scanner.ask()
        box.sendall(CODE[:9])
        threading.Timer(0.08, box.sendall, [CODE[9:] + b"\r"]).start()
        assert scanner.read(PATIENCE_S) == CODE.decode()


def test_what_came_before_asking_is_thrown_away() -> None:
    with _tcp_scanner() as (scanner, box):
        scanner.ask()
        box.sendall(CODE + b"\r" + CODE)
        assert scanner.read(PATIENCE_S) == CODE.decode()
        box.sendall(b"\r12345\r")
        _until_readable(scanner)
        scanner.ask()
        box.sendall(b"134567890123456789\r")
        assert scanner.read(PATIENCE_S) == "134567890123456789"


def test_no_scan_in_time_is_none() -> None:
    with _tcp_scanner() as (scanner, _):
        scanner.ask()
        began = time.monotonic()
        assert scanner.read(0.1) is None
        assert time.monotonic() - began < PATIENCE_S


def test_noise_without_end_is_bounded() -> None:
    with _tcp_scanner() as (scanner, box):
        scanner.ask()
        box.sendall(b"7" * 5000)
        text = scanner.read(PATIENCE_S)
        assert text is not None
        assert kind_of(text) is ScanKind.UNREADABLE


def test_cancel_ends_a_read_at_once() -> None:
    with _tcp_scanner() as (scanner, _):
        scanner.ask()
        threading.Timer(0.05, scanner.cancel).start()
        began = time.monotonic()
        with pytest.raises(ScannerGoneError):
            scanner.read(2 * PATIENCE_S)
        assert time.monotonic() - began < PATIENCE_S


def test_cancel_ends_a_serial_read_at_once() -> None:
    master, slave = os.openpty()
    scanner = Scanner(f"serial:{os.ttyname(slave)}", idle_s=0.02, baud=9600, connect_s=PATIENCE_S)
    scanner.ask()
    threading.Timer(0.05, scanner.cancel).start()
    began = time.monotonic()
    assert scanner.read(2 * PATIENCE_S) is None
    assert time.monotonic() - began < PATIENCE_S
    scanner.close()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("address", ["serial:/dev/no-such-port", "tcp:127.0.0.1:1", "tcp:nowhere", "usb:1"])
def test_absent_scanner_is_said_to_be_absent(address: str) -> None:
    with pytest.raises(ScannerGoneError):
        Scanner(address, idle_s=0.02, baud=9600, connect_s=PATIENCE_S).ask()


class _tcp_scanner:  # noqa: N801 - reads as a function
    def __init__(self, idle_s: float = 0.02) -> None:
        self.idle_s = idle_s

    def __enter__(self) -> tuple[Scanner, socket.socket]:
        self.server = socket.create_server(("127.0.0.1", 0))
        where = f"tcp:127.0.0.1:{self.server.getsockname()[1]}"
        self.scanner = Scanner(where, idle_s=self.idle_s, baud=9600, connect_s=PATIENCE_S)
        self.scanner.open()
        self.box = self.server.accept()[0]
        return self.scanner, self.box

    def __exit__(self, *_: object) -> None:
        self.scanner.close()
        self.box.close()
        self.server.close()


def _until_readable(scanner: Scanner) -> None:
    source: Any = scanner._source
    assert select.select([source._line], [], [], PATIENCE_S)[0]
