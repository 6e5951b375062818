"""The Honeywell menu dialect against published bytes, and against any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.honeywell import (
    MAX_COMMAND,
    TRIGGER,
    Acknowledged,
    Action,
    Answer,
    Answered,
    BoxSide,
    Command,
    Headed,
    HostSide,
    Item,
    Outcome,
    Query,
    Status,
    Storage,
    command_of_hid_output,
    encode_answer,
    encode_headed,
    encode_menu,
    hid_output,
)

DIGITS = b"6201234567890123456789012345"
DONE = Outcome(status=Status.DONE)


def command(raw: bytes) -> Command:
    (event,) = BoxSide().feed(raw)
    assert isinstance(event, Command)
    return event


def host(*awaited: bytes, suffix: bytes = b"\r", closed: bool = True) -> HostSide:
    side = HostSide(ScanFraming(suffix=suffix), closed=closed)
    for raw in awaited:
        side.expect(raw)
    return side


def test_the_published_trigger_as_a_hid_report() -> None:
    assert hid_output(TRIGGER) == bytes.fromhex("FD 03 16 54 0D")
    assert command_of_hid_output(bytes.fromhex("FD 03 16 54 0D") + bytes(59)) == TRIGGER
    assert command_of_hid_output(b"\x04\x03\x16T\r") is None
    assert BoxSide().feed(TRIGGER) == [Action.TRIGGER]


@pytest.mark.parametrize(
    ("raw", "action"),
    [("16 54 0D", Action.TRIGGER), ("16 55 0D", Action.UNTRIGGER), ("16 07 0D", Action.BEEP)],
)
def test_published_actions(raw: str, action: Action) -> None:
    assert BoxSide().feed(bytes.fromhex(raw)) == [action]


def test_a_menu_command() -> None:
    raw = encode_menu([("TRGMOD", "0"), ("DLYGRD", "500")], storage=Storage.PERMANENT)
    assert raw == b"\x16M\rTRGMOD0;DLYGRD500."
    assert command(raw).items == (
        Item(tag="TRGMOD", data="0", spelled="TRGMOD0", end=";"),
        Item(tag="DLYGRD", data="500", spelled="DLYGRD500", end="."),
    )
    assert command(b"\x16M\rpaphhf!").items[0].tag == "PAPHHF"


def test_a_status_stands_before_each_punctuation_mark() -> None:
    read = command(b"\x16M\rCBRENA1,SSX0;TRGMOD9!")
    assert [item.tag for item in read.items] == ["CBRENA", "CBRSSX", "TRGMOD"]
    raw = encode_answer(read, [DONE, DONE, Outcome(status=Status.REFUSED)])
    assert raw == b"CBRENA1\x06,SSX0\x06;TRGMOD9\x15!"
    (answer,) = host(read.raw).feed(raw)
    assert isinstance(answer, Answer)
    assert answer.items == (
        Answered(tag="CBRENA", data="1", status=Status.DONE),
        Answered(tag="CBRSSX", data="0", status=Status.DONE),
        Answered(tag="TRGMOD", data="9", status=Status.REFUSED),
    )


def test_a_question_about_three_letters_is_answered_with_all() -> None:
    asked = command(b"\x16M\rcbr?.")
    assert (asked.items[0].tag, asked.items[0].query) == ("CBR", Query.CURRENT)
    (answer,) = host(asked.raw).feed(b"CBRENA1\x06,SSX0\x06,DFT\x06.")
    assert isinstance(answer, Answer)
    assert [(item.tag, item.data) for item in answer.items] == [("CBRENA", "1"), ("CBRSSX", "0"), ("CBRDFT", "")]


@pytest.mark.parametrize(("raw", "query"), [("CBRENA?.", "?"), ("CBRENA^.", "^"), ("CBRENA*.", "*")])
def test_questions(raw: str, query: str) -> None:
    assert command(b"\x16M\r" + raw.encode()).items[0].query is Query(query)


def test_the_revision_is_a_text_and_an_answer() -> None:
    told = b"Product Name: Box\r\nBoot Revision: 1.0\r\nREVINF\x06."
    scan, answer, last = host(b"\x16M\rREVINF.").feed(DIGITS + b"\r" + told + DIGITS + b"\r")
    assert isinstance(scan, Scan)
    assert isinstance(answer, Answer)
    assert answer.text == "Product Name: Box\r\nBoot Revision: 1.0\r\n"
    assert answer.items == (Answered(tag="REVINF", data="", status=Status.DONE),)
    assert isinstance(last, Scan)


def test_mindeo_numbers() -> None:
    asked = command(b"\x16M\r0401?.")
    assert (asked.items[0].tag, asked.items[0].query) == ("0401", Query.CURRENT)
    raw = encode_answer(asked, [Outcome(status=Status.DONE, told="0401D01")], closed=False)
    assert raw == b"0401D01\x06"
    (answer,) = host(asked.raw, closed=False).feed(raw)
    assert isinstance(answer, Answer)
    assert answer.items == (Answered(tag="0401", data="D01", status=Status.DONE),)
    assert command(b"\x16M\r0401D05.").items == (Item(tag="0401", data="D05", spelled="0401D05", end="."),)


def test_an_answer_that_nobody_awaits_is_no_answer() -> None:
    (event,) = host().feed(b"TRGMOD0\x06.\r")
    assert isinstance(event, Scan)


def test_a_host_that_gave_up_waits_no_more() -> None:
    side = host(b"\x16M\rTRGMOD0.")
    side.forget()
    assert side.feed(b"TRGMOD0\x06.\r")[0] == Scan(b"TRGMOD0\x06.\r", b"TRGMOD0\x06.")


def test_scans_around_an_awaited_answer() -> None:
    events = host(b"\x16M\rTRGMOD0!").feed(DIGITS + b"\rTRGMOD0\x06!" + DIGITS + b"\r")
    assert [type(event) for event in events] == [Scan, Answer, Scan]


def test_a_scan_that_begins_like_an_answer_is_a_scan() -> None:
    events = host(b"\x16M\rTRGMOD0!").feed(b"TRGMOD0\rTRGMOD0\x06!")
    assert [type(event) for event in events] == [Scan, Answer]


def test_a_scan_with_its_header() -> None:
    raw = encode_headed(b"s", b"]Q1", DIGITS)
    assert raw == b"\x16\xfe" + b"\x2b\x00\x00\x00" + b"\rMSGGET0028sQ1\x1d" + DIGITS + b"\r"
    (scan,) = host().feed(raw)
    assert isinstance(scan, Headed)
    assert (scan.data, scan.letter, scan.aim) == (DIGITS, "s", "]Q1")


def test_a_header_lets_a_scan_hold_anything() -> None:
    data = b"1\r\n\x16\xfe\x1d\r"
    events = host().feed(encode_headed(b"s", b"]Q1", data) + encode_headed(b"s", b"]Q1", b""))
    assert [event.data for event in events if isinstance(event, Headed)] == [data, b""]


def test_acknowledgements_of_the_host() -> None:
    assert BoxSide().feed(b"\x06\x15") == [Acknowledged(True), Acknowledged(False)]


def test_a_command_cut_off_by_the_next_one() -> None:
    cut, whole = BoxSide().feed(b"\x16M\rTRGMO\x16T\r")
    assert cut == Malformed(b"\x16M\rTRGMO", "is cut off by the next command")
    assert whole is Action.TRIGGER


def test_a_command_without_end_does_not_fill_the_memory() -> None:
    box = BoxSide()
    for _ in range(50):
        box.feed(b"\x16M\r" + b"A" * 100)
    events = BoxSide().feed(b"\x16M\r" + b"A" * 10_000)
    assert sum(len(e.raw) for e in events if isinstance(e, Malformed)) > 10_000 - MAX_COMMAND


def test_a_command_cut_short_is_given_up() -> None:
    box = BoxSide()
    assert box.feed(b"\x16M\rTRG") == []
    assert [type(event) for event in box.idle()] == [Malformed]
    assert box.feed(TRIGGER) == [Action.TRIGGER]


@pytest.mark.parametrize(
    "items", [[], [("TR", "")], [("TRGMODE", "0")], [("TRGMOD", "0.")], [("TRGMOD", "\r")], [("前缀前缀前缀", "")]]
)
def test_what_cannot_be_spelled_is_refused(items: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="command"):
        encode_menu(items)


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="512"):
        encode_menu([("PREBK2", "0" * 600)])
    with pytest.raises(ValueError, match="62"):
        hid_output(bytes(63))
    with pytest.raises(ValueError, match="9999"):
        encode_headed(b"s", b"]Q1", bytes(10_000))
    with pytest.raises(ValueError, match="menu"):
        host(TRIGGER)


PIECES = [
    b"\x16M\rTRGMOD0!", b"\x16T\r", b"\x16", b"\x06", b"\x15", DIGITS + b"\r", b"TRGMOD0\x06!", b"TRGMO",
    b"Product Name: x\r\nREVINF\x06.", b"Product", b"REVINF\x06.", b"0401D01\x06", encode_headed(b"s", b"]Q1", b"12"),
    encode_headed(b"s", b"]Q1", b"12")[:15], b"\r", b"\r\n",
]  # fmt: skip
STREAM = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=9).map(b"".join)
CUTS = st.lists(st.integers(0, 300), max_size=12)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def told(events: list[Command | Action | Acknowledged | Malformed]) -> list[object]:
    """Neighbouring garbage as one, since it is told as it comes."""
    out: list[object] = []
    for event in events:
        last = out[-1] if out else None
        if isinstance(event, Malformed) and isinstance(last, Malformed) and "is no command" in {last.reason}:
            out[-1] = Malformed(last.raw + event.raw, event.reason)
        else:
            out.append(event)
    return out


@settings(max_examples=200, deadline=None)
@given(data=STREAM, cuts=CUTS)
def test_any_split_is_the_same_to_the_box(data: bytes, cuts: list[int]) -> None:
    whole, split = BoxSide(), BoxSide()
    events = told([*whole.feed(data), *whole.idle()])
    assert told([e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle()) == events
    assert split.feed(TRIGGER) == [Action.TRIGGER]


@settings(max_examples=200, deadline=None)
@given(
    data=STREAM,
    cuts=CUTS,
    suffix=st.sampled_from([b"\r", b"\r\n", b""]),
    awaited=st.lists(st.sampled_from([b"\x16M\rTRGMOD0!", b"\x16M\rREVINF.", b"\x16M\r0401?."]), max_size=2),
    closed=st.booleans(),
)
def test_any_split_is_the_same_to_the_host(
    data: bytes, cuts: list[int], suffix: bytes, awaited: list[bytes], closed: bool
) -> None:
    whole, split = (host(*awaited, suffix=suffix, closed=closed) for _ in range(2))
    events = [*whole.feed(data), *whole.idle()]
    assert [e for piece in pieces_of(data, cuts) for e in split.feed(piece)] + split.idle() == events
    assert b"".join(event.raw for event in events) == data
