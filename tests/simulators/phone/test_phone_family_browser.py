"""A bound member's code in a real browser, by keyboard: switched on, rotated, paid with, gone with the binding."""

import shutil
from pathlib import Path

import pytest

from tests.simulators.phone.browser import Browser, browser
from tests.simulators.phone.test_phone_family import CHILD, HOLDER, PARENT, Pair, pair, paying

SHOWN = "(document.getElementById('code') || {}).alt"


@pytest.mark.external
@pytest.mark.slow
def test_by_keyboard_a_members_code_is_shown_rotates_pays_and_goes_with_the_binding(tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with pair() as two, browser(tmp_path) as page:
        two.family("bind", CHILD)
        two.family("bind", PARENT)
        page.open(f"{two.phone}/people/P002?channel=alipay")
        _switch(page)
        _rotate(two, page)
        _pay(two, page)
        _unbind(two, page)


def _switch(page: Browser) -> None:
    page.tab_to("(it.href || '').endsWith('member=P001')")
    assert page.see("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus can be seen"
    page.follow()
    assert page.see("location.search") == "?channel=alipay&member=P001"
    assert PARENT.name in page.see("document.getElementById('whose').textContent")
    names = page.spoken()
    assert any(role == "status" for role, _ in names)
    assert ("navigation", "亲情账户 Family account: whose code is shown") in names
    links = {name for role, name in names if role == "link"}
    assert {"出示本人医保码 Show my own code", "返回 Back"} <= links
    assert not any(PARENT.id_no in name for _, name in names), "masked for the ear, too"


def _rotate(two: Pair, page: Browser) -> None:
    first = page.until(SHOWN)
    assert two.decode(str(first))["data"]["idNo"] == PARENT.id_no
    two.bench.step(seconds=60)
    page.until(f"{SHOWN} !== '{first}' && {SHOWN}")


def _pay(two: Pair, page: Browser) -> None:
    paying(two, str(page.until(SHOWN)))
    page.until("document.activeElement.id === 'password'")
    assert PARENT.name in page.see("document.getElementById('for').textContent")
    page.type(PARENT.password)
    page.press("Enter")
    assert page.until("document.getElementById('said').textContent") == "已支付 Paid"
    page.until("document.getElementById('sheet').hidden")


def _unbind(two: Pair, page: Browser) -> None:
    assert two.family("unbind", PARENT) == 0
    two.bench.step(seconds=60)
    assert "未绑定" in page.until("(document.querySelector('#screen [role=alert]') || {}).textContent")
    assert page.see(SHOWN) is None
    assert page.see("document.activeElement.className") == "back"
    assert not page.see("document.querySelector('#family [aria-current]')")
    page.follow()
    assert page.see("location.search") == "?channel=alipay"
    assert two.decode(str(page.until(SHOWN)))["data"]["idNo"] == HOLDER.id_no
