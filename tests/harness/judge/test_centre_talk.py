"""Calls of a voucher centre as the judge reads them: by path and transType, whole or in trouble."""

from harness.judge.centre_talk import CentreTalk, centre_talk
from harness.judge.history import CASE
from harness.wire import voucher_calls as calls
from harness.wire import voucher_messages as messages
from tests.harness.rules.centre_tape import ADULT, CODE, DESK, CentreTape, begun


def talk_of(tape: CentreTape) -> CentreTalk:
    tape.event(CASE, "case-end")
    found = centre_talk(tape.history())
    assert found is not None
    return found


def test_calls_are_known_by_path_or_trans_type() -> None:
    tape = begun()
    tape.show()
    tape.decode()
    tape.talk(calls.at_terminal(DESK, messages.READ_CARD), {"idNo": ADULT.id_no})
    tape.check("1")
    tape.talk(calls.text_message("ACT1"), {"smsCode": "123456"})
    assert [call.name for call in talk_of(tape).calls] == [
        "ec.qrcode",
        "ec.query",
        "cn.nhsa.cert.get",
        "token-check",
        "sms",
    ]


def test_data_sent_as_a_string_is_read_as_an_object() -> None:
    tape = begun()
    raw = calls.encode_call(calls.decode(DESK, CODE), charset="gbk", data_as="string")[1]
    head = f"POST {messages.QR_QUERY_PATH} HTTP/1.1\r\ncontent-type: application/json;charset=GBK\r\n\r\n"
    tape.frame(head.encode() + raw, sent=False)
    (call,) = talk_of(tape).calls
    assert (call.name, call.asked["ecQrCode"], call.institution) == ("ec.query", CODE, DESK.institution)
    assert call.reply_seq is None


def test_a_request_that_is_none_is_marked() -> None:
    tape = begun()
    tape.frame(f"POST {messages.QR_QUERY_PATH} HTTP/1.1\r\n\r\nnothing".encode(), sent=False)
    (call,) = talk_of(tape).calls
    assert not call.well_formed
    assert call.name == ""


def test_an_answer_that_is_none_is_trouble() -> None:
    tape = begun()
    tape.ask(calls.show_code(ADULT))
    tape.answer("ok")
    (call,) = talk_of(tape).calls
    assert call.trouble
    assert call.code is None
    assert not call.accepted


def test_a_fault_excuses_the_call_during_which_it_fired() -> None:
    tape = begun()
    tape.ask(calls.show_code(ADULT))
    tape.event("faults", "fault-fired", party="voucher-centre", message="ec.qrcode", effect="empty-body", nth=1)
    tape.answer({})
    tape.show()
    talk = talk_of(tape)
    assert [call.seq for call in talk.undisturbed()] == [talk.calls[1].seq]


def test_what_the_centre_says_of_itself_is_not_read() -> None:
    tape = begun()
    tape.event("voucher-centre", "code-issued", digits=CODE)
    assert talk_of(tape).calls == ()
