"""What the box answers to Newland commands, byte for byte, over its real line."""

import pytest
import serial

from tests.simulators.scanner_rig import DIGITS, StartScanner, qr


def ask(port: serial.Serial, raw: bytes, size: int) -> bytes:
    port.write(raw)
    return bytes(port.read(size))


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"~\x010000#SCNMOD0;\x03", b"\x02\x010000#SCNMOD0\x06;\x03"),
        (b"~\x010000@RRDDUR3000;\x03", b"\x02\x010000@RRDDUR3000\x06;\x03"),
        (b"~\x010000#RRDDUR0;\x03", b"\x02\x010000#RRDDUR0\x15;\x03"),
        (b"~\x010000#SCNMOD1;\x03", b"\x02\x010000#SCNMOD1\x15;\x03"),
        (b"~\x010000#SCNTRG7;\x03", b"\x02\x010000#SCNTRG7\x15;\x03"),
        (b"~\x010000#ABCDEF1;\x03", b"\x02\x010000#ABCDEF1\x05;\x03"),
        (b"~\x010000#scnmod0;\x03", b"\x02\x010000#scnmod0\x05;\x03"),
        (b"~\x010000#SCN;\x03", b"\x02\x010000#SCN\x05;\x03"),
        (b"~\x010000#RRDDUR*;\x03", b"\x02\x010000#RRDDUR1500\x06;\x03"),
        (b"~\x010000#RRDENA1,DUR9;\x03", b"\x02\x010000#RRDENA1\x06,DUR9\x06;\x03"),
    ],
)
def test_commands_are_answered(start_scanner: StartScanner, sent: bytes, answered: bytes) -> None:
    box = start_scanner()
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        assert ask(port, sent, len(answered)) == answered


def test_garbage_and_legacy_triggers_are_not_answered(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        port.write(b"AT\r\n\x01P\x04\xff")
        assert ask(port, b"~\x010000#SCNMOD0;\x03", 17) == b"\x02\x010000#SCNMOD0\x06;\x03"
    assert "not-understood" in box.events()


def test_the_answer_comes_before_the_scan(start_scanner: StartScanner) -> None:
    box = start_scanner(mode="level")
    box.show(qr())
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        expected = b"\x02\x010000#SCNTRG1\x06;\x03" + DIGITS.encode() + b"\r"
        assert ask(port, b"~\x010000#SCNTRG1;\x03", len(expected)) == expected


def test_temporary_settings_are_lost_at_a_restart_and_permanent_ones_are_not(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        ask(port, b"~\x010000#SCNMOD0;\x03", 17)
        ask(port, b"~\x010000@RRDDUR7;\x03", 17)
        ask(port, b"~\x010000#REBOOT;\x03", 16)
        assert ask(port, b"~\x010000#SCNMOD*;RRDDUR*;\x03", 26) == b"\x02\x010000#SCNMOD2\x06;RRDDUR7\x06;\x03"
        ask(port, b"~\x010000#FACDEF;\x03", 16)
        assert ask(port, b"~\x010000#RRDDUR*;\x03", 20) == b"\x02\x010000#RRDDUR1500\x06;\x03"


def test_suffix_and_code_id_change_the_frame(start_scanner: StartScanner) -> None:
    box = start_scanner(mode="level")
    box.show(qr())
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        ask(port, b"~\x010000#CIDENA1;TSUSET0D0A;\x03", 29)
        assert ask(port, b"\x01T\x04", 31) == b"s" + DIGITS.encode() + b"\r\n"
        ask(port, b"~\x010000#TSUENA0;CIDENA0;CPRENA1;CPRSET5D5131;\x03", 49)
        assert ask(port, b"\x01T\x04", 31) == b"]Q1" + DIGITS.encode()


def test_a_disabled_box_reads_nothing(start_scanner: StartScanner) -> None:
    box = start_scanner()
    with serial.Serial(box.ends.at.removeprefix("serial:"), timeout=60) as port:
        ask(port, b"~\x010000#SCNENA0;\x03", 17)
        assert box.show(qr())[1] == "the box is disabled"
    assert "good-read" not in box.events()
