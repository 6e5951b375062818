"""Host commands read from a tape: requests with their replies, whatever their pieces, and what is wrong with them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.judge.history import CASE
from harness.judge.machine_talk import MachineTalk, machine_talk
from harness.wire.encryption_machine import host_messages as wire
from tests.harness.rules.machine_tape import KEY, LINE, MESSAGE, PROFILE, MachineTape, begun, sign, signed

OTHER_LINE = "client.host#2"


def read(tape: MachineTape) -> MachineTalk:
    found = machine_talk(tape.history())
    assert found is not None
    return found


def fired(tape: MachineTape, message: str = "E5") -> None:
    tape.event("encryption-machine", "fault-fired", party="encryption-machine", message=message, effect="x", nth=1)


def test_requests_and_replies_are_paired_whatever_their_pieces() -> None:
    whole = begun()
    whole.talk(sign(), signed())
    pieces = MachineTape(entries=whole.entries[:2])
    for record in whole.entries[2:]:
        for at in range(len(record.data)):
            pieces.frame(record.data[at : at + 1], sent=record.direction.name == "SENT")
    for tape in (whole, pieces):
        first, second = read(tape).exchanges
        assert first.request == wire.GetPublicKey(index=1)
        assert first.reply == wire.GetPublicKeyReply(public=KEY.public.spki)
        assert (second.code, second.error, second.trouble) == ("E5", "00", "")
        assert second.request == sign()
        assert isinstance(second.reply, wire.Sm2SignReply)


def test_replies_of_two_lines_are_not_mixed_up() -> None:
    tape = begun()
    one, other = tape.ask(wire.Echo(data=b"1")), tape.ask(wire.Echo(data=b"2"), channel=OTHER_LINE)
    tape.answer(other, wire.EchoReply(data=b"2"), channel=OTHER_LINE)
    tape.answer(one, wire.EchoReply(data=b"1"))
    echoes = [e for e in read(tape).exchanges if isinstance(e.request, wire.Echo)]
    assert [(e.request, e.reply) for e in echoes] == [
        (wire.Echo(data=data), wire.EchoReply(data=data)) for data in (b"1", b"2")
    ]
    assert [e.channel for e in echoes] == [LINE, OTHER_LINE]


def _other_header(tape: MachineTape) -> None:
    tape.answer(replace(tape.ask(sign()), header=b"9999"), signed())


def _other_code(tape: MachineTape) -> None:
    call = tape.ask(sign())
    tape.frame(b"\0\x08" + call.header + b"B300", sent=True)


def _too_short(tape: MachineTape) -> None:
    call = tape.ask(sign())
    tape.frame(b"\0\x07" + call.header + b"E60", sent=True)


def _other_layout(tape: MachineTape) -> None:
    call = tape.ask(sign())
    tape.frame(b"\0\x0a" + call.header + b"E600zz", sent=True)


@pytest.mark.parametrize(
    ("does", "trouble"),
    [(_other_header, "header"), (_other_code, "reply code"), (_too_short, "too short"), (_other_layout, "signature")],
)
def test_what_is_wrong_with_a_reply_is_said(does: Callable[[MachineTape], None], trouble: str) -> None:
    tape = begun()
    does(tape)
    last = read(tape).exchanges[-1]
    assert last.reply is None
    assert trouble in last.trouble


def test_a_refusal_carries_what_follows_its_code() -> None:
    tape = begun()
    tape.talk(sign(), wire.Refusal(code="21", detail=b"more"))
    last = read(tape).exchanges[-1]
    assert last.refusal == wire.Refusal(code="21", detail=b"more")
    assert last.error == "21"


def test_a_request_that_cannot_be_read_is_one_all_the_same() -> None:
    tape = begun()
    tape.frame(b"\0\x0a0001B20004", sent=False)
    tape.frame(b"\0\x080001B315", sent=True)
    last = read(tape).exchanges[-1]
    assert (last.request, last.code, last.error) == (None, "B2", "15")


def test_bytes_that_answer_nothing_are_strays() -> None:
    tape = begun()
    tape.frame(b"\0\x01a", sent=True)
    tape.frame(b"\0\x05ab", sent=True)
    whole, half = read(tape).strays
    assert "answer nothing" in whole.what
    assert "never ended" in half.what


def test_a_request_without_a_reply_stays_without_one() -> None:
    tape = begun()
    tape.ask(sign())
    last = read(tape).exchanges[-1]
    assert (last.reply_seq, last.reply, last.error) == (None, None, "")


def test_a_fault_excuses_what_was_under_way_and_no_later_case_of_another_line() -> None:
    tape = begun()
    tape.talk(sign(), signed())
    call = tape.ask(sign(), channel=OTHER_LINE)
    fired(tape)
    tape.answer(call, signed(key=KEY), channel=OTHER_LINE)
    talk = read(tape)
    assert [talk.disturbed(e) for e in talk.exchanges] == [False, False, True]
    assert [e.channel for e in talk.undisturbed()] == [LINE, LINE]


def test_a_refused_connection_is_excused() -> None:
    tape = begun()
    fired(tape, message="connect")
    tape.ask(wire.Echo(data=MESSAGE), channel=OTHER_LINE)
    talk = read(tape)
    assert talk.refused == {OTHER_LINE}
    assert talk.disturbed(talk.exchanges[-1])


def test_no_machine_no_talk() -> None:
    tape = MachineTape()
    tape.event(CASE, "case-start", case="x", title="x", requirements=[])
    assert machine_talk(tape.history()) is None
    assert read(begun()).profile is PROFILE
