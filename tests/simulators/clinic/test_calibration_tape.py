"""Service times from a tape: requests and replies are paired, and what links a purchase's messages is followed."""

import json
from collections.abc import Mapping

import pytest

from harness.line.record import Direction, Kind, Record, made_record
from simulators.clinic.calibration_tape import STEPS, exchanges, service_times, visits

MS = 1_000_000
DIGITS = "4241234567890123456789630000"


class Recorder:
    """A tape whose real times are given."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, at_ms: float, channel: str, direction: Direction, data: bytes, kind: Kind = Kind.FRAME) -> None:
        self.records.append(
            made_record(
                seq=len(self.records),
                at_ns=0,
                real_ns=round(at_ms * MS),
                kind=kind,
                direction=direction,
                channel=channel,
                data=data,
            )
        )

    def event(self, at_ms: float, channel: str, name: str) -> None:
        self.put(at_ms, channel, Direction.NONE, json.dumps({"event": name}).encode(), Kind.EVENT)

    def exchange(  # noqa: PLR0917 - a row of a table
        self,
        begin: float,
        end: float,
        channel: str,
        path: str,
        request: object,
        reply: object,
        agent: str = "liantiao-load",
    ) -> None:
        self.put(begin, channel, Direction.RECEIVED, _message(f"POST {path} HTTP/1.1\r\nuser-agent: {agent}", request))
        self.put(end, channel, Direction.SENT, _message("HTTP/1.1 200 OK", reply))


def _message(head: str, body: object) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return f"{head}\r\n\r\n{text}".encode()


def purchase(tape: Recorder, at: float, order: str, token: str, digits: str) -> None:
    tape.put(at, "phone.http#1", Direction.RECEIVED, b"GET /people/P001/code.txt?fresh=1 HTTP/1.1\r\n\r\n")
    tape.exchange(at + 1, at + 2, "voucher-centre.http#9", "/ec/qrcode", {}, {"ecQrCode": digits}, "liantiao-phone")
    tape.put(at + 3, "phone.http#1", Direction.SENT, _message("HTTP/1.1 200 OK", f"{digits}\n"))
    query: Mapping[str, object] = {"data": {"ecQrCode": digits}}
    path = "/localcfc/api/hsecfc/localQrCodeQuery"
    tape.exchange(at + 4, at + 4.5, "voucher-centre.http#1", path, query, {"data": {"ecToken": token}})
    for k, infno in enumerate(("1101", "2101", "2102")):
        begin = at + 10 * (k + 1)
        body = {"infno": infno, "input": {"mdtrt_cert_no": token}}
        if infno != "1101":
            body["input"] = {"mdtrt_cert_no": token, "invono": order}
        tape.put(
            begin,
            "platform.http#1",
            Direction.RECEIVED,
            _message("POST /x HTTP/1.1\r\nuser-agent: liantiao-load", body),
        )
        for call in range(k + 1):
            inner: tuple[str, str, object, object, str] = (
                "voucher-centre.http#8",
                "/localcfc/api/hsecfc/localEcTokenCheck",
                {},
                {},
                "liantiao-platform",
            )
            tape.exchange(begin + 1 + call, begin + 1.5 + call, *inner)
        tape.put(begin + 4 + k, "platform.http#1", Direction.SENT, _message("HTTP/1.1 200 OK", {"infcode": 0}))


def test_a_purchase_is_put_together_from_its_messages() -> None:
    tape = Recorder()
    purchase(tape, 0, "L0000001", "639900ec" + "a" * 30, DIGITS)
    purchase(tape, 100, "L0000002", "639900ec" + "b" * 30, DIGITS.replace("1234", "9999"))
    found = visits(exchanges(tape.records))
    assert [visit.order for visit in found] == ["L0000001", "L0000002"]
    assert tuple(found[0].seconds) == STEPS
    assert list(found[0].seconds.values()) == pytest.approx([0.003, 0.0005, 0.004, 0.005, 0.006])
    assert found[0].inner == {"code": 1, "ec.query": 0, "1101": 1, "2101": 2, "2102": 3}


def test_a_purchase_without_its_settlement_is_left_out() -> None:
    tape = Recorder()
    purchase(tape, 0, "L0000001", "639900ec" + "a" * 30, DIGITS)
    del tape.records[-1]
    assert visits(exchanges(tape.records)) == []


def test_times_stand_by_party_and_message() -> None:
    tape = Recorder()
    purchase(tape, 0, "L0000001", "639900ec" + "a" * 30, DIGITS)
    times = service_times(exchanges(tape.records))
    assert times["platform 2102"] == pytest.approx([0.006])
    assert times["voucher-centre localEcTokenCheck"] == pytest.approx([0.0005] * 6)
    assert times["voucher-centre qrcode"] == pytest.approx([0.001])


def test_a_scanners_decode_and_a_machines_commands_are_timed() -> None:
    tape = Recorder()
    tape.event(10, "scanner", "image-seen")
    tape.put(42, "scanner.serial", Direction.SENT, DIGITS.encode() + b"\r")
    tape.put(50, "encryption-machine.host#1", Direction.RECEIVED, b"\x00\x20" + b"0001" + b"E5" + b"07" + bytes(20))
    tape.put(50.4, "encryption-machine.host#1", Direction.SENT, b"\x00\x08" + b"0001" + b"E600")
    tape.put(51, "client.host#1", Direction.RECEIVED, b"\x00\x20" + b"0001" + b"E5" + bytes(20))
    tape.put(52, "client.host#1", Direction.SENT, b"\x00\x08" + b"0001" + b"E600")
    times = service_times(exchanges(tape.records))
    assert times == {"scanner decode": pytest.approx([0.032]), "encryption-machine sign": pytest.approx([0.0004])}
