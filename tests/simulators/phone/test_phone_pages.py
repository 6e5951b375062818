"""Pages: what stands in them, that nothing comes from the network, and that they are kept up to date."""

import asyncio
import base64
import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from fixtures.channels import channel_ids
from fixtures.population import people
from harness.line.record import Direction
from simulators.kit.live_page import TASK
from tests.simulators.phone.conftest import RunningPhone


def _picture_in(page: str) -> bytes:
    found = re.search(r'<img id="code" src="data:image/png;base64,([^"]+)"', page)
    assert found is not None
    return base64.b64decode(found[1])


@contextmanager
def _live(phone: RunningPhone, person: str = "P001") -> Iterator[Iterator[dict[str, Any]]]:
    with phone.http.stream("GET", f"/people/{person}/live", timeout=60) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = reply.iter_lines()
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line)


def test_everybody_is_listed_with_balance_and_voucher_state(phone: RunningPhone) -> None:
    phone.push_notice("S1")
    page = phone.get("/").text
    for person in people():
        assert f'href="/people/{person.id}"' in page
        assert html.escape(person.name) in page
    for text in ("¥1990.00", "¥5.00", "未激活 not activated", "已失效 lapsed"):
        assert text in page
    assert phone.events("code-shown") == []


def test_a_persons_page_shows_one_code_and_says_so_once(phone: RunningPhone) -> None:
    page = phone.get("/people/P001?channel=ccb").text
    (shown,) = phone.events("code-shown")
    assert (shown["chnl"], shown["format"]) == ("ccb", "both")
    assert f'alt="{shown["digits"]}"' in page
    assert _picture_in(page) == phone.get("/people/P001/code.png?channel=ccb&format=both").content


def test_a_page_offers_every_channel_and_both_kinds(phone: RunningPhone) -> None:
    page = phone.get("/people/P001?kind=pay").text
    assert re.findall(r'<option value="([^"]+)"', page) == channel_ids()
    assert '<a href="?channel=nhsa-app&amp;kind=voucher">' in page
    assert '<a href="?channel=nhsa-app&amp;kind=pay" class="on">' in page
    assert phone.events("code-shown")[0]["kind"] == "pay"


def test_a_page_speaks_both_languages_and_masks_the_id_number(phone: RunningPhone) -> None:
    page = phone.get("/people/P001").text
    for text in ("支付确认", "Confirm the payment", "拒绝", "Decline", "动账通知", "Notices", "6399**********7031"):
        assert text in page
    assert "639999198503127031" not in page
    assert "143709" not in page


@pytest.mark.parametrize("path", ["/", "/people/P001", "/people/P005", "/people/P999"])
def test_nothing_comes_from_the_network(phone: RunningPhone, path: str) -> None:
    reply = phone.get(path)
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"https?://|<link|src=\"(?!data:)|@import|url\(", reply.text)


def test_a_person_without_a_voucher_reads_how_to_activate_one(phone: RunningPhone) -> None:
    phone.centre.refusal = (980003, "凭证未激活或已失效")
    page = phone.get("/people/P005?channel=hxb").text
    assert "您尚未激活医保电子凭证" in page
    assert "choose insured place" in page
    assert '<img id="code"' not in page
    assert phone.events("code-shown") == []


def test_a_page_without_a_centre_says_so(phone: RunningPhone) -> None:
    phone.centre.broken = Response("", status_code=502)
    page = phone.get("/people/P001")
    assert page.status_code == 200
    assert "网络异常" in page.text


def test_a_page_of_nobody_lists_who_there_is(phone: RunningPhone) -> None:
    reply = phone.get("/people/%3Cscript%3E")
    assert reply.status_code == 404
    assert "<script>" not in reply.text
    assert 'href="/people/P010"' in reply.text


def test_what_is_pushed_cannot_break_out_of_the_page(phone: RunningPhone) -> None:
    phone.push_prompt(institutionName="</script><img src=x onerror=alert(1)>")
    page = phone.get("/people/P001").text
    assert "</script><img" not in page


def test_an_open_page_hears_of_prompts_notices_and_steps_of_the_clock(phone: RunningPhone) -> None:
    with _live(phone) as news:
        first = next(news)
        assert (first["runs"], first["prompt"], first["notices"], first["balance"]) == (False, {}, [], "2000.00")
        phone.push_prompt()
        assert next(news)["prompt"]["promptId"] == "PP1"
        phone.push_notice("S1")
        heard = next(news)
        assert (heard["notices"][0]["setlId"], heard["balance"]) == ("S1", "1990.00")
        phone.clock.step(seconds=60)
        heard = next(news)
        assert heard["now_ms"] - first["now_ms"] == 60_000
        assert heard["prompt"] == {}


async def _waiting() -> int:
    """How many tasks wait on behalf of open pages."""
    return sum(task.get_name() == TASK for task in asyncio.all_tasks())


def test_a_closed_page_leaves_nobody_waiting(phone: RunningPhone) -> None:
    with _live(phone) as news:
        next(news)
        phone.loop.settle()
        assert phone.loop.call(_waiting()) == 3
    phone.wait(lambda record: record.direction is Direction.SENT and b"event-stream" in record.data)
    phone.loop.settle()
    assert phone.loop.call(_waiting()) == 0


def test_an_open_page_does_not_keep_the_phone_from_stopping(bring_up: Callable[..., RunningPhone]) -> None:
    phone = bring_up()
    with _live(phone) as news:
        next(news)
        phone.loop.call(phone.phone.stop())
        with pytest.raises(httpx.HTTPError):
            list(news)


@pytest.mark.external
@pytest.mark.slow
def test_a_browser_shows_a_page_that_zbarimg_reads(phone: RunningPhone, tmp_path: Path) -> None:
    if shutil.which("chromium") is None or shutil.which("zbarimg") is None:
        pytest.skip("chromium or zbarimg is not installed")
    shot = tmp_path / "page.png"
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    where = [f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", "--window-size=420,900"]
    command = ["chromium", "--headless", "--no-sandbox", *quiet, "--disable-component-update", *where]
    subprocess.run([*command, "--timeout=3000", f"{phone.at}/people/P001"], capture_output=True, check=True, timeout=90)
    read = subprocess.run(["zbarimg", "-q", str(shot)], capture_output=True, text=True, check=False, timeout=60)
    assert f"QR-Code:{phone.events('code-shown')[0]['digits']}" in read.stdout.split()
