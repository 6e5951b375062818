"""Scans cut out of a line's bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFramer, ScanFraming, Suffix, frame_scan

DIGITS = b"6201234567890123456789012345"
ENDED = [suffix for suffix in Suffix if suffix.value]


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("suffix", ENDED)
@pytest.mark.parametrize("prefix", [b"", b"\x02", b"]Q1"])
def test_a_scan_ends_with_its_suffix(suffix: Suffix, prefix: bytes) -> None:
    framing = ScanFraming(prefix=prefix, suffix=suffix.value)
    raw = frame_scan(DIGITS, framing)
    assert raw == prefix + DIGITS + suffix.value
    assert ScanFramer(framing).feed(raw) == [Scan(raw, DIGITS)]


def test_without_a_suffix_the_idle_gap_ends_a_scan() -> None:
    framer = ScanFramer(ScanFraming(suffix=b""))
    assert framer.feed(DIGITS[:9]) == []
    assert framer.pending
    assert framer.feed(DIGITS[9:]) == []
    assert framer.idle() == [Scan(DIGITS, DIGITS)]
    assert framer.idle() == []


def test_a_suffix_that_never_comes_is_said() -> None:
    framer = ScanFramer(ScanFraming(suffix=b"\r\n"))
    assert framer.feed(DIGITS + b"\r") == []
    (malformed,) = framer.idle()
    assert isinstance(malformed, Malformed)
    assert malformed.raw == DIGITS + b"\r"
    assert "suffix" in malformed.reason


def test_a_missing_prefix_is_said_and_the_next_scan_is_read() -> None:
    framer = ScanFramer(ScanFraming(prefix=b"\x02"))
    malformed, scan = framer.feed(b"123\r\x02456\r")
    assert malformed == Malformed(b"123\r", "does not begin with the prefix b'\\x02'")
    assert scan == Scan(b"\x02456\r", b"456")


def test_a_suffix_alone_is_no_scan() -> None:
    assert ScanFramer(ScanFraming()).feed(b"\r") == [Malformed(b"\r", "holds no data")]


def test_what_is_too_long_is_dropped_up_to_its_end() -> None:
    framer = ScanFramer(ScanFraming(max_length=4))
    assert framer.feed(b"1234\r") == [Scan(b"1234\r", b"1234")]
    too_long, scan = framer.feed(b"123456789\r12\r")
    assert too_long == Malformed(b"1234", "longer than 4 bytes")
    assert scan == Scan(b"12\r", b"12")


def test_what_is_too_long_ends_with_a_suffix_that_comes_in_two_pieces() -> None:
    framer = ScanFramer(ScanFraming(suffix=b"\r\n", max_length=4))
    assert [type(event) for event in framer.feed(b"123456789\r")] == [Malformed]
    assert framer.feed(b"\n12\r\n") == [Scan(b"12\r\n", b"12")]


def test_what_is_too_long_without_a_suffix_is_dropped_up_to_the_gap() -> None:
    framer = ScanFramer(ScanFraming(suffix=b"", max_length=4))
    assert framer.feed(b"12345678") == [Malformed(b"1234", "longer than 4 bytes")]
    assert framer.pending
    assert framer.idle() == []
    framer.feed(b"12")
    assert framer.idle() == [Scan(b"12", b"12")]


def test_a_lost_suffix_glues_two_codes_and_stays_visible() -> None:
    (scan,) = ScanFramer(ScanFraming()).feed(DIGITS + DIGITS + b"\r")
    assert scan == Scan(DIGITS * 2 + b"\r", DIGITS * 2)


def test_text_is_utf8_and_shows_what_is_none() -> None:
    assert Scan(b"", "医保".encode()).text == "医保"
    assert Scan(b"", b"1\xff").text == "1\\xff"


@pytest.mark.parametrize(("field", "value"), [("max_length", 0), ("idle_s", 0), ("idle_s", -1)])
def test_settings_that_cannot_be_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        ScanFraming(**{field: value})  # type: ignore[arg-type]  # the field is chosen by the test


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(st.one_of(st.just(b"\r"), st.just(b"\r\n"), st.binary(max_size=12)), max_size=12).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=12),
    suffix=st.sampled_from(list(Suffix)),
    prefix=st.sampled_from([b"", b"\x02", b"\r"]),
)
def test_any_split_of_anything_gives_the_same(data: bytes, cuts: list[int], suffix: Suffix, prefix: bytes) -> None:
    framing = ScanFraming(prefix=prefix, suffix=suffix.value, max_length=5)
    whole, split = ScanFramer(framing), ScanFramer(framing)
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events


@settings(max_examples=100, deadline=None)
@given(codes=st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: b"\r" not in b), max_size=6))
def test_what_is_framed_is_read_back(codes: list[bytes]) -> None:
    framing = ScanFraming(prefix=b"]Q1")
    read = ScanFramer(framing).feed(b"".join(frame_scan(code, framing) for code in codes))
    assert [event.data for event in read if isinstance(event, Scan)] == codes
