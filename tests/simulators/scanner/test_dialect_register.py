"""What a register box answers, byte for byte, without a line."""

import pytest

from harness.wire.scanner.register import encode_answer, encode_command, encode_read, encode_save, encode_write
from simulators.scanner.settings import Mode
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, DialectRig

DONE = bytes.fromhex("02 00 00 01 00 33 31")
WRONG_CRC = bytes.fromhex("02 00 01 01 00 04 01")
TRIGGER = bytes.fromhex("7E 00 08 01 00 02 01 AB CD")
INVALID = encode_answer(3)


def register(**settings: object) -> DialectRig:
    return DialectRig(family="register", **settings)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (TRIGGER, DONE),
        (encode_write(2, b"\x01"), DONE),
        (TRIGGER[:-1] + b"\xce", WRONG_CRC),
        (encode_command(0x42, 0, b"\x00"), INVALID),
        (encode_write(0x100, b"\x00"), INVALID),
        (encode_read(0xFF, 2), INVALID),
        (encode_command(7, 0, b"\x01\x01"), INVALID),
        (encode_save(), DONE),
        (encode_read(0x2A, 2), encode_answer(0, b"\x39\x01")),
        (encode_read(0x06), encode_answer(0, b"\x1e")),
        (encode_read(0x13), encode_answer(0, b"\x8f")),
        (bytes.fromhex("7E 00 0A 01 00 00 00 30 1A"), bytes.fromhex("03 00 00 01 00 33 31")),
        (b"\x7e\x01AT\r", b""),
    ],
)
def test_commands(asked: bytes, answered: bytes) -> None:
    assert register(mode="host").ask(asked) == answered


def test_the_answer_comes_before_the_scan() -> None:
    rig = register(mode="host")
    rig.show(CODE)
    assert rig.ask(TRIGGER) == DONE + DIGITS.encode() + b"\r"


def test_modes_are_two_bits() -> None:
    rig = register()
    for bits, mode in ((0, Mode.LEVEL), (1, Mode.HOST), (2, Mode.CONTINUOUS), (3, Mode.SENSE)):
        rig.ask(encode_write(0, bytes([0xD4 | bits])))
        assert rig.mode() is mode
    rig.ask(encode_write(0, b"\x97"))
    assert not rig.dialect.conduct.beep


def test_times_are_tenths_of_a_second() -> None:
    rig = register()
    rig.ask(encode_write(6, b"\x32") + encode_write(0x13, b"\x85"))
    assert (rig.dialect.conduct.session_ms, rig.dialect.conduct.same_code_ms) == (5000, 500)
    rig.ask(encode_write(0x13, b"\x05"))
    assert rig.dialect.conduct.same_code_ms == 0


def test_the_aim_id() -> None:
    rig = register()
    rig.ask(encode_write(0xD0, b"\x80"))
    assert rig.show(CODE) == b"]Q1" + DIGITS.encode() + b"\r"


@pytest.mark.parametrize(("divisor", "baud"), [("3901", 9600), ("1a00", 115200)])
def test_published_divisors(divisor: str, baud: int) -> None:
    rig = register()
    rig.ask(encode_write(0x2A, bytes.fromhex(divisor)))
    assert rig.dialect.baud is not None
    assert abs(rig.dialect.baud - baud) / baud < 0.01


def test_what_is_not_saved_is_lost() -> None:
    rig = register()
    rig.ask(encode_write(6, b"\x32"))
    rig.power_cycle()
    assert rig.dialect.conduct.session_ms == 3000
    rig.ask(encode_write(6, b"\x32") + encode_save())
    rig.power_cycle()
    assert rig.dialect.conduct.session_ms == 5000
    assert rig.ask(encode_write(0xD9, b"\x55")) == DONE
    assert rig.dialect.conduct.session_ms == 3000
