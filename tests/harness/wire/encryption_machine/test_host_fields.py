"""The plain kinds of fields: their edges, and what they say when they are wrong."""

import pytest

from harness.wire.encryption_machine.host_fields import (
    Bytes,
    Constant,
    Cursor,
    Der,
    Digits,
    Field,
    Hex,
    LayoutError,
    Number,
    Text,
)
from harness.wire.encryption_machine.reasons import Reason


def read(field: Field, data: bytes) -> object:
    values: dict[str, object] = {}
    cursor = Cursor(data)
    field.read(cursor, values)
    assert cursor.left == 0
    return values.get(field.name)


@pytest.mark.parametrize(
    ("field", "value", "spelled"),
    [
        (Number(name="n", digits=Digits(count=4)), 7, b"0007"),
        (Number(name="n", digits=Digits(count=4)), 9999, b"9999"),
        (Number(name="n", digits=Digits(count=4, base=16)), 1968, b"07B0"),
        (Text(name="n", size=3), "00A", b"00A"),
        (Hex(name="n", size=4), b"\xab\xcd", b"ABCD"),
        (Bytes(name="n", length=Digits.of("4N")), b"x" * 12, b"0012" + b"x" * 12),
        (Bytes(name="n", length=Digits.of("4H")), b"x" * 12, b"000C" + b"x" * 12),
        (Bytes(name="n", size=3), b"abc", b"abc"),
        (Bytes(name="n"), b"", b""),
        (Der(name="n"), b"\x30\x00", b"\x30\x00"),
        (Der(name="n"), b"\x30\x81\x80" + bytes(128), b"\x30\x81\x80" + bytes(128)),
    ],
)
def test_fields_write_what_they_read(field: Field, value: object, spelled: bytes) -> None:
    assert field.write({"n": value}) == spelled
    assert read(field, spelled) == value


def test_hex_is_read_in_small_letters_too() -> None:
    assert read(Hex(name="n", size=4), b"abCD") == b"\xab\xcd"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Number(name="n", digits=Digits(count=2)), 100),
        (Number(name="n", digits=Digits(count=2)), -1),
        (Number(name="n", digits=Digits(count=2), maximum=5), 6),
        (Number(name="n", digits=Digits(count=2)), "1"),
        (Text(name="n", size=3), "12"),
        (Text(name="n", size=3), "12\n"),
        (Text(name="n", size=2), "签名"),
        (Hex(name="n", size=4), b"\xab"),
        (Bytes(name="n", length=Digits.of("2N")), bytes(100)),
        (Bytes(name="n", size=3), b"ab"),
        (Bytes(name="n", maximum=3), b"abcd"),
        (Bytes(name="n"), "text"),
        (Der(name="n"), b"\x30\x01"),
        (Der(name="n"), b"\x31\x00"),
    ],
)
def test_what_cannot_be_spelled_is_a_value_error(field: Field, value: object) -> None:
    with pytest.raises(ValueError, match="n"):
        field.write({"n": value})
    with pytest.raises(ValueError, match="n is due"):
        field.write({})


@pytest.mark.parametrize(
    ("field", "data", "reason"),
    [
        (Constant(name="c", text=b"07", reason=Reason.CURVE), b"08", Reason.CURVE),
        (Constant(name="c", text=b"07", reason=Reason.CURVE), b"0", Reason.BAD_INPUT),
        (Number(name="n", digits=Digits(count=2)), b"1A", Reason.BAD_INPUT),
        (Number(name="n", digits=Digits(count=2)), b"+1", Reason.BAD_INPUT),
        (Number(name="n", digits=Digits(count=2)), b" 1", Reason.BAD_INPUT),
        (Number(name="n", digits=Digits(count=2)), "１１".encode(), Reason.BAD_INPUT),
        (Hex(name="n", size=2), b"0x", Reason.BAD_INPUT),
        (Text(name="n", size=1), b"\x7f", Reason.BAD_INPUT),
        (Bytes(name="n", length=Digits.of("2N")), b"03ab", Reason.DATA_LENGTH),
        (Bytes(name="n", length=Digits.of("2N"), minimum=1), b"00", Reason.DATA_LENGTH),
        (Der(name="n"), b"\x30", Reason.PUBLIC_KEY),
        (Der(name="n"), b"\x30\x82\x00\x80" + bytes(128), Reason.PUBLIC_KEY),
        (Der(name="n"), b"\x30\x85\x01\x00\x00\x00\x00", Reason.PUBLIC_KEY),
    ],
)
def test_what_does_not_fit_says_why(field: Field, data: bytes, reason: Reason) -> None:
    with pytest.raises(LayoutError) as caught:
        read(field, data)
    assert caught.value.reason is reason
    assert str(caught.value).startswith(field.name)


def test_length_fields_are_spelled_with_their_base() -> None:
    for wrong in ("4", "N", "4X", "", "-1N"):
        with pytest.raises(ValueError, match="length field"):
            Digits.of(wrong)
