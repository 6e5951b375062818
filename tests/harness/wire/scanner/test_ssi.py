"""SSI against published bytes, and against any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.ssi import (
    DECODER,
    DECODER_OPS,
    BadChecksum,
    Decoded,
    DecoderSide,
    Event,
    HostSide,
    Nak,
    Op,
    Packet,
    Status,
    acknowledge,
    checksum,
    encode,
    encode_decode_data,
    encode_parameter_number,
    encode_parameters,
    parse_parameter_numbers,
    parse_parameters,
    sent_again,
)

DIGITS = b"6201234567890123456789012345"
START = bytes.fromhex("04 E4 04 00 FF 14")
ACK = bytes.fromhex("04 D0 00 00 FF 2C")


def fed(data: bytes) -> list[Packet | BadChecksum | Malformed]:
    return DecoderSide().feed(data)


def host(suffix: bytes = b"\r") -> HostSide:
    return HostSide(ScanFraming(suffix=suffix))


@pytest.mark.parametrize(
    ("made", "published"),
    [
        (acknowledge(), "04 D0 04 00 FF 28"),
        (encode(Op.CMD_ACK, source=DECODER), "04 D0 00 00 FF 2C"),
        (encode(Op.CMD_NAK, bytes([Nak.RESEND])), "05 D1 04 00 01 FF 25"),
        (encode(Op.START_SESSION), "04 E4 04 00 FF 14"),
        (encode(Op.STOP_SESSION), "04 E5 04 00 FF 13"),
        (encode(Op.SCAN_ENABLE), "04 E9 04 00 FF 0F"),
        (encode(Op.SCAN_DISABLE), "04 EA 04 00 FF 0E"),
        (encode(Op.BEEP, b"\x00"), "05 E6 04 00 00 FF 11"),
        (encode(Op.LED_ON, b"\x01"), "05 E7 04 00 01 FF 0F"),
        (encode(Op.LED_OFF, b"\x01"), "05 E8 04 00 01 FF 0E"),
        (encode(Op.AIM_ON), "04 C5 04 00 FF 33"),
        (encode(Op.AIM_OFF), "04 C4 04 00 FF 34"),
        (encode(Op.FLUSH_QUEUE), "04 D2 04 00 FF 26"),
        (encode(Op.REQUEST_REVISION), "04 A3 04 00 FF 55"),
        (encode(Op.CAPABILITIES_REQUEST), "04 D3 04 00 FF 25"),
        (encode(Op.PARAM_DEFAULTS), "04 C8 04 00 FF 30"),
        (encode(Op.PARAM_REQUEST, b"\x8a"), "05 C7 04 00 8A FE A6"),
        (encode_parameters([(0x8A, 8)]), "07 C6 04 00 FF 8A 08 FD 9E"),
        (encode_parameters([(0xEE, 1)]), "07 C6 04 00 FF EE 01 FD 41"),
        (encode_parameters([(0x8A, 9)], beep=0, permanent=True), "07 C6 04 08 00 8A 09 FE 94"),
        (encode(Op.EVENT, bytes([Event.BOOT]), source=DECODER), "05 F6 00 00 03 FF 02"),
        (encode(Op.EVENT, bytes([Event.DECODE]), source=DECODER), "05 F6 00 00 01 FF 04"),
        (encode_decode_data(0x1C, DIGITS)[0], "21 F3 00 00 1C" + DIGITS.hex() + "F9 1F"),
    ],
)
def test_published_packets(made: bytes, published: str) -> None:
    assert made == bytes.fromhex(published)


def test_the_clones_private_group() -> None:
    raw = encode_parameters([(768 + 5, 2)], beep=0, permanent=True)
    assert raw[:-2] == bytes.fromhex("08 C6 04 08 00 F2 05 02")
    (packet,) = fed(raw)
    assert isinstance(packet, Packet)
    assert packet.status is Status.PERMANENT
    assert parse_parameters(packet.data) == (0, [(773, 2)])


@settings(max_examples=100, deadline=None)
@given(
    opcode=st.integers(0, 255), status=st.integers(0, 255), data=st.binary(max_size=251), source=st.sampled_from([0, 4])
)
def test_the_checksum_makes_the_sum_nothing(opcode: int, status: int, data: bytes, source: int) -> None:
    raw = encode(opcode, data, source=source, status=status)
    assert raw[0] == len(raw) - 2
    assert (sum(raw[:-2]) + int.from_bytes(raw[-2:], "big")) & 0xFFFF == 0
    assert checksum(raw[:-2]) == raw[-2:]


def test_too_much_for_a_packet() -> None:
    with pytest.raises(ValueError, match="251"):
        encode(Op.PARAM_SEND, bytes(252))
    with pytest.raises(ValueError, match="one byte"):
        encode_parameters([(1, 256)])


@pytest.mark.parametrize(
    ("number", "spelled"), [(0x8A, "8A"), (256, "F000"), (400, "F090"), (770, "F202"), (1024, "F80400")]
)
def test_parameter_numbers(number: int, spelled: str) -> None:
    assert encode_parameter_number(number).hex().upper() == spelled
    assert parse_parameter_numbers(bytes.fromhex(spelled)) == [number]


@pytest.mark.parametrize("number", [-1, 0xF0, 0xFF, 0x10000])
def test_numbers_without_a_spelling(number: int) -> None:
    with pytest.raises(ValueError, match="no parameter"):
        encode_parameter_number(number)


@pytest.mark.parametrize("data", ["", "FF8A", "FFF0", "FFF8", "FFF890", "FFF09001F0"])
def test_parameters_cut_short(data: str) -> None:
    assert parse_parameters(bytes.fromhex(data)) is None


def test_zeros_wake_and_mean_nothing() -> None:
    (packet,) = fed(b"\x00\x00" + START + b"\x00")
    assert isinstance(packet, Packet)
    assert packet.opcode == Op.START_SESSION


def test_a_wrong_checksum_is_told_and_the_next_packet_is_understood() -> None:
    events = fed(START[:-1] + b"\x15" + START)
    assert [type(event) for event in events if not isinstance(event, Malformed)] == [BadChecksum, Packet]


def test_a_lost_byte_does_not_cost_the_next_packet() -> None:
    lost = encode_parameters([(0x8A, 8)])
    events = fed(lost[:5] + lost[6:] + START)
    assert [type(event) for event in events] == [BadChecksum, Packet]


def test_garbage_before_a_packet() -> None:
    *garbage, packet = fed(b"AT\r\n" + START)
    assert b"".join(event.raw for event in garbage if isinstance(event, Malformed)) == b"AT\r\n"
    assert isinstance(packet, Packet)


def test_a_packet_cut_short_is_given_up_in_silence() -> None:
    decoder = DecoderSide()
    assert decoder.feed(START[:4]) == []
    pending = [decoder.pending]
    assert decoder.idle() == [Malformed(START[:4], "is a packet cut short")]
    pending.append(decoder.pending)
    assert pending == [True, False]
    assert [type(e) for e in decoder.feed(START)] == [Packet]


def test_raw_scans_and_packets_share_a_line() -> None:
    events = host().feed(ACK + DIGITS + b"\r" + ACK)
    assert [type(event) for event in events] == [Packet, Scan, Packet]
    assert events[1] == Scan(DIGITS + b"\r", DIGITS)


def test_a_raw_scan_does_not_wait_although_its_end_could_begin_a_packet() -> None:
    assert host().feed(DIGITS + b"\r") == [Scan(DIGITS + b"\r", DIGITS)]


def test_a_packeted_scan() -> None:
    (scan,) = host().feed(encode_decode_data(0x1C, DIGITS)[0])
    assert isinstance(scan, Decoded)
    assert (scan.data, scan.symbology, scan.text) == (DIGITS, "qr", DIGITS.decode())


def test_a_long_scan_comes_in_several_packets() -> None:
    packets = encode_decode_data(0x1C, b"7" * 600)
    assert [bool(raw[3] & Status.CONTINUATION) for raw in packets] == [True, True, False]
    events = host().feed(b"".join(packets))
    assert isinstance(events[-1], Decoded)
    assert events[-1].data == b"7" * 600


def test_a_packet_sent_again_is_not_a_second_scan() -> None:
    (raw,) = encode_decode_data(0x1C, DIGITS)
    reader = host()
    events = reader.feed(raw + sent_again(raw) + raw)
    assert [type(event) for event in events] == [Decoded, Packet, Decoded]


def test_a_packet_sent_again_after_a_damaged_one_is_a_scan_also_of_the_same_code() -> None:
    (raw,) = encode_decode_data(0x1C, DIGITS)
    events = host().feed(raw + raw[:-1] + b"\x00" + sent_again(raw))
    assert [type(event) for event in events] == [Decoded, Malformed, Decoded]


STREAM = st.lists(
    st.one_of(
        st.sampled_from([START, ACK, DIGITS, b"\r", b"\r\n", b"\x00", encode_decode_data(0x1C, b"123")[0]]),
        st.sampled_from([START[:5], ACK[:3], encode_parameters([(0x8A, 8)]), b"\x0d\xf3", b"\xff\x12\x04"]),
        st.binary(max_size=8),
    ),
    max_size=8,
).map(b"".join)
CUTS = st.lists(st.integers(0, 300), max_size=12)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def told(events: list[Packet | BadChecksum | Malformed]) -> list[tuple[type, bytes]]:
    """Neighbouring garbage as one, since it is told as it comes."""
    out: list[tuple[type, bytes]] = []
    for event in events:
        if out and out[-1][0] is Malformed is type(event):
            out[-1] = (Malformed, out[-1][1] + event.raw)
        else:
            out.append((type(event), event.raw))
    return out


@settings(max_examples=250, deadline=None)
@given(data=STREAM, cuts=CUTS)
def test_any_split_is_the_same_to_the_decoder(data: bytes, cuts: list[int]) -> None:
    whole, split = DecoderSide(), DecoderSide()
    events = told([*whole.feed(data), *whole.idle()])
    assert told([e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle()) == events
    assert [type(e) for e in split.feed(START)] == [Packet]


@settings(max_examples=250, deadline=None)
@given(data=STREAM, cuts=CUTS, suffix=st.sampled_from([b"\r", b"\r\n", b""]))
def test_any_split_is_the_same_to_the_host(data: bytes, cuts: list[int], suffix: bytes) -> None:
    whole, split = host(suffix), host(suffix)
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert not split.pending


@settings(max_examples=100, deadline=None)
@given(
    codes=st.lists(st.binary(max_size=600), max_size=4),
    opcode=st.sampled_from(sorted(DECODER_OPS - {Op.DECODE_DATA})),
)
def test_what_is_encoded_is_understood(codes: list[bytes], opcode: int) -> None:
    between = encode(opcode, b"\x01", source=DECODER)
    line = b"".join(b"".join(encode_decode_data(0x1C, code)) + between for code in codes)
    events = host().feed(line)
    assert [e.data for e in events if isinstance(e, Decoded)] == codes
