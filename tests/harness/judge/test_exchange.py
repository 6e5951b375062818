"""HTTP exchanges, and what a client can know of an answer."""

import json
from decimal import Decimal

import pytest

from harness.judge.exchange import Exchange
from harness.line.record import Direction
from tests.harness.judge.tape_records import OK, Records, answer


def only_exchange(records: Records, reply: bytes | None) -> Exchange:
    records.case()
    records.exchange(b'{"infno": "2102", "msgid": "M"}', reply)
    (exchange,) = records.only().exchanges
    return exchange


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


def test_answers_come_in_the_order_of_requests_that_did_not_wait_for_them() -> None:
    records = Records()
    records.case()
    for number in (1, 2, 3):
        records.exchange(b'{"msgid": "M%d"}' % number, None)
    for number in (1, 2):
        records.frame("platform.http#1", Direction.SENT, answer(f'{{"infcode": 0, "number": {number}}}'))
    found = {exchange.msgid: exchange.reply_json.get("number") for exchange in records.only().exchanges}
    assert found == {"M1": 1, "M2": 2, "M3": None}
