"""How somebody was identified is how they are named to the platform; who was not identified is not named at all."""

from collections.abc import Iterator

from harness.judge.counter_talk import Operation
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory
from harness.money import Fen, format_yuan
from harness.rules.ledger import Booking, read_ledger
from harness.rules.registry import Observation, rule
from harness.rules.times import BENCH_CLOCK, clock_at, said_in_time
from harness.rules.transactions import (
    ID_CARD,
    IDENTIFYING,
    PERSONAL,
    SETTLING,
    SOCIAL_CARD,
    VOUCHER,
    as_object,
    by_of,
    call_of,
    fen,
    identifications,
    identity_of,
    is_repeat,
    masked,
    member,
    shown,
    text,
    voucher_of,
)
from harness.wire.voucher_messages import BOX_RESULT, BOX_SCAN, FACE_CHECK, LIBRARY_CALLS, SHOW_RESULT

CERTIFICATES = {"code": VOUCHER, "face": VOUCHER, "iot-box": VOUCHER, "id-card": ID_CARD, "card": SOCIAL_CARD}
"""mdtrt_cert_type by the way in which somebody identifies."""
RESULTS = {"face": SHOW_RESULT, "iot-box": BOX_RESULT}
"""What tells the terminal, or Alipay's box, how a payment ended."""
SHOWN = (("total", "totalFee"), ("fund", "hifAmt"), ("account", "acctAmt"), ("cash", "ownAmt"))
"""The amounts of a settlement as the result for the terminal has them (cn.nhsa.settle.notify)."""


@rule("identified-as-presented")
def identified_as_presented(history: CaseHistory) -> Iterator[Observation]:
    """A transaction names its person by what they have just presented: certificate type and number."""
    for operation in history.doing(*IDENTIFYING):
        due = CERTIFICATES.get(by_of(operation), "")
        presented = identifications(history, operation)
        for exchange in _named(history, operation):
            sent, number = member(exchange, "mdtrt_cert_type"), member(exchange, "mdtrt_cert_no")
            known = {text_ for seq, kind, text_ in presented if kind == due and seq < exchange.request.seq}
            if sent != due:
                yield Observation(
                    seq=exchange.request.seq,
                    expected=f"mdtrt_cert_type {due}, identified by {by_of(operation)}",
                    seen=f"mdtrt_cert_type {shown(sent)}",
                )
            elif number not in known:
                yield Observation(
                    seq=exchange.request.seq,
                    expected=f"the number that identifying by {by_of(operation)} gave",
                    seen=f"mdtrt_cert_no {masked(number)}"
                    if known
                    else f"{masked(number)}, though nobody was identified",
                )
    yield from _named_in_absence(history)


def _named_in_absence(history: CaseHistory) -> Iterator[Observation]:
    """Whoever is named in a message that is no part of such a command: it can only be what was presented before."""
    if history.adapter_is_older:
        return
    asked = history.doing(*IDENTIFYING)
    presented = [found for operation in asked for found in identifications(history, operation)]
    for exchange in history.sent(*PERSONAL):
        seq, kind, number = exchange.request.seq, member(exchange, "mdtrt_cert_type"), member(exchange, "mdtrt_cert_no")
        if not number or is_repeat(history, exchange) or any(operation.spans(seq) for operation in asked):
            continue
        if not any(before < seq and (kind, number) == (of, no) for before, of, no in presented):
            yield Observation(
                seq=seq,
                expected=f"{exchange.infno} of nobody who has not identified themselves so",
                seen=f"mdtrt_cert_no {masked(number)}, though nobody was asked to identify",
            )


@rule("library-asked-as-told")
def library_asked_as_told(history: CaseHistory) -> Iterator[Observation]:
    """The voucher centre is asked in the name of the institution and the operator that the adapter was told."""
    for exchange in history.exchanges:
        data = as_object(exchange.request.readable.get("data"))
        if exchange.client != ADAPTER or call_of(exchange) not in LIBRARY_CALLS:
            continue
        hello = history.hello_at(exchange.request.seq)
        institution, operator = as_object(hello.get("institution")), as_object(hello.get("operator"))
        wanted = (
            ("orgId", exchange.request.readable.get("orgId"), institution.get("code")),
            ("data.orgId", data.get("orgId"), institution.get("code")),
            ("data.operatorId", data.get("operatorId"), operator.get("no")),
            ("data.operatorName", data.get("operatorName"), operator.get("name")),
        )
        for field, seen, due in wanted[:1] if call_of(exchange) == BOX_RESULT else wanted:
            if due is not None and text(seen) != text(due):
                yield Observation(
                    seq=exchange.request.seq, expected=f"{field} {shown(due)}", seen=f"{field} {shown(text(seen))}"
                )


@rule("fresh-code-at-discharge")
def fresh_code_at_discharge(history: CaseHistory) -> Iterator[Observation]:
    """A stay is settled with a token that was issued after its settlement was asked for, never the admission's."""
    issued = {str(event["token"]): event.seq for event in history.named("token-issued")}
    for operation in history.doing("settle"):
        for exchange in history.sent("2303", "2304"):
            token = member(exchange, "mdtrt_cert_no")
            if not operation.spans(exchange.request.seq) or member(exchange, "mdtrt_cert_type") != VOUCHER:
                continue
            if token in issued and issued[token] < operation.command.seq and not is_repeat(history, exchange):
                yield Observation(
                    seq=exchange.request.seq,
                    expected="a token issued since the settlement was asked for",
                    seen=f"the token of record {issued[token]}",
                )


@rule("id-card-needs-activation")
def id_card_needs_activation(history: CaseHistory) -> Iterator[Observation]:
    """An ID card whose owner has not activated the voucher is refused, and nothing is sent to the platform."""
    for exchange in history.exchanges:
        if call_of(exchange) != "cn.nhsa.cert.get" or not exchange.granted or exchange.reply is None:
            continue
        operation = history.operation_at(exchange.request.seq)
        if operation is None or voucher_of(exchange).get("activated") is not False:
            continue
        sent = [e for e in history.sent() if operation.spans(e.request.seq) and e.request.seq > exchange.reply.seq]
        if sent or operation.outcome == "accepted":
            yield Observation(
                seq=sent[0].request.seq if sent else operation.last_seq,
                expected="not-activated, and nothing sent",
                seen=sent[0].infno if sent else operation.outcome,
            )


@rule("face-mismatch-authorises-nothing")
def face_mismatch_authorises_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A face, or a scan of Alipay's box, that the centre does not accept identifies nobody, and nothing is sent."""
    for operation in history.doing(*IDENTIFYING):
        checks = [
            e
            for e in history.exchanges
            if call_of(e) in {FACE_CHECK, BOX_SCAN} and operation.spans(e.request.seq) and e.legible
        ]
        if not checks or checks[-1].granted or identifications(history, operation):
            continue
        after = checks[0].request.seq
        sent = [e for e in history.sent() if operation.spans(e.request.seq) and e.request.seq > after]
        if sent or operation.outcome == "accepted":
            yield Observation(
                seq=sent[0].request.seq if sent else operation.last_seq,
                expected="refused, and nothing sent: the face or scan was not accepted",
                seen=sent[0].infno if sent else operation.outcome,
            )


@rule("result-shown-at-terminal")
def result_shown_at_terminal(history: CaseHistory) -> Iterator[Observation]:
    """After a face, or a scan of Alipay's box, the terminal or box is told once how it ended, for whom, how much."""
    ledger = read_ledger(history)
    for operation in history.doing(*SETTLING):
        call = RESULTS.get(by_of(operation))
        if call is None or operation.answer is None or not identifications(history, operation):
            continue
        told = [_result(e) for e in _notices(history, operation, call)]
        done = [b for b in ledger.standing_of(operation.order, operation.last_seq) if operation.spans(b.seq)]
        state = "SUCCESS" if operation.outcome == "accepted" else "FAIL"
        if operation.outcome == "unknown":
            if told:
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"no {call}: nobody knows how it ended",
                    seen=shown(told[0].get("medicalSettleState")),
                )
        elif len(told) != 1:
            yield Observation(
                seq=operation.last_seq,
                expected=f"one {call}, {state}",
                seen=f"{len(told)}",
            )
        elif text(told[0].get("medicalSettleState")) != state:
            yield Observation(
                seq=operation.last_seq,
                expected=f"medicalSettleState {state}",
                seen=shown(told[0].get("medicalSettleState")),
            )
        else:
            yield from _same_person(history, operation, told[0])
            if done and state == "SUCCESS" and call == BOX_RESULT:
                yield from _same_at_box(operation, told[0], done[-1])
            elif done and state == "SUCCESS":
                yield from _same_amounts(operation, told[0], done[-1])


def _same_person(history: CaseHistory, operation: Operation, told: dict[str, object]) -> Iterator[Observation]:
    """The result is of whoever the face was, and of now, where it says when."""
    wanted = {FACE_CHECK, BOX_SCAN}
    checks = [e for e in history.exchanges if call_of(e) in wanted and operation.spans(e.request.seq) and e.granted]
    known = [identity_of(exchange) for exchange in checks]
    numbers = {number for exchange in checks if (number := text(_result(exchange).get("outBizNo")))}
    if numbers and text(told.get("outBizNo")) not in numbers | {""}:
        yield Observation(
            seq=operation.last_seq,
            expected=f"outBizNo {' or '.join(sorted(numbers))}",
            seen=f"outBizNo {shown(text(told.get('outBizNo')))}",
        )
    for name in ("idNo", "userName") if known else ():
        due, seen = text(known[-1].get(name)), text(told.get(name))
        if due and seen and due != seen:
            yield Observation(seq=operation.last_seq, expected=f"{name} of whose face it was", seen=masked(seen))
    said = text(told.get("setlTime"))
    if clock_at(history, operation.last_seq) == BENCH_CLOCK and said and not said_in_time(history, operation, said):
        asked = text(operation.command.content.get("at"))
        yield Observation(seq=operation.last_seq, expected=f"setlTime {asked}", seen=f"setlTime {shown(said)}")


def _same_amounts(operation: Operation, told: dict[str, object], booking: Booking) -> Iterator[Observation]:
    number = text(told.get("medicalSettleNo"))
    if number and number != booking.setl_id:
        yield Observation(
            seq=operation.last_seq,
            expected=f"medicalSettleNo {booking.setl_id}",
            seen=f"medicalSettleNo {shown(number)}",
        )
    business = "register" if operation.verb == "register" else "settle"
    if text(told.get("bizType")) not in {"", business}:
        yield Observation(
            seq=operation.last_seq, expected=f"bizType {business}", seen=f"bizType {shown(text(told.get('bizType')))}"
        )
    for part, name in SHOWN:
        amount = fen(told.get(name)) if told.get(name) not in {None, ""} else Fen(0)
        if amount != booking.amounts[part]:
            yield Observation(
                seq=operation.last_seq,
                expected=f"{name} {format_yuan(booking.amounts[part])}",
                seen=f"{name} {shown(text(told.get(name)))}",
            )


def _same_at_box(operation: Operation, told: dict[str, object], booking: Booking) -> Iterator[Observation]:
    """Alipay's box is told the total, the person's own part, and what fund and account pay together."""
    paid = booking.amounts
    due = {"totalFee": paid["total"], "selfFee": paid["cash"], "medicalFee": Fen(paid["fund"] + paid["account"])}
    for name, amount in due.items():
        if (fen(told.get(name)) if told.get(name) not in {None, ""} else Fen(0)) != amount:
            yield Observation(
                seq=operation.last_seq,
                expected=f"{name} {format_yuan(amount)}",
                seen=f"{name} {shown(text(told.get(name)))}",
            )


def _notices(history: CaseHistory, operation: Operation, call: str) -> list[Exchange]:
    calls = (e for e in history.exchanges if call_of(e) == call)
    return [e for e in calls if operation.spans(e.request.seq)]


def _result(exchange: Exchange) -> dict[str, object]:
    return as_object(exchange.request.readable.get("data"))


def _named(history: CaseHistory, operation: Operation) -> list[Exchange]:
    return [
        e
        for e in history.sent(*PERSONAL)
        if operation.spans(e.request.seq) and member(e, "mdtrt_cert_type") and not is_repeat(history, e)
    ]
