"""Records: their layout in a file, events as canonical JSON, and the digest by which two runs are compared."""

from dataclasses import FrozenInstanceError, replace
from hashlib import new

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.record import (
    MAGIC,
    ORIGIN,
    Direction,
    Kind,
    Record,
    chain,
    comparable_digest,
    event_data,
    made_record,
    parse_body,
    volatile_tokens,
)

I64 = st.integers(-(1 << 63), (1 << 63) - 1)
RECORDS = st.builds(
    Record,
    seq=st.integers(0, (1 << 64) - 1),
    at_ns=I64,
    real_ns=I64,
    kind=st.just(Kind.FRAME),
    direction=st.sampled_from(Direction),
    channel=st.text(max_size=20),
    data=st.binary(max_size=60),
)
FRAME = Record(seq=1, at_ns=2, real_ns=3, kind=Kind.FRAME, direction=Direction.SENT, channel="scanner", data=b"abc")
BODY = bytes.fromhex("00 02 0000000000000001 0000000000000002 0000000000000003 0007") + b"scanner" + b"abc"


def event(name: str, /, **fields: str | int) -> Record:
    data = event_data(name, fields)
    return replace(FRAME, kind=Kind.EVENT, direction=Direction.NONE, channel="bench", data=data)


def test_the_layout_of_a_record() -> None:
    assert FRAME.body() == BODY
    assert parse_body(BODY) == FRAME
    assert new("sm3", b"LIANTIAO-TAPE-1\n").digest() == ORIGIN
    assert MAGIC == b"LIANTIAO-TAPE-1\n"
    assert chain(ORIGIN, BODY) == new("sm3", ORIGIN + BODY).digest()


@given(RECORDS)
def test_a_record_comes_back_from_its_body(record: Record) -> None:
    assert parse_body(record.body()) == record
    assert made_record(**vars(record)) == record
    assert repr(made_record(**vars(record))) == repr(record)


def test_a_record_made_in_a_hurry_is_as_fixed_as_any() -> None:
    made = made_record(**vars(FRAME))
    with pytest.raises(FrozenInstanceError):
        made.seq = 2  # type: ignore[misc]  # the point


@given(st.binary(max_size=40))
def test_what_is_no_record_is_a_value_error(body: bytes) -> None:
    try:
        record = parse_body(body)
    except ValueError:
        return
    assert record.body() == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BODY[:27],
        b"\x02" + BODY[1:],
        BODY[:1] + b"\x03" + BODY[2:],
        BODY[:26] + b"\xff\xff" + BODY[28:],
        BODY[:28] + b"\xff" + BODY[29:],
        b"\x01" + BODY[1:],
        b"\x01" + BODY[1:-3] + b"[1]",
    ],
    ids=["empty", "short head", "kind", "direction", "channel length", "channel charset", "no JSON", "no object"],
)
def test_each_thing_that_may_be_wrong_with_a_body(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the chain tells where; the words do not matter
        parse_body(body)


def test_an_event_is_canonical_json() -> None:
    assert event_data("扫码", {"b": 1, "a": ["é", None, True, {"z": "\n", "y": -1}]}) == (
        '{"a":["é",null,true,{"y":-1,"z":"\\n"}],"b":1,"event":"扫码"}'.encode()
    )


def test_an_event_has_a_name_and_a_frame_has_none() -> None:
    assert event("code-shown", person="P001").name == "code-shown"
    assert event("code-shown", person="P001").event == {"event": "code-shown", "person": "P001"}
    assert (FRAME.name, FRAME.event) == ("", {})


def run(port: str, pid: str, *, spent: int = 0, seq: int = 0) -> list[Record]:
    """A run as it is with this port and process id."""
    made = [
        event("volatile", name="platform.at", token=f"127.0.0.1:{port}"),
        event("volatile", name="pid", token=pid),
        replace(FRAME, data=f"Host: 127.0.0.1:{port}\r\n\r\npid={pid} amount=17.00".encode()),
        event("started", at=f"http://127.0.0.1:{port}/", pid=pid),
    ]
    return [replace(record, seq=seq + index, real_ns=spent * index) for index, record in enumerate(made)]


def test_equal_runs_compare_equal_whatever_their_ports_pids_and_real_time() -> None:
    assert comparable_digest(run("40001", "7")) == comparable_digest(run("51234", "2991", spent=77, seq=5))


@pytest.mark.parametrize(
    "changed",
    [
        replace(FRAME, at_ns=3),
        replace(FRAME, channel="scanners"),
        replace(FRAME, channel="scanne", data=b"rabc"),
        replace(FRAME, direction=Direction.RECEIVED),
        replace(FRAME, data=b"abd"),
        replace(FRAME, data=b"abc "),
        replace(FRAME, kind=Kind.EVENT, data=b'{"event":"abc"}'),
    ],
)
def test_any_other_difference_shows(changed: Record) -> None:
    assert comparable_digest([FRAME]) != comparable_digest([changed])
    assert comparable_digest([FRAME, changed]) != comparable_digest([changed, FRAME])
    assert comparable_digest([FRAME]) != comparable_digest([FRAME, FRAME])


def test_a_token_hides_nothing_but_itself() -> None:
    tokens = [(b"17", b"{pid}")]
    for one, other in ((b"12.17", b"12.18"), (b"amount 1700", b"amount 1800"), (b"x17", b"x18"), (b"170", b"180")):
        first, second = (comparable_digest([replace(FRAME, data=data)], tokens=tokens) for data in (one, other))
        assert first != second
    for text, hidden in ((b"pid=17;", b"pid={pid};"), (b"17", b"{pid}"), (b"(17)17\n", b"({pid}){pid}\n")):
        seen = comparable_digest([replace(FRAME, data=text)], tokens=tokens)
        assert seen == comparable_digest([replace(FRAME, data=hidden)], tokens=[])


def test_a_token_that_another_begins_with_does_no_harm() -> None:
    announced = [
        event("volatile", name="short", token="/dev/pts/3"),
        event("volatile", name="long", token="/dev/pts/31"),
    ]
    assert volatile_tokens([FRAME, *announced]) == [(b"/dev/pts/31", b"{long}"), (b"/dev/pts/3", b"{short}")]
    seen = comparable_digest([*announced, replace(FRAME, data=b"at /dev/pts/31 and /dev/pts/3")])
    assert seen == comparable_digest([replace(FRAME, data=b"at {long} and {short}")])
