"""Serial formats, and what a receiver with other settings hears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.serial_format import Parity, SerialFormat, heard, parse_format

FORMATS = st.builds(
    SerialFormat,
    baud=st.sampled_from([300, 1200, 9600, 19200, 57600, 115_200]),
    data_bits=st.sampled_from([7, 8]),
    parity=st.sampled_from(Parity),
    stop_bits=st.sampled_from([1, 1.5, 2]),
)


@pytest.mark.parametrize(
    ("text", "bits"), [("9600 8N1", 10), ("9600 7E1", 10), ("9600 8E1", 11), ("9600 8N2", 11), ("9600 7O1.5", 10.5)]
)
def test_bits_a_byte(text: str, bits: float) -> None:
    wire = parse_format(text)
    assert wire.bits_a_byte == bits
    assert wire.seconds_a_byte == bits / 9600
    assert str(wire) == text


def test_28_digits_and_a_return_take_what_the_reference_computed() -> None:
    times = {baud: 29 * SerialFormat(baud=baud).seconds_a_byte * 1000 for baud in (1200, 9600, 19200, 115_200)}
    assert {baud: round(ms, 1) for baud, ms in times.items()} == {1200: 241.7, 9600: 30.2, 19200: 15.1, 115_200: 2.5}


@pytest.mark.parametrize("text", ["", "x", "9600 9N1", "9600 8X1", "9600 8N3", "10 8N1", "9600 8N", "9600 N81"])
def test_what_no_uart_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_format(text)


@given(FORMATS, st.sampled_from([1, 1.5, 2]), st.binary(max_size=40))
def test_alike_ends_understand_each_other_whatever_their_stop_bits(
    wire: SerialFormat, stop: float, data: bytes
) -> None:
    listening = SerialFormat(baud=wire.baud, data_bits=wire.data_bits, parity=wire.parity, stop_bits=stop)
    assert heard(data, sent=wire, listening=listening) == bytes(byte & (2**wire.data_bits - 1) for byte in data)


@given(FORMATS, FORMATS, st.binary(max_size=20))
def test_any_two_ends_hear_something_bounded(sent: SerialFormat, listening: SerialFormat, data: bytes) -> None:
    got = heard(data, sent=sent, listening=listening)
    assert len(got) <= 1 + len(data) * sent.bits_a_byte * max(1, listening.baud / sent.baud)


def test_seven_bits_and_even_parity_heard_as_eight_bits_show_the_parity_bit() -> None:
    sent, listening = parse_format("9600 7E1"), parse_format("9600 8N1")
    assert heard(b"60127", sent=sent, listening=listening) == bytes([0x36, 0x30, 0xB1, 0xB2, 0xB7])


def test_twice_the_speed_sees_every_bit_twice() -> None:
    """`U` is 01010101 on the wire with its start bit: at twice the speed pairs of equal bits."""
    got = heard(b"U", sent=parse_format("9600 8N1"), listening=parse_format("19200 8N1"))
    assert got[:1] == bytes([0b01100110])


@pytest.mark.parametrize("percent", [-3, -1, 1, 3])
def test_a_small_difference_of_speed_does_not_matter(percent: int) -> None:
    listening = SerialFormat(baud=9600 + 96 * percent)
    assert heard(bytes(range(256)), sent=SerialFormat(), listening=listening) == bytes(range(256))


@pytest.mark.parametrize("listening", ["4800 8N1", "19200 8N1", "115200 8N1", "9600 8E1"])
def test_a_mismatch_is_garbage(listening: str) -> None:
    scan = b"6201234567890123456789012345\r"
    assert heard(scan, sent=SerialFormat(), listening=parse_format(listening)) != scan
