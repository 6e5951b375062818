"""HTTP messages, read from frames."""

from harness.judge.messages import parse_message
from harness.line.record import Direction, Kind, Record
from tests.harness.judge.tape_records import http


def test_chunks_are_put_together() -> None:
    data = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2;x=y\r\n1}\r\n0\r\n\r\n'
    record = Record(
        seq=0, at_ns=0, real_ns=0, kind=Kind.FRAME, direction=Direction.SENT, channel="platform.http#1", data=data
    )
    assert parse_message(record).json == {"a": 1}


def test_a_message_shorter_than_promised_is_not_complete() -> None:
    whole = http("POST /x HTTP/1.1", b'{"a": 1}')
    messages = [
        parse_message(
            Record(seq=0, at_ns=0, real_ns=0, kind=Kind.FRAME, direction=Direction.RECEIVED, channel="p.http#1", data=d)
        )
        for d in (whole, whole[:-3])
    ]
    assert [message.complete for message in messages] == [True, False]
