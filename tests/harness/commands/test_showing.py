"""`show`: a page with a code that changes, for a real box to read."""

import json
import threading
import urllib.request

import pytest
from PIL import Image
from zxingcpp import read_barcodes

from harness.commands.showing import ShowOptions, show_codes
from harness.errors import ConfigError


def test_the_page_is_served_and_its_code_is_one_that_a_box_reads(capsys: pytest.CaptureFixture[str]) -> None:
    seen: dict[str, str] = {}

    def visit() -> None:
        ready = json.loads(capsys.readouterr().out)
        page = ready["at"]
        with urllib.request.urlopen(page) as reply:
            seen["page"] = reply.read().decode()
        base = page.partition("?")[0]
        with urllib.request.urlopen(f"{base}/code.png") as reply:
            seen["digits"] = reply.headers["x-code"]
            seen["read"] = read_barcodes(Image.open(reply))[0].text

    show_codes(ShowOptions(person="P002", channel="wechat", refresh_s=30), wait=visit)
    assert "data:image/png" in seen["page"]
    assert seen["read"] == seen["digits"]
    assert threading.active_count() < 10


def test_the_page_says_whose_code_in_which_app() -> None:
    assert ShowOptions(person="P003", channel="alipay", kind="pay").page == "/people/P003?channel=alipay&kind=pay"


@pytest.mark.parametrize(
    "wrong",
    [{"person": "P999"}, {"channel": "wechatt"}, {"kind": "pays"}, {"refresh_s": 0}],
    ids=lambda wrong: str(*wrong),
)
def test_what_does_not_exist_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ShowOptions(**wrong)  # type: ignore[arg-type]  # a slip of the user's is what is tested
