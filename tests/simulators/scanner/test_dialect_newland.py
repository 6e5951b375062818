"""What a Newland box answers beside its plain settings; the plain ones are tested over a real line."""

import pytest

from harness.wire.scanner.newland import encode_command
from simulators.scanner.settings import Mode
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, OTHER, DialectRig


def test_the_gates_set_up_string() -> None:
    rig = DialectRig()
    rig.ask(b"~\x010000#SCNMOD3;RRDENA1;CIDENA1;SCNENA0;RRDDUR3000;\x03")
    conduct = rig.dialect.conduct
    assert (conduct.mode, conduct.same_code_ms, conduct.enabled) == (Mode.CONTINUOUS, 3000, False)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"QRYSYS", b"QRYSYSLiantiao virtual scanner box, family newland\x06"),
        (b"DEVQRY*", b"DEVQRYOK\x06"),
        (b"DEVQRY", b"DEVQRY\x15"),
        (b"IMGGWH", b"IMGGWH752W480H\x06"),
        (b"IMGGET0T0R0F", b"IMGGET0T0R0F\x05"),
        (b"232BAD^", b"232BAD0/1/2/3/4/5/6/7/8/9\x06"),
        (b"REBOOT1", b"REBOOT1\x15"),
    ],
)
def test_questions_about_the_box(asked: bytes, answered: bytes) -> None:
    assert DialectRig().ask(b"~\x010000#" + asked + b";\x03") == b"\x02\x010000#" + answered + b";\x03"


def test_ids_before_the_data() -> None:
    rig = DialectRig(same_code_ms=0)
    rig.ask(encode_command([("AIDENA", "1")]))
    assert rig.show(CODE) == b"]Q1" + DIGITS.encode() + b"\r"
    rig.ask(encode_command([("CIDENA", "1")]))
    assert rig.show(OTHER) == b"j]C0" + b"0098\r"


def test_the_line_s_speed_follows_the_answer() -> None:
    rig = DialectRig()
    assert rig.dialect.baud is None
    rig.ask(encode_command([("232BAD", "9")]))
    assert rig.dialect.baud == 115200


def test_triggers_happen_where_they_stand_between_commands() -> None:
    rig = DialectRig(mode="level")
    rig.show(CODE)
    start, enable = encode_command([("SCNTRG", "1")]), encode_command([("SCNENA", "0")])
    assert DIGITS.encode() in rig.ask(start + enable)
    assert DIGITS.encode() not in rig.ask(start)


def test_a_command_cut_short_is_given_up() -> None:
    rig = DialectRig()
    rig.ask(b"~\x010000#SCN")
    waits = [rig.dialect.silence_s]
    rig.carry_out(rig.dialect.silence())
    waits.append(rig.dialect.silence_s)
    assert waits == [1.0, None]
    assert rig.ask(b"\x01T\x04") == b""
    assert rig.show() == DIGITS.encode() + b"\r"
