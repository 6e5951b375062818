"""A page that would be too large: its cases are packed and unfold whole; what was found stays in plain text."""

import base64
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from reports import packing
from reports.html import render_report
from reports.packing import pack, to_pack

PACKED = re.compile(r"<template data-packed>([A-Za-z0-9+/=]+)</template>")


def unpacked(packed: str) -> str:
    return zlib.decompress(base64.b64decode(packed, validate=True)).decode()


def test_what_is_packed_is_what_was_there() -> None:
    text = "<pre>医保 &lt;x&gt;\n" + "0" * 100_000
    assert unpacked(pack(text)) == text
    assert len(pack(text)) < 1_000


@pytest.mark.parametrize(
    ("sizes", "packs"),
    [
        ((1, 1, 1), [False, False, False]),
        ((packing.PLAIN_AT_MOST, 1, 1), [True, False, True]),
        ((1, packing.PLAIN_AT_MOST + 1, 1), [True, True, True]),
    ],
)
def test_cases_that_passed_are_packed_first(sizes: tuple[int, ...], packs: list[bool]) -> None:
    assert to_pack(sizes, (True, False, True)) == packs


def test_a_large_page_holds_the_same_and_findings_in_plain(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = render_report(run_folder).read_text(encoding="utf-8")
    assert PACKED.findall(usual) == []
    monkeypatch.setattr(packing, "PLAIN_AT_MOST", 0)
    large = render_report(run_folder).read_text(encoding="utf-8")
    parts = [unpacked(found) for found in PACKED.findall(large)]
    assert len(parts) == usual.count('<details class="case ')
    assert all(part in usual for part in parts)
    assert sum(part.count('<details class="record"') for part in parts) == usual.count('<details class="record"')
    assert '<details class="record"' not in large
    assert large.count('<section class="finding"') == usual.count('<section class="finding"') > 0
    assert large.count('<details class="frame') == usual.count('<details class="frame') > 0
    assert large.count("<script>") == 1


@pytest.mark.external
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_unfolds_the_case_of_a_link(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PLAIN_AT_MOST", 0)
    report = render_report(run_folder)
    (seq,) = re.findall(r'id="c1-r(\d+)"', unpacked(PACKED.findall(report.read_text(encoding="utf-8"))[0]))[:1]
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"]
    command += ["--dump-dom", f"{report.as_uri()}#c1-r{seq}"]
    dom = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()
    case = dom[dom.index('id="c1"') : dom.index('id="c4"')]
    assert f'id="c1-r{seq}"' in case
    assert "<template" not in case.partition('id="c2"')[0]
    assert re.search(r'<details class="record" open(="")?>', case)
    assert dom.count("<template data-packed") == len(PACKED.findall(report.read_text(encoding="utf-8"))) - 3
    assert "<img" not in dom
    assert dom.count("<script>") == 1
