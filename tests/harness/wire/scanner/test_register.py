"""The register dialect against published bytes, and against any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.register import (
    Answer,
    BoxSide,
    Command,
    HostSide,
    Kind,
    Status,
    WrongCrc,
    crc,
    encode_answer,
    encode_command,
    encode_read,
    encode_save,
    encode_write,
)

TRIGGER = bytes.fromhex("7E 00 08 01 00 02 01 AB CD")
DONE = bytes.fromhex("02 00 00 01 00 33 31")
CODE = b"6201234567890123456789012345\r"


def host(suffix: bytes = b"\r") -> HostSide:
    return HostSide(ScanFraming(suffix=suffix))


def test_published_bytes() -> None:
    assert encode_write(0x0002, b"\x01", check=False) == TRIGGER
    assert encode_answer(Status.DONE) == DONE
    assert encode_answer(Status.WRONG_CRC) == bytes.fromhex("02 00 01 01 00 04 01")
    assert encode_save() == bytes.fromhex("7E 00 09 01 00 00 00 DE C8")
    assert crc(bytes.fromhex("00 01 00")) == bytes.fromhex("33 31")


def bitwise_crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=64))
def test_the_crc_is_the_one_of_the_polynomial(data: bytes) -> None:
    assert crc(data) == bitwise_crc(data).to_bytes(2, "big")


def test_a_command_without_check() -> None:
    assert BoxSide().feed(TRIGGER) == [
        Command(raw=TRIGGER, kind=Kind.WRITE, address=2, data=b"\x01", checked=False)
    ]  # fmt: skip


def test_a_wrong_crc_is_told() -> None:
    raw = encode_write(2, b"\x01")
    wrong, right = BoxSide().feed(raw[:-1] + bytes([raw[-1] ^ 1]) + raw)
    assert isinstance(wrong, WrongCrc)
    assert isinstance(right, Command)


def test_a_lost_byte_does_not_cost_the_next_command() -> None:
    raw = encode_write(2, b"\x01")
    events = BoxSide().feed(raw[:5] + raw[6:] + TRIGGER + TRIGGER)
    assert [type(event) for event in events] == [WrongCrc, Command, Command]


def test_a_command_cut_short_is_given_up() -> None:
    box = BoxSide()
    assert box.feed(TRIGGER[:6]) == []
    assert box.pending
    assert box.idle() == [Malformed(TRIGGER[:6], "is a command cut short")]
    assert [type(e) for e in box.feed(b"AT\r" + TRIGGER)] == [Malformed, Command]


def test_answers_and_scans_share_a_line() -> None:
    scan, answer, read, alive = host().feed(
        CODE + DONE + encode_answer(Status.DONE, b"\x01\x02") + encode_answer(Status.DONE, alive=True)
    )
    assert isinstance(scan, Scan)
    assert answer == Answer(raw=DONE, status=Status.DONE, data=b"\x00")
    assert isinstance(read, Answer)
    assert read.data == b"\x01\x02"
    assert isinstance(alive, Answer)
    assert alive.raw == bytes.fromhex("03 00 00 01 00 33 31")


def test_an_answer_with_a_wrong_crc() -> None:
    (event,) = host().feed(DONE[:-1] + b"\x00")
    assert event == Malformed(DONE[:-1] + b"\x00", "has a wrong CRC")


@pytest.mark.parametrize(("address", "data"), [(0x10000, b"1"), (-1, b"1"), (0, b""), (0, bytes(257))])
def test_what_cannot_be_spelled_is_refused(address: int, data: bytes) -> None:
    with pytest.raises(ValueError, match="command"):
        encode_command(Kind.WRITE, address, data)


STREAM = st.lists(
    st.one_of(
        st.sampled_from([TRIGGER, DONE, CODE, TRIGGER[:5], DONE[:4], b"\x7e", b"\x02", b"\x00", encode_read(0)]),
        st.binary(max_size=8),
    ),
    max_size=8,
).map(b"".join)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def told(events: list[Command | WrongCrc | Malformed]) -> list[tuple[type, bytes]]:
    """Neighbouring garbage as one, since it is told as it comes."""
    out: list[tuple[type, bytes]] = []
    for event in events:
        if out and out[-1][0] is Malformed is type(event):
            out[-1] = (Malformed, out[-1][1] + event.raw)
        else:
            out.append((type(event), event.raw))
    return out


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=st.lists(st.integers(0, 300), max_size=12))
def test_any_split_is_the_same_to_the_box(data: bytes, cuts: list[int]) -> None:
    whole, split = BoxSide(), BoxSide()
    events = told([*whole.feed(data), *whole.idle()])
    assert told([e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle()) == events
    assert b"".join(raw for _, raw in events) == data
    assert [type(e) for e in split.feed(TRIGGER)] == [Command]


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=st.lists(st.integers(0, 300), max_size=12), suffix=st.sampled_from([b"\r", b"\r\n", b""]))
def test_any_split_is_the_same_to_the_host(data: bytes, cuts: list[int], suffix: bytes) -> None:
    whole, split = host(suffix), host(suffix)
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert b"".join(event.raw for event in events) == data


@settings(max_examples=100, deadline=None)
@given(
    kind=st.integers(0, 255),
    address=st.integers(0, 0xFFFF),
    data=st.binary(min_size=1, max_size=256),
    check=st.booleans(),
)
def test_what_is_encoded_is_understood(kind: int, address: int, data: bytes, check: bool) -> None:
    raw = encode_command(kind, address, data, check=check)
    (command,) = BoxSide().feed(raw)
    assert isinstance(command, Command)
    assert (command.kind, command.address, command.data) == (kind, address, data)
    (answer,) = host().feed(encode_answer(Status.DONE, data))
    assert isinstance(answer, Answer)
    assert answer.data == data
