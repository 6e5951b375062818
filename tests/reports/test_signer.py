"""Who signed a run, wherever a run is shown."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli.evidence import judge
from harness.commands.judging import judge_run
from harness.evidence import read_evidence
from harness.gm import PrivateKey
from harness.gm.pem import fingerprint
from harness.judge.signed import Signing, certificate_content
from harness.line.folder import CASES, JUNIT, REPORT
from harness.signature import CERTIFICATE, SIGNATURE, digests, write_signature
from reports.judgement import difference_lines, judgement_lines
from reports.render import render_all
from reports.run_folder import read_run_folder
from reports.summary import print_summary

KEY = PrivateKey(d=0x1234567)
BY = fingerprint(KEY.public)


@pytest.fixture
def signed(good_folder: Path) -> Path:
    """A certified run with a certificate."""
    evidence = read_evidence(good_folder)
    assert evidence.charter is not None
    signing = Signing(key=KEY.public, at="2026-01-02T03:04:05+08:00")
    content = certificate_content(evidence.charter, evidence.content, files=digests(good_folder), signing=signing)
    write_signature(good_folder, content, KEY)
    return good_folder


def summary(folder: Path, *, as_json: bool = False) -> str:
    out = io.StringIO()
    print_summary(folder, Console(file=out, width=80, color_system=None), as_json=as_json)
    return out.getvalue()


def page_of(folder: Path) -> str:
    render_all(folder)
    return (folder / REPORT).read_text(encoding="utf-8")


def test_terminal_machines_and_report_say_by_whom(signed: Path) -> None:
    assert f"signed by 签名密钥: {BY}\n" in summary(signed)
    assert json.loads(summary(signed, as_json=True))["signed_by"] == BY
    page = page_of(signed)
    assert f"<code>{BY}</code>" in page
    assert "the signature holds; whether its key is to be trusted" in page
    assert "签名有效" in page
    assert f'name="signed-by" value="{BY}"' in (signed / JUNIT).read_text(encoding="utf-8")
    assert f"signed by 签名密钥: {BY}" in list(judgement_lines(judge_run(signed)))


def test_without_a_signature_that_is_said_too(good_folder: Path) -> None:
    assert "signed by" not in summary(good_folder)
    assert json.loads(summary(good_folder, as_json=True))["signed_by"] == ""
    assert "not signed" in page_of(good_folder)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / SIGNATURE).unlink(), "certificate.sig is missing"),
        (lambda f: (f / CERTIFICATE).unlink(), "certificate.json is missing"),
        (lambda f: (f / CERTIFICATE).write_text("{"), "certificate.json is cut short or damaged"),
        (
            lambda f: (f / CERTIFICATE).write_bytes(
                (f / CERTIFICATE).read_bytes().replace(b"pharmacy", b"hospital", 1)
            ),
            "certificate.sig is no signature over certificate.json",
        ),
        (
            lambda f: (f / CERTIFICATE).write_bytes((f / CERTIFICATE).read_bytes().replace(b'te": 1', b'te": 9', 1)),
            "certificate.json is of a format that this version of Liantiao does not know",
        ),
    ],
)
def test_a_certificate_that_does_not_hold_is_a_gap_and_nothing_is_certified(
    signed: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(signed)
    run = read_run_folder(signed)
    assert [says in gap.en for gap in run.gaps] == [True]
    assert (run.signing, run.verdict.certified) == (None, False)
    assert BY not in page_of(signed)


def test_of_a_folder_that_was_changed_since_the_report_does_not_say_that_the_signature_covers_it(signed: Path) -> None:
    (signed / CASES).write_bytes((signed / CASES).read_bytes() + b"\n")
    page = page_of(signed)
    assert "this folder is not what it says" in page
    assert "the signature holds; whether" not in page
    assert "cases.jsonl is not the file that was signed" in page


def test_what_is_wrong_has_its_likely_cause_and_what_to_try_in_both_languages(signed: Path) -> None:
    (signed / CASES).unlink()
    lines = list(difference_lines(judge_run(signed).differences))
    assert lines[0].startswith("cases.jsonl is missing")
    assert sum(line.startswith("  likely cause 可能原因: ") for line in lines) == 2, "one for each kind"
    assert sum(line.startswith("  try 处理建议: ") for line in lines) == 2
    assert "请重新复制整个目录" in "\n".join(lines)


def test_a_tape_that_breaks_is_explained(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = signed / "tape.bin"
    tape.write_bytes(tape.read_bytes()[:-3])
    with pytest.raises(BaseException) as ended:  # noqa: PT011 - typer's own end
        judge(signed)
    assert getattr(ended.value, "exit_code", None) == 3
    said = capsys.readouterr().err
    assert "what stands before it is intact and was judged" in said
    assert "  likely cause 可能原因: the tape was cut or changed" in said
    assert "  try 处理建议: get tape.bin again" in said


@pytest.mark.parametrize("bad", ["\\ud800", "\\u0000\\u001b[31m", "\\u202e"])
def test_whatever_somebody_put_into_a_file_can_be_shown(good_folder: Path, bad: str) -> None:
    path = good_folder / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"pharmacy"', f'"{bad}"', 1), encoding="utf-8")
    assert "manifest.json" in page_of(good_folder)
    assert "\x1b" not in summary(good_folder)


def test_moved_elsewhere_it_says_the_same(signed: Path, tmp_path: Path) -> None:
    before = page_of(signed)
    assert page_of(Path(shutil.move(signed, tmp_path / "elsewhere"))) == before
