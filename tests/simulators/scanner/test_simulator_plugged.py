"""The whole virtual box on every attachment, and what its back door does to cable, wire, keyboard and light."""

import time
from typing import Any

import httpx
import pytest
import serial

from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_family import Family
from harness.errors import ConfigError
from harness.faults.catalogue import Effect, Fault
from harness.line.address import parse_address
from harness.line.hid import HidClient
from harness.line.wedge import WedgeClient
from harness.line.wedge_keys import Country
from harness.line.wedge_reading import HostKeyboard
from harness.wire.scanner.framing import ScanFraming
from simulators.scanner.settings import LineKind, ScannerSettings
from tests.simulators.scanner_rig import DIGITS, RunningScanner, StartScanner, barcode, qr

SCAN = DIGITS.encode() + b"\r"


def control(box: RunningScanner) -> httpx.Client:
    return httpx.Client(base_url=box.ends.also["control"], trust_env=False)


@pytest.mark.parametrize("family", ["newland", "honeywell", "ssi"])
@pytest.mark.parametrize(
    ("at", "scheme"), [("pty", "serial"), ("tcp", "tcp"), ("rfc2217", "rfc2217"), ("wedge", "wedge"), ("hid", "hid")]
)
def test_the_driver_reads_every_family_on_every_attachment(
    start_scanner: StartScanner, family: str, at: str, scheme: str
) -> None:
    box = start_scanner(at=at, family=family, same_code_ms=0, packeted=family == "ssi")
    assert box.ends.at.startswith(f"{scheme}:")
    with Scanner.open(box.ends.at, family=Family(family)) as scanner:
        box.settle()
        for picture in (qr(), barcode()):
            box.show(picture)
            assert scanner.read(60).text == DIGITS
        if at != "wedge":
            assert scanner.identify()
        with pytest.raises(NoScan):
            scanner.read(0)


def test_a_hid_report_bears_the_ids_and_the_data_alone(start_scanner: StartScanner) -> None:
    box = start_scanner(at="hid", family="honeywell", prefix="X", suffix="CRLF", code_id=True)
    with HidClient.open(parse_address(box.ends.at), channel="x") as host:
        box.settle()
        for picture, aim, letter in ((qr(), b"Q1", b"s"), (barcode("123456"), b"C0", b"j")):
            box.show(picture)
            assert host.read(60) in {DIGITS.encode(), b"123456"}
            assert host.last is not None
            assert (host.last.aim, host.last.code_id) == (aim, letter)
        host.write(b"\x16M\rTRGSTO?!")
        assert host.read(60) == b"TRGSTO3000\x06!"
        assert host.last is not None
        assert host.last.aim == b"X0"


@pytest.mark.parametrize(
    ("box_country", "host", "text"),
    [
        (Country.US, HostKeyboard(), "]Q1" + DIGITS),
        (Country.US, HostKeyboard(caps_lock=True), "]q1" + DIGITS),
        (Country.FR, HostKeyboard(country=Country.FR), "]Q1" + DIGITS),
    ],
)
def test_a_wedge_types_what_the_host_makes_of_it(
    start_scanner: StartScanner, box_country: Country, host: HostKeyboard, text: str
) -> None:
    box = start_scanner(at="wedge", aim_id=True, keyboard=box_country.value)
    with WedgeClient.open(parse_address(box.ends.at), channel="x", host=host) as client:
        box.show(qr())
        typed = b""
        while not typed.endswith(b"\r"):
            typed += client.read(60)
    assert typed.decode() == text + "\r"


def test_as_text_the_hosts_layout_locks_and_input_method_show_to_anybody(start_scanner: StartScanner) -> None:
    box = start_scanner(at="wedge", keys="text", aim_id=True, same_code_ms=0)
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as window, control(box) as door:

        def typed(**keyboard: Any) -> str:
            assert door.post("/keyboard", json=keyboard).status_code == 200
            box.show(qr("abc123"))
            return window.read_until(b"\r").decode()

        assert typed() == "]Q1abc123\r"
        assert typed(caps_lock=True) == "]q1ABC123\r"
        assert typed(caps_lock=False, host_keyboard="fr") == '$A&qbc&é"\r'
        assert typed(keyboard="fr") == "]Q1abc123\r"
        box.loop.call(box.box.reset(seed=1))
        assert typed() == "]Q1abc123\r"
        assert door.post("/keyboard", json={"input_method": "pinyin"}).status_code == 200
        box.show(qr("123"))
        assert window.read_until(b"\r").decode() == "]〓123\r"


def test_lost_reports(start_scanner: StartScanner) -> None:
    box = start_scanner(at="wedge", keys="text", same_code_ms=0)
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as window, control(box) as door:
        assert door.post("/lose", json={"reports": [0, 1]}).status_code == 200
        box.show(qr("123"))
        assert window.read_until(b"\r") == b"23\r"
        box.show(qr("123"))
        assert window.read_until(b"\r") == b"123\r"
        assert door.post("/lose", json={"reports": ["x"]}).status_code == 400


@pytest.mark.parametrize("at", ["pty", "tcp", "rfc2217", "wedge", "hid"])
def test_unplugged_by_schedule_and_back(start_scanner: StartScanner, at: str) -> None:
    box = start_scanner(at=at, same_code_ms=0)
    patient = ScanFraming(idle_s=1.0)
    with control(box) as door, Scanner.open(box.ends.at, framing=patient, follow=True) as scanner:
        box.settle()
        door.post("/plug", json={"in": False, "scan": 2, "byte": 5}).raise_for_status()
        box.show(qr())
        assert scanner.read(60).text == DIGITS
        box.show(qr())
        assert door.get("/state").json()["plugged"] is False
        box.show(qr("999"))
        door.post("/plug", json={"in": True}).raise_for_status()
        with pytest.raises(NoScan):
            scanner.read(0.3)
        box.settle()
        assert scanner.returns == 1
        box.show(qr("123456"))
        assert scanner.read(60).text == "123456"
    events = box.events()
    assert (events.count("unplugged"), events.count("plugged-in")) == (1, 1)
    assert "bytes-lost" in events


def test_a_reset_plugs_in_and_forgets_the_schedule(start_scanner: StartScanner) -> None:
    box = start_scanner(same_code_ms=0)
    with control(box) as door:
        door.post("/plug", json={"in": False, "scan": 1, "byte": 5})
        door.post("/wire", json={"wire": "300 8N1"})
        door.post("/light", json={"path": "blur=2"})
        door.post("/plug", json={"in": False})
        door.post("/reset", json={"seed": 1})
        state = door.get("/state").json()
        assert (state["plugged"], state["wire"], state["light_path"]) == (True, "9600 8N1", "")
        with serial.Serial(state["at"].removeprefix("serial:"), timeout=60) as port:
            box.show(qr())
            assert port.read(29) == SCAN


def test_the_wire_from_outside(start_scanner: StartScanner) -> None:
    box = start_scanner(same_code_ms=0)
    with control(box) as door, serial.Serial(box.ends.at.removeprefix("serial:"), 9600, timeout=60) as port:
        assert door.post("/wire", json={"wire": "4800 8N1"}).status_code == 200
        assert door.get("/state").json() | {"wire": "4800 8N1", "host_wire": "9600 8N1"} == door.get("/state").json()
        box.show(qr())
        assert "misheard" in box.events()
        port.baudrate = 4800
        port.reset_input_buffer()
        box.show(qr())
        assert port.read(29) == SCAN
        port.write(b"~\x010000#QRYSYS;\x03")
        assert port.read(8) == b"\x02\x010000#Q"


def test_modem_lines_from_outside(start_scanner: StartScanner) -> None:
    from harness.line.rfc2217 import Modem
    from harness.line.rfc2217_client import Rfc2217Client

    box = start_scanner(at="rfc2217")
    with control(box) as door, Rfc2217Client.open(parse_address(box.ends.at), channel="x") as client:
        assert Modem.CTS in client.modem
        assert door.post("/lines", json={"cts": False}).status_code == 200
        box.show(qr())
        assert client.read(60) == SCAN
        assert Modem.CTS not in client.modem


def test_light_spoils_the_look_and_a_clear_view_mends_it(start_scanner: StartScanner) -> None:
    box = start_scanner(same_code_ms=0, mode="host")
    with control(box) as door, serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        door.post("/show", content=qr())
        assert door.post("/light", json={"path": "occlusion=0.9"}).status_code == 200
        port.write(b"\x01T\x04")
        assert box.tape.wait_for(lambda record: record.name == "no-read", since=0, timeout=60)
        assert door.post("/light", json={"path": ""}).status_code == 200
        port.write(b"\x01T\x04")
        assert port.read(29) == SCAN


def test_tearing_mixes_with_the_picture_before(start_scanner: StartScanner) -> None:
    box = start_scanner(light_path="tearing=0.5", same_code_ms=0)
    first, then = "1" * 20, "2" * 20
    assert box.show(qr(first))[1] != ""
    assert box.show(qr(first))[1] == ""
    assert box.show(qr(then))[1] != ""
    assert box.show(qr(then))[1] == ""


def test_several_codes_and_the_engine_are_settings(start_scanner: StartScanner) -> None:
    box = start_scanner(engine="premium", several="none", formats="qr,code128,data-matrix", twice=False)
    assert box.show(qr())[1] == ""


def test_a_folder_goes_by_at_each_trigger_and_continuous_mode_begins_by_itself(
    start_scanner: StartScanner, tmp_path: Any
) -> None:
    (tmp_path / "a.png").write_bytes(qr())
    box = start_scanner(show=str(tmp_path), mode="continuous")
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        box.settle()
        box.clock.step(seconds=1)
        assert port.read(29) == SCAN


@pytest.mark.parametrize(("effect", "pause_ms"), [(Effect.SLOW, 300), (Effect.DRIP, 10)])
def test_a_slow_line(start_scanner: StartScanner, effect: Effect, pause_ms: int) -> None:
    box = start_scanner()
    box.faults.plan(Fault(party="scanner", message="scan", effect=effect, detail={"pause_ms": pause_ms}))
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        began = time.monotonic()
        box.show(qr())
        assert port.read(29) == SCAN
        assert time.monotonic() - began >= 0.28


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/plug", {}),
        ("/plug", {"in": 1}),
        ("/plug", {"in": True, "scan": 1}),
        ("/plug", {"in": False, "scan": 0}),
        ("/plug", {"in": False, "scan": 1, "byte": -1}),
        ("/plug", {"in": False, "scan": True}),
        ("/light", {"path": "colour=3"}),
        ("/light", {"path": 3}),
        ("/wire", {"wire": "fast"}),
        ("/wire", {"wire": "9600 9N1"}),
        ("/lines", {"cts": 1}),
        ("/lines", {"xyz": True}),
        ("/keyboard", {"colour": "red"}),
        ("/keyboard", {"keyboard": "xx"}),
        ("/lose", {}),
        ("/lose", {"reports": [-1]}),
    ],
)
def test_what_cannot_be_asked_is_a_400_and_the_box_goes_on(
    start_scanner: StartScanner, path: str, body: dict[str, Any]
) -> None:
    box = start_scanner(at="wedge", keys="text")
    with control(box) as door:
        answer = door.post(path, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert door.post("/show", content=qr()).json()["read"] is True


@pytest.mark.parametrize(
    ("at", "path", "body"),
    [
        ("hid", "/wire", {"wire": "9600 8N1"}),
        ("tcp", "/lines", {"cts": True}),
        ("pty", "/keyboard", {"keyboard": "fr"}),
        ("wedge", "/keyboard", {"caps_lock": True}),
        ("pty", "/lose", {"reports": [1]}),
    ],
)
def test_what_is_of_another_attachment_is_a_409(
    start_scanner: StartScanner, at: str, path: str, body: dict[str, Any]
) -> None:
    with control(start_scanner(at=at)) as door:
        assert door.post(path, json=body).status_code == 409


@pytest.mark.parametrize("at", ["usb", "pty:5", "tcp:70000", "tcp:", "tcp:-1", "rfc2217:99999999", "hid:/dev/x"])
def test_an_attachment_that_cannot_be_names_what_can(at: str) -> None:
    with pytest.raises(ConfigError) as error:
        ScannerSettings(at=at)
    assert "rfc2217:PORT" in error.value.remedy


def test_one_word_for_line_and_port() -> None:
    assert ScannerSettings(at="rfc2217:4000", line=LineKind.PTY).plugged_into() == (LineKind.RFC2217, 4000)
    assert ScannerSettings(line=LineKind.HID).plugged_into() == (LineKind.HID, 0)


@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ({"data_bits": 9}, "5 to 8"),
        ({"stop_bits": 3.0}, "1.5"),
        ({"poll_ms": 0}, "255"),
        ({"show_s": -1.0}, "86400"),
        ({"light_path": "tilt=99"}, "75"),
    ],
)
def test_settings_of_line_and_light_that_cannot_be(setting: dict[str, Any], offered: str) -> None:
    with pytest.raises(ConfigError) as error:
        ScannerSettings(**setting)
    assert offered in error.value.remedy


@pytest.mark.parametrize("at", ["pty", "tcp", "rfc2217", "wedge", "hid"])
def test_power_cut_in_the_middle_of_a_paced_scan(start_scanner: StartScanner, at: str) -> None:
    """What had not left is lost, and the next scan is whole."""
    box = start_scanner(at=at, pace=True, baud=300, poll_ms=30, same_code_ms=0)
    with Scanner.open(box.ends.at, baud=300) as scanner, control(box) as door:
        box.settle()
        box.loop.soon(lambda: box.loop.loop.create_task(box.box.scene.show(qr("123456" * 5))))
        assert box.tape.wait_for(lambda record: record.name == "good-read", since=0, timeout=60)
        door.post("/power", json={"on": False})
        door.post("/power", json={"on": True})
        box.settle()
        with pytest.raises((NoScan, Exception)):
            scanner.read(0.1)
        box.show(qr("77"))
        assert scanner.read(60).text == "77"
