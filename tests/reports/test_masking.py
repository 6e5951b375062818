"""With a real device on the bench no personal data reaches a page, a file or a terminal."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reports.html import render_report
from reports.junit import write_junit
from reports.summary import print_summary

PERSONAL = ("张三", "630104199001010014", "4241234567890123456788630000", "6399000001")
REAL = {"name": "scanner", "kind": "scanner", "at": "serial:/dev/ttyUSB0", "virtual": False}


@pytest.fixture
def shown(write_bad: Callable[..., Path]) -> Callable[..., str]:
    """All that is rendered of a run, with personal data also in a finding, and in what a file says otherwise."""

    def render(**more: Any) -> str:
        run_folder = write_bad(seen="630104199001010014 张三", **more)
        cases = run_folder / "cases.jsonl"
        cases.write_text(cases.read_text(encoding="utf-8").replace("630104199001010014 张三", "张三"), encoding="utf-8")
        out = io.StringIO()
        print_summary(run_folder, Console(file=out, width=200))
        print_summary(run_folder, Console(file=out, width=200), as_json=True)
        files = (render_report(run_folder), write_junit(run_folder))
        return out.getvalue() + "".join(file.read_text(encoding="utf-8") for file in files)

    return render


def test_synthetic_data_is_shown(shown: Callable[..., str]) -> None:
    said = shown()
    assert all(text in said for text in PERSONAL)


@pytest.mark.parametrize("devices", [[REAL], []])
def test_real_data_is_not(shown: Callable[..., str], devices: list[dict[str, Any]]) -> None:
    text = shown(devices=devices)
    assert [personal for personal in PERSONAL if personal in text] == []
    assert "settled-at-most-once" in text
    assert "药店结算" in text
