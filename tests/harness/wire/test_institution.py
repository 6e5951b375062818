"""The institution interface: envelope, numbers, and every kind of wrong field."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import BENCH_ORIGIN
from harness.wire import institution as wire
from harness.wire.fields import Rule, unknown_fields

ENVELOPE = wire.Envelope(
    infno="2102",
    msgid="P63999900001202010140830000001",
    at=BENCH_ORIGIN,
    institution="P63999900001",
    institution_name="联调测试大药房一店",
    area="639900",
    insured_place="639900",
    operator="001",
    operator_name="收银员",
    sign_no="S1",
)
PURCHASE = {
    "druginfo": {
        "psn_no": "639999000000000001",
        "mdtrt_cert_type": "01",
        "mdtrt_cert_no": "639900ec" + "a1" * 15,
        "begntime": "2020-10-14 08:30:00",
        "medfee_sumamt": "25.00",
        "invono": "A0001",
        "insutype": "310",
        "acct_used_flag": "1",
        "med_type": "41",
    },
    "drugdetail": [
        {
            "feedetl_sn": "1",
            "rx_circ_flag": "0",
            "fee_ocur_time": "2020-10-14 08:30:00",
            "med_list_codg": "XP000001",
            "medins_list_codg": "XP000001",
            "det_item_fee_sumamt": "25.00",
            "cnt": "2",
            "pric": "12.50",
        }
    ],
}


def good() -> dict[str, Any]:
    """A request without a fault."""
    return copy.deepcopy(wire.request(ENVELOPE, PURCHASE))


# --- bytes and numbers --------------------------------------------------------------------------------


def test_numbers_are_read_without_floats() -> None:
    body = wire.decode(b'{"a":12.50,"b":1,"c":"0.10","d":0.1}')
    assert body == {"a": Decimal("12.50"), "b": 1, "c": "0.10", "d": Decimal("0.1")}
    assert [wire.amount(body[name]) for name in "abcd"] == [1250, 100, 10, 10]
    assert wire.encode({"a": Decimal("12.50"), "b": "测"}) == '{"a":12.50,"b":"测"}'.encode()


@pytest.mark.parametrize("raw", [b"", b"[]", b'"text"', b"{", b"\xff{}", b'{"a":1}{"a":1}'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="JSON"):
        wire.decode(raw)


@pytest.mark.parametrize("value", [1.5, True, None, "1.005", "", "1e2", "12,50", Decimal("1.005")])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        wire.amount(value)


@pytest.mark.parametrize(
    ("price", "count", "fen"),
    [("12.50", "2", 2500), ("0.333333", "3", 100), ("0.005", "1", 1), ("0.004999", "1", 0), (Decimal("1.25"), 3, 375)],
)
def test_price_times_count_is_rounded_half_up_to_the_fen(price: object, count: object, fen: int) -> None:
    assert wire.line_amount(price, count) == fen


# --- envelope -----------------------------------------------------------------------------------------


def test_a_request_without_a_fault_has_no_problems() -> None:
    assert wire.check("2102", good()) == ()
    assert json.loads(wire.encode(good())) == good()


def test_input_may_be_a_string_of_json() -> None:
    body = wire.request(ENVELOPE, PURCHASE, input_as="string")
    assert isinstance(body["input"], str)
    assert wire.check("2102", body) == ()
    assert wire.content(body) == PURCHASE


def test_an_answer_is_read_whether_infcode_is_number_or_text_and_output_object_or_string() -> None:
    for infcode in (0, "0"):
        for output in ({"a": "1"}, '{"a":"1"}'):
            reply = wire.parse_reply({"infcode": infcode, "err_msg": None, "output": output})
            assert reply.accepted
            assert reply.output == {"a": "1"}
    refused = wire.parse_reply({"infcode": -1, "err_msg": "不行", "warn_msg": "981001"})
    assert (refused.accepted, refused.err_msg, refused.warn_msg) == (False, "不行", "981001")
    with pytest.raises(ValueError, match="infcode"):
        wire.parse_reply({"err_msg": "?"})


# --- what can be wrong ----------------------------------------------------------------------------------


def holder_of(body: Any, steps: list[str]) -> Any:
    for step in steps:
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def drop(body: dict[str, Any], path: str) -> None:
    *above, last = path.split(".")
    del holder_of(body, above)[last]


def put(body: dict[str, Any], path: str, value: object) -> None:
    *above, last = path.split(".")
    holder_of(body, above)[last] = value


@pytest.mark.parametrize(
    ("path", "value", "where", "rule"),
    [
        ("infno", "", "infno", Rule.REQUIRED),
        ("infno", "9999", "infno", Rule.CODE),
        ("infno", "2101", "infno", Rule.CONSISTENT),
        ("msgid", None, "msgid", Rule.REQUIRED),
        ("msgid", "P63999900001202010140830000", "msgid", Rule.FORMAT),
        ("msgid", "P63999900002202010140830000001", "msgid", Rule.CONSISTENT),
        ("msgid", "P63999900001202010140830000001X", "msgid", Rule.LENGTH),
        ("mdtrtarea_admvs", 639900, "mdtrtarea_admvs", Rule.TYPE),
        ("insuplc_admdvs", "", "insuplc_admdvs", Rule.REQUIRED),
        ("recer_sys_code", "NOPE", "recer_sys_code", Rule.CODE),
        ("opter_type", "9", "opter_type", Rule.CODE),
        ("opter_name", "收" * 51, "opter_name", Rule.LENGTH),
        ("inf_time", "2020/10/14 08:30:00", "inf_time", Rule.FORMAT),
        ("inf_time", "2020-02-30 08:30:00", "inf_time", Rule.FORMAT),
        ("inf_time", 20201014, "inf_time", Rule.TYPE),
        ("input", None, "input", Rule.REQUIRED),
        ("input", "no json", "input", Rule.TYPE),
        ("input", [], "input", Rule.TYPE),
        ("input.druginfo", [], "input.druginfo", Rule.TYPE),
        ("input.drugdetail", {}, "input.drugdetail", Rule.TYPE),
        ("input.drugdetail", [], "input.drugdetail", Rule.REQUIRED),
        ("input.drugdetail", ["x"], "input.drugdetail[0]", Rule.TYPE),
        ("input.druginfo.med_type", "42", "input.druginfo.med_type", Rule.CODE),
        ("input.druginfo.acct_used_flag", "2", "input.druginfo.acct_used_flag", Rule.CODE),
        ("input.druginfo.medfee_sumamt", "25.001", "input.druginfo.medfee_sumamt", Rule.LENGTH),
        ("input.druginfo.medfee_sumamt", "123456789012345", "input.druginfo.medfee_sumamt", Rule.LENGTH),
        ("input.druginfo.medfee_sumamt", "25,00", "input.druginfo.medfee_sumamt", Rule.FORMAT),
        ("input.druginfo.medfee_sumamt", True, "input.druginfo.medfee_sumamt", Rule.TYPE),
        ("input.drugdetail.0.cnt", "1.00001", "input.drugdetail[0].cnt", Rule.LENGTH),
        ("input.drugdetail.0.pric", None, "input.drugdetail[0].pric", Rule.REQUIRED),
    ],
)
def test_each_wrong_field_is_found_and_nothing_else(path: str, value: object, where: str, rule: Rule) -> None:
    body = good()
    put(body, path, value)
    found = [(p.path, p.rule) for p in wire.check("2102", body)]
    assert (where, rule) in found
    assert {name for name, _ in found} == {where}


def test_every_required_field_is_missed() -> None:
    required = [node for node in wire.input_nodes("2102") if node.required]
    assert [node.name for node in required] == ["druginfo", "drugdetail"]
    for node in required:
        for spec in (spec for spec in node.fields if spec.required):
            body = good()
            drop(body, f"input.{node.name}.{'0.' if node.many else ''}{spec.name}")
            assert [p.rule for p in wire.check("2102", body)] == [Rule.REQUIRED], spec.name


def test_all_problems_are_reported_not_the_first() -> None:
    body = good()
    for path, value in (("opter_type", "9"), ("input.druginfo.med_type", "42"), ("input.drugdetail.0.cnt", "x")):
        put(body, path, value)
    drop(body, "fixmedins_name")
    assert {p.path for p in wire.check("2102", body)} == {
        "opter_type",
        "fixmedins_name",
        "input.druginfo.med_type",
        "input.drugdetail[0].cnt",
    }
    text = str(wire.check("2102", body)[0])
    assert "expected" in text
    assert "seen" in text


def test_card_sn_is_required_for_a_social_security_card_only() -> None:
    data = {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "123"}}
    body = {**good(), "infno": "1101", "input": data}
    assert [(p.path, p.rule) for p in wire.check("1101", body)] == [("input.data.card_sn", Rule.REQUIRED)]
    assert wire.check("1101", {**body, "input": {"data": {**data["data"], "mdtrt_cert_type": "01"}}}) == ()


def test_the_insured_place_is_not_needed_without_a_person_or_where_the_province_does_not_ask() -> None:
    sign_in = {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}}
    assert wire.check("9001", {**good(), "infno": "9001", "insuplc_admdvs": "", "input": sign_in}) == ()
    assert wire.check("2102", {**good(), "insuplc_admdvs": ""}, insuplc_required=False) == ()


def test_unknown_fields_are_listed_apart() -> None:
    body = good()
    body["input"]["druginfo"]["invo_no"] = "A0001"
    assert wire.check("2102", body) == ()
    assert unknown_fields(wire.input_nodes("2102"), body["input"]) == ("druginfo.invo_no",)


def test_numbers_may_be_json_numbers_text_or_floats_of_another_reader() -> None:
    for value in (25, "25", "25.00", Decimal("25.00"), 25.0):
        body = good()
        put(body, "input.druginfo.medfee_sumamt", value)
        assert wire.check("2102", body) == (), value


def test_answers_are_checked_too() -> None:
    refused = {"infcode": -1, "inf_refmsgid": "639900" + "2" * 24, "err_msg": "不行"}
    assert wire.check_reply("2102", refused) == ()
    assert [p.path for p in wire.check_reply("2102", {**refused, "err_msg": ""})] == ["err_msg"]
    empty = {"infcode": 0, "inf_refmsgid": "639900" + "2" * 24}
    assert [p.path for p in wire.check_reply("2102", empty)] == ["output"]
    assert wire.check_reply("2601", empty) == ()
    missing = {p.path for p in wire.check_reply("2102", {**empty, "output": {"setlinfo": {}}})}
    assert {"output.setlinfo.setl_id", "output.setlinfo.acct_pay", "output.detlcutinfo"} <= missing


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["infno", "msgid", "input", "druginfo", "drugdetail", "psn_no", "cnt"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_no_garbage_breaks_the_check(garbage: object) -> None:
    for infno in (*wire.TRANSACTIONS, "0000"):
        assert wire.check(infno, {"input": garbage})
        wire.check_reply(infno, {"infcode": 0, "output": garbage})
