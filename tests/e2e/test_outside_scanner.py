"""Virtual scanner boxes driven from outside, by programs that know nothing of this one, and the bytes that they get.

The same exchanges, per family, through pyserial, PyVISA, socat and Robot Framework's SerialLibrary: the trigger and the
scan that it leads to, a command that is done, one that is refused. The bytes are those of the families' manuals, as far
as they are published.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pyvisa
import serial
from robot.api import ExecutionResult

from harness.line.serial_format import heard, parse_format
from simulators.scanner.settings import FAMILIES
from tests.e2e.scanner_process import Running, simulating
from tests.simulators.scanner_rig import DIGITS, qr, through_socat

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning"),  # in pyserial's own RFC 2217 client
]

SCAN = DIGITS.encode() + b"\r"
EXCHANGES: dict[str, list[tuple[bytes, bytes]]] = {
    "newland": [
        (b"~\x010000#SCNTRG1;\x03", b"\x02\x010000#SCNTRG1\x06;\x03" + SCAN),
        (b"\x01T\x04", SCAN),
        (b"~\x010000#RRDDUR3000;\x03", b"\x02\x010000#RRDDUR3000\x06;\x03"),
        (b"~\x010000#RRDDUR*;\x03", b"\x02\x010000#RRDDUR3000\x06;\x03"),
        (b"~\x010000#QQQQQQ1;\x03", b"\x02\x010000#QQQQQQ1\x05;\x03"),
        (b"~\x010000#SCNMOD9;\x03", b"\x02\x010000#SCNMOD9\x15;\x03"),
    ],
    "honeywell": [
        (b"\x16T\r", SCAN),
        (b"\x16M\rTRGSTO5000!", b"TRGSTO5000\x06!"),
        (b"\x16M\rTRGSTO?!", b"TRGSTO5000\x06!"),
        (b"\x16M\rQQQQQQ1!", b"QQQQQQ1\x05!"),
        (b"\x16M\rTRGSTO999999!", b"TRGSTO999999\x15!"),
    ],
    "mindeo": [
        (b"\x16M\r0401D05.", b"0401D05\x06"),
        (b"\x16T\r", SCAN),
        (b"\x16M\r9999D05.", b"9999D05\x05"),
        (b"\x16M\r0401D99.", b"0401D99\x15"),
    ],
    "ssi": [
        (bytes.fromhex("04E40400FF14"), bytes.fromhex("04D00000FF2C") + SCAN),
        (bytes.fromhex("04E90400FF0F"), bytes.fromhex("04D00000FF2C")),
        (bytes.fromhex("04E90400FF10"), bytes.fromhex("05D1000001FF29")),
        (bytes.fromhex("04010400FFF7"), bytes.fromhex("05D1000002FF28")),
    ],
    "register": [
        (bytes.fromhex("7E000801000201ABCD"), bytes.fromhex("02000001003331") + SCAN),
        (bytes.fromhex("7E000801000201ABCE"), bytes.fromhex("02000101000401")),
        (bytes.fromhex("7E00070100E201ABCD"), bytes.fromhex("02000001003331")),
    ],
    "letters": [
        (b"T", SCAN),
        (b"Q\x00i", b"\x01\x02Liantiao virtual scanner box, family letters\x03\x04"),
    ],
}
ASKED = {family: b"".join(asked for asked, _ in pairs) for family, pairs in EXCHANGES.items()}
ANSWERED = {family: b"".join(answered for _, answered in pairs) for family, pairs in EXCHANGES.items()}


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("scanner") / "code.png"
    file.write_bytes(qr())
    return file


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def box(family: str, picture: Path) -> Iterator[Running]:
    with simulating("--family", family, "--at", "pty", "--mode", "host", "--show", str(picture)) as running:
        yield running


def test_every_family_has_its_exchanges() -> None:
    assert set(EXCHANGES) == set(FAMILIES)


def exchange(port: serial.SerialBase, family: str) -> None:
    """Ask, and expect, pair by pair; then nothing more."""
    for asked, answered in EXCHANGES[family]:
        port.write(asked)
        assert port.read(len(answered)) == answered
    port.timeout = 0.05
    assert port.read(1) == b""


def test_pyserial(box: Running, family: str) -> None:
    with serial.Serial(box.port, 9600, timeout=60) as port:
        exchange(port, family)


def test_pyvisa(box: Running, family: str) -> None:
    manager = pyvisa.ResourceManager("@py")
    port: Any = manager.open_resource(f"ASRL{box.port}::INSTR")
    try:
        port.timeout = 60_000
        for asked, answered in EXCHANGES[family]:
            port.write_raw(asked)
            assert port.read_bytes(len(answered)) == answered
    finally:
        port.close()
        manager.close()


@pytest.mark.external
def test_socat(box: Running, family: str) -> None:
    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    seen = through_socat(f"{box.port},raw,echo=0", ASKED[family], len(ANSWERED[family]))
    assert seen == ANSWERED[family]


def test_robot_framework(picture: Path, tmp_path: Path) -> None:
    """The suite that is shipped: every family over a pty, and one over TCP."""
    suite = Path(__file__).parents[2] / "robot" / "scanner.robot"
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), "--log", "NONE", "--report", "NONE", str(suite)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    passed = {test.name for test in ExecutionResult(tmp_path / "output.xml").suite.all_tests if test.passed}
    assert len(passed) >= len(FAMILIES) + 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("line", ["tcp", "rfc2217"])
def test_pyserial_over_the_network(family: str, line: str, picture: Path) -> None:
    options = ("--family", family, "--at", line, "--mode", "host", "--show", str(picture))
    with simulating(*options) as running:
        kind, where = running.at.split(":", 1)
        assert kind == line
        url = f"socket://{where}" if line == "tcp" else f"rfc2217://{where}"
        with serial.serial_for_url(url, 9600, timeout=60) as port:
            exchange(port, family)


def test_the_port_is_the_one_asked_for(picture: Path) -> None:
    with simulating("--at", "tcp") as first:
        number = first.at.rpartition(":")[2]
    with simulating("--at", f"tcp:{number}") as again:
        assert again.at == f"tcp:127.0.0.1:{number}"


def test_pictures_and_faults_from_outside(picture: Path) -> None:
    """Shown, disturbed, unplugged and plugged in again by any HTTP client."""
    with simulating("--at", "pty", "--same-code-ms", "0") as running:
        door = running.door
        with serial.Serial(running.port, 9600, timeout=60) as port:
            assert door.post("/show", content=picture.read_bytes()).json()["read"] is True
            assert port.read(29) == SCAN
            door.post("/fault", json={"message": "scan", "effect": "drop-byte", "detail": {"position": 0}})
            door.post("/show", content=picture.read_bytes())
            assert port.read(28) == SCAN[1:]
            door.post("/plug", json={"in": False, "scan": 1, "byte": 10}).raise_for_status()
            door.post("/show", content=picture.read_bytes())
            with pytest.raises((serial.SerialException, OSError)):
                port.read(29)
        at = door.post("/plug", json={"in": True}).json()["at"]
        with serial.Serial(at.removeprefix("serial:"), 9600, timeout=60) as port:
            door.post("/show", content=picture.read_bytes())
            assert port.read(29) == SCAN
        names = [record.get("event") for record in door.get("/events").json()]
        assert [name for name in names if name in {"unplugged", "plugged-in", "bytes-lost", "fault-fired"}] == [
            "fault-fired", "unplugged", "bytes-lost", "plugged-in",
        ]  # fmt: skip


def test_a_folder_of_pictures_goes_by_in_time(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(qr(f"62010{number}"))
    options = ("--at", "pty", "--mode", "sense", "--show", str(tmp_path), "--show-s", "10", "--clock", "bench")
    with simulating(*options) as running, serial.Serial(running.port, 9600, timeout=60) as port:
        for number in (1, 2, 0, 1):
            running.door.post("/clock", json={"step_s": 10})
            assert port.read(7) == f"62010{number}\r".encode()


@pytest.mark.parametrize(
    ("line", "baud", "frame", "size"),
    [
        ("pty", 1200, "8N1", 60),
        ("pty", 9600, "8N1", 400),
        ("pty", 9600, "8N2", 400),
        ("pty", 115_200, "8N1", 2400),
        ("tcp", 9600, "8N1", 400),
        ("rfc2217", 9600, "8E1", 400),
    ],
)
def test_a_scan_takes_the_wires_time_within_five_percent(line: str, baud: int, frame: str, size: int) -> None:
    """From the first byte's coming to the last one's; three of at most twenty, since a loaded machine wakes late."""
    digits = ("6201234567890123456789012345" * 100)[:size]
    options = ["--at", line, "--pace", "true", "--baud", str(baud), "--same-code-ms", "0"]
    options += ["--parity", frame[1], "--stop-bits", frame[2]]
    prefix = {"pty": "", "tcp": "socket://", "rfc2217": "rfc2217://"}[line]
    bits = {"8N1": 10, "8N2": 11, "8E1": 11}[frame]
    due = size * bits / baud
    took: list[float] = []

    def good() -> list[float]:
        return [seconds for seconds in took if due * 0.95 <= seconds <= due * 1.05]

    with simulating(*options) as running:
        url = prefix + running.at.split(":", 1)[1]
        stop, parity = float(frame[2]), frame[1]
        with serial.serial_for_url(url, baud, timeout=60, stopbits=stop, parity=parity) as port:
            while len(took) < 20 and len(good()) < 3:
                took.append(timed(port, running, digits))
    print(f"{line} {baud} {frame}: {min(took) / due:.3f} to {max(took) / due:.3f} of {due:.3f} s")
    assert len(good()) >= 3, took


def timed(port: serial.Serial, running: Running, digits: str) -> float:
    """Seconds between the first byte and the last of a scan."""
    showing = threading.Thread(target=running.door.post, args=("/show",), kwargs={"content": qr(digits, box_size=3)})
    showing.start()
    try:
        got = port.read(1)
        began = time.monotonic()
        while len(got) < len(digits) + 1:
            got += port.read(max(1, port.in_waiting))
        took = time.monotonic() - began
    finally:
        showing.join()
    assert got == digits.encode() + b"\r"
    return took


def test_a_host_at_another_speed_hears_garbage_until_it_is_set_right(picture: Path) -> None:
    with simulating("--at", "rfc2217", "--baud", "19200", "--same-code-ms", "0") as running, ExitStack() as stack:
        url = "rfc2217://" + running.at.split(":", 1)[1]
        port = stack.enter_context(serial.serial_for_url(url, 9600, timeout=60))
        garbage = heard(SCAN, sent=parse_format("19200 8N1"), listening=parse_format("9600 8N1"))
        assert garbage[:-1] not in SCAN
        running.door.post("/show", content=picture.read_bytes())
        assert port.read(len(garbage)) == garbage
        port.baudrate = 19200
        running.door.post("/show", content=picture.read_bytes())
        assert port.read(29) == SCAN
        port.parity = serial.PARITY_EVEN
        running.door.post("/show", content=picture.read_bytes())
        port.timeout = 0.5
        assert port.read(29) != SCAN
