"""The whole virtual box: picture in, bytes out, on a real line, and its back door."""

import gc
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import serial
from PIL import Image

from harness.errors import ConfigError
from harness.faults.catalogue import Effect, Fault
from harness.gm import sm3
from harness.line.record import comparable_digest
from simulators.scanner import SIMULATOR
from simulators.scanner.settings import ScannerSettings
from tests.simulators.scanner_rig import DIGITS, RunningScanner, StartScanner, barcode, both, png, qr, through_socat

CODE = DIGITS.encode()


def port_of(box: RunningScanner) -> serial.Serial:
    return serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60)


def control(box: RunningScanner) -> httpx.Client:
    return httpx.Client(base_url=box.ends.also["control"], trust_env=False)


def test_a_shown_picture_leaves_as_bytes_and_stands_on_the_tape(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with port_of(box) as port, control(box) as door:
        picture = qr()
        told = door.post("/show", content=picture).json()
        assert port.read(29) == CODE + b"\r"
    assert told == {"read": True, "text": DIGITS, "symbology": "qr"}
    assert box.events() == ["image-seen", "good-read", "beep"]
    assert dict(box.event("image-seen").event) == {"event": "image-seen", "image_sm3": sm3(picture).hex()}
    assert dict(box.event("good-read").event) == {"event": "good-read", "symbology": "qr", "digits": DIGITS}
    order = [r.name or r.direction.name for r in box.tape.recent()]
    assert order == ["image-seen", "good-read", "beep", "SENT"]


@pytest.mark.parametrize(
    ("suffix", "ends"), [("CR", b"\r"), ("LF", b"\n"), ("CRLF", b"\r\n"), ("TAB", b"\t"), ("none", b"")]
)
def test_every_suffix(start_scanner: StartScanner, suffix: str, ends: bytes) -> None:
    from simulators.scanner.settings import SuffixName

    box = start_scanner(suffix=SuffixName(suffix), prefix="]Q1")
    box.show(qr())
    assert box.sent() == [b"]Q1" + CODE + ends]


def test_a_barcode_and_a_picture_of_both_are_one_scan_each(start_scanner: StartScanner) -> None:
    box = start_scanner(same_code_ms=0)
    for picture in (barcode(), both()):
        box.show(picture)
    assert box.sent() == [CODE + b"\r"] * 2


def test_over_tcp(start_scanner: StartScanner) -> None:
    box = start_scanner(line="tcp", mode="level")
    scheme, host, port = box.ends.at.split(":")
    assert scheme == "tcp"
    box.show(qr())
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(b"\x01T\x04")
        data = b""
        while len(data) < 29:
            data += client.recv(100)
        assert data == CODE + b"\r"
    assert {r.channel for r in box.tape.recent()} == {"scanner", "scanner.tcp"}


def test_a_scan_to_nobody_over_tcp_is_said_to_be_lost(start_scanner: StartScanner) -> None:
    box = start_scanner(line="tcp")
    box.show(qr())
    assert box.events() == ["image-seen", "good-read", "beep", "bytes-lost"]


@pytest.mark.parametrize(
    ("effect", "detail", "sent"),
    [
        (Effect.DROP_BYTE, {"position": 27}, [CODE[:27] + b"\r"]),
        (Effect.GARBLE_BYTE, {"position": 0, "bit": 0}, [b"7" + CODE[1:] + b"\r"]),
        (Effect.DOUBLE_READ, {}, [CODE + b"\r"] * 2),
        (Effect.SPLIT_READ, {"position": 10, "pause_ms": 1}, [CODE[:10], CODE[10:] + b"\r"]),
    ],
)
def test_faults_hit_the_scan_they_name(
    start_scanner: StartScanner, effect: Effect, detail: dict[str, int], sent: list[bytes]
) -> None:
    box = start_scanner(same_code_ms=0)
    box.faults.plan(Fault(party="scanner", message="scan", effect=effect, nth=2, detail=detail))
    with port_of(box) as port:
        for _ in range(3):
            box.show(qr())
        expected = [CODE + b"\r", *sent, CODE + b"\r"]
        assert port.read(sum(map(len, expected))) == b"".join(expected)
    assert box.sent() == expected
    assert box.events().count("fault-fired") == 1


def test_an_unreadable_picture_sends_nothing(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with control(box) as door:
        told = door.post("/show", content=png(Image.new("L", (300, 300), 200))).json()
    assert told == {"read": False, "why": "no code can be read"}
    assert box.events() == ["image-seen", "no-read"]
    assert box.sent() == []


@pytest.mark.parametrize("body", [b"", b"rubbish", qr()[:300], b"\x89PNG\r\n\x1a\n" + os.urandom(200)])
def test_a_bad_picture_is_a_400_and_the_box_goes_on(start_scanner: StartScanner, body: bytes) -> None:
    box = start_scanner()
    with control(box) as door:
        answer = door.post("/show", content=body)
        assert answer.status_code == 400
        assert "picture" in answer.json()["error"]
        assert door.post("/show", content=qr()).json()["read"] is True


def test_a_huge_body_is_a_400(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with control(box) as door:
        answer = door.post("/show", content=b"x" * (9 * 1024 * 1024))
        assert answer.status_code == 400
        assert door.get("/state").status_code == 200


def test_a_large_picture_is_read_too(start_scanner: StartScanner) -> None:
    page = Image.new("L", (2400, 1600), 255)
    page.paste(Image.open(__import__("io").BytesIO(qr())), (1000, 600))
    box = start_scanner()
    assert box.show(png(page))[1] == ""


def test_configure_changes_what_it_names_and_reset_takes_it_back(start_scanner: StartScanner) -> None:
    box = start_scanner(same_code_ms=0)
    with control(box) as door:
        door.post("/configure", json={"suffix": "LF"})
        door.post("/configure", json={"prefix": "\\x02"})
        box.show(qr())
        door.post("/configure", json={"suffix": "CR", "prefix": "", "code_id": True})
        box.show(qr())
        door.post("/reset", json={"seed": 7})
        box.show(qr())
    assert box.sent() == [b"\x02" + CODE + b"\n", b"s" + CODE + b"\r", CODE + b"\r"]


@pytest.mark.parametrize(
    "body",
    [{"suffix": "XX"}, {"suffix": 1}, {"colour": "red"}, {"same_code_ms": True}, {"same_code_ms": -1}, {"mode": "x"}],
)
def test_configure_refuses_what_it_has_not(start_scanner: StartScanner, body: dict[str, Any]) -> None:
    box = start_scanner()
    with control(box) as door:
        answer = door.post("/configure", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_blank_and_state(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with control(box) as door:
        door.post("/show", content=qr())
        assert door.get("/state").json()["in_view"] == DIGITS
        door.delete("/show")
        state = door.get("/state").json()
        assert state["in_view"] is None
        assert state["reads"] == 1
        assert door.get("/fault").json()["offered"] == [
            "double-read", "drip", "drop-byte", "garble-byte", "slow", "split-read",
        ]  # fmt: skip


def test_reset_is_as_new_on_the_same_address(start_scanner: StartScanner) -> None:
    box = start_scanner()
    at = box.ends.at
    box.show(qr())
    box.loop.call(box.box.reset(seed=8))
    with port_of(box) as port:
        assert box.show(qr())[1] == ""
        assert port.read(29) == CODE + b"\r"
    assert box.ends.at == at


def test_unplug_and_replug(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with control(box) as door, port_of(box) as port:
        door.post("/unplug")
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
        door.post("/replug")
        with port_of(box) as again:
            box.show(qr())
            assert again.read(29) == CODE + b"\r"
    assert box.events() == ["unplugged", "plugged-in", "image-seen", "good-read", "beep"]


def test_pictures_shown_from_the_start(start_scanner: StartScanner, tmp_path: Path) -> None:
    for name, text in (("b.png", "222222"), ("a.png", "111111")):
        (tmp_path / name).write_bytes(qr(text))
    box = start_scanner(show=str(tmp_path), mode="level")
    with port_of(box) as port:
        for expected in (b"111111\r", b"222222\r", b"111111\r"):
            port.write(b"\x01T\x04")
            assert port.read(7) == expected


@pytest.mark.parametrize("bad", ["missing.png", "."])
def test_pictures_that_are_not_there_are_the_users_to_mend(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigError, match="cannot be shown"):
        RunningScanner(ScannerSettings(show=str(tmp_path / bad)))


@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ({"family": "datalogic"}, "newland"),
        ({"tries": 0}, "100"),
        ({"response_s": 0.0}, "3600"),
        ({"same_code_ms": -1}, "3600000"),
        ({"session_ms": 50}, "100"),
        ({"baud": 0}, "50"),
        ({"prefix": "x" * 12}, "11"),
        ({"prefix": "\\x"}, "ASCII"),
        ({"prefix": "前"}, "ASCII"),
    ],
)
def test_settings_that_cannot_be_name_what_can(setting: dict[str, Any], offered: str) -> None:
    with pytest.raises(ConfigError) as error:
        ScannerSettings(**setting)
    assert offered in error.value.remedy


def test_what_the_bench_asks_of_a_kind() -> None:
    assert (SIMULATOR.kind, SIMULATOR.needs) == ("scanner", ())
    assert SIMULATOR.settings() == ScannerSettings()


def test_the_same_pictures_give_the_same_tape() -> None:
    digests = set()
    for _ in range(3):
        box = RunningScanner(ScannerSettings())
        try:
            for picture in (qr(), qr(), barcode("123456"), both()):
                box.show(picture)
                box.clock.step(seconds=1)
            digests.add(comparable_digest(box.tape.recent()))
        finally:
            box.stop()
    assert len(digests) == 1


@pytest.mark.parametrize("line", ["pty", "tcp"])
def test_stop_leaves_no_task_descriptor_or_pty(line: Any) -> None:
    def left() -> int:
        """How many files are open; a pty is there as long as its master is, and others' are none of ours."""
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    RunningScanner(ScannerSettings(line=line)).stop()
    before = left()
    box = RunningScanner(ScannerSettings(line=line, pace=True, mode="continuous"))  # type: ignore[arg-type]  # as a file spells it
    box.faults.plan(Fault(party="scanner", message="scan", effect=Effect.SPLIT_READ, detail={"pause_ms": 10_000}))
    box.loop.soon(lambda: box.loop.loop.create_task(box.box.scene.show(qr())))
    box.loop.settle()
    assert "scanner outlet" in box.tasks()
    box.loop.call(box.box.stop())
    box.loop.call(box.box.stop())
    assert {name for name in box.tasks() if "scanner" in name} == set()
    box.stop()
    assert left() == before


def test_power_cut_and_restored(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with port_of(box) as port, control(box) as door:
        port.write(b"~\x010000#RRDDUR7;\x03")
        assert port.read(17)[-3:-2] == b"\x06"
        port.write(b"~\x010000@GRDDUR8;\x03")
        assert port.read(17)[-3:-2] == b"\x06"
        door.post("/power", json={"on": False})
        assert door.post("/show", content=qr()).json()["why"] == "the box has no power"
        port.write(b"~\x010000#RRDDUR*;\x03")
        assert box.tape.wait_for(lambda record: b"RRDDUR*" in record.data, since=0, timeout=60)
        assert door.get("/state").json()["powered"] is False
        door.post("/power", json={"on": True})
        door.post("/power", json={"on": True})
        port.write(b"~\x010000#RRDDUR*;GRDDUR*;\x03")
        answer = b"\x02\x010000#RRDDUR1500\x06;GRDDUR8\x06;\x03"
        assert port.read(len(answer)) == answer
        assert door.post("/show", content=qr()).json()["read"] is True
        assert port.read(29) == CODE + b"\r"
        assert door.post("/power", json={"on": 1}).status_code == 400
    assert box.events().count("power") == 2


def test_an_acknowledgement_is_awaited_on_the_benchs_clock(start_scanner: StartScanner) -> None:
    box = start_scanner(family="ssi", packeted=True, response_s=0.5)
    box.show(qr())
    first = box.sent()[0]
    box.clock.step(seconds=0.5)
    box.settle()
    again = box.sent()[1]
    assert (again[:3], again[3], again[4:-2]) == (first[:3], 1, first[4:-2])
    with port_of(box) as port:
        port.write(bytes.fromhex("04D00400FF28"))
        port.write(bytes.fromhex("04A30400FF55"))
        assert port.read(6)
    box.clock.step(seconds=10)
    box.settle()
    assert [frame[1] for frame in box.sent()].count(0xF3) == 2
    assert "scanner acknowledgement" not in box.tasks()


def test_a_command_cut_short_is_forgotten_when_the_line_is_silent(start_scanner: StartScanner) -> None:
    box = start_scanner(family="ssi")
    with port_of(box) as port:
        port.write(bytes.fromhex("07C604"))
        box.tape.wait_for(lambda record: record.name == "not-understood", since=0, timeout=60)
        port.write(bytes.fromhex("04E90400FF0F"))
        assert port.read(6) == bytes.fromhex("04D00000FF2C")


def test_the_speed_that_the_host_sets_holds_for_what_follows(start_scanner: StartScanner) -> None:
    box = start_scanner(family="honeywell", pace=True, baud=115200)
    with serial.Serial(box.ends.at.removeprefix("serial:"), 115_200, timeout=60) as port:
        port.write(b"\x16M\r232BAD0!")
        assert port.read(9) == b"232BAD0\x06!"
        port.baudrate = 300
        began = time.monotonic()
        box.show(qr("1234567890"))
        assert port.read(11) == b"1234567890\r"
        assert time.monotonic() - began > 10 * 10 / 300


@pytest.mark.external
@pytest.mark.parametrize(
    ("family", "mode", "asked", "answered"),
    [
        ("newland", "level", b"~\x010000#SCNTRG1;\x03", b"\x02\x010000#SCNTRG1\x06;\x03"),
        ("honeywell", "level", b"\x16T\r", b""),
        ("mindeo", "host", b"\x16M\r0401?.\x16T\r", b"0401D05\x06"),
        ("ssi", "host", bytes.fromhex("04E40400FF14"), bytes.fromhex("04D00000FF2C")),
        ("register", "host", bytes.fromhex("7E000801000201ABCD"), bytes.fromhex("02000001003331")),
        ("letters", "host", b"T", b""),
    ],
)
def test_socat_drives_every_family(
    start_scanner: StartScanner, family: str, mode: str, asked: bytes, answered: bytes
) -> None:
    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    box = start_scanner(family=family, mode=mode)
    box.show(qr())
    expected = answered + CODE + b"\r"
    at = f"{box.ends.at.removeprefix('serial:')},raw,echo=0"
    assert through_socat(at, asked, len(expected)) == expected


@pytest.mark.external
def test_curl_and_socat_see_the_same_box(start_scanner: StartScanner, tmp_path: Path) -> None:
    if shutil.which("socat") is None or shutil.which("curl") is None:
        pytest.skip("socat or curl is not installed")
    box = start_scanner(mode="level")
    picture = tmp_path / "code.png"
    picture.write_bytes(qr())
    shown = subprocess.run(
        ["curl", "-sS", "--data-binary", f"@{picture}", f"{box.ends.also['control']}/show"],
        capture_output=True,
        check=True,
    )
    assert json.loads(shown.stdout) == {"read": False, "why": "the box waits for its trigger"}
    at = f"{box.ends.at.removeprefix('serial:')},raw,echo=0"
    assert through_socat(at, b"\x01T\x04", 29) == CODE + b"\r"
