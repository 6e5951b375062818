"""The history of a case, read from records alone."""

import json
from decimal import Decimal

import pytest

from harness.judge.history import CaseHistory, Exchange, read_histories
from harness.judge.messages import parse_message
from harness.line.record import Direction, Kind, Record, event_data

OK = '{"infcode": 0, "err_msg": "成功", "output": {"setlinfo": {"acct_pay": 0.10}}}'


class Records:
    """Records in the making, numbered as they come."""

    def __init__(self) -> None:
        self.all: list[Record] = []

    def frame(self, channel: str, direction: Direction, data: bytes) -> None:
        """Bytes on a line."""
        self._add(Kind.FRAME, direction, channel, data)

    def event(self, channel: str, event: str, **fields: str | int | bool | list[str]) -> None:
        """What is not bytes."""
        self._add(Kind.EVENT, Direction.NONE, channel, event_data(event, fields))

    def tell(self, **content: object) -> None:
        """A line to the adapter."""
        self.frame("counter", Direction.SENT, json.dumps(content).encode() + b"\n")

    def hear(self, **content: object) -> None:
        """A line from the adapter."""
        self.frame("counter", Direction.RECEIVED, json.dumps(content).encode() + b"\n")

    def exchange(
        self, request: bytes, reply: bytes | None, *, agent: str = "", channel: str = "platform.http#1"
    ) -> None:
        """An HTTP request and its reply."""
        self.frame(channel, Direction.RECEIVED, http("POST /fsi/api/x HTTP/1.1", request, agent))
        if reply is not None:
            self.frame(channel, Direction.SENT, reply)

    def case(self, name: str = "c") -> None:
        """A case begins."""
        self.event("case", "case-start", case=name, title=name, requirements=["GS-PHARMACY"])

    def only(self) -> CaseHistory:
        """The one case."""
        (history,) = read_histories(self.all)
        return history

    def _add(self, kind: Kind, direction: Direction, channel: str, data: bytes) -> None:
        seq = len(self.all)
        self.all.append(
            Record(seq=seq, at_ns=0, real_ns=seq, kind=kind, direction=direction, channel=channel, data=data)
        )


@pytest.fixture
def records() -> Records:
    return Records()


def http(start: str, body: bytes, agent: str = "") -> bytes:
    head = f"{start}\r\nUser-Agent: {agent or 'vendor'}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer(body: str | bytes, status: int = 200) -> bytes:
    return http(f"HTTP/1.1 {status} X", body.encode() if isinstance(body, str) else body)


def only_exchange(records: Records, reply: bytes | None) -> Exchange:
    records.case()
    records.exchange(b'{"infno": "2102", "msgid": "M"}', reply)
    (exchange,) = records.only().exchanges
    return exchange


def test_cases_are_split_and_an_unfinished_one_is_marked(records: Records) -> None:
    records.event("bench", "device", name="platform", kind="platform", virtual=False)
    records.case("first")
    records.event("case", "case-end")
    records.event("bench", "between")
    records.case("second")
    first, second = read_histories(records.all)
    assert (first.case, first.ended, first.requirements) == ("first", True, ("GS-PHARMACY",))
    assert (second.case, second.ended) == ("second", False)
    assert "between" not in {event.name for event in first.events}
    assert not first.stood_in("platform")
    assert first.stood_in("phone")


def test_no_case_no_history() -> None:
    assert read_histories([]) == []


@pytest.mark.parametrize(
    ("reply", "known"),
    [
        (answer(OK), "understood legible granted"),
        (answer('{"infcode": "0"}'), "understood legible granted"),
        (answer('{"infcode": -1, "err_msg": "no"}'), "understood legible"),
        (answer('{"code": 0, "data": {}}'), "understood legible granted"),
        (answer(OK.encode("gbk")), "legible granted"),
        (answer(json.dumps(OK)), "legible granted"),
        (answer(OK[: len(OK) // 2]), "unknown"),
        (answer(""), "unknown"),
        (answer("[0]"), "unknown"),
        (answer("[" * 100_000), "unknown"),
        (answer(OK, 502), "unknown"),
        (answer("<html>502</html>", 502), "unknown"),
        (answer("not found", 404), ""),
        (answer("time-out", 408), "unknown"),
        (None, "unknown"),
    ],
    ids=[
        "success",
        "success, code as text",
        "refused",
        "voucher centre",
        "GBK",
        "doubled",
        "cut",
        "empty",
        "no object",
        "nested without end",
        "502 with JSON",
        "502",
        "404",
        "408",
        "lost",
    ],
)
def test_what_a_client_can_know_of_an_answer(records: Records, reply: bytes | None, known: str) -> None:
    exchange = only_exchange(records, reply)
    said = {name: getattr(exchange, name) for name in ("understood", "legible", "granted", "unknown")}
    assert " ".join(name for name, holds in said.items() if holds) == known


def test_amounts_are_read_exactly(records: Records) -> None:
    exchange = only_exchange(records, answer(OK))
    assert exchange.readable_reply["output"]["setlinfo"]["acct_pay"] == Decimal("0.10")


def test_an_interim_answer_is_passed_over(records: Records) -> None:
    exchange = only_exchange(records, b"HTTP/1.1 100 Continue\r\n\r\n" + answer(OK))
    assert exchange.status == 200
    assert exchange.accepted


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


def test_a_lost_reply_does_not_get_the_next_one(records: Records) -> None:
    records.case()
    records.exchange(b'{"infno": "2101"}', None, channel="platform.http#1")
    records.exchange(b'{"infno": "2102"}', answer(OK), channel="platform.http#2")
    records.exchange(b'{"infno": "2601"}', answer(OK), channel="platform.http#2")
    told = [(e.infno, e.reply is not None) for e in records.only().exchanges]
    assert told == [("2101", False), ("2102", True), ("2601", True)]


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("vendor/1.0", "counter"),
        ("liantiao-platform", "platform"),
        ("liantiao-bench", "bench"),
        ("liantiao-power", "power"),
        ("liantiao-reference-pharmacy", "counter"),
    ],
)
def test_the_adapter_is_whoever_is_no_party_of_the_bench(records: Records, agent: str, client: str) -> None:
    records.event("bench", "device", name="power", kind="power-supply", virtual=True)
    records.case()
    records.exchange(b'{"infno": "2101"}', answer(OK), agent=agent)
    (exchange,) = records.only().exchanges
    assert exchange.client == client
    assert bool(records.only().sent()) == (client == "counter")


def test_operations_have_their_events_and_answers(records: Records) -> None:
    records.case()
    records.tell(id=1, do="purchase", order="A1")
    records.hear(id=1, event="scan-please")
    records.hear(id=1, event="journal", msgid="M", infno="2102")
    records.hear(id=1, outcome="accepted")
    records.hear(id=1, outcome="refused")
    records.tell(id=2, do="books")
    first, second = records.only().operations
    assert (first.verb, first.order, first.outcome, len(first.events)) == ("purchase", "A1", "accepted", 2)
    assert (second.outcome, second.answer) == ("", None)


def test_a_late_answer_finds_its_command(records: Records) -> None:
    records.case()
    records.tell(id=1, do="purchase", order="A1")
    records.tell(id=2, do="books")
    records.hear(id=1, outcome="unknown")
    records.hear(id=2, outcome="accepted")
    assert [o.outcome for o in records.only().operations] == ["unknown", "accepted"]


def test_a_restarted_adapter_counts_its_ids_anew(records: Records) -> None:
    records.case()
    records.tell(liantiao=1, hello={"seed": 1})
    records.tell(id=1, do="purchase", order="A1")
    records.event("counter", "adapter-killed")
    records.tell(liantiao=1, hello={"seed": 2})
    records.tell(id=1, do="resolve")
    records.hear(id=1, outcome="accepted")
    history = records.only()
    crashed, resolved = history.operations
    assert (crashed.answer, crashed.session, resolved.session) == (None, 0, 1)
    assert resolved.outcome == "accepted"
    assert crashed.spans(3)
    assert not crashed.spans(4)
    assert history.operation_at(3) is crashed
    assert history.operation_at(5) is resolved
    assert history.operation_at(0) is None
    assert history.crashes == [3]


def test_hello_is_the_one_in_force(records: Records) -> None:
    records.tell(liantiao=1, hello={"seed": 1})
    records.case()
    records.tell(liantiao=1, hello={"seed": 2})
    history = records.only()
    assert history.hello == {"seed": 1}
    assert (history.hello_at(1), history.hello_at(2)) == ({"seed": 1}, {"seed": 2})
    assert history.hello_at(-1) == {}


def test_rubbish_on_the_counter_port_is_kept_and_harmless(records: Records) -> None:
    records.case()
    records.frame("counter", Direction.RECEIVED, b"\xff\xfe no json\n")
    records.frame("counter", Direction.RECEIVED, b"[1, 2]\n")
    history = records.only()
    assert [dict(line.content) for line in history.port] == [{}, {}]
    assert history.operations == ()


def test_scans_are_what_a_box_sends(records: Records) -> None:
    records.case()
    records.frame("scanner.serial", Direction.SENT, b"424\r")
    records.frame("scanner.serial", Direction.RECEIVED, b"~\x01")
    records.frame("scanner.tcp", Direction.SENT, b"425\r")
    assert [scan.data for scan in records.only().scans] == [b"424\r", b"425\r"]


def test_a_problem_makes_a_case_less_than_whole(records: Records) -> None:
    records.case()
    records.event("case", "problem", blame="BenchError", problem="a port was taken")
    records.event("case", "case-end")
    assert records.only().ended
    assert not records.only().whole
