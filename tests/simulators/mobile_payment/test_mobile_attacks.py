"""What means no good: envelopes, amounts, refunds, a hospital that misbehaves, a clock that steps back, a full life."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.faults.catalogue import Effect
from harness.gm import signature_to_der
from harness.wire.mobile_payment import Application, EnvelopeCodec, LocalMachine, encode, sm4_key
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import Side
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE, SEED, MobileRig
from tests.simulators.mobile_payment.settled_rig import SettledRig

P2, P8 = PEOPLE["P002"], PEOPLE["P008"]
WHOLE = {"fund": "16.04", "account": "5.00", "own": "23.94", "who": "P002"}


def sealed(mobile: MobileRig, data: dict[str, object]) -> dict[str, Any]:
    return mobile.codec.seal(data, now_ns=mobile.clock.now_ns())


def untouched(mobile: MobileRig) -> None:
    """Nobody's account has moved, and nothing was paid or given back."""
    assert mobile.balance(P2) == P2.balance_fen
    for name in ("order-paid", "refunded", "order-created"):
        assert mobile.events(name) == [], name


# --- envelopes ------------------------------------------------------------------------------------------


def test_a_signature_in_der_is_refused_by_its_name(mobile: MobileRig) -> None:
    envelope = sealed(mobile, mobile.upload(P2))
    raw = base64.b64decode(envelope["signData"])
    envelope["signData"] = base64.b64encode(signature_to_der(raw)).decode()
    assert mobile.post(mobile.variant.paths["6201"], encode(envelope))["code"] != 0
    assert [event["pain"] for event in mobile.events("envelope-refused")] == ["signature-der"]
    untouched(mobile)


def test_a_signature_of_another_key_is_refused(mobile: MobileRig) -> None:
    application = Application(app_id=mobile.settings.app_id, secret=mobile.settings.secret)
    stranger = seeded_key(SEED + 1, Side.INSTITUTION)
    machine = LocalMachine(own=stranger, peer=stranger.public, sm4_key=sm4_key(application), repeatable=True)
    codec = EnvelopeCodec(application, machine, mobile.variant)
    envelope = codec.seal(mobile.upload(P2), now_ns=mobile.clock.now_ns())
    assert mobile.post(mobile.variant.paths["6201"], encode(envelope))["code"] != 0
    assert [event["pain"] for event in mobile.events("envelope-refused")] == ["signature-wrong"]
    untouched(mobile)


@pytest.mark.parametrize("away_s", [301, -301, 10**7])
def test_an_envelope_of_another_time_is_refused(mobile: MobileRig, away_s: int) -> None:
    envelope = mobile.codec.seal(mobile.upload(P2), now_ns=mobile.clock.now_ns() + away_s * 10**9)
    assert mobile.post(mobile.variant.paths["6201"], encode(envelope))["code"] != 0
    assert [event["pain"] for event in mobile.events("envelope-refused")] == ["timestamp-away"]
    untouched(mobile)


def test_envelopes_that_are_played_again_do_nothing_twice(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    refund = encode(sealed(mobile, mobile.refund_request(order, "CASH", "R1", own="1.00", who="P002")))
    answers = [mobile.post(mobile.variant.paths["6203"], refund)["code"] for _ in range(3)]
    assert answers == [0, 0, 0]
    assert [event["own_fen"] for event in mobile.events("refunded")] == [100]
    mobile.step(301)
    assert mobile.post(mobile.variant.paths["6203"], refund)["code"] != 0, "five minutes later it is stale"


# --- contents -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "1e3", "1E18", "1" + "0" * 18, "-44.98", "44.981", "0x10", "４４.98", "", " 44.98", "9" * 400],
)
def test_amounts_that_are_none_are_refused(mobile: MobileRig, amount: str) -> None:
    for place in ("medfeeSumamt", "line"):
        data = mobile.upload(P2)
        if place == "line":
            data["feedetailList"][0]["detItemFeeSumamt"] = amount  # type: ignore[index]  # rows
        else:
            data[place] = amount
        assert mobile.call("6201", data)["code"] in {982001, 982007, 982019}, place
    untouched(mobile)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e400", b"1e18", b"1" + b"0" * 30, b"-1", b"true", b"[]"])
def test_numbers_that_are_none_are_refused(mobile: MobileRig, number: bytes) -> None:
    """Written as JSON numbers, in a message of which everything else is right."""
    data = {**mobile.upload(P2), "medfeeSumamt": "44.98"}
    right = b'"medfeeSumamt": "44.98"'
    plain = json.dumps(data, ensure_ascii=False).encode().replace(right, b'"medfeeSumamt": ' + number)
    assert number in plain
    envelope = {**sealed(mobile, data), "encData": _encrypted(mobile, plain)}
    answer = mobile.post(mobile.variant.paths["6201"], encode(envelope))
    assert answer["code"] != 0
    untouched(mobile)


def _encrypted(mobile: MobileRig, plain: bytes) -> str:
    application = Application(app_id=mobile.settings.app_id, secret=mobile.settings.secret)
    key = seeded_key(SEED, Side.INSTITUTION)
    machine = LocalMachine(own=key, peer=key.public, sm4_key=sm4_key(application), repeatable=True)
    return machine.encrypt(plain).hex().upper()


@pytest.mark.parametrize("number", [2**53, 2**63, 2**64, 2**70, 10**40])
def test_a_number_beyond_reason_in_a_field_that_nobody_reads_breaks_nothing(number: int) -> None:
    rig = SettledRig(MobilePaymentSettings(pays_after_s=0))
    try:
        data = rig.upload(P2)
        data["feedetailList"][0]["memo"] = number  # type: ignore[index]  # rows
        answer = rig.call("6201", {**data, "extData": {"deep": [number, {"a": None}]}})
        assert answer["code"] in {0, 970022}, answer
        assert rig.call("6201", rig.upload(P2))["code"] == 0
    finally:
        rig.close()


@pytest.mark.parametrize("path", ["6201", "own", "auth"])
def test_ten_mebibytes_are_refused_at_every_door(mobile: MobileRig, path: str) -> None:
    doors = {"6201": mobile.variant.paths["6201"], "own": "/pay/own", "auth": "/api/mipuserquery/userQuery/partner"}
    body = b'{"payOrdId":"' + b"x" * (10 << 20) + b'"}'
    assert mobile.post(doors[path], body)["code"] == (970001 if path == "6201" else 982001)
    untouched(mobile)


def test_a_very_deep_message_is_refused(mobile: MobileRig) -> None:
    deep = b"[" * 100_000
    assert mobile.post(mobile.variant.paths["6201"], b'{"data":' + deep)["code"] != 0
    assert mobile.http.post(mobile.at.at + "/pay/own", content=b'{"payOrdId":' + deep).json()["code"] == 982001


# --- refunds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "amounts"),
    [
        ("CASH", {"own": "-0.01"}),
        ("CASH", {"own": "-0.01", "fund": "0.01"}),
        ("HI", {"fund": "21.04", "account": "0.00"}),
        ("HI", {"fund": "26.04", "account": "-5.00"}),
        ("CASH", {"own": "23.95"}),
        ("CASH", {"own": "99999999999999.99"}),
        ("ALL", {**WHOLE, "fund": "16.05", "own": "23.93"}),
        ("ALL", {"fund": "32.08", "account": "10.00", "own": "47.88"}),
    ],
)
def test_a_refund_of_what_was_not_paid_gives_nothing_back(
    mobile: MobileRig, kind: str, amounts: dict[str, str]
) -> None:
    order = mobile.paid(P2)
    assert mobile.refund(order, kind, "R1", **{**amounts, "who": "P002"})["code"] in {982014, 982015}
    assert mobile.balance(P2) == 0
    assert mobile.events("refunded") == []


def test_pieces_never_sum_to_more_than_the_whole(mobile: MobileRig) -> None:
    order = mobile.paid(P2)
    given = 0
    for number in range(30):
        answer = mobile.refund(order, "CASH", f"R{number}", own="1.00", who="P002")
        given += answer["code"] == 0
    assert given == 23
    assert mobile.refund(order, "CASH", "L1", own="0.95", who="P002")["code"] == 982015
    assert mobile.refund(order, "CASH", "L2", own="0.94", who="P002")["code"] == 0
    assert sum(event["own_fen"] for event in mobile.events("refunded")) == 2394
    assert mobile.status(order) == "9"


def test_nothing_that_is_refused_moves_the_platforms_ledger() -> None:
    rig = SettledRig(MobilePaymentSettings(pays_after_s=0))
    try:
        order = rig.paid(P2)
        rows, postings = rig.settlements(), rig.books()["postings"]
        parts = {"fund": order["fundPay"], "account": order["psnAcctPay"], "own": order["ownPayAmt"], "who": "P002"}
        for number, (kind, wrong) in enumerate(
            [
                ("ALL", {**parts, "own": "0.01"}),
                ("ALL", {**parts, "account": "-" + parts["account"]}),
                ("HI", {**parts, "own": "0.00", "account": "0.00"}),
                ("HI", {**parts, "own": "0.00", "total": "99999999999999.99"}),
                ("CASH", {"own": "-1.00", "who": "P002"}),
                ("CASH", {"own": "99999999999999.99", "who": "P002"}),
                ("NONE", parts),
            ]
        ):
            assert rig.refund(order, kind, f"R{number}", **wrong)["code"] in {982001, 982014, 982015}, wrong
        for wrong_amount in ("NaN", "1e18", "-44.98", "99999999999999.99"):
            assert rig.call("6201", rig.upload(P2, medfeeSumamt=wrong_amount))["code"] in {982001, 982007, 982019}
        assert rig.call("6401", rig.about(order))["code"] == 982012
        assert rig.pay(order, orgBizSer="other")["code"] == 982012
        assert (rig.settlements(), rig.books()["postings"]) == (rows, postings)
        assert rig.status(order) == "6"
    finally:
        rig.close()


# --- a hospital that misbehaves -------------------------------------------------------------------------


class Rude:
    """A TCP server that takes a connection and does to it what it was made for."""

    def __init__(self, deed: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._deed = deed
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/notice"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            try:
                self._deed(connection)
            except OSError:
                continue

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


def hangs_up(connection: socket.socket) -> None:
    connection.recv(10)
    connection.close()


def half_an_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"code"')
    connection.close()


def no_http(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x00\xff nonsense\r\n\r\n")
    connection.close()


def very_deep(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n" + b"[" * 500_000)


def endless(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b'{"code":0}' * 10_000)


@pytest.fixture
def rude() -> Iterator[Callable[[Callable[[socket.socket], None]], Rude]]:
    made: list[Rude] = []

    def make(deed: Callable[[socket.socket], None]) -> Rude:
        made.append(Rude(deed))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("deed", [hangs_up, half_an_answer, no_http, very_deep, endless])
def test_a_rude_hospital_is_told_again_and_holds_nobody_up(
    make_mobile: Callable[..., MobileRig], rude: Callable[[Callable[[socket.socket], None]], Rude], deed: Any
) -> None:
    mobile = make_mobile(callback_retries="10", callback_url=rude(deed).url)
    order = mobile.paid(P2)
    assert mobile.wait_for("callback-answered").event["taken"] is False
    assert mobile.status(order) == "6"
    mobile.step(10)
    assert mobile.wait_for("callback-answered", 2).event["taken"] is False
    assert mobile.wait_for("callback-given-up").event["attempts"] == 2


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/x", "http://[::1/x", "http://", "http://exa mple/", "http://\u0000/"]
)
def test_an_address_that_is_none_is_unreachable(make_mobile: Callable[..., MobileRig], url: str) -> None:
    mobile = make_mobile(callback_retries="10", callback_url=url)
    order = mobile.paid(P2)
    assert mobile.wait_for("callback-answered").event["why"] == "unreachable"
    assert mobile.status(order) == "6"


def test_an_answer_after_five_seconds_comes_too_late(mobile: MobileRig) -> None:
    mobile.listen()
    mobile.hospital.silent = True
    order = mobile.paid(P2)
    mobile.tape.wait_for(lambda record: record.channel.startswith("hospital.http"), since=0, timeout=60)
    mobile.step(4)
    assert mobile.events("callback-answered") == []
    assert mobile.status(order) == "6", "nobody waits for the hospital"
    mobile.step(1)
    assert mobile.wait_for("callback-answered").event["why"] == "no-answer"
    mobile.hospital.silent = False
    mobile.step(15)
    assert mobile.wait_for("callback-answered", 2).event["taken"] is True


@pytest.mark.slow
def test_more_silent_notices_than_connections_in_a_pool_hold_nobody_up(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(use_platform=False)
    mobile.listen()
    mobile.hospital.silent = True
    for _ in range(120):
        mobile.paid(P8)
    mobile.wait_for("callback-sent", 120)
    assert mobile.call("6201", mobile.upload(P8))["code"] == 0


# --- a clock that steps back ----------------------------------------------------------------------------


def test_a_clock_that_steps_back_doubles_nothing() -> None:
    rig = SettledRig(MobilePaymentSettings(pays_after_s=0))
    try:
        first = rig.paid(P8)
        rig.step(-3600)
        second = rig.paid(P8)
        rig.step(-86_400)
        third = rig.paid(P8)
        ids = {order["payOrdId"] for order in (first, second, third)}
        assert len(ids) == 3
        rows = rig.settlements()
        assert len({row["msgid"] for row in rows}) == len(rows) == 3
        assert [rig.status(order) for order in (first, second, third)] == ["6"] * 3
        rig.trouble("2208", Effect.BAD_GATEWAY_AFTER)
        parts = {"fund": third["fundPay"], "account": third["psnAcctPay"], "own": third["ownPayAmt"], "who": "P008"}
        wish = rig.refund_request(third, "ALL", "R1", **parts)
        assert rig.call("6203", wish)["data"]["refStatus"] == "EXP"
        rig.step(-7200)
        wish["payAuthNo"] = rig.auth_no(P8)
        assert rig.call("6203", wish)["data"]["refStatus"] == "SUCC"
        assert [row["infno"] for row in rig.settlements()] == ["2207"] * 3 + ["2208"]
    finally:
        rig.close()


def test_who_was_to_pay_before_the_clock_stepped_back_pays_once(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(pays_after_s=5)
    order = mobile.uploaded(P2)
    mobile.pay(order)
    mobile.step(-3600)
    assert mobile.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})["code"] == 0
    mobile.step(3605)
    mobile.step(7200)
    assert len(mobile.events("order-paid")) == 1
    assert mobile.status(order) == "6"
    assert mobile.balance(P2) == 0


# --- the states that are rare ---------------------------------------------------------------------------


def test_an_order_can_wait_for_the_hospital(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(hospital_settles=True)
    mobile.listen()
    mobile.hospital.status = 500
    order = mobile.paid(P2)
    mobile.wait_for("callback-answered")
    assert mobile.status(order) == "4", "the insurance has paid, the hospital has not taken it"
    mobile.hospital.status = 200
    mobile.step(15)
    mobile.wait_for("hospital-settled")
    assert mobile.status(order) == "5"
    mobile.step(4)
    assert mobile.status(order) == "5"
    mobile.step(1)
    mobile.wait_for("order-settled")
    assert mobile.status(order) == "6"


@pytest.mark.parametrize("state", ["4", "5"])
def test_what_was_paid_can_be_given_back_while_the_hospital_has_not_settled(
    make_mobile: Callable[..., MobileRig], state: str
) -> None:
    mobile = make_mobile(hospital_settles=True)
    if state == "5":
        mobile.listen()
    order = mobile.paid(P2)
    if state == "5":
        mobile.wait_for("hospital-settled")
    assert mobile.status(order) == state
    assert mobile.refund(order, "ALL", "R1", **WHOLE)["data"]["refStatus"] == "SUCC"
    mobile.step(100)
    assert mobile.status(order) == "7"
    assert mobile.balance(P2) == P2.balance_fen


def test_a_booking_that_was_reversed_leaves_an_order_without_own_part_insurance_revoked() -> None:
    rig = SettledRig(MobilePaymentSettings(pays_after_s=0, resolve_after_s=0))
    try:
        order = rig.uploaded(P8)
        rig.trouble("2207", Effect.BAD_GATEWAY_AFTER)
        assert rig.pay(order)["data"]["ordStas"] == "2"
        assert rig.status(order) == "13"
        assert [row["infno"] for row in rig.settlements()] == ["2207", "2601"]
        again = {**rig.upload(P8), **{name: order[name] for name in ("iptOtpNo", "chrgBchno", "feedetailList")}}
        assert rig.call("6201", again)["code"] == 0, "the batch is free again"
    finally:
        rig.close()


def test_a_reversal_that_the_platform_refuses_is_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulators.mobile_payment import insurance

    rig = SettledRig(MobilePaymentSettings(pays_after_s=0, resolve_after_s=0))
    try:
        order = rig.uploaded(P2)
        rig.pay(order)
        rig.trouble("2207", Effect.BAD_GATEWAY)
        rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
        monkeypatch.setattr(insurance, "NOT_BOOKED", frozenset())
        assert rig.status(order) == "14", "refused, and it is not known why: a person has to look"
        assert rig.status(order) == "14"
        assert [event["why"] for event in rig.events("order-exception")] != []
        assert rig.call("6401", rig.about(order))["code"] == 982012
        assert rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})["code"] == 982012
        assert rig.settlements() == []
    finally:
        rig.close()


def test_an_exception_can_be_asked_for(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(insurance_leg="exception")
    order = mobile.paid(P2)
    assert mobile.status(order) == "14"
    assert mobile.refund(order, "ALL", "R1", **WHOLE)["code"] == 982012
    assert mobile.balance(P2) == P2.balance_fen


@pytest.mark.parametrize("states", ["26", "-1", "1;2", "1, 2", "a", "018"])
def test_states_that_are_none_cannot_be_shown(states: str) -> None:
    with pytest.raises(ValueError, match="shown_states"):
        MobilePaymentSettings(shown_states=states)


def test_a_shown_state_tells_nothing_else(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(shown_states="18,6")
    order = mobile.paid(P2)
    said = mobile.call("6301", mobile.about(order))["data"]
    assert said["ordStas"] == "18"
    assert "traceTime" not in said, "what is under way has not been paid"
    assert mobile.call("6301", mobile.about(order))["data"]["traceTime"]
