"""The readable print of a tape."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.record import Direction, Kind, Record, event_data
from harness.line.text import http_message, printable, readable, tape_lines

AT_NS = 1_602_635_400_000_000_000
FRAME = Record(
    seq=7, at_ns=AT_NS, real_ns=1_234_567, kind=Kind.FRAME, direction=Direction.SENT, channel="scanner.serial", data=b""
)
PREFIX = "     7     0.001235  2020-10-14 08:30:00.000  scanner.serial  →  "


def line(data: bytes, *, full: bool = False, clear: bool = True) -> str:
    """What is printed of a frame behind its times and channel."""
    (printed,) = tape_lines([replace(FRAME, data=data)], full=full, clear=clear)
    assert printed.startswith(PREFIX)
    return printed.removeprefix(PREFIX)


def http(start: str, body: str, *headers: str, charset: str = "utf-8") -> bytes:
    return "\r\n".join([start, *headers, "", ""]).encode() + body.encode(charset)


def test_a_line_of_each_direction_and_an_event() -> None:
    records = [
        replace(FRAME, channel="platform.http#1", direction=Direction.RECEIVED, data=http("GET / HTTP/1.1", "")),
        replace(FRAME, seq=8, real_ns=61_000_000_000, data=b"6901\r"),
        Record(
            seq=9,
            at_ns=AT_NS + 61_000_000_000,
            real_ns=62_000_000_000,
            kind=Kind.EVENT,
            direction=Direction.NONE,
            channel="bench",
            data=event_data(
                "clock-step", {"seconds": 61, "why": "a b", "list": [1], "none": None, "empty": "", "map": {}}
            ),
        ),
    ]
    event = 'clock-step empty="" list=[1] map={} none=null seconds=61 why="a b"'
    assert list(tape_lines(records)) == [
        "     7     0.001235  2020-10-14 08:30:00.000  platform.http#1  ←  GET / HTTP/1.1",
        "     8    61.000000  2020-10-14 08:30:00.000  scanner.serial   →  6901<0D>",
        "     9    62.000000  2020-10-14 08:31:01.000  bench            ·  " + event,
    ]
    assert [text[:6] for text in tape_lines(records, channel="scanner")] == ["     8"]
    assert list(tape_lines(records, channel="nobody")) == []
    assert list(tape_lines([])) == []


def test_an_http_message_shows_its_head_and_compact_json() -> None:
    body = '{\n  "infno": "2102",\t"sum": 12.50, "name": "\\u6d4b\\u8bd5 \\\\u6d4b \\n", "b": " a  b " }'
    data = http("POST /fsi HTTP/1.1", body, "Host: x", "Content-Type: application/json")
    assert line(data) == ('POST /fsi HTTP/1.1 | {"infno":"2102","sum":12.50,"name":"测试 \\\\u6d4b \\n","b":" a  b "}')
    assert line(data, full=True).startswith("POST /fsi HTTP/1.1 | Host: x; Content-Type: application/json | {")


def test_chunks_are_joined() -> None:
    head = ("Transfer-Encoding: chunked",)
    assert (
        line(http("HTTP/1.1 200 OK", '3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\n\r\n', *head)) == 'HTTP/1.1 200 OK | {"a":1}'
    )
    for damaged in ("3\r\nabcd", "zz\r\nabc", "-1\r\nabc", "3\r\nab"):
        message = http_message(http("HTTP/1.1 200 OK", damaged, *head))
        assert message is not None
        assert line(http("HTTP/1.1 200 OK", damaged, *head)).startswith("HTTP/1.1 200 OK | ")


def test_a_body_that_is_no_json_is_shown_as_it_is() -> None:
    assert line(http("HTTP/1.1 502 Bad Gateway", "<html>\r\n</html>")) == (
        "HTTP/1.1 502 Bad Gateway | <html><0D><0A></html>"
    )
    assert line(http("HTTP/1.1 200 OK", '{"a": 1')) == 'HTTP/1.1 200 OK | {"a": 1'
    assert line(http("HTTP/1.1 200 OK", "")) == "HTTP/1.1 200 OK"


def test_a_picture_is_named_not_shown() -> None:
    data = http("HTTP/1.1 200 OK", "\x89PNG", "Content-Type: image/png;x=y", charset="latin-1")
    assert line(data) == "HTTP/1.1 200 OK | image/png, 4 bytes"


def test_gbk_is_read_and_marked() -> None:
    assert line("二维码已过期\r".encode("gbk")) == "[GBK] 二维码已过期<0D>"
    assert line(http("HTTP/1.1 200 OK", '{"message": "已过期"}', charset="gbk")).endswith('[GBK] {"message": "已过期"}')


def test_other_bytes_stand_one_by_one() -> None:
    assert readable(b"a\x00\xff\x1b") == "a<00><FF><1B>"
    assert line(b"\x02123\x03\r\n") == "<02>123<03><0D><0A>"


def test_no_line_plays_tricks_on_the_terminal() -> None:
    assert printable("a\x1b[31m\u202e\u2028\x9b") == "a<1B>[31m<202E><2028><9B>"
    event = event_data("note", {"text": "\x1b]0;title\x07"})
    (printed,) = tape_lines([replace(FRAME, kind=Kind.EVENT, channel="a\nb", data=event)])
    assert printed.isprintable()


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_whatever_is_on_the_tape_prints_as_one_line(data: bytes, full: bool, clear: bool) -> None:
    assert line(data, full=full, clear=clear).isprintable()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert line(head + data, full=full, clear=clear).isprintable()


def test_long_data_is_cut_unless_all_is_asked_for() -> None:
    assert line(b"x" * 1000) == "x" * 240 + "… (+760)"
    assert line(b"x" * 240) == "x" * 240
    assert line(b"x" * 1000, full=True) == "x" * 1000


@pytest.mark.parametrize(
    "data", [b"639999198503127031\r", b'{"userName":"\xe6\xb5\x8b\xe8\xaf\x95","idNo":"639999198503127031"}']
)
def test_personal_data_is_masked_unless_told_otherwise(data: bytes) -> None:
    (shown,), (clear,) = tape_lines([replace(FRAME, data=data)]), tape_lines([replace(FRAME, data=data)], clear=True)
    assert "639999198503127031" in clear
    assert "19850312" not in shown
    assert "测试" not in shown


def test_what_is_no_http_message() -> None:
    for data in (b"", b"{}", b"GET / HTTP/1.1\r\n", b"\x16\x03\r\n\r\n"):
        assert http_message(data) is None
    message = http_message(http("HTTP/1.1 200 OK", "{}", "A:1", "broken", "B: 2 "))
    assert message is not None
    assert message.headers == ((b"A", b"1"), (b"broken", b""), (b"B", b"2"))
    assert json.loads(message.body) == {}
