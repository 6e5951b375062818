"""Requests and answers of the voucher centre, against hand-written JSON."""

import json

import msgspec
import pytest

from harness.wire import voucher_messages as messages
from harness.wire.fields import Rule

QUERY = messages.EcQuery(
    institution="P63999900001",
    operator="001",
    operator_name="收银员",
    office="Y01",
    office_name="药店",
    code="4240941908710459319408630000",
)
WIRE = {
    "orgId": "P63999900001",
    "transType": "ec.query",
    "data": {
        "orgId": "P63999900001",
        "businessType": "02121",
        "operatorId": "001",
        "operatorName": "收银员",
        "officeId": "Y01",
        "officeName": "药店",
        "ecQrCode": "4240941908710459319408630000",
    },
}
IDENTITY = messages.Identity(
    id_no="639999198503127031",
    name="测试甲",
    token="639900ec" + "a1" * 15,
    insured_place="639900",
    index_no="0" * 32,
    gender="男",
    birthday="1985.03.12",
    channel="alipay",
    code="4240941908710459319408630000",
)


def test_a_query_is_spelt_as_the_specification_has_it() -> None:
    assert messages.ec_query(QUERY) == WIRE
    assert messages.check("ec.query", WIRE) == ()


def test_the_member_that_carries_the_code_can_be_named() -> None:
    request = messages.ec_query(QUERY, code_field="qrCode")
    assert "ecQrCode" not in str(request)
    assert messages.check("ec.query", request, code_field="qrCode") == ()
    assert [p.path for p in messages.check("ec.query", request)] == ["data.ecQrCode"]


@pytest.mark.parametrize("data_as", ["object", "string"])
def test_data_is_read_as_object_and_as_string(data_as: str) -> None:
    wire = json.loads(
        json.dumps(messages.reply("ok", institution="P63999900001", data=IDENTITY.to_wire(), data_as=data_as))
    )
    assert isinstance(wire["data"], str) == (data_as == "string")
    answer = messages.parse_reply(wire)
    assert answer.accepted
    assert answer.identity() == IDENTITY
    assert messages.check_identity(answer.data) == ()


def test_a_refusal_has_code_text_and_success_false() -> None:
    wire = messages.reply("wrong-kind", institution="P63999900001", data_as="object")
    assert (wire["code"], wire["success"], wire["message"]) == (500159, False, "请使用医保电子凭证二维码")
    assert not messages.parse_reply(wire).accepted


def test_codes_are_public_or_marked_as_invented() -> None:
    codes = messages.return_codes()
    assert {c.code for c in codes.values() if not c.invented} == {0, 500159, -2}
    assert all(c.code >= 980001 for c in codes.values() if c.invented)
    assert len({c.code for c in codes.values()}) == len(codes)
    assert all(c.chinese and c.english for c in codes.values())
    expired = messages.return_code(980001)
    assert expired is not None
    assert expired.id == "expired"
    assert messages.return_code(-99) is None


def test_every_wrong_field_of_a_query_is_named() -> None:
    wrong = {
        "orgId": "P63999900001",
        "transType": "ec.guess",
        "data": {
            "orgId": "P63999900002",
            "businessType": "99999",
            "operatorId": 7,
            "operatorName": "收" * 31,
            "officeId": "",
        },
    }
    found = {(p.path, p.rule) for p in messages.check("ec.query", wrong)}
    assert found == {
        ("transType", Rule.CODE),
        ("data.orgId", Rule.CONSISTENT),
        ("data.businessType", Rule.CODE),
        ("data.operatorId", Rule.TYPE),
        ("data.operatorName", Rule.LENGTH),
        ("data.officeId", Rule.REQUIRED),
        ("data.officeName", Rule.REQUIRED),
        ("data.ecQrCode", Rule.REQUIRED),
    }


def test_an_identity_with_a_missing_member_is_no_identity() -> None:
    data = IDENTITY.to_wire()
    del data["ecToken"]
    wire = messages.reply("ok", data=data, data_as="object")
    with pytest.raises(ValueError, match="ecToken"):
        messages.parse_reply(wire).identity()
    assert [str(p.rule) for p in messages.check_identity(data)] == ["required"]


@pytest.mark.parametrize("body", [None, [], "0000", {}, {"code": "no"}, {"code": ""}])
def test_what_is_no_answer_is_refused(body: object) -> None:
    with pytest.raises(ValueError, match="code"):
        messages.parse_reply(body)


LIBRARY_DATA = {
    "orgId": "P63999900001",
    "businessType": "01301",
    "operatorId": "001",
    "operatorName": "收银员",
    "officeId": "Y01",
    "officeName": "药店",
}


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("cn.nhsa.qrcode.get", {}),
        ("cn.nhsa.ec.auth", {"outBizNo": "H6399990000120201014000000001"}),
        ("cn.nhsa.auth.check", {"outBizNo": "H6399990000120201014000000001", "authNo": "ano" + "1" * 25}),
        ("cn.nhsa.cert.get", {}),
    ],
)
def test_calls_of_the_terminal_library_have_field_tables(call: str, more: dict[str, str]) -> None:
    request = {"orgId": "P63999900001", "transType": call, "data": {**LIBRARY_DATA, **more}}
    assert messages.check(call, request) == ()
    for name in more:
        lacking = {**request, "data": {k: v for k, v in {**LIBRARY_DATA, **more}.items() if k != name}}
        assert [p.path for p in messages.check(call, lacking)] == [f"data.{name}"]
    other = {**request, "data": {**LIBRARY_DATA, **more, "orgId": "P63999900002"}}
    assert [p.rule for p in messages.check(call, other)] == [Rule.CONSISTENT]


def test_a_result_notice_needs_amounts_only_when_it_settled() -> None:
    data = {
        "orgId": "H63999900001",
        "outBizNo": "1",
        "medicalSettleState": "FAIL",
        "authNo": "ano" + "1" * 25,
        "operatorId": "1",
        "operatorName": "收",
        "totalFee": "1.00",
        "bizType": "settle",
        "idNo": "639999198503127031",
        "userName": "测试甲",
        "setlTime": "2020-10-14 08:30:00",
        "hospitalName": "联调测试医院",
        "officeId": "1",
        "officeName": "门诊",
    }
    request = {"orgId": "H63999900001", "transType": "cn.nhsa.settle.notify", "data": data}
    assert messages.check("cn.nhsa.settle.notify", request) == ()
    settled = {**request, "data": {**data, "medicalSettleState": "SUCCESS"}}
    missing = {p.path for p in messages.check("cn.nhsa.settle.notify", settled)}
    assert missing == {"data.medicalSettleNo", "data.ownAmt", "data.hifAmt", "data.acctAmt"}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('[{"ITEM_NO":"1","ITEMNAME":"药","PRIC":"1.00","ITEM_CNT":"1","ITEM_AMT":"1.00"}]', []),
        ("[]", []),
        ("no json", ["data.drugList"]),
        ('{"ITEM_NO":"1"}', ["data.drugList"]),
        ('[{"ITEM_NO":"1"},7]', ["data.drugList[0].ITEMNAME", "data.drugList[1]"]),
    ],
)
def test_the_drug_list_is_a_string_of_rows(text: str, paths: list[str]) -> None:
    assert [p.path for p in messages.check_drug_list(text)] == paths


def test_an_identity_by_face_says_by_which_authorisation() -> None:
    by_face = msgspec.structs.replace(IDENTITY, auth_no="ano" + "1" * 25)
    wire = messages.reply("ok", data=by_face.to_wire(), data_as="object")
    assert messages.parse_reply(wire).identity() == by_face
    assert "authNo" not in IDENTITY.to_wire()


def test_a_province_may_allow_longer_operators() -> None:
    query = messages.EcQuery(
        institution="P63999900001", operator="0" * 64, operator_name="员" * 64, office="1", office_name="x", code="4"
    )
    body = messages.ec_query(query)
    wrong = [problem.path for problem in messages.check(messages.QR_QUERY, body)]
    assert wrong == ["data.operatorId", "data.operatorName"]
    lengths = {"operatorId": 64, "operatorName": 64}
    assert messages.check(messages.QR_QUERY, body, lengths=lengths) == ()
    assert len(messages.check(messages.QR_QUERY, body, lengths={"operatorId": 63, "operatorName": 64})) == 1
