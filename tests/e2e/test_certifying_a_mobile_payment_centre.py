"""A mobile-payment centre under test, from outside: verdict, mutants, other settings, a centre in another process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.judge.plan import load_plan
from simulators.mobile_payment.mutants import MUTANTS
from tests.e2e.centre_rig import CentreRig, demand_no_mutant, findings, judged_alike, manifest_of
from tests.simulators.platform_rigs import free_port

CASES = (
    "mobile-payment/order[auth]",
    "mobile-payment/field-missing[6202]",
    "mobile-payment/auth-of-another[6201-application]",
    "mobile-payment/batch-once[to-pay]",
    "mobile-payment/refunded[HI]",
    "mobile-payment/same-refund",
    "mobile-payment/forgery[signature-der]",
    "mobile-payment/notice[P002]",
    "mobile-payment/ten-pay",
)
MORE = (
    *CASES,
    "mobile-payment/insurance-alone",
    "mobile-payment/query[own-partly-refunded]",
    "mobile-payment/auth-expired[6201]",
    "mobile-payment/unpaid",
    "mobile-payment/revoke[to-pay]",
    "mobile-payment/notice-again[silent]",
    "mobile-payment/notice-given-up",
    "mobile-payment/settlement-unknown[P002-bad-gateway-after]",
    "mobile-payment/settlement-unknown[P001-bad-gateway]",
    "mobile-payment/replayed-late",
    "mobile-payment/payment-lost[cut-json]",
    "mobile-payment/account-used-meanwhile",
    "mobile-payment/hospital-settles",
    "mobile-payment/own-part-paid",
)
KILLS = {
    "lenient-fields": ("field-missing[6401]", "mobile-refuses-malformed"),
    "field-unnamed": ("field-missing[6301]", "mobile-names-the-field"),
    "another-reason": ("order-unknown[6301]", "mobile-answers-as-expected"),
    "short-numbers": ("two-orders", "mobile-numbers-in-form"),
    "same-token": ("two-orders", "mobile-numbers-never-repeat"),
    "paid-when-placed": ("order[auth]", "mobile-state-is-true"),
    "refund-unseen": ("refunded[ALL]", "mobile-refund-state"),
    "goes-back": ("query[paid]", "mobile-state-leads-on"),
    "own-part-forgotten": ("own-part-paid", "mobile-state-leads-on"),
    "own-part-said-back": ("own-part-stays", "mobile-state-is-true"),
    "settles-alone": ("hospital-settles", "mobile-hospital-settles"),
    "never-ends-unpaid": ("unpaid", "mobile-unpaid-ends"),
    "ends-early": ("unpaid", "mobile-state-is-true"),
    "charges-a-batch-twice": ("batch-once[to-pay]", "mobile-one-charge-a-batch"),
    "token-anew": ("same-upload[at-once]", "mobile-same-answer-again"),
    "any-content": ("pay-twice[to-pay]", "mobile-other-content-refused"),
    "revokes-paid": ("revoke-too-late[paid]", "mobile-revokes-only-unpaid"),
    "order-of-anybody": ("not-theirs[6301]", "mobile-order-is-its-owners"),
    "loses-a-fen": ("insurance-alone", "mobile-split-adds-up"),
    "other-amounts-later": ("amounts-once-paid", "mobile-amounts-stay"),
    "account-anyway": ("account-unused[6202]", "mobile-account-as-wished"),
    "pre-settlement-off": ("fund-pays", "mobile-pre-settlement-agrees"),
    "other-balance": ("two-orders", "mobile-account-conserved"),
    "refunds-unpaid": ("refund-unpaid[to-pay]", "mobile-refund-of-paid"),
    "refunds-too-much": ("refund-beyond-left", "mobile-refund-within-paid"),
    "two-authorisations": ("auth-exactly-one[6201-both]", "mobile-auth-exactly-one"),
    "auth-serves-twice": ("auth-twice[6201]", "mobile-auth-once"),
    "auth-of-anybody": ("auth-of-another[6201-person]", "mobile-auth-bound"),
    "auth-of-any-application": ("auth-of-another[6201-application]", "mobile-auth-bound"),
    "auth-for-ever": ("auth-expired[6201]", "mobile-auth-life"),
    "auth-dies-early": ("auth-expired[6201]", "mobile-auth-life"),
    "notice-when-placed": ("notice-not-before[paid]", "mobile-notice-of-paid"),
    "notice-off": ("notice[P002]", "mobile-notice-true"),
    "notice-twice": ("notice[P002]", "mobile-notice-until-taken"),
    "notice-once": ("notice-again[error]", "mobile-notice-until-taken"),
    "notice-too-soon": ("notice-again[error]", "mobile-notice-until-taken"),
    "no-notice": ("notice[P002]", "mobile-notice-sent"),
    "never-reverses": ("settlement-unknown[P002-bad-gateway-after]", "mobile-ledger-agrees"),
    "refund-not-booked": ("refund-on-ledger[ALL]", "mobile-ledger-agrees"),
    "refusals-as-500": ("no-envelope[text]", "mobile-answers-every-call"),
    "answers-in-der": ("insurance-alone", "mobile-answers-sealed"),
    "answers-of-yesterday": ("insurance-alone", "mobile-answers-sealed"),
    "plain-data-beside": ("insurance-alone", "mobile-answers-in-form"),
    "always-success": ("sealed-refusal", "mobile-answers-in-form"),
    "own-code": ("order-unknown[6301]", "mobile-codes-known"),
    "refusal-tells-the-order": ("order-unknown[6301]", "mobile-refusal-gives-nothing"),
    "any-signature": ("forgery[signature-bit]", "mobile-refuses-malformed"),
    "any-time": ("forgery[stale]", "mobile-refuses-malformed"),
    "plain-accepted": ("forgery[not-signed]", "mobile-refuses-malformed"),
    "notice-unsealed": ("notice[P002]", "mobile-notice-sealed"),
}
"""Every mutant with a case that shows what is wrong with it, and the rule that says so."""
ALSO = {
    "case-holds": ("paid-when-placed", "order[auth]"),
    "protocol-kept": ("answers-in-der", "insurance-alone"),
}
"""Rules that no mutant is named after, with a mutant and a case of theirs."""


RIG = CentreRig(plan="mobile-payment", cases=CASES)
certify, bench = RIG.certify, RIG.bench
PAYS = "pays_after_s = 0 "
WAITS = "hospital_settles = true "
ENVELOPES = (
    *("forgery", "no-envelope", "field-", "replayed", "within-", "sealed-", "seal-", "new-envelope", "auth-", "token-"),
    *("no-answer", "query-lost", "upload-lost", "person", "institution", "not-theirs", "order-unknown"),
)
"""How cases begin that end before it matters where the centre keeps its accounts."""
MONEY = RIG.one_of_each(but=ENVELOPES, whole=("query", "refunded", "refund-again"), lacking=RIG.needing("platform"))
ALONE = ("[device.platform]", "[device.phone]")
NO_PLATFORM = ('kind = "platform"', 'kind = "phone"')
WITHOUT_SECRET = ("[mobile]\n", '[mobile]\nsecret_on_tape = "never"\n')


def test_the_virtual_centre_passes_and_is_judged_again_alike(tmp_path: Path) -> None:
    done = certify(tmp_path)
    assert done.returncode == 0, done.stderr
    judged_alike(tmp_path)
    subject = manifest_of(tmp_path)["subject"]
    assert isinstance(subject, dict)
    assert subject["kind"] == "mobile-payment"


def test_without_the_secret_on_the_tape_it_is_judged_again_all_the_same(tmp_path: Path) -> None:
    done = certify(tmp_path / "runs", "--bench", bench(tmp_path, WITHOUT_SECRET))
    assert done.returncode == 0, done.stdout + done.stderr
    folder = judged_alike(tmp_path / "runs")
    assert b"4117E877F5FA0A0188891283E4B617D5" not in (folder / "tape.bin").read_bytes()


@pytest.mark.parametrize("mutant", ["answers-in-der", "notice-unsealed", "paid-when-placed"])
def test_without_the_secret_on_the_tape_mutants_are_caught_by_the_same_rules(tmp_path: Path, mutant: str) -> None:
    case, rule = KILLS[mutant]
    words = ("--bench", bench(tmp_path, WITHOUT_SECRET), "--mutant", mutant)
    done = certify(tmp_path / "runs", *words, cases=(f"mobile-payment/{case}",))
    assert done.returncode == 1, done.stdout + done.stderr
    assert rule in findings(tmp_path / "runs")


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("changes", "cases"),
    [
        ((ALONE, NO_PLATFORM), MONEY),
        (((WAITS, "hospital_settles = false "),), MORE),
        (((PAYS, 'pay_auth_s = 600\nunpaid_s = 900\ncallback_retries = "10,20"\n' + PAYS),), MORE),
        (((PAYS, 'unknown = "repeat"\n' + PAYS),), MORE),
        (((PAYS, 'variant = "older"\n' + PAYS),), MORE),
    ],
    ids=["no-platform", "settles-by-itself", "other-times", "repeats", "older"],
)
def test_a_centre_that_is_set_otherwise_passes_too(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], cases: tuple[str, ...]
) -> None:
    done = certify(tmp_path / "runs", "--bench", bench(tmp_path, *changes), cases=cases, timeout_s=300)
    assert done.returncode == 0, done.stdout + done.stderr


ELSEWHERE = """
[bench]
clock = "system"
[device.mobile-payment]
at = "virtual"
pays_after_s = 0
callback_retries = "1,1"
[mobile]
listen = "127.0.0.1:{port}"
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_centre_in_another_process_is_certified_without_what_only_a_virtual_one_can_do(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "bench.toml").write_text(ELSEWHERE.format(port=port), "utf-8")
    words = [sys.executable, "-m", "harness", "simulate", "mobile-payment", "--pays-after-s", "0"]
    words += ["--callback-retries", "1,1", "--callback-url", f"http://127.0.0.1:{port}/notice"]
    plan = load_plan("mobile-payment")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as centre:
        try:
            assert centre.stdout is not None
            at = json.loads(centre.stdout.readline())["at"]
            given = ("--bench", str(tmp_path / "bench.toml"), "--device", f"mobile-payment={at}")
            left_out = RIG.needing("voucher-centre", "platform") | set(plan.for_real_subject().left_out)
            done = certify(tmp_path / "all", *given, cases=RIG.one_of_each(lacking=left_out), timeout_s=300)
            assert done.returncode == 0, done.stdout + done.stderr
            told = manifest_of(tmp_path / "all")["left_out"]
            assert isinstance(told, dict)
            assert set(told) == left_out
            # It finds accounts and orders as the first run left them.
            again = certify(tmp_path / "again", *given, cases=CASES)
            assert again.returncode == 0, again.stdout + again.stderr
        finally:
            centre.terminate()


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("mutant", list(KILLS))
def test_every_mutant_is_killed_by_the_rule_that_is_about_it(tmp_path: Path, mutant: str) -> None:
    case, rule = KILLS[mutant]
    done = certify(tmp_path, "--mutant", mutant, cases=(f"mobile-payment/{case}",))
    assert done.returncode == 1, done.stdout + done.stderr
    assert rule in findings(tmp_path)


def test_every_mutant_and_every_rule_of_the_plan_has_its_kill() -> None:
    plan = load_plan("mobile-payment")
    assert set(KILLS) == set(MUTANTS)
    rules, cases = RIG.shown(KILLS, ALSO)
    assert rules == set(plan.rules)
    assert cases <= set(plan.cases)
    assert plan.shown_in == {mutant: f"mobile-payment/{case}" for mutant, (case, _) in KILLS.items()}


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("rule", list(ALSO))
def test_rules_that_kill_beside_others(tmp_path: Path, rule: str) -> None:
    mutant, case = ALSO[rule]
    done = certify(tmp_path, "--mutant", mutant, cases=(f"mobile-payment/{case}",))
    assert done.returncode == 1, done.stderr
    assert rule in findings(tmp_path)


def test_no_mutant_of_a_real_centre_and_none_of_another_name(tmp_path: Path) -> None:
    demand_no_mutant(RIG, tmp_path, "mobile-payment", "any-time")
