"""Export to pcapng, read back by tshark."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from harness.clock import BenchClock
from harness.errors import BenchError
from harness.line.pcapng import Time, pcapng_blocks, write_pcapng
from harness.line.record import Direction, Record
from harness.line.tape import Tape

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="needs tshark")
CODE = "1234567890123456789012345678"
ID_NO = "639999198503127031"


def message(start: str, body: dict[str, object]) -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    return f"{start}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


@pytest.fixture
def records() -> list[Record]:
    clock = BenchClock()
    tape = Tape(clock)
    tape.event("phone", "code-shown", digits=CODE)
    tape.frame("scanner.serial", Direction.SENT, CODE.encode() + b"\r")
    tape.frame("centre.http#1", Direction.RECEIVED, message("POST /localcfc HTTP/1.1", {"transType": "ec.query"}))
    tape.frame("centre.http#1", Direction.SENT, message("HTTP/1.1 200 OK", {"code": 0, "data": {"idNo": ID_NO}}))
    clock.step(seconds=61)
    tape.frame("platform.http#1", Direction.RECEIVED, b"\x16\x03\x01")
    tape.frame("platform.http#2", Direction.SENT, b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\r\n<html>")
    tape.frame("counter", Direction.SENT, b'{"id":1,"do":"sign-in"}\n')
    tape.frame("counter", Direction.RECEIVED, b"no json\n")
    tape.frame("scanner.serial", Direction.SENT, b"")
    return tape.recent()


def dissected(path: Path, *fields: str) -> list[list[str]]:
    """Of each packet, tshark's values of some fields."""
    assert TSHARK is not None
    command = [TSHARK, "-r", str(path), "-n", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=;"]
    done = subprocess.run(
        [*command, *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=False, timeout=60, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "malformed" not in done.stderr.lower()
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.external
@needs_tshark
def test_tshark_dissects_every_record(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "run.pcapng"
    assert write_pcapng(path, records) == len(records) == 9
    rows = dissected(path, "frame.protocols", "http.request.method", "http.response.code", "json.value.string")
    protocols = [row[0].removeprefix("exported_pdu:") for row in rows]
    assert protocols[:6] == ["json", "data", "http:json", "http:json", "data", "http:data-text-lines"]
    assert protocols[6:8] == ["json", "data"]
    assert [row[1] for row in rows] == ["", "", "POST", "", "", "", "", "", ""]
    assert [row[2] for row in rows] == ["", "", "", "200", "", "502", "", "", ""]
    assert rows[2][3] == "ec.query"
    assert rows[6][3] == "sign-in"
    assert not any(value for row in dissected(path, "_ws.malformed", "_ws.expert.severity") for value in row[:1])


@pytest.mark.external
@needs_tshark
def test_packets_say_where_they_stand_on_the_tape(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "run.pcapng"
    write_pcapng(path, records)
    rows = dissected(
        path, "frame.comment", "exported_pdu.ipv4_src", "exported_pdu.src_port", "exported_pdu.ipv4_dst",
        "exported_pdu.dst_port", "frame.time_epoch",
    )  # fmt: skip
    assert [row[0] for row in rows[:4]] == [
        "record 0, phone, event code-shown",
        "record 1, scanner.serial, sent",
        "record 2, centre.http#1, received",
        "record 3, centre.http#1, sent",
    ]
    assert rows[2][1:3] == rows[3][3:5] == ["10.1.0.3", "40003"]
    assert rows[2][3:5] == rows[3][1:3] == ["10.0.0.3", "8003"]
    assert rows[4][3] == rows[5][1] == "10.0.0.4", "one device has one address"
    assert rows[4][4] != rows[5][2], "each channel has ports of its own"
    order = [0, 1, 2, 3, 0, 1, 2, 3, 4]
    seconds = [record.at_ns // 1_000_000_000 for record in records]
    assert [row[5] for row in rows] == [f"{at}.{nth:09d}" for at, nth in zip(seconds, order, strict=True)]


@pytest.mark.external
@needs_tshark
def test_real_time_counts_from_the_first_stand_of_the_bench_clock(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "run.pcapng"
    write_pcapng(path, records, time=Time.REAL)
    began_ns = records[0].at_ns - records[0].real_ns
    seen = [row[0] for row in dissected(path, "frame.time_epoch")]
    expected = [began_ns + record.real_ns for record in records]
    assert seen == [f"{at_ns // 10**9}.{at_ns % 10**9:09d}" for at_ns in expected]


@pytest.mark.external
@needs_tshark
def test_addresses_bear_the_names_of_devices(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "run.pcapng"
    write_pcapng(path, records)
    assert TSHARK is not None
    done = subprocess.run([TSHARK, "-r", str(path), "-N", "n"], capture_output=True, text=True, check=True, timeout=60)
    third = done.stdout.splitlines()[2]
    assert "centre-partner → centre" in third
    assert "HTTP/JSON" in third


def test_personal_data_is_masked_unless_told_otherwise(records: list[Record], tmp_path: Path) -> None:
    masked, clear = tmp_path / "masked.pcapng", tmp_path / "clear.pcapng"
    write_pcapng(masked, records)
    write_pcapng(clear, records, clear=True)
    for secret in (CODE.encode(), ID_NO.encode()):
        assert secret in clear.read_bytes()
        assert secret not in masked.read_bytes()
    assert masked.stat().st_size == clear.stat().st_size


def test_blocks_are_whole_and_aligned(records: list[Record]) -> None:
    blocks = list(pcapng_blocks(records))
    assert [struct.unpack_from("<I", block)[0] for block in blocks] == [0x0A0D0D0A, 1, 4, *[6] * len(records)]
    for block in blocks:
        assert len(block) % 4 == 0
        assert struct.unpack_from("<I", block, 4)[0] == struct.unpack("<I", block[-4:])[0] == len(block)


def test_an_empty_tape_is_an_empty_capture(tmp_path: Path) -> None:
    assert write_pcapng(tmp_path / "run.pcapng", []) == 0
    assert write_pcapng(tmp_path / "run.pcapng", [], time=Time.REAL) == 0


def test_a_capture_that_cannot_be_written_is_said_to_be(records: list[Record], tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be written"):
        write_pcapng(tmp_path / "absent" / "run.pcapng", records)
