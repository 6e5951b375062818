"""The page: one file without a network, whatever the tape holds stays text, and everything promised is on it."""

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports import html
from reports.html import duration, render_report, report_page
from reports.run_folder import read_run_folder
from tests.reports.conftest import CASES, plan_of

Change = Callable[[Path, Callable[[dict[str, Any]], dict[str, Any]]], None]
VOID = {"meta", "br", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """A strict reading: every tag that opens must close, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"script", "style"}:
            self.scripts.append(data)
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def ids(self) -> list[str]:
        return [str(attrs["id"]) for _, attrs in self.tags if attrs.get("id")]


@pytest.fixture
def page(run_folder: Path) -> Page:
    return Page(render_report(run_folder).read_text(encoding="utf-8"))


def test_the_page_is_whole_and_its_ids_are_unique(page: Page) -> None:
    assert len(page.ids()) == len(set(page.ids()))


def test_every_link_leads_somewhere_on_the_page(page: Page) -> None:
    links = {str(attrs["href"]) for tag, attrs in page.tags if tag == "a"}
    assert links
    assert {link.removeprefix("#") for link in links} <= set(page.ids())
    assert all(link.startswith("#") for link in links)


def test_nothing_is_fetched(run_folder: Path, page: Page) -> None:
    assert not [
        attrs for tag, attrs in page.tags if tag in {"img", "link", "iframe", "object", "embed", "base", "form"}
    ]
    assert not [attrs for _, attrs in page.tags if {"src", "srcset", "data", "action", "style"} & attrs.keys()]
    assert not re.search(r"url\(|@import|https?:", "".join(page.scripts))
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[\w.:/-]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_hostile_text_stays_text(page: Page) -> None:
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert "</script><script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "乱码锟斤拷 &amp;" in page.text


def test_the_verdict_the_counts_and_the_run_are_at_the_head(page: Page) -> None:
    for text in (
        "findings存在问题",
        "5cases demanded 应执行",
        "1failed 不通过",
        "1not run 未执行",
        "liantiao-reference-pharmacy",
    ):
        assert text in page.text
    assert "What is missing or at odds" not in page.text


def test_coverage_gives_each_requirement_its_state(page: Page) -> None:
    assert "✗ failed 不通过GS-PHARMACY" in page.text
    assert "✓ passed 通过NX-ORIGINAL-SETTLEMENT-PATH" in page.text
    assert "? inconclusive 无法判定QH-SCANNER-BOX" in page.text
    assert "not covered by this plan 本计划未覆盖QH-FACE" in page.text


def test_a_finding_has_its_rule_clause_contrast_frame_and_replay(page: Page, run_folder: Path) -> None:
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    section = text[text.index('id="c2-f1"') : text.index('id="c2-f2"')]
    for part in (
        "settled-at-most-once",
        "An order is settled at most once.",
        "transaction 2102",
        "one settlement of order",
    ):
        assert part in section
    assert re.findall(r"<mark>\s*(.*?)</mark>", section) == ['"medfee_sumamt": "25.00",']
    assert section.count('<details class="frame') == 5
    assert "liantiao certify pharmacy --case pharmacy/crash --seed 7" in page.text


def test_cases_that_did_not_pass_are_open_and_others_folded(page: Page) -> None:
    cases = {
        str(attrs["id"]): "open" in attrs for tag, attrs in page.tags if str(attrs.get("class", "")).startswith("case ")
    }
    assert cases == {"c1": False, "c2": True, "c3": True, "c4": False}


def test_the_table_shows_witnessed_and_absent_faults_and_what_did_not_run(page: Page) -> None:
    assert "reply lost after booking 应答丢失（已记账） (platform) ✓ witnessed" in page.text
    assert "never happened 未发生" in page.text
    assert "pharmacy/refund– not run 未执行" in page.text


def test_the_same_folder_gives_the_same_bytes(run_folder: Path) -> None:
    assert render_report(run_folder).read_bytes() == render_report(run_folder).read_bytes()


def test_a_certified_run_says_so(good_folder: Path) -> None:
    page = Page(render_report(good_folder).read_text(encoding="utf-8"))
    assert "certified通过认证" in page.text
    assert "No rule found anything." in page.text


@pytest.mark.parametrize("name", ["manifest.json", "cases.jsonl", "verdict.json", "tape.bin"])
def test_a_folder_cut_short_is_rendered_with_a_warning(run_folder: Path, name: str) -> None:
    whole = (run_folder / name).read_bytes()
    (run_folder / name).write_bytes(whole[: len(whole) // 2])
    page = Page(render_report(run_folder).read_text(encoding="utf-8"))
    assert "certified通过认证" not in page.text
    assert "What is missing or at odds" in page.text


def test_only_a_tape_is_enough(run_folder: Path, good_folder: Path) -> None:
    for folder, said in ((run_folder, "findings存在问题"), (good_folder, "inconclusive无法判定")):
        for name in ("manifest.json", "cases.jsonl", "verdict.json"):
            (folder / name).unlink()
        page = Page(render_report(folder).read_text(encoding="utf-8"))
        assert said in page.text
        assert "1passed 通过" in page.text or "2passed 通过" in page.text
        assert page.text.count(".json is missing") == 2


def test_a_page_of_an_edited_run_is_not_green(run_folder: Path, change: Change) -> None:
    change(run_folder / "verdict.json", lambda v: {**v, "verdict": "passed", "certified": True})
    change(run_folder / "manifest.json", lambda m: {**m, "rules": {}})
    lines = (run_folder / "cases.jsonl").read_text(encoding="utf-8").replace('"failed"', '"passed"')
    (run_folder / "cases.jsonl").write_text(lines, encoding="utf-8")
    page = Page(render_report(run_folder).read_text(encoding="utf-8"))
    assert "findings存在问题" in page.text
    said = "cases.jsonl, line 2 (pharmacy/crash).verdict is not what the tape says: expected failed, seen passed"
    assert said in page.text
    assert "manifest.json, rules.books-agree is on the tape and is missing here" in page.text


def test_what_is_left_out_is_said_everywhere(write_good: Callable[..., Path]) -> None:
    plan = plan_of(CASES[:1], {"pharmacy/face": ("terminal",), "pharmacy/id-card": ("terminal",)})
    page = Page(render_report(write_good(plan=plan)).read_text(encoding="utf-8"))
    for part in (
        "restricted certificate受限证书",
        "does not cover the 2 left out: no terminal on the bench",
        "证书未包含 2 项：测试台没有医保综合服务终端",
        "2left out 未包含",
        "pharmacy/faceno terminal on the bench",
        "left out 未包含QH-FACE",
    ):
        assert part in page.text
    assert "Differs from the shipped plan: " in page.text


def test_what_did_not_run_this_time_is_not_called_uncovered(write_good: Callable[..., Path]) -> None:
    plan = plan_of((*CASES[:1], "pharmacy/face"))
    page = Page(render_report(write_good(plan=plan, demanded=CASES[:1])).read_text(encoding="utf-8"))
    assert "passed, no certificate" in page.text
    assert "only a part of the plan was asked for" in page.text
    assert "not run this time 本次未执行QH-FACE" in page.text
    assert "not covered by this plan 本计划未覆盖QH-" in page.text


def test_own_cases_are_called_so(write_good: Callable[..., Path]) -> None:
    folder = write_good(plan=plan_of(["pharmacy/face"]), demanded=CASES[:1])
    page = Page(render_report(folder).read_text(encoding="utf-8"))
    assert "Every own case passed (1), judged by the plan's rules." in page.text
    assert "part of the plan" not in page.text


def test_what_failed_does_not_count_as_shown(page: Page) -> None:
    assert re.search(r"0 / \d+ shown 已验证 · \d+ failed 不通过", page.text)
    assert "已覆盖" not in page.text


def test_durations_are_for_people() -> None:
    assert (duration(12), duration(1240)) == ("12 ms", "1.24 s")


@pytest.mark.external
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_runs_the_pages_script_and_no_other(run_folder: Path, tmp_path: Path) -> None:
    report = render_report(run_folder)
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{report.as_uri()}#c4-r80"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    dom = done.stdout.decode()
    assert '<html lang="en" class="js">' in dom
    assert dom.count("<script>") == 1
    assert "<img" not in dom


def test_a_long_run_shows_records_of_troubled_cases_only(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = read_run_folder(run_folder)
    usual = report_page(run)
    monkeypatch.setattr(html, "LONG", 1)
    brief = report_page(run)
    passed = next(case for case in run.cases if case.outcome == "passed")
    failed = next(case for case in run.cases if case.outcome == "failed")
    command = f"liantiao tape RUN --case '{passed.case}' --full"
    assert command in brief
    assert command not in usual
    number = 1 + run.cases.index(failed)
    assert f'id="c{number}-r' in brief
    assert f'id="c{1 + run.cases.index(passed)}-r' not in brief
    assert f'href="#c{1 + run.cases.index(passed)}-r' not in brief
