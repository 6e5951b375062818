"""The Newland dialect against published bytes, and against any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import (
    MAX_ANSWER,
    MAX_COMMAND,
    Answer,
    Answered,
    BoxSide,
    Command,
    HostSide,
    Item,
    LegacyTrigger,
    Outcome,
    Query,
    Status,
    Storage,
    encode_answer,
    encode_command,
)

SCNTRG1 = bytes.fromhex("7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03")
"""Trigger on, temporary: as the maker publishes it."""
SCNTRG1_DONE = bytes.fromhex("02 01 30 30 30 30 23 53 43 4E 54 52 47 31 06 3B 03")
"""Its answer, by the maker's rule: first byte 02, 06 before the last punctuation."""
GATE = b"~\x010000#SCNMOD3;RRDENA1;CIDENA1;SCNENA0;RRDDUR3000;\x03"
"""The set-up string of a real gate."""
CODE = b"6201234567890123456789012345\r"


def command(raw: bytes) -> Command:
    (event,) = BoxSide().feed(raw)
    assert isinstance(event, Command)
    return event


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def merged(events: list[object]) -> list[object]:
    """Neighbouring garbage as one, since it is told as it comes."""
    out: list[object] = []
    for event in events:
        last = out[-1] if out else None
        if isinstance(event, Malformed) and isinstance(last, Malformed) and last.reason == event.reason:
            out[-1] = Malformed(last.raw + event.raw, event.reason)
        else:
            out.append(event)
    return out


def test_the_published_trigger_command() -> None:
    assert encode_command([("SCNTRG", "1")]) == SCNTRG1
    read = command(SCNTRG1)
    assert read.storage is Storage.TEMPORARY
    assert [(item.tag, item.data) for item in read.items] == [("SCNTRG", "1")]


def test_the_published_rule_of_answers() -> None:
    assert encode_answer(command(SCNTRG1), [Outcome(status=Status.DONE)]) == SCNTRG1_DONE
    assert HostSide(ScanFraming()).feed(SCNTRG1_DONE) == [
        Answer(
            raw=SCNTRG1_DONE,
            storage=Storage.TEMPORARY,
            items=(Answered(tag="SCNTRG", data="1", status=Status.DONE),),
        )
    ]


@pytest.mark.parametrize(
    ("status", "byte"), [(Status.DONE, b"\x06"), (Status.OUT_OF_RANGE, b"\x15"), (Status.NO_SUCH_TAG, b"\x05")]
)
def test_the_status_byte_stands_before_the_punctuation(status: Status, byte: bytes) -> None:
    raw = encode_answer(command(b"~\x010000@SCNMOD9;\x03"), [Outcome(status=status)])
    assert raw == b"\x02\x010000@SCNMOD9" + byte + b";\x03"
    (answer,) = HostSide(ScanFraming()).feed(raw)
    assert isinstance(answer, Answer)
    assert answer.items == (Answered(tag="SCNMOD", data="9", status=status),)
    assert answer.storage is Storage.PERMANENT


def test_the_published_legacy_trigger() -> None:
    assert BoxSide().feed(bytes.fromhex("015404 015004")) == [
        LegacyTrigger(raw=b"\x01T\x04", on=True),
        LegacyTrigger(raw=b"\x01P\x04", on=False),
    ]
    assert BoxSide().feed(b"\x01T\x04") == [LegacyTrigger(raw=b"\x01T\x04", on=True)]


def test_the_set_up_string_of_a_real_gate() -> None:
    read = command(GATE)
    settings = [("SCNMOD", "3"), ("RRDENA", "1"), ("CIDENA", "1"), ("SCNENA", "0"), ("RRDDUR", "3000")]
    assert [(item.tag, item.data) for item in read.items] == settings
    assert encode_command(settings) == GATE
    raw = encode_answer(read, [Outcome(status=Status.DONE)] * 5)
    assert raw == b"\x02\x010000#SCNMOD3\x06;RRDENA1\x06;CIDENA1\x06;SCNENA0\x06;RRDDUR3000\x06;\x03"
    (answer,) = HostSide(ScanFraming()).feed(raw)
    assert isinstance(answer, Answer)
    assert [(a.tag, a.data) for a in answer.items] == settings


def test_one_status_for_a_compound_command_is_understood_too() -> None:
    (answer,) = HostSide(ScanFraming()).feed(b"\x02\x010000#SCNMOD3;RRDENA1\x15;\x03")
    assert isinstance(answer, Answer)
    assert answer.items == (
        Answered(tag="SCNMOD", data="3", status=Status.OUT_OF_RANGE),
        Answered(tag="RRDENA", data="1", status=Status.OUT_OF_RANGE),
    )


def test_a_comma_changes_the_sub_tag_alone() -> None:
    read = command(b"~\x010000#RRDENA1,DUR3000;SCNMOD0;\x03")
    assert read.items == (
        Item(tag="RRDENA", data="1", spelled="RRDENA1", end=","),
        Item(tag="RRDDUR", data="3000", spelled="DUR3000", end=";"),
        Item(tag="SCNMOD", data="0", spelled="SCNMOD0", end=";"),
    )
    raw = encode_answer(read, [Outcome(status=Status.DONE)] * 3)
    assert raw == b"\x02\x010000#RRDENA1\x06,DUR3000\x06;SCNMOD0\x06;\x03"
    (answer,) = HostSide(ScanFraming()).feed(raw)
    assert isinstance(answer, Answer)
    assert [a.tag for a in answer.items] == ["RRDENA", "RRDDUR", "SCNMOD"]


@pytest.mark.parametrize("query", list(Query))
def test_a_query_is_answered_in_its_place(query: Query) -> None:
    read = command(encode_command([("RRDDUR", query.value)]))
    assert read.items[0].query is query
    raw = encode_answer(read, [Outcome(status=Status.DONE, data="3000")])
    assert raw == b"\x02\x010000#RRDDUR3000\x06;\x03"


def test_small_letters_are_another_tag() -> None:
    assert command(b"~\x010000#scntrg1;\x03").items[0].tag == "scntrg"


def test_a_tag_cut_short_is_still_an_item() -> None:
    assert command(b"~\x010000#SCN;\x03").items == (Item(tag="SCN", data="", spelled="SCN", end=";"),)


def test_neither_permanent_nor_temporary_is_malformed() -> None:
    (event,) = BoxSide().feed(b"~\x010000!SCNTRG1;\x03")
    assert isinstance(event, Malformed)


def test_a_command_cut_off_by_the_next_one() -> None:
    cut, whole = BoxSide().feed(SCNTRG1[:9] + SCNTRG1)
    assert cut == Malformed(SCNTRG1[:9], "is cut off by the next command")
    assert isinstance(whole, Command)


def test_a_command_without_end_does_not_fill_the_memory() -> None:
    box = BoxSide()
    events = [event for _ in range(50) for event in box.feed(b"~\x010000#" + b"A" * 100)]
    assert all(isinstance(event, Malformed) for event in events)
    more = BoxSide().feed(b"~\x010000#" + b"A" * 10_000)
    assert sum(len(event.raw) for event in more) > 10_000 - MAX_COMMAND


def test_the_box_is_back_in_step_after_garbage() -> None:
    box = BoxSide()
    box.feed(b"\x00\xff~~\x01\x01T")
    assert [e for e in box.feed(SCNTRG1) if isinstance(e, Command)] == [command(SCNTRG1)]


@pytest.mark.parametrize(
    "items", [[], [("SCN", "1")], [("SCNTRGX", "1")], [("SCNTRG", "1;")], [("SCNTRG", "1,2")], [("SCNTRG", "\x03")]]
)
def test_what_cannot_be_spelled_is_refused(items: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="command"):
        encode_command(items)


def test_a_command_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MAX_COMMAND)):
        encode_command([("PRFSET", "0" * MAX_COMMAND)])


def test_scans_and_answers_share_a_line() -> None:
    events = HostSide(ScanFraming()).feed(CODE + SCNTRG1_DONE + CODE)
    assert [type(event) for event in events] == [Scan, Answer, Scan]


def test_an_answer_ends_a_scan_whose_suffix_was_lost() -> None:
    cut, answer = HostSide(ScanFraming()).feed(CODE[:-1] + SCNTRG1_DONE)
    assert isinstance(cut, Malformed)
    assert cut.raw == CODE[:-1]
    assert isinstance(answer, Answer)


def test_an_answer_ends_a_scan_without_a_suffix() -> None:
    scan, answer = HostSide(ScanFraming(suffix=b"")).feed(CODE[:-1] + SCNTRG1_DONE)
    assert scan == Scan(CODE[:-1], CODE[:-1])
    assert isinstance(answer, Answer)


def test_a_prefix_that_looks_like_an_answers_first_byte_is_a_scan() -> None:
    host = HostSide(ScanFraming(prefix=b"\x02", suffix=b"\x03"))
    assert host.feed(b"\x02") == []
    assert host.pending
    assert host.feed(b"123\x03") == [Scan(b"\x02123\x03", b"123")]


def test_an_answer_cut_short_is_told_when_the_line_falls_silent() -> None:
    host = HostSide(ScanFraming())
    assert host.feed(SCNTRG1_DONE[:-2]) == []
    assert host.idle() == [Malformed(SCNTRG1_DONE[:-2], "the answer has no end")]
    assert len(host.feed(CODE)) == 1


def test_an_answer_without_end_does_not_fill_the_memory() -> None:
    host = HostSide(ScanFraming(max_length=10))
    events = host.feed(b"\x02\x010000#" + b"A" * 3 * MAX_ANSWER)
    assert isinstance(events[0], Malformed)
    assert "no end" in events[0].reason


STREAM = st.lists(
    st.one_of(
        st.sampled_from(
            [SCNTRG1, SCNTRG1_DONE, GATE, CODE, b"\x01T\x04", b"\x01P\x04", b"\x02", b"\x7e", b"\x01", b";\x03"]
        ),
        st.binary(max_size=10),
        st.sampled_from([SCNTRG1_DONE[:5], SCNTRG1[:7], GATE[:20], b"\x02\x010000"]),
    ),
    max_size=8,
).map(b"".join)
CUTS = st.lists(st.integers(0, 400), max_size=20)


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=CUTS)
def test_any_split_is_the_same_to_the_box(data: bytes, cuts: list[int]) -> None:
    split = BoxSide()
    whole = merged([*BoxSide().feed(data)])
    assert merged([e for piece in pieces_of(data, cuts) for e in split.feed(piece)]) == whole


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=CUTS, suffix=st.sampled_from([b"\r", b"\r\n", b""]))
def test_any_split_is_the_same_to_the_host(data: bytes, cuts: list[int], suffix: bytes) -> None:
    whole, split = HostSide(ScanFraming(suffix=suffix)), HostSide(ScanFraming(suffix=suffix))
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert b"".join(e.raw for e in events) == data


@settings(max_examples=100, deadline=None)
@given(
    items=st.lists(
        st.tuples(
            st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=6, max_size=6), st.text("0123456789ABCDEF*&^", max_size=12)
        ),
        min_size=1,
        max_size=8,
    ),
    storage=st.sampled_from(list(Storage)),
)
def test_what_is_encoded_is_understood(items: list[tuple[str, str]], storage: Storage) -> None:
    read = command(encode_command(items, storage=storage))
    assert read.storage is storage
    assert [(item.tag, item.data) for item in read.items] == items
    (answer,) = HostSide(ScanFraming()).feed(encode_answer(read, [Outcome(status=Status.DONE)] * len(items)))
    assert isinstance(answer, Answer)
    assert [(a.tag, a.data) for a in answer.items] == items
