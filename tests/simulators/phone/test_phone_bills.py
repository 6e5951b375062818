"""The bills page of a channel: what is pushed stands there, with what it takes back; what is wrong is refused."""

import json
import re
from typing import Any

import httpx
import pytest

from fixtures.channels import bill_channels
from tests.simulators.phone.conftest import P001, RunningPhone

PAGE = "/people/P001/bills"


def _push(phone: RunningPhone, setl_id: str, **more: Any) -> httpx.Response:
    content = {
        "idNo": P001,
        "chnlId": "alipay",
        "setlId": setl_id,
        "reverses": "",
        "institutionName": "联调测试大药房一店",
        "kind": "payment",
        "total": "44.98",
        "fund": "18.22",
        "account": "26.76",
        "own": "0.00",
        "at": "2020-10-14 08:30:00",
    }
    return phone.post("/push/bill", content | more)


def _refund(phone: RunningPhone, setl_id: str, reverses: str, **more: Any) -> httpx.Response:
    parts = {"total": "-44.98", "fund": "-18.22", "account": "-26.76"}
    return _push(phone, setl_id, reverses=reverses, **{"kind": "refund", **parts, **more})


def _bills(phone: RunningPhone, query: str = "") -> list[dict[str, Any]]:
    reply = phone.get(f"{PAGE}.json{query}")
    assert reply.status_code == 200, reply.text
    rows: list[dict[str, Any]] = reply.json()
    return rows


def _start(page: str) -> dict[str, Any]:
    found = re.search(r"bills\((\{.*\})\);", page)
    assert found is not None
    start: dict[str, Any] = json.loads(found[1])
    return start


def test_one_channel_has_bills_unless_the_data_say_otherwise() -> None:
    assert bill_channels() == {"alipay"}


def test_a_bill_tells_its_parts_and_leaves_an_event(phone: RunningPhone) -> None:
    assert _push(phone, "S1").status_code == 202
    assert _bills(phone) == [
        {
            "setlId": "S1",
            "reverses": "",
            "undone": False,
            "institutionName": "联调测试大药房一店",
            "kind": "payment",
            "total": "44.98",
            "fund": "18.22",
            "account": "26.76",
            "own": "0.00",
            "at": "2020-10-14 08:30:00",
        }
    ]
    assert phone.events("bill") == [
        {
            "event": "bill",
            "person": "P001",
            "chnl": "alipay",
            "setl_id": "S1",
            "reverses": None,
            "institution": "联调测试大药房一店",
            "total_fen": 4498,
            "fund_fen": 1822,
            "account_fen": 2676,
            "cash_fen": 0,
        }
    ]


def test_bills_are_newest_first_and_each_persons_own(phone: RunningPhone) -> None:
    for setl_id in ("S1", "S2", "S2"):
        _push(phone, setl_id)
    assert [row["setlId"] for row in _bills(phone)] == ["S2", "S2", "S1"], "one that comes twice is there twice"
    assert phone.get("/people/P002/bills.json").json() == []


def test_a_refund_is_a_line_of_its_own_and_marks_the_first(phone: RunningPhone) -> None:
    _push(phone, "S1")
    _refund(phone, "S2", "S1")
    assert [(row["setlId"], row["total"], row["undone"]) for row in _bills(phone)] == [
        ("S2", "-44.98", False),
        ("S1", "44.98", True),
    ]
    assert phone.events("bill")[1]["reverses"] == "S1"


def test_a_refund_that_is_itself_reversed_leaves_the_first_standing(phone: RunningPhone) -> None:
    _push(phone, "S1")
    _refund(phone, "S2", "S1")
    _push(phone, "S3", kind="reversal", reverses="S2")
    assert {row["setlId"]: row["undone"] for row in _bills(phone)} == {"S3": False, "S2": True, "S1": False}


def test_a_channel_without_a_bills_page_takes_and_shows_none(phone: RunningPhone) -> None:
    reply = _push(phone, "S1", chnlId="wechat")
    assert (reply.status_code, reply.json()["prompt"]["id"]) == (409, "no-bills")
    assert phone.events("bill") == []
    assert phone.get(f"{PAGE}.json?channel=wechat").status_code == 409
    page = phone.get(f"{PAGE}?channel=wechat")
    assert page.status_code == 200
    assert "该渠道没有账单页" in page.text
    assert 'href="?channel=alipay"' in page.text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"total": 44.98}, "total"),
        ({"own": "0.001"}, "own"),
        ({"setlId": ""}, "setlId"),
        ({"institutionName": None}, "institutionName"),
        ({"kind": "gift"}, "kind"),
        ({"reverses": "S0"}, "reverses"),
        ({"reverses": 7}, "reverses"),
        ({"kind": "refund"}, "reverses"),
        ({"at": ""}, "at"),
    ],
)
def test_a_bill_that_is_wrong_names_the_field(phone: RunningPhone, wrong: dict[str, Any], named: str) -> None:
    reply = _push(phone, "S1", **wrong)
    assert reply.status_code == 400
    assert named in reply.json()["error"]
    assert _bills(phone) == phone.events("bill") == []


def test_a_bill_for_nobody_here_is_refused(phone: RunningPhone) -> None:
    assert _push(phone, "S1", idNo="639999198503120000").status_code == 404
    assert phone.get("/people/P999/bills.json").status_code == 404


def test_the_page_speaks_both_languages_and_masks_the_id_number(phone: RunningPhone) -> None:
    _push(phone, "S1")
    page = phone.get(PAGE)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<link|src=\"|@import|url\(", page.text)
    for text in ("账单", "Bills", "支出", "Paid", "退回", "Came back", "6399**********7031", "支付宝"):
        assert text in page.text
    assert P001 not in page.text
    assert _start(page.text)["screen"]["bills"]["alipay"][0]["setlId"] == "S1"
    assert phone.events("code-shown") == [], "no code is drawn for it"


def test_what_is_pushed_cannot_break_out_of_the_bills_page(phone: RunningPhone) -> None:
    _push(phone, "S1", institutionName="</script><img src=x onerror=alert(1)>")
    assert "</script><img" not in phone.get(PAGE).text


def test_the_persons_page_leads_there_in_a_channel_that_has_one(phone: RunningPhone) -> None:
    assert 'href="/people/P001/bills?channel=alipay"' in phone.get("/people/P001?channel=alipay").text
    assert "/bills" not in phone.get("/people/P001?channel=wechat").text.replace("screen.bills", "")


def test_an_open_page_hears_of_a_bill(phone: RunningPhone) -> None:
    with phone.http.stream("GET", "/people/P001/live", timeout=60) as reply:
        told = (json.loads(line.removeprefix("data: ")) for line in reply.iter_lines() if line)
        assert next(told)["bills"] == {"alipay": []}
        _push(phone, "S1")
        assert next(told)["bills"]["alipay"][0]["total"] == "44.98"


def test_a_new_case_begins_without_bills(phone: RunningPhone) -> None:
    _push(phone, "S1")
    phone.as_new()
    assert _bills(phone) == []


@pytest.mark.parametrize("path", [f"{PAGE}?channel=nowhere", "/people/P999/bills"])
def test_a_page_of_no_channel_or_nobody_says_so(phone: RunningPhone, path: str) -> None:
    assert phone.get(path).status_code in {400, 404}
