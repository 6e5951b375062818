"""A voucher centre under test, from outside: verdict, mutants, other forms, a centre in another process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import fixture
from harness.judge.plan import load_plan
from simulators.voucher_centre.mutants import MUTANTS
from tests.e2e.centre_rig import CentreRig, demand_no_mutant, findings, judged_alike, manifest_of

CASES = (
    "voucher/activation[abc]",
    "voucher/step-skipped[alipay]",
    "voucher/prompt[no-record]",
    "voucher/password-locked",
    "voucher/family-child",
    "voucher/reward[TG639900001]",
    "voucher/code-used",
    "voucher/picture[both]",
    "voucher/token-of-another[institution]",
    "voucher/terminal-waits",
    "voucher/result",
    "voucher/malformed[gbk-as-utf-8]",
)

KILLS = {
    "codes-serve-twice": ("code-used", "centre-code-once"),
    "codes-live-on": ("code-expired", "centre-code-life"),
    "codes-die-early": ("code-last-second", "centre-code-serves-its-life"),
    "no-province": ("fresh-code", "centre-code-form"),
    "same-code": ("codes-differ", "centre-codes-never-repeat"),
    "new-code-ends-old": ("earlier-code", "centre-code-serves-its-life"),
    "tokens-upper-case": ("fresh-code", "centre-token-form"),
    "token-stays": ("tokens-differ", "centre-tokens-never-repeat"),
    "token-for-any-institution": ("token-of-another[institution]", "centre-token-bound"),
    "token-for-any-person": ("token-of-another[id_no]", "centre-token-bound"),
    "tokens-live-on": ("token-expired", "centre-token-life"),
    "tokens-die-early": ("token-expired", "centre-token-life"),
    "any-face": ("prompt[face-mismatch]", "centre-face-is-the-persons"),
    "one-code-for-all": ("institution-code", "centre-one-code-an-institution"),
    "any-password-form": ("password-form[a-letter]", "centre-password-form"),
    "old-passwords-serve": ("password-changed", "centre-password-right"),
    "unlocks-by-itself": ("password-locked", "centre-password-locks"),
    "never-locks": ("password-locked", "centre-password-locks"),
    "locks-early": ("password-wrong", "centre-password-locks"),
    "any-place": ("place-not-offered", "centre-place-as-chosen"),
    "first-place-stays": ("place[639901]", "centre-place-as-chosen"),
    "binds-without-consent": ("family-consent[false]", "centre-family-consent"),
    "child-by-number": ("family-child", "centre-answers-as-expected"),
    "shows-anybody": ("family-unbound", "centre-family-bound"),
    "never-unbinds": ("family", "centre-family-bound"),
    "pays-for-anybody": ("no-reward[activated-before]", "centre-rewards-who-is-due"),
    "pays-in-any-channel": ("no-reward[other-channel]", "centre-rewards-who-is-due"),
    "pays-too-much": ("reward[TG639900001]", "centre-reward-bounds"),
    "any-number-a-day": ("withdrawals-a-day", "centre-withdrawal-limits"),
    "no-review": ("withdrawal-limit[60.01-in-review]", "centre-withdrawal-limits"),
    "overdraws": ("withdrawal-refused[200.01]", "centre-withdrawal-covered"),
    "keeps-rejected": ("withdrawal-reviewed[rejected]", "centre-reward-bounds"),
    "face-again": ("face", "centre-face-authorises-once"),
    "face-for-anybody": ("face-of-another", "centre-face-authorises-once"),
    "face-for-ever": ("face-too-late", "centre-face-authorises-once"),
    "any-business-number": ("business-number", "centre-business-number-once"),
    "any-order": ("step-skipped[nhsa-app]", "centre-steps-in-order"),
    "names-another-step": ("step-skipped[nhsa-app]", "centre-names-missing-step"),
    "done-too-soon": ("activation[nhsa-app]", "centre-activated-when-done"),
    "consent-unread": ("consent-declined[false]", "centre-consent-given"),
    "shows-unfinished": ("not-activated", "centre-shows-only-activated"),
    "no-offline-use": ("offline-use", "centre-answers-as-expected"),
    "one-channel": ("same-everywhere", "centre-identifies-holder"),
    "other-birthday": ("fresh-code", "centre-identity-whole"),
    "index-by-channel": ("same-everywhere", "centre-one-voucher-a-person"),
    "card-gives-token": ("card[P001]", "centre-card-gives-no-token"),
    "first-face-stays": ("face-next", "centre-face-identifies-owner"),
    "result-for-anybody": ("result", "centre-result-for-its-payer"),
    "kind-unknown": ("wrong-kind[url]", "centre-wrong-kind-named"),
    "refusal-names-holder": ("code-used", "centre-refusal-gives-nothing"),
    "activation-for-ever": ("activation-too-slow", "centre-answers-as-expected"),
    "data-as-string": ("fresh-code", "centre-writes-as-set"),
    "always-success": ("code-used", "centre-answers-in-form"),
    "no-institution": ("fresh-code", "centre-answers-in-form"),
    "own-return-code": ("unknown-code", "centre-codes-known"),
    "one-prompt": ("prompt[no-record]", "centre-prompt-documented"),
    "no-remedy": ("prompt[no-record]", "centre-prompt-documented"),
    "lenient-fields": ("field[no-operator]", "centre-refuses-malformed"),
    "empty-when-malformed": ("malformed[text]", "centre-answers-every-call"),
}
"""Every mutant with a case that shows what is wrong with it, and the rule that says so."""
ALSO = {
    "case-holds": ("token-for-any-person", "token-of-another[id_no]"),
    "protocol-kept": ("empty-when-malformed", "malformed[text]"),
    "centre-family-face": ("any-face", "family-child"),
}
"""Rules that no mutant is named after, with a mutant and a case of theirs."""


RIG = CentreRig(plan="voucher", cases=CASES)
certify = RIG.certify


def bench(folder: Path, settings: str) -> str:
    """A bench file whose centre has these settings."""
    kind = 'kind = "voucher-centre"\n'
    return RIG.bench(folder, (kind, f"{kind}{settings}\n"))


def test_the_virtual_centre_passes_and_is_judged_again_alike(tmp_path: Path) -> None:
    done = certify(tmp_path)
    assert done.returncode == 0, done.stderr
    judged_alike(tmp_path)
    subject = manifest_of(tmp_path)["subject"]
    assert isinstance(subject, dict)
    assert subject["kind"] == "voucher-centre"


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        ("codes-serve-twice", "centre-code-once"),
        ("token-for-any-institution", "centre-token-bound"),
        ("any-order", "centre-steps-in-order"),
    ],
)
def test_a_mutant_is_caught_by_name_of_the_rule(tmp_path: Path, mutant: str, rule: str) -> None:
    done = certify(tmp_path, "--mutant", mutant)
    assert done.returncode == 1, done.stderr
    assert rule in findings(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        'data_as = "string"',
        'charset = "gbk"',
        'code_field = "qrCode"',
        "validity_s = 300\nrefresh_s = 120\ngrace_s = 5",
    ],
    ids=["data-as-string", "gbk", "code-field", "other-times"],
)
def test_a_centre_that_is_set_otherwise_passes_too(tmp_path: Path, settings: str) -> None:
    more = ("voucher/rare-name[P006-utf-8]", "voucher/spelling[string-gbk]", "voucher/code-expired", "voucher/rotation")
    done = certify(tmp_path / "runs", "--bench", bench(tmp_path, settings), cases=(*CASES, *more))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_centre_that_is_not_set_as_the_bench_says_is_found(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "harness", "simulate", "voucher-centre", "--charset", "gbk"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as centre:
        try:
            assert centre.stdout is not None
            at = json.loads(centre.stdout.readline())["at"]
            done = certify(tmp_path, "--device", f"voucher-centre={at}", cases=("voucher/code-used",))
            assert done.returncode == 1, done.stderr
            assert findings(tmp_path) == {"centre-writes-as-set"}
        finally:
            centre.terminate()


@pytest.mark.slow
def test_a_centre_in_another_process_is_certified_without_what_only_a_virtual_one_can_do(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "harness", "simulate", "voucher-centre"]
    text = fixture("benches/voucher.toml").read_text(encoding="utf-8").replace('clock = "bench"', 'clock = "system"')
    (tmp_path / "bench.toml").write_text(text, "utf-8")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as centre:
        try:
            assert centre.stdout is not None
            at = json.loads(centre.stdout.readline())["at"]
            given = ("--device", f"voucher-centre={at}", "--bench", str(tmp_path / "bench.toml"))
            for run in ("first", "second"):  # the second finds people and accounts as the first left them
                done = certify(tmp_path / run, *given, cases=(), timeout_s=300)
                assert done.returncode == 0, done.stdout + done.stderr
                left_out = manifest_of(tmp_path / run)["left_out"]
                assert isinstance(left_out, dict)
                assert set(left_out) == set(load_plan("voucher").for_real_subject().left_out)
        finally:
            centre.terminate()


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("mutant", list(KILLS))
def test_every_mutant_is_killed_by_the_rule_that_is_about_it(tmp_path: Path, mutant: str) -> None:
    case, rule = KILLS[mutant]
    done = certify(tmp_path, "--mutant", mutant, cases=(f"voucher/{case}",))
    assert done.returncode == 1, done.stdout + done.stderr
    assert rule in findings(tmp_path)


def test_every_mutant_and_every_rule_of_the_plan_has_its_kill() -> None:
    plan = load_plan("voucher")
    assert set(KILLS) == set(MUTANTS)
    rules, cases = RIG.shown(KILLS, ALSO)
    assert rules == set(plan.rules)
    assert cases <= set(plan.cases)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("rule", list(ALSO))
def test_rules_that_kill_beside_others(tmp_path: Path, rule: str) -> None:
    mutant, case = ALSO[rule]
    done = certify(tmp_path, "--mutant", mutant, cases=(f"voucher/{case}",))
    assert done.returncode == 1, done.stderr
    assert rule in findings(tmp_path)


def test_no_mutant_of_a_real_centre_and_none_of_another_name(tmp_path: Path) -> None:
    demand_no_mutant(RIG, tmp_path, "voucher-centre", "any-order")
