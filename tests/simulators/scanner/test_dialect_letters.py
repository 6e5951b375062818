"""What a single-letter box does, without a line."""

import pytest

from simulators.scanner.settings import Mode
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, DialectRig


def letters(**settings: object) -> DialectRig:
    return DialectRig(family="letters", **settings)


def test_disabled_it_drops_and_does_not_queue() -> None:
    rig = letters()
    assert rig.ask(b"D") == b""
    assert rig.show(CODE) == b""
    assert rig.ask(b"E") == b""
    assert rig.show(None) == b""
    assert rig.show(CODE) == DIGITS.encode() + b"\r"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"B", ["beep"]),
        (b"\x07", ["beep"]),
        (b"F", ["beep"]),
        (b"DF", ["led"]),
        (b"DB", ["led"]),
        (b"D\x01", ["led", "beep"]),
        (b"R", ["beep"]),
        (b"P\x01C", ["cell-phone-mode"]),
        (b"#@100315\r", ["set-up"]),
        (b"z", ["not-understood"]),
    ],
)
def test_letters_that_have_no_answer(sent: bytes, said: list[str]) -> None:
    rig = letters()
    assert rig.ask(sent) == b""
    assert rig.said == said


def test_questions_are_answered_in_a_frame() -> None:
    rig = letters()
    assert rig.ask(b"h") == b"\x01\x020 OK\x03\x04"
    assert rig.ask(b"s") == b"\x01\x02ENABLED\x03\x04"
    assert rig.ask(b"Ds") == b"\x01\x02DISABLED\x03\x04"
    assert b"Liantiao" in rig.ask(b"i")


def test_questions_without_a_frame() -> None:
    assert letters(framed_answers=False).ask(b"h") == b"0 OK\r"


def test_the_soft_trigger() -> None:
    rig = letters(mode="host")
    rig.show(CODE)
    assert rig.ask(b"T") == DIGITS.encode() + b"\r"
    assert rig.ask(b"X") == b""


def test_reset_enables_and_forgets() -> None:
    rig = letters()
    rig.show(CODE)
    rig.ask(b"DR")
    assert rig.dialect.conduct.enabled
    assert rig.show(CODE) == DIGITS.encode() + b"\r"


def test_the_same_code_must_be_absent() -> None:
    conduct = letters().dialect.conduct
    assert conduct.absent
    assert conduct.mode is Mode.SENSE
