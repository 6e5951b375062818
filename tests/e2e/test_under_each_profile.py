"""The same cases under every province's profile, with the reference adapter; a mutant that one province alone shows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.bench.tables import BenchTable
from harness.wire.profile import load_profile, offered_profiles

CASES = {
    "pharmacy": ("pharmacy/settlement[lose-reply]", "pharmacy/refund", "pharmacy/not-activated"),
    "hospital": ("hospital/stay-by[card]", "hospital/fees-refund-part[first]"),
}
"""An unknown outcome, a refund and a refusal; a stay, and a part of a payment taken back. Each ends with books and the
day's totals."""
IN_SHANGHAI = {
    "pharmacy": ("pharmacy/id-card", "pharmacy/settlement[empty-body]", "pharmacy/refund"),
    "hospital": (
        "hospital/registration",
        "hospital/stay-returns",
        "hospital/stay-cancelled[with-fees]",
        "hospital/register-disturbed[2207-empty-body]",
        "hospital/pay-by[card-self-service]",
        "hospital/settle-disturbed[2304-wrong-charset]",
        "hospital/reversal-lost[2401-lose-reply]",
    ),
    "hall": ("hall/insurance[face]", "hall/proof[id-card]", "hall/tier[code]", "hall/tier-lost[empty-body]"),
}
"""More of the one province that has another protocol: every message, ways to identify, empty answers."""


def told(name: str) -> str:
    """What a profile tells an adapter, but for its name."""
    return json.dumps({**load_profile(name).for_adapter(), "name": "", "title": ""}, sort_keys=True)


def distinct() -> list[str]:
    """The profiles that tell an adapter something else than the shipped benches' own, which other tests run under."""
    return [name for name in offered_profiles() if told(name) != told(BenchTable.profile)]


PATIENCE_S = 240


def certify(plan: str, folder: Path, profile: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run cases of a plan as a person would."""
    words = [sys.executable, "-m", "harness", "certify", plan, "--profile", profile, "--runs", str(folder)]
    return subprocess.run([*words, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def verdicts(folder: Path) -> dict[str, list[str]]:
    """Of the only run: each case's verdict, and the rules with a finding."""
    (run,) = folder.iterdir()
    assert json.loads((run / "manifest.json").read_text())["profile"]
    rows = [json.loads(line) for line in (run / "cases.jsonl").read_text().splitlines()]
    return {row["case"]: [row["verdict"], *{finding["rule"] for finding in row["findings"]}] for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("profile", distinct())
@pytest.mark.parametrize("plan", CASES)
def test_the_same_cases_pass_under_each_profile_that_differs(tmp_path: Path, plan: str, profile: str) -> None:
    named = [word for case in CASES[plan] for word in ("--case", case)]
    done = certify(plan, tmp_path, profile, *named)
    assert verdicts(tmp_path) == {case: ["passed"] for case in CASES[plan]}, done.stdout
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("plan", IN_SHANGHAI)
def test_every_counter_is_certified_in_shanghai(tmp_path: Path, plan: str) -> None:
    named = [word for case in IN_SHANGHAI[plan] for word in ("--case", case)]
    done = certify(plan, tmp_path, "shanghai", *named)
    assert verdicts(tmp_path) == {case: ["passed"] for case in IN_SHANGHAI[plan]}, done.stdout
    (run,) = tmp_path.iterdir()
    tape = (run / "tape.bin").read_bytes()
    assert b"POST /ybwq/sendrcv HTTP" in tape
    assert b"POST /fsi/" not in tape


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
def test_a_mutant_of_one_province_is_found_there(tmp_path: Path) -> None:
    certify("pharmacy", tmp_path, "unnamed-tif", "--mutant", "nonce-reused", "--case", "pharmacy/purchase")
    assert verdicts(tmp_path)["pharmacy/purchase"] == ["failed", "outcome-as-expected"]


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
def test_what_is_wrong_in_shanghai_alone_is_found_there(tmp_path: Path) -> None:
    named = ("--mutant", "empty-answer-as-refused", "--case", "hospital/register-disturbed[2207-empty-body]")
    certify("hospital", tmp_path, "shanghai", *named)
    (found,) = verdicts(tmp_path).values()
    assert found[0] == "failed"
    assert "unknown-resolved" in found


def test_an_unknown_profile_names_those_there_are(tmp_path: Path) -> None:
    done = certify("pharmacy", tmp_path, "atlantis")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("atlantis", *offered_profiles()))
