"""Two tills on one tape: whose each record is, and what is judged of each and of both."""

import json
from dataclasses import replace

import pytest

from harness.judge.history import CaseHistory, read_histories
from harness.judge.plan import load_plan
from harness.judge.tills import tills_of
from harness.judge.verdict import judge_case
from harness.line.record import Direction, Kind, Record, canonical
from tests.harness.rules import stories

RULES = load_plan("pharmacy").rules
FIRST, SECOND = "10.0.0.1:1", "localhost:1"


def record(channel: str, data: object, *, sent: bool = True, name: str = "") -> Record:
    if name:
        assert isinstance(data, dict)
        return Record(0, 0, 0, Kind.EVENT, Direction.NONE, channel, canonical({**data, "event": name}))
    raw = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
    return Record(0, 0, 0, Kind.FRAME, Direction.SENT if sent else Direction.RECEIVED, channel, raw)


def hello(host: str) -> dict[str, object]:
    return {"liantiao": 1, "hello": {"endpoints": {"platform": f"http://{host}", "scanner": "tcp:1.2.3.4:5"}}}


def request(host: str, number: int, msgid: str) -> Record:
    body = json.dumps({"infno": "2102", "msgid": msgid}).encode()
    head = f"POST /fsi/api/callService HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    return record(f"platform.http#{number}", head.encode() + body, sent=False)


def history_of(*records: Record) -> CaseHistory:
    whole = (record("case", {"case": "c", "title": "t", "requirements": []}, name="case-start"), *records)
    whole = (*whole, record("case", {}, name="case-end"))
    return read_histories([replace(one, seq=seq) for seq, one in enumerate(whole)])[0]


def both(*records: Record) -> tuple[CaseHistory, ...]:
    return tills_of(history_of(record("counter", hello(FIRST)), record("counter-2", hello(SECOND)), *records))


def test_a_case_with_one_till_is_judged_as_it_is() -> None:
    history = stories.good_purchase().history()
    assert tills_of(history) == (history,)


def test_each_has_its_own_lines_requests_bookings_and_scans() -> None:
    first, second = both(
        record("counter", {"id": 1, "do": "sign-in"}),
        record("counter-2", {"id": 1, "do": "books"}),
        record("counter-2.log", b"a line"),
        record("scanner.serial", b"1"),
        record("scanner-2.tcp", b"2"),
        request(FIRST, 1, "M1"),
        request(SECOND, 2, "M2"),
        record("platform", {"msgid": "M1"}, name="booked"),
        record("platform", {"msgid": "M2"}, name="booked"),
        record("phone", {"person": "P001"}, name="notice"),
        record("case", {"operation": 1}, name="expect"),
        record("case", {"operation": 2, "desk": "counter-2"}, name="expect"),
    )
    for view, verb, msgid, scan, asked in ((first, "sign-in", "M1", b"1", 1), (second, "books", "M2", b"2", 2)):
        assert [operation.verb for operation in view.operations] == [verb]
        assert [exchange.msgid for exchange in view.sent()] == [msgid]
        assert [event["msgid"] for event in view.named("booked")] == [msgid]
        assert [one.data for one in view.scans] == [scan]
        assert [event["operation"] for event in view.named("expect")] == [asked]
        assert len(view.named("notice")) == 1
        assert view.ended
    assert [one.channel for one in second.records if "log" in one.channel] == ["counter.log"]


def test_whose_a_request_is_does_not_depend_on_what_it_says() -> None:
    first, second = both(request(SECOND, 1, "M1"), request(SECOND, 2, "M1"))
    assert first.sent() == []
    assert len(second.sent()) == 2


def test_tills_that_ask_real_systems_by_the_same_name_are_not_told_apart() -> None:
    first, second = tills_of(
        history_of(record("counter", hello(FIRST)), record("counter-2", hello(FIRST)), request(FIRST, 1, "M1"))
    )
    assert len(first.sent()) == 1
    assert second.sent() == []


@pytest.mark.parametrize("hosts", [(FIRST, SECOND), (SECOND, SECOND)])
def test_one_msgid_of_two_tills_is_found_in_the_whole_and_once(hosts: tuple[str, str]) -> None:
    one, two = (request(host, number, "M1") for number, host in enumerate(hosts, start=1))
    other = replace(two, data=two.data.replace(b"2102", b"2103"))
    history = history_of(record("counter", hello(FIRST)), record("counter-2", hello(SECOND)), one, other)
    verdict = judge_case(history, {"msgid-unique": RULES["msgid-unique"]})
    assert [finding.rule for finding in verdict.findings] == ["msgid-unique"]
