"""The single letters, and any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.letters import Answer, BoxSide, HostSide, Letter, SetUp, encode_answer, encode_set_up


@pytest.mark.parametrize("letter", Letter)
def test_every_letter(letter: Letter) -> None:
    assert BoxSide().feed(letter.value) == [letter]


def test_the_letters_are_the_published_ones() -> None:
    assert b"".join(letter.value for letter in Letter) == b"EDRBF\x01\x07ihsTXP\x01C"


def test_cell_phone_mode_cut_short_is_its_letters() -> None:
    box = BoxSide()
    assert box.feed(b"P\x01") == []
    assert box.pending
    assert box.feed(b"E") == [Malformed(b"P", "is no command"), Letter.FORCE_BEEP, Letter.ENABLE]
    box.feed(b"P\x01")
    assert box.idle() == [Malformed(b"P", "is no command"), Letter.FORCE_BEEP]


def test_a_set_up_number() -> None:
    raw = encode_set_up("100315")
    assert raw == b"#@100315\r"
    assert BoxSide().feed(raw + b"E") == [SetUp(raw=raw, number="100315"), Letter.ENABLE]
    assert BoxSide().feed(b"#@10D")[-1] is Letter.DISABLE


@pytest.mark.parametrize("number", ["", "12345", "1234567", "12345x", "１２３４５６"])
def test_numbers_that_cannot_be(number: str) -> None:
    with pytest.raises(ValueError, match="six digits"):
        encode_set_up(number)


def test_answers_are_framed_and_share_the_line() -> None:
    raw = encode_answer("READY")
    assert raw == b"\x01\x02READY\x03\x04"
    scan, answer, again = HostSide(ScanFraming()).feed(b"123\r" + raw + b"456\r")
    assert isinstance(scan, Scan)
    assert answer == Answer(raw=raw, text="READY")
    assert again == Scan(b"456\r", b"456")


PIECES = [b"E", b"P\x01C", b"P\x01", b"P", b"#@123456\r", b"#@12", b"#", b"\x01\x02", b"\x03\x04", b"12\r"]
STREAM = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=10).map(b"".join)
CUTS = st.lists(st.integers(0, 100), max_size=12)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=CUTS)
def test_any_split_is_the_same_to_the_box(data: bytes, cuts: list[int]) -> None:
    whole, split = BoxSide(), BoxSide()
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert not split.pending


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=CUTS, suffix=st.sampled_from([b"\r", b"\r\n", b""]))
def test_any_split_is_the_same_to_the_host(data: bytes, cuts: list[int], suffix: bytes) -> None:
    whole, split = HostSide(ScanFraming(suffix=suffix)), HostSide(ScanFraming(suffix=suffix))
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert b"".join(event.raw for event in events) == data
