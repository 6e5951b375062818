"""The talk with a mobile-payment centre as the judge reads it: opened by the tape's keys, or by what stands beside."""

import json

import pytest

from harness.judge.history import CASE
from harness.judge.mobile_orders import OrderState, Step, order_steps
from harness.judge.mobile_talk import MobileTalk, mobile_talk
from harness.wire.mobile_payment import Side, encode
from harness.wire.mobile_payment.answers import OWN_PAY, QUERY, UPLOAD
from harness.wire.mobile_payment.opening import Opener
from tests.harness.rules.mobile_tape import (
    APPLICATION,
    ORDER,
    SPLIT,
    TOKEN,
    VARIANT,
    MobileTape,
    about,
    begun,
    codec,
    paid,
)
from tests.harness.rules.tape_builder import Entry


def talk_of(tape: MobileTape) -> MobileTalk:
    tape.event(CASE, "case-end")
    found = mobile_talk(tape.history())
    assert found is not None
    return found


def last(tape: MobileTape) -> OrderState:
    return order_steps(talk_of(tape))[-1].after


def test_sealed_calls_are_opened_and_plain_ones_read() -> None:
    tape = begun()
    tape.upload()
    tape.own_pay()
    upload, own = talk_of(tape).calls
    assert (upload.name, upload.asked["medOrgOrd"], upload.data["payOrdId"]) == (UPLOAD, "MO1", ORDER)
    assert (own.name, own.asked["result"], own.data["ordStas"]) == (OWN_PAY, "SUCCESS", "6")
    assert upload.accepted
    assert not upload.pain


def test_a_path_before_the_services_own_is_no_matter() -> None:
    tape = begun()
    tape.request("/gateway" + VARIANT.paths[QUERY], b"{}")
    assert talk_of(tape).calls[0].name == QUERY


def test_a_bad_seal_is_seen_and_what_it_holds_all_the_same() -> None:
    tape = begun()
    tape.talk(QUERY, about(ORDER, TOKEN), {"ordStas": "6"}, signData="AAAA")
    (call,) = talk_of(tape).calls
    assert call.pain == "signature-length"
    assert call.data == {"ordStas": "6"}
    assert not call.known


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code":"no"}'])
def test_an_answer_that_is_none_is_trouble(body: bytes) -> None:
    tape = begun()
    tape.ask(QUERY, about(ORDER, TOKEN))
    tape.answer(body)
    (call,) = talk_of(tape).calls
    assert call.trouble
    assert call.code is None


def test_a_fault_of_the_centre_excuses_its_call_and_one_of_the_platform_does_not() -> None:
    tape = begun()
    for party in ("platform", "mobile-payment"):
        tape.ask(QUERY, about(ORDER, TOKEN))
        tape.event(party, "fault-fired", party=party, message=QUERY, effect="empty-body", nth=1)
        tape.answer(b"")
    talk = talk_of(tape)
    assert [call.disturbed for call in talk.calls] == [False, True]
    assert len(talk.platform_faults) == 1


def test_what_the_centre_says_of_itself_is_not_read() -> None:
    tape = begun()
    tape.event("mobile-payment", "order-paid", pay_ord_id=ORDER)
    assert talk_of(tape).calls == ()


# --- without the secret ---


def beside(tape: MobileTape, *, of: str, channel: str = "client.http#1", forge: bool = False) -> None:
    """What the bench has opened of the message before."""
    centre = codec(Side.INSTITUTION)._machine._peer  # type: ignore[attr-defined]  # the centre's public key
    body = tape.entries[-1].data.partition(b"\r\n\r\n")[2]
    look = Opener(APPLICATION, centre, VARIANT).look(body, ours=of == "request")
    digest = "00" * 32 if forge else look.digest
    said = {"channel": channel, "of": of, "data": json.dumps(dict(look.data)), "digest": digest}
    entry = Entry(label="opened", at_ns=tape.now_ns, channel="client", event="opened", content=said)
    tape.entries.append(entry.record(len(tape.entries)))


@pytest.mark.parametrize(("forge", "pain"), [(False, ""), (True, "signature-wrong")])
def test_without_the_secret_the_signature_is_computed_from_the_bytes(forge: bool, pain: str) -> None:
    tape = begun(secret="")
    tape.ask(QUERY, about(ORDER, TOKEN))
    beside(tape, of="request")
    tape.answer(encode(tape.reply({"ordStas": "2"})))
    beside(tape, of="answer", forge=forge)
    (call,) = talk_of(tape).calls
    assert (call.pain, call.data, call.asked["payOrdId"]) == (pain, {"ordStas": "2"}, ORDER)


def test_without_the_secret_and_without_what_was_opened_nothing_is_believed() -> None:
    tape = begun(secret="")
    tape.talk(QUERY, about(ORDER, TOKEN), {"ordStas": "2"})
    (call,) = talk_of(tape).calls
    assert call.pain == "signature-wrong"
    assert call.data == {}


# --- what became of orders ---


def test_an_order_is_followed_from_call_to_call() -> None:
    tape = begun()
    paid(tape)
    steps = order_steps(talk_of(tape))
    assert [step.after.why for step in steps] == ["created", "placed", "own-paid"]
    assert steps[-1].after.parts is not None
    assert steps[-1].after.parts.total == 4498
    assert steps[-1].after.paid


def test_a_lost_answer_leaves_both_possible_until_somebody_asks() -> None:
    tape = begun()
    tape.upload()
    tape.ask("6202", {"payOrdId": ORDER}, channel="client.http#9")
    tape.query("2")
    steps: tuple[Step, ...] = order_steps(talk_of(tape))
    doubt = next(step for step in steps if step.call.name == "6202")
    assert doubt.after.states >= {"0", "2", "6"}
    assert steps[-1].after.states == {"2"}


def test_trouble_at_the_platform_leaves_a_settlement_open() -> None:
    tape = begun()
    tape.upload()
    tape.pay()
    tape.event("platform", "fault-fired", party="platform", message="2207", effect="bad-gateway", nth=1)
    tape.own_pay(state="2")
    assert last(tape).states >= {"2", "14", "15", "6"}


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({}, "7"),
        ({"refdType": "HI", "totlRefdAmt": "21.04", "cashRefdAmt": "0.00"}, "8"),
        ({"totlRefdAmt": "23.94", "fundRefdAmt": "0.00", "psnAcctRefdAmt": "0.00"}, "9"),
        ({"totlRefdAmt": "1.00", "fundRefdAmt": "0.00", "psnAcctRefdAmt": "0.00", "cashRefdAmt": "1.00"}, "10"),
        ({"totlRefdAmt": "22.04", "cashRefdAmt": "1.00"}, "11"),
    ],
)
def test_refunds_make_a_state(parts: dict[str, str], state: str) -> None:
    tape = begun()
    paid(tape)
    tape.refund(**parts)
    assert last(tape).states == {state}


def test_an_unknown_refund_is_open_until_it_is_known() -> None:
    tape = begun()
    paid(tape)
    tape.refund(status="EXP")
    tape.refund(status="EXP")
    tape.refund()
    states = [sorted(step.after.states) for step in order_steps(talk_of(tape))][-3:]
    assert states == [["17"], ["17"], ["7"]]


def test_time_ends_what_is_not_paid() -> None:
    tape = begun()
    tape.upload()
    tape.pay()
    tape.wait(1799)
    tape.query("2")
    tape.wait(1)
    tape.query("12", **SPLIT)
    steps = order_steps(talk_of(tape))
    assert [step.before.states for step in steps[-2:] if step.before] == [{"2"}, {"12"}]
