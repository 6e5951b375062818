"""Scans and messages told apart, with a toy message: `<` digits `>`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.mixed import NEED_MORE, NO_MESSAGE, Message, MixedLine


def size_at(held: bytes, at: int) -> int:
    if held[at : at + 1] != b"<":
        return NO_MESSAGE
    for place in range(at + 1, len(held)):
        if held[place : place + 1] == b">":
            return place + 1 - at
        if not held[place : place + 1].isdigit():
            return NO_MESSAGE
    return NEED_MORE


def line(suffix: bytes = b"\r") -> MixedLine:
    return MixedLine(ScanFraming(suffix=suffix), size_at, markers=(b"<",))


def test_messages_and_scans_come_in_their_order() -> None:
    assert line().feed(b"12\r<3>45\r<6>") == [
        Scan(b"12\r", b"12"), Message(b"<3>"), Scan(b"45\r", b"45"), Message(b"<6>"),
    ]  # fmt: skip


def test_a_scan_does_not_wait_for_the_byte_after_its_suffix() -> None:
    held = line(suffix=b"<")
    assert held.feed(b"12<") == [Scan(b"12<", b"12")]
    assert not held.pending


def test_a_message_ends_a_scan_that_lost_its_suffix() -> None:
    cut, message = line().feed(b"12<3>")
    assert isinstance(cut, Malformed)
    assert cut.raw == b"12"
    assert message == Message(b"<3>")


def test_a_message_ends_a_scan_without_suffix() -> None:
    assert line(suffix=b"").feed(b"12<3>") == [Scan(b"12", b"12"), Message(b"<3>")]


def test_what_only_began_like_a_message_is_scan() -> None:
    held = line()
    assert held.feed(b"<12") == []
    assert held.pending
    assert held.feed(b"x\r") == [Scan(b"<12x\r", b"<12x")]


def test_silence_makes_a_scan_of_a_message_cut_short() -> None:
    held = line(suffix=b"")
    held.feed(b"1<2")
    assert held.idle() == [Scan(b"1<2", b"1<2")]
    assert not held.pending


def test_a_suffix_alone_may_begin_a_message() -> None:
    held = line(suffix=b"<")
    assert held.feed(b"12<<3>") == [Scan(b"12<", b"12"), Message(b"<3>")]


def test_a_careful_line_looks_everywhere() -> None:
    held = MixedLine(ScanFraming(), size_at, markers=(b"#",))
    held.careful = True
    assert held.feed(b"<1>2\r") == [Message(b"<1>"), Scan(b"2\r", b"2")]


@settings(max_examples=200, deadline=None)
@given(
    data=st.lists(st.sampled_from([b"<", b">", b"1", b"23", b"\r", b"\n", b"\r\n", b"<4>"]), max_size=14).map(b"".join),
    cuts=st.lists(st.integers(0, 40), max_size=8),
    suffix=st.sampled_from([b"\r", b"\r\n", b""]),
)
def test_any_split_is_the_same(data: bytes, cuts: list[int], suffix: bytes) -> None:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    whole, split = line(suffix), line(suffix)
    events = [*whole.feed(data), *whole.idle()]
    told = [e for a, b in zip([0, *places], [*places, len(data)], strict=True) for e in split.feed(data[a:b])]
    assert told + split.idle() == events
    assert b"".join(event.raw for event in events) == data
