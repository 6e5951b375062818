"""The same cases under every province's profile, with the reference adapter; and adapters whose seal is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.wire.profile import offered_profiles

CASES = (
    "pharmacy/purchase",
    "pharmacy/settlement[lose-reply]",
    "pharmacy/settlement[late-request]",
    "pharmacy/refund",
    "pharmacy/refund-disturbed[lose-reply]",
    "pharmacy/not-activated",
)
"""A purchase, unknown outcomes either way, a refund, and a refusal; each ends with books and the day's totals."""
PATIENCE_S = 240
WITH_A_WRONG_SEAL = """
import base64, hashlib, hmac, sys
from dataclasses import replace
import simulators.his.__main__ as program
from simulators.his.behaviour import Behaviour
from simulators.his.gateway import sealed

def body_signed(request):
    headers = sealed(request)
    mac = hmac.new(request.profile.gateway["secret_key"].encode(), request.body, hashlib.sha1)
    return {**headers, "_api_signature": base64.b64encode(mac.digest()).decode()}

def in_seconds(request):
    headers = sealed(request)
    stamp = headers["_api_timestamp"][:-3]
    named = {name: value for name, value in headers.items() if name != "_api_signature"} | {"_api_timestamp": stamp}
    text = "&".join(f"{name}={named[name]}" for name in sorted(named))
    mac = hmac.new(request.profile.gateway["secret_key"].encode(), text.encode(), hashlib.sha1)
    return {**named, "_api_signature": base64.b64encode(mac.digest()).decode()}

def one_nonce(request):
    return sealed(replace(request, msgid="always"))

def no_headers(request):
    return {}

wrong = {"body-signed": body_signed, "in-seconds": in_seconds, "one-nonce": one_nonce, "no-headers": no_headers}
name = sys.argv.pop()
program.behaviour_of = lambda _: Behaviour(sealed=wrong[name])
sys.exit(program.main())
"""


def certify(folder: Path, profile: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run cases of the pharmacy plan as a person would."""
    words = [sys.executable, "-m", "harness", "certify", "pharmacy", "--profile", profile, "--runs", str(folder)]
    return subprocess.run([*words, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def verdicts(folder: Path) -> dict[str, list[str]]:
    """Of the only run: each case's verdict, and the rules with a finding."""
    (run,) = folder.iterdir()
    assert json.loads((run / "manifest.json").read_text())["profile"]
    rows = [json.loads(line) for line in (run / "cases.jsonl").read_text().splitlines()]
    return {row["case"]: [row["verdict"], *{finding["rule"] for finding in row["findings"]}] for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("profile", offered_profiles())
def test_the_same_cases_pass_under_each_profile(tmp_path: Path, profile: str) -> None:
    named = [word for case in CASES for word in ("--case", case)]
    done = certify(tmp_path, profile, *named)
    assert verdicts(tmp_path) == {case: ["passed"] for case in CASES}, done.stdout
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize(
    ("profile", "wrong"),
    [
        ("inner-mongolia", "no-headers"),
        ("jiangsu", "no-headers"),
        ("jiangsu", "body-signed"),
        ("jiangsu", "in-seconds"),
        ("unnamed-tif", "one-nonce"),
    ],
)
def test_an_adapter_whose_seal_is_wrong_is_found_out(tmp_path: Path, profile: str, wrong: str) -> None:
    script = tmp_path / "adapter.py"
    script.write_text(WITH_A_WRONG_SEAL, encoding="utf-8")
    runs = tmp_path / "runs"
    adapter = f"env PYTHONPATH={Path.cwd()} {sys.executable} {script} {wrong}"
    done = certify(runs, profile, "--adapter", adapter, "--case", "pharmacy/purchase")
    assert done.returncode == 1, done.stdout + done.stderr
    assert verdicts(runs)["pharmacy/purchase"][0] == "failed"
    if wrong != "one-nonce":  # that one is right each time; only the gateway remembers
        assert "envelope-as-told" in verdicts(runs)["pharmacy/purchase"]


def test_an_unknown_profile_names_those_there_are(tmp_path: Path) -> None:
    done = certify(tmp_path, "atlantis")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("atlantis", *offered_profiles()))
