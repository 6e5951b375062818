"""Forms: data as object or string, UTF-8 or GBK, rare names; what is malformed gets the centre's own error."""

from collections.abc import Callable

import pytest

from harness.scenarios.centre_stage import APP, MALFORMED, CentreStage, having, without
from harness.wire import voucher_calls as calls
from harness.wire import voucher_messages as messages
from harness.wire.voucher_calls import GBK, UTF_8, CentreCall

FLOW, ONE_CODE = ["NX-ACTIVATION-FLOW"], ["NX-ONE-CODE"]
LIBRARY = messages.QR_QUERY_PATH
DEEP = b'{"data":' * 5000 + b"1" + b"}" * 5000
BYTES: dict[str, bytes] = {
    "nothing": b"",
    "text": b"ec.query",
    "array": b"[]",
    "number": b"424",
    "cut": b'{"orgId":"P63999900001","transType":"ec.q',
    "twice": b'{"orgId":"P63999900001"}{"orgId":"P63999900001"}',
    "empty-object": b"{}",
    "data-text": b'{"orgId":"P63999900001","transType":"ec.query","data":"{"}',
    "data-array": b'{"orgId":"P63999900001","transType":"ec.query","data":[]}',
    "gbk-as-utf-8": '{"orgId":"P63999900001","transType":"ec.query","data":{"operatorName":"测试"}}'.encode("gbk"),
    "deep": DEEP,
}


def _query(stage: CentreStage) -> CentreCall:
    return calls.decode(stage.desk, stage.code(stage.holder("P001")), code_field=stage.terms.code_field)


FIELDS: dict[str, Callable[[CentreStage], CentreCall]] = {
    "no-institution": lambda stage: without(_query(stage), "orgId"),
    "no-call": lambda stage: without(_query(stage), "transType"),
    "no-data": lambda stage: without(_query(stage), "data"),
    "no-operator": lambda stage: without(_query(stage), "data", "operatorId"),
    "no-code": lambda stage: without(_query(stage), "data", stage.terms.code_field),
    "code-number": lambda stage: having(_query(stage), 424, "data", stage.terms.code_field),
    "long-operator": lambda stage: having(_query(stage), "9" * 21, "data", "operatorId"),
    "business-type": lambda stage: having(_query(stage), "09999", "data", "businessType"),
    "two-institutions": lambda stage: having(_query(stage), stage.table.other_institution, "data", "orgId"),
    "unknown-institution": lambda stage: having(
        having(_query(stage), "P00000000000", "orgId"), "P00000000000", "data", "orgId"
    ),
    "unknown-call": lambda stage: having(_query(stage), "ec.nothing", "transType"),
    "unknown-channel": lambda stage: calls.show_code(stage.holder("P001", "nobank")),
    "unknown-step": lambda stage: calls.take_step(APP, "dance"),
    "unknown-action": lambda stage: calls.password(stage.holder("P001"), "guess", "111111"),
    "no-person": lambda stage: without(calls.show_code(stage.holder("P001")), "idNo"),
    "no-token": lambda _: CentreCall(name=messages.TOKEN_CHECK, body={"idType": "01"}),
    "no-member": lambda stage: calls.family(stage.holder("P001"), "bind", agreed=True),
    "no-amount": lambda _: calls.promoter("withdraw", "TG639900002"),
}


@pytest.mark.case("voucher/malformed", title="Bodies that are none 报文损坏", requirements=ONE_CODE)
@pytest.mark.parametrize("body", list(BYTES))
def test_malformed(stage: CentreStage, body: str) -> None:
    """Refused with the centre's own error, as an answer; the next good request is served."""
    stage.say(LIBRARY, BYTES[body])
    stage.say(messages.QRCODE_PATH, BYTES[body])
    stage.still_serves()


@pytest.mark.case("voucher/charset-unknown", title="A charset that is none 未知字符集", requirements=ONE_CODE)
def test_charset_unknown(stage: CentreStage) -> None:
    """A content type with a charset that nobody knows is refused."""
    stage.say(LIBRARY, b"{}", content_type="application/json;charset=KLINGON")
    stage.still_serves()


@pytest.mark.case("voucher/field", title="Fields that break the interface 字段不合规", requirements=FLOW)
@pytest.mark.parametrize("field", list(FIELDS))
def test_field(stage: CentreStage, field: str) -> None:
    """A missing, wrong, too long or unknown field is refused, and nothing is done."""
    reply = stage.ask_malformed(FIELDS[field](stage))
    assert reply.message.startswith(messages.return_codes()[MALFORMED].chinese)
    stage.still_serves()


@pytest.mark.case("voucher/spelling", title="Spellings of a request 报文写法", requirements=ONE_CODE)
@pytest.mark.parametrize("charset", [UTF_8, GBK])
@pytest.mark.parametrize("data_as", ["object", "string"])
def test_spelling(stage: CentreStage, charset: str, data_as: str) -> None:
    """Data as an object or as a string, UTF-8 or GBK: the same identity."""
    reply = stage.ask(_query(stage), charset=charset, data_as=data_as)
    assert reply.identity().name == stage.person("P001").name
    shown = stage.ask(calls.show_code(stage.holder("P001")), charset=charset)
    stage.decode(str(shown.data["ecQrCode"]), charset=charset)


@pytest.mark.case("voucher/rare-name", title="Rare names 生僻字姓名", requirements=ONE_CODE)
@pytest.mark.parametrize(("person", "charset"), [("P006", UTF_8), ("P007", UTF_8), ("P007", GBK)])
def test_rare_name(stage: CentreStage, person: str, charset: str) -> None:
    """A character outside GBK, a middle dot: the name comes back as the answers' charset can spell it."""
    known = stage.person(person)
    shown = stage.ask(calls.show_code(stage.holder(person)), charset=charset)
    identity = stage.decode(str(shown.data["ecQrCode"]), charset=charset).identity()
    answers = stage.terms.charset
    assert identity.name == known.name.encode(answers, errors="replace").decode(answers)
    check = calls.check_token(identity.token, id_no=known.id_no, name=known.name)
    assert stage.ask(check, charset=charset).data.get("flag") == "1"


@pytest.mark.case("voucher/stranger", title="Somebody whom nobody knows 查无此人", requirements=FLOW)
def test_stranger(stage: CentreStage) -> None:
    """An ID number of nobody, or a name that is not theirs: no code, no state."""
    holder = stage.holder("P001")
    for member, value in (("idNo", "639999199901019999"), ("userName", "测试酉")):
        stage.ask(having(calls.show_code(holder), value, member), "person-unknown")
        stage.ask(having(calls.ask_state(holder), value, member), "person-unknown")
    stage.still_serves()
