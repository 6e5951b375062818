"""Every wrong field is refused by its name, and every sum that does not agree; nothing comes of it."""

from collections.abc import Iterator, Mapping

import pytest

from harness.devices.mobile_payment import Data
from harness.scenarios.mobile_fields import CODED, FORMED, LONG, MANDATORY, TYPED, Wrong
from harness.scenarios.mobile_orders import (
    POOR,
    Order,
    begun,
    paid,
    refund_of,
    standing,
    upload_of,
    uploaded,
    whole,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND, REVOKE, UPLOAD

FORMAL = ["QH-MOBILE-PLATFORM"]
LINE = "feedetailList"


def _message(stage: MobileStage, service: str) -> tuple[Order, dict[str, object]]:
    """A message of a service that would be done as it is, and its order."""
    if service == UPLOAD:
        order = uploaded(stage)
        return order, upload_of(stage, order.person, payAuthNo="AUTH" + "0" * 27)
    if service == REFUND:
        order = paid(stage)
        return order, refund_of(stage, order, "ALL", stage.number("R"), whole(order, "ALL"))
    order = uploaded(stage)
    return order, dict(order.payment if service == PAY else order.about)


def _wrong(stage: MobileStage, service: str, table: Mapping[str, Mapping[str, Wrong]]) -> None:
    """Each field of a table made wrong in turn is refused by its name; the order stays as it was."""
    order, data = _message(stage, service)
    before = standing(stage, order)
    for name, changed in _variations(data, table[service]):
        stage.ask_malformed(service, changed, name)
    assert standing(stage, order) is before
    assert before in {Standing.UNDER_WAY, Standing.PAID}


def _variations(data: Data, wrong: Mapping[str, Wrong]) -> Iterator[tuple[str, dict[str, object]]]:
    for place, values in wrong.items():
        for value in values:
            changed = dict(data)
            node, _, name = place.rpartition(".")
            if not node:
                _put(changed, name, value)
            else:
                rows = changed[LINE]
                assert isinstance(rows, list)
                first = dict(rows[0])
                _put(first, name, value)
                changed[LINE] = [first, *rows[1:]]
            yield name, changed


def _put(changed: dict[str, object], name: str, value: object) -> None:
    if value is None:
        changed.pop(name, None)
    else:
        changed[name] = value


@pytest.mark.case("mobile-payment/field-missing", title="A mandatory field is missing 缺必填字段", requirements=FORMAL)
@pytest.mark.parametrize("service", list(MANDATORY))
def test_field_missing(stage: MobileStage, service: str) -> None:
    """Left out, each is named."""
    _wrong(stage, service, MANDATORY)


@pytest.mark.case("mobile-payment/field-too-long", title="A field is too long 字段超长", requirements=FORMAL)
@pytest.mark.parametrize("service", list(LONG))
def test_field_too_long(stage: MobileStage, service: str) -> None:
    """One character more than the specification allows."""
    _wrong(stage, service, LONG)


@pytest.mark.case("mobile-payment/field-type", title="A field of another type 字段类型错误", requirements=FORMAL)
@pytest.mark.parametrize("service", list(TYPED))
def test_field_type(stage: MobileStage, service: str) -> None:
    """An object where text is due."""
    _wrong(stage, service, TYPED)


@pytest.mark.case("mobile-payment/field-code", title="A code of no table 代码不在字典", requirements=FORMAL)
@pytest.mark.parametrize("service", list(CODED))
def test_field_code(stage: MobileStage, service: str) -> None:
    """insutype, idType, medType, refdType."""
    _wrong(stage, service, CODED)


@pytest.mark.case("mobile-payment/field-form", title="A date or amount misspelt 日期金额格式错误", requirements=FORMAL)
@pytest.mark.parametrize("service", list(FORMED))
def test_field_form(stage: MobileStage, service: str) -> None:
    """Three decimals, an exponent, no number, too many digits; a date that does not exist."""
    _wrong(stage, service, FORMED)


SUMS = {
    "lines": ({"medfeeSumamt": "44.99"}, "sum-differs"),
    "scope": ({"inscpScpAmt": "40.00", "fulamtOwnpayAmt": "6.93"}, "scope-differs"),
    "nothing": ({"medfeeSumamt": "0.00"}, "amount"),
}
"""Amounts of an upload that do not agree, and why it is refused."""


@pytest.mark.case("mobile-payment/sums", title="Amounts that do not agree 金额不一致", requirements=["QH-FUND-SAFETY"])
@pytest.mark.parametrize("what", list(SUMS))
def test_sums(stage: MobileStage, what: str) -> None:
    """Lines and total, or the parts by scope."""
    changes, why = SUMS[what]
    data = upload_of(stage, stage.person(POOR), fields=changes)
    stage.ask_malformed(UPLOAD, data, "", why, *(["sum-differs"] if what == "nothing" else []))


@pytest.mark.case("mobile-payment/line-repeated", title="A detail number twice 明细流水号重复", requirements=FORMAL)
def test_line_repeated(stage: MobileStage) -> None:
    """feedetlSn is unique within an upload."""
    data = upload_of(stage, stage.person(POOR))
    rows = data[LINE]
    assert isinstance(rows, list)
    data[LINE] = [rows[0], {**rows[1], "feedetlSn": rows[0]["feedetlSn"]}, rows[2]]
    stage.ask_malformed(UPLOAD, data, "", "line-repeated")


@pytest.mark.case("mobile-payment/no-lines", title="An upload without lines 无明细", requirements=FORMAL)
@pytest.mark.parametrize("how", ["left-out", "empty"])
def test_no_lines(stage: MobileStage, how: str) -> None:
    """feedetailList is left out, or empty."""
    data = upload_of(stage, stage.person(POOR))
    if how == "empty":
        data[LINE] = []
    else:
        data.pop(LINE)
    stage.ask_malformed(UPLOAD, data, LINE)


@pytest.mark.case("mobile-payment/person", title="Another person than named 身份不符", requirements=["QH-FUND-SAFETY"])
@pytest.mark.parametrize("what", ["name", "number", "psn-no", "stranger"])
def test_person(stage: MobileStage, what: str) -> None:
    """Name and ID number belong together; a stranger has no insurance."""
    person, other = stage.person(POOR), stage.person("P003")
    changes = {
        "name": {"userName": other.name},
        "number": {"idNo": other.id_no},
        "psn-no": {"psnNo": other.psn_no},
        "stranger": {"idNo": "639999190001010000"},
    }[what]
    data = upload_of(stage, person, fields=changes)
    stage.ask_malformed(UPLOAD, data, "", "person-mismatch")


@pytest.mark.case("mobile-payment/insurance", title="Another insurance than insured 险种不符", requirements=FORMAL)
def test_insurance(stage: MobileStage) -> None:
    """insutype is the person's own."""
    stage.ask_malformed(UPLOAD, upload_of(stage, stage.person(POOR), insutype="390"), "", "insutype")


@pytest.mark.case("mobile-payment/institution", title="An unknown institution 机构不存在", requirements=FORMAL)
def test_institution(stage: MobileStage) -> None:
    """orgCodg is a designated institution."""
    data = upload_of(stage, stage.person(POOR), orgCodg="H00000000000")
    stage.ask_malformed(UPLOAD, data, "", "institution-unknown")


@pytest.mark.case(
    "mobile-payment/after-refusals", title="A good message after bad ones 拒绝后恢复", requirements=FORMAL
)
def test_after_refusals(stage: MobileStage) -> None:
    """What was refused leaves nothing behind: the same numbers serve a good message."""
    data = upload_of(stage, stage.person(POOR))
    stage.ask_malformed(UPLOAD, {**data, "medfeeSumamt": "1.00"}, "", "sum-differs")
    created = stage.ask(UPLOAD, data).told
    order = Order(person=stage.person(POOR), upload=data, created=created)
    stage.ask_malformed(PAY, {**order.payment, "payToken": ""}, "payToken")
    stage.ask(PAY, order.payment)
    stage.ask_malformed(QUERY, {**order.about, "idType": ""}, "idType")
    stage.ask_malformed(REVOKE, {**order.about, "idType": ""}, "idType")
    assert standing(stage, order) is Standing.UNDER_WAY
    begun(stage)
