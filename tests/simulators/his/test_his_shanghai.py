"""Shanghai's protocol as the adapter speaks it, read by the bench's own codec of the same, which it does not use."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from harness.money import Fen
from harness.wire import institution, shanghai
from harness.wire.msgid import parse_msgid
from simulators.his import shanghai_library as adapters
from simulators.his.behaviour import Behaviour
from simulators.his.exchange import EmptyAnswerError, NoAnswerError
from simulators.his.hello import Hello
from simulators.his.identify import ID_CARD, SOCIAL_CARD, VOUCHER
from simulators.his.journal import Amounts, Journal, Settlement, State
from simulators.his.sale import Insured, Sale, SaleLine, druginfo, read_person, read_refund, read_settled
from simulators.his.shanghai import Shanghai
from simulators.his.shanghai_behaviour import ShanghaiBehaviour
from simulators.his.shanghai_collation import collation
from simulators.his.shanghai_library import ask_library, read_card
from tests.simulators.his.test_his_gateway import hello

AT = "2020-10-14 08:30:00"
MSGID = "P63999900001" + "20201014" + "306000001"
TOKEN = "639900ec" + "a1" * 15
CODE = "4241234567890123456701630000"
WHO = Insured(psn_no="639999000000000001", insutype="310", insuplc="639900")
SALE = Sale(
    order="A0001",
    lines=(SaleLine(code="XP000001", name="阿莫西林胶囊", price="12.50", quantity="2", amount=Fen(2500), level="01"),),
    total=Fen(2500),
    use_account=True,
)
NOTHING = Amounts(total=0, fund=0, account=0, cash=0)
SETTLED = {("A0001", "L1"): Amounts(total=2500, fund=500, account=1250, cash=750)}
PAID = {"totalexpense": "25.00", "fundpay": "5.00", "accountpay": "12.50", "cashpay": "7.50"}


def basket(kind: str = VOUCHER, number: str = TOKEN, more: str = "") -> dict[str, object]:
    """The input of 2101 and 2102."""
    certificate = {"mdtrt_cert_type": kind, "mdtrt_cert_no": number}
    return druginfo(SALE, certificate, WHO, AT, Behaviour(), more=more)


class Speaker:
    """The adapter's side of one institution."""

    def __init__(self, behaviour: ShanghaiBehaviour | None = None) -> None:
        self.hello: Hello = hello("shanghai")
        self.sent: dict[str, str] = {}
        """Types of messages that were sent before, by msgid."""
        self.shanghai = Shanghai(
            self.hello,
            behaviour or ShanghaiBehaviour(),
            paid=lambda order, setl_id: SETTLED.get((order, setl_id), NOTHING),
            kind_sent=lambda msgid: self.sent.get(msgid, ""),
        )

    def said(self, infno: str, content: Mapping[str, object], order: str = "A0001", **more: str) -> dict[str, Any]:
        """The message of a transaction."""
        place = {"at": AT, "order": order, "insuplc": "639900"}
        return self.shanghai.message(infno, MSGID, content, **(place | more))

    def meant(self, infno: str, content: Mapping[str, object], **more: str) -> dict[str, Any]:
        """The same as the bench understands it."""
        told = {"recer_sys_code": "YBXT", "signtype": "SM3", "fixmedins_name": "x"}
        return shanghai.to_national(self.said(infno, content, **more), told)

    def answered(self, infno: str, told: Mapping[str, object], order: str = "A0001") -> Mapping[str, Any]:
        """An answer that went well, in the institution interface's form."""
        return self.shanghai.national(infno, order, {"xxfhm": "P001", "fhxx": "", "xxnr": told})


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def in_all(part: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Whether each member of one is that of the other."""
    return all(whole.get(name) == value for name, value in part.items())


@pytest.mark.parametrize("infno", ["2101", "2102"])
@pytest.mark.parametrize(
    ("kind", "number", "more"),
    [(VOUCHER, TOKEN, ""), (ID_CARD, "639999198503127031", ""), (SOCIAL_CARD, "A00000001", '{"card_pin_proof":"x"}')],
)
def test_a_purchase_is_understood_as_it_was_meant(
    speaker: Speaker, infno: str, kind: str, number: str, more: str
) -> None:
    found = speaker.meant(infno, basket(kind, number, more))
    assert found["infno"] == infno
    head, line = found["input"]["druginfo"], found["input"]["drugdetail"][0]
    sent = cast("dict[str, Any]", basket(kind, number, more))
    assert in_all({name: value for name, value in sent["druginfo"].items() if value}, head)
    assert in_all({name: value for name, value in sent["drugdetail"][0].items() if value}, line)


def test_the_envelope_has_the_institution_and_operator_and_no_member_that_is_not_the_protocols(
    speaker: Speaker,
) -> None:
    message = speaker.said("2101", basket())
    assert message["jgdm"] == "P63999900001"
    assert (message["msgid"], message["jysj"], message["jyqd"]) == (MSGID, AT, "20")
    assert set(message) == {
        *("jysj", "xxlxm", "xxfhm", "fhxx", "bbh", "msgid", "xzqhdm", "jgdm", "czybm", "czyxm", "xxnr", "jyqd"),
        *("jyyzm", "zdjbhs"),
    }
    assert parse_msgid(MSGID, form="code-day").institution == message["jgdm"]


def test_whose_kind_of_certificate_is_told_only_when_it_is_no_voucher(speaker: Speaker) -> None:
    assert "cardtype" not in speaker.said("2101", basket())["xxnr"]
    assert speaker.said("2101", basket(ID_CARD, "1"))["xxnr"]["cardtype"] == ID_CARD
    data = {"mdtrt_cert_type": SOCIAL_CARD, "mdtrt_cert_no": "A1", "card_sn": "S1", "begntime": AT}
    assert in_all(data, speaker.meant("1101", {"data": data})["input"]["data"])


def test_only_who_is_no_cashier_says_what_they_are(speaker: Speaker) -> None:
    assert "czylx" not in speaker.said("2101", basket())["xxnr"]
    assert speaker.meant("2101", basket())["opter_type"] == "1"
    assert speaker.meant("2101", basket(), opter_type="2")["opter_type"] == "2"


def test_a_settlement_names_the_application_of_its_own_order_and_only_once(speaker: Speaker) -> None:
    speaker.answered("2101", {**PAID, "jssqxh": "JS1"})
    speaker.answered("2101", {**PAID, "jssqxh": "JS2"}, order="A0002")
    assert speaker.said("2102", basket())["xxnr"]["jssqxh"] == "JS1"
    assert speaker.said("2102", basket(), order="A0002")["xxnr"]["jssqxh"] == "JS2"
    assert speaker.said("2102", basket())["xxnr"]["jssqxh"] == ""


def test_a_refund_names_the_settlement_and_its_total(speaker: Speaker) -> None:
    original = {"setl_id": "L1", "mdtrt_id": "M1", "psn_no": WHO.psn_no}
    message = speaker.said("2103", {"data": {**original, "expContent": ""}})
    assert (message["xxlxm"], message["xxnr"]["translsh"], message["xxnr"]["totalexpense"]) == ("SK01", "L1", "25.00")
    assert in_all(original, speaker.meant("2103", {"data": original})["input"]["data"])


@pytest.mark.parametrize(("infno", "kind"), [("2102", "SI12"), ("2103", "SK01")])
def test_a_reversal_names_the_message_in_doubt(speaker: Speaker, infno: str, kind: str) -> None:
    data = {"psn_no": WHO.psn_no, "omsgid": MSGID, "oinfno": infno}
    message = speaker.said("2601", {"data": data})
    assert (message["xxlxm"], message["xxnr"]["ymsgid"], message["xxnr"]["ymsglx"]) == ("SK01", MSGID, kind)
    assert in_all(data, speaker.meant("2601", {"data": data})["input"]["data"])


def test_a_reversal_names_the_type_that_the_message_was_sent_under(speaker: Speaker) -> None:
    speaker.sent[MSGID] = "SH02"
    data = {"psn_no": WHO.psn_no, "omsgid": MSGID, "oinfno": "2207"}
    told = speaker.said("2601", {"data": data})["xxnr"]
    assert (told["ymsglx"], told["yllb"]) == ("SH02", "11")
    assert in_all(data, speaker.meant("2601", {"data": data})["input"]["data"])


@pytest.mark.parametrize("infno", ["1201", "1901", "2203A", "9101", "3202"])
def test_what_the_protocol_lacks_is_not_sent(speaker: Speaker, infno: str) -> None:
    with pytest.raises(ValueError, match=f"no message for {infno}"):
        speaker.said(infno, {"data": {}})


def test_answers_are_understood(speaker: Speaker) -> None:
    person = {
        "personno": WHO.psn_no,
        "personname": "测试甲",
        "idno": "1",
        "xzlx": "310",
        "cbzt": "1",
        "insuplc": "639900",
    }
    found = speaker.answered("1101", {**person, "curaccountamt": "20.50", "hisaccountamt": "1.00"})
    assert read_person(found["output"]) == WHO
    assert found["output"]["insuinfo"][0]["balc"] == "21.50"
    settled = read_settled(speaker.answered("2102", {**PAID, "lsh": "L1", "jzdyh": "M1"})["output"])
    assert (settled.setl_id, settled.mdtrt_id) == ("L1", "M1")
    assert settled.amounts == Amounts(total=2500, fund=500, account=1250, cash=750)
    assert read_refund(speaker.answered("2103", {"lsh": "L2"})["output"]) == "L2"
    assert speaker.answered("2601", {})["infcode"] == 0


def test_a_settlement_without_its_serial_number_is_no_settlement(speaker: Speaker) -> None:
    with pytest.raises(ValueError, match="setl_id"):
        read_settled(speaker.answered("2102", {**PAID, "jzdyh": "M1"})["output"])


def test_a_refusal_keeps_code_and_text(speaker: Speaker) -> None:
    found = speaker.shanghai.national("2102", "A0001", {"xxfhm": "981020", "fhxx": "密码错误", "xxnr": {}})
    assert found == {"infcode": -1, "err_msg": "密码错误", "warn_msg": "981020"}


@pytest.mark.parametrize("answer", [{}, {"xxfhm": ""}, {"xxfhm": 1}, {"code": "9000"}, {"xxnr": {"lsh": "L1"}}])
def test_what_is_no_answer_of_the_protocol_is_none_of_the_interface_either(
    speaker: Speaker, answer: dict[str, Any]
) -> None:
    assert "infcode" not in speaker.shanghai.national("2102", "A0001", answer)


class Line:
    """Stands in for the way to the systems."""

    def __init__(self, answer: Mapping[str, object]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, url: str, body: bytes, **_: object) -> Mapping[str, object]:
        self.asked.append((url, json.loads(body)))
        return self.answer


def ask(
    monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, object], kind: str = "ec.query", profile: str = "shanghai"
) -> tuple[Line, Mapping[str, object]]:
    """Ask the library; what went out, and what it is said to have answered."""
    line = Line(answer)
    monkeypatch.setattr(adapters, "post", line)
    place = {"orgId": "P63999900001", "businessType": "02121", "operatorId": "1", "operatorName": "x"}
    data = {**place, "officeId": "1", "officeName": "收银台", "ecQrCode": CODE, "deviceType": "SelfService"}
    request = {"orgId": "P63999900001", "transType": kind, "data": data}
    return line, ask_library(replace(hello(profile), now=AT), request, reply_s=1.0)


def meant_for_the_centre(message: Mapping[str, object]) -> dict[str, Any]:
    """The data of an SE01 as the voucher centre has it."""
    return cast("dict[str, Any]", shanghai.to_national(message, {})["data"])


def test_a_code_is_decoded_by_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    line, answer = ask(monkeypatch, {"xxfhm": "P001", "xxnr": {"ecToken": TOKEN}})
    ((url, message),) = line.asked
    assert (url, message["xxlxm"]) == ("http://x/ybwq/sendrcv", "SE01")
    assert in_all({"ecQrCode": CODE, "ecQrChannel": "1", "termIp": ""}, message["xxnr"])
    assert in_all({"ecQrCode": CODE, "deviceType": "SelfService"}, meant_for_the_centre(message))
    assert parse_msgid(message["msgid"], form="code-day").institution == "P63999900001"
    assert answer == {"code": 0, "data": {"ecToken": TOKEN}}


def test_the_centres_refusal_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    _, answer = ask(monkeypatch, {"xxfhm": "980002", "fhxx": "二维码已使用", "xxnr": {}})
    assert answer == {"code": "980002", "message": "二维码已使用"}


def test_a_centre_that_is_down_behind_the_platform_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAnswerError):
        ask(monkeypatch, {"xxfhm": "981012", "fhxx": "", "xxnr": {}})


@pytest.mark.parametrize(
    ("kind", "profile"), [("cn.nhsa.cert.get", "shanghai"), ("cn.nhsa.auth.check", "shanghai"), ("ec.query", "qinghai")]
)
def test_the_library_itself_asks_the_terminal_and_elsewhere_decodes(
    monkeypatch: pytest.MonkeyPatch, kind: str, profile: str
) -> None:
    line, answer = ask(monkeypatch, {"code": 0, "data": {}}, kind, profile)
    assert line.asked[0][0] == "http://x/localcfc/api/hsecfc/localQrCodeQuery"
    assert line.asked[0][1]["transType"] == kind
    assert answer == {"code": 0, "data": {}}


def test_what_goes_out_fits_the_field_tables(speaker: Speaker) -> None:
    assert institution.check("2101", speaker.meant("2101", basket()), form=institution.Form(msgid="code-day")) == ()


def test_a_card_is_read_by_the_front_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line({"xxfhm": "P001", "xxnr": {"cardinfo": "639900|1|2"}})
    monkeypatch.setattr(adapters, "post", line)
    at = replace(hello("shanghai"), now=AT)
    assert read_card(at, reading=1, reply_s=1.0) == {"code": 0, "cardInfo": "639900|1|2"}
    read_card(at, reading=2, reply_s=1.0)
    (url, first), (_, second) = line.asked
    assert (url, first["xxlxm"], first["xxnr"]) == ("http://x/ybwq/sendrcv", "S000", {})
    assert first["msgid"] != second["msgid"]


@pytest.mark.parametrize("code", ["P100", "P101"])
def test_no_reader_and_no_card_give_no_card(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(adapters, "post", Line({"xxfhm": code, "fhxx": "x", "xxnr": {}}))
    assert read_card(replace(hello("shanghai"), now=AT), reading=1, reply_s=1.0) == {"code": code, "message": "x"}


def test_an_empty_answer_is_none() -> None:
    assert issubclass(EmptyAnswerError, NoAnswerError)


def test_the_answer_to_another_message_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAnswerError, match="M0"):
        ask(monkeypatch, {"xxfhm": "P001", "msgid": "M0", "xxnr": {"ecToken": TOKEN}})


@pytest.mark.parametrize(("code", "result"), [("P001", "000000"), ("P900", "000101")])
def test_a_warning_of_the_days_collation_is_a_result(speaker: Speaker, code: str, result: str) -> None:
    answer = {"xxfhm": code, "fhxx": "x", "xxnr": {"resultcollate": result}}
    assert speaker.shanghai.national("SL01", "", answer) == {
        "infcode": 0,
        "output": {"stmtinfo": {"stmt_rslt": result}},
    }
    assert speaker.shanghai.national("2102", "", answer)["infcode"] == (0 if code == "P001" else -1)


def test_the_days_collation_counts_refunds_and_takes_their_amounts_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    paid = Amounts(total=2500, fund=500, account=1250, cash=750)
    for msgid, state in (("M1", State.SETTLED), ("M2", State.REFUNDED), ("M3", State.REVERSED), ("M4", State.UNKNOWN)):
        answer = json.dumps({"xxnr": {"mulaidpay": "0.50"}})
        journal.write(msgid=msgid, number=1, infno="2102", order=msgid, at=AT, content="{}")
        journal.finish(msgid, result="accepted", answer=answer)
        kept = Settlement(msgid=msgid, order=msgid, at=AT, psn_no="1", insuplc="639900", amounts=paid, state=state)
        journal.put(replace(kept, refunded_at=AT) if state is State.REFUNDED else kept)
    found = collation(journal, AT[:10])
    journal.close()
    assert shanghai.problems_of("SL01", found) == ()
    assert found == {
        "daycollate": "2020-10-14",
        "daycount": "3",
        "totalexpense": "25.00",
        "fundpay": "5.00",
        "personpay": "20.00",
        "curaccountpay": "12.50",
        "hisaccountpay": "0.00",
        "mulaidpay": "0.50",
        "cashpay": "7.50",
    }
    told = Speaker().said("SL01", {"data": found})
    assert (told["xxlxm"], told["xxnr"] | found) == ("SL01", told["xxnr"])
