"""Every rule of a counter's plan catches something: a mutant of the adapter, or of a system beside it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.judge.plan import load_plan
from simulators.his.mutants import mutants_of

KILLS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pharmacy": {
        "resolve-always-accepted": ("resolve-tells-what-is-known",),
        "reversed-booked-as-refused": ("books-tell-what-is-known",),
        "reverses-ten-times": ("reversal-tried-three-times",),
        "basket-not-checked": ("basket-checked-first",),
        "signs-in-once-a-day": ("sign-in-told-as-answered",),
        "keeps-persons": ("insured-as-told-now",),
        "takes-nonsense-for-done": ("nonsense-gets-an-error",),
        "refusal-not-explained": ("refusal-tells-why",),
        "trace-codes-made-up": ("trace-codes-as-scanned",),
        "statement-without-refunds": ("statement-as-booked",),
        "difference-as-level": ("statement-told-as-answered",),
        "new-msgid-in-reversal": (
            "unknown-resolved",
            "reversal-names-original",
        ),
        "one-code-for-all": ("basket-as-rung-up",),
        "answers-own-number": ("answer-names-what-was-booked",),
        "invoice-of-its-own": ("invoice-names-order",),
        "purpose-mixed-up": ("purpose-as-asked",),
        "chronic-disease-claimed": ("nothing-made-up",),
        "sent-in-utc": ("sent-when-it-says",),
        "fees-of-yesterday": ("times-of-the-deed",),
        "id-number-in-prompt": ("no-personal-data-in-prompt",),
        "cached-expired-code": ("code-asked-anew",),
        "ignores-password": (
            "password-asked",
            "envelope-as-told",
        ),
        "logs-id-number": ("no-personal-data-in-log",),
        "refund-without-original": (
            "refund-cites-original",
            "fields-valid",
        ),
        "skips-pre-settlement": ("pre-settlement-comes-first",),
        "journal-after-send": ("journal-before-send",),
        "msgid-not-unique": ("msgid-unique",),
        "keeps-second-read": (
            "code-unchanged",
            "code-used-once",
        ),
        "account-always-used": ("account-used-as-asked",),
        "no-prompt-to-activate": ("activation-is-prompted",),
        "unsigned-session": ("signed-in-first",),
        "dies-of-refusal": (
            "protocol-kept",
            "adapter-answers-every-command",
        ),
        "amounts-not-told": ("answers-complete",),
        "fund-left-out": ("money-identities",),
        "empty-prompts": ("refusal-has-prompt",),
        "garbled-prompts": ("prompt-readable",),
        "msgid-too-short": ("msgid-form",),
        "wrong-path": ("path-as-profiled",),
        "activation-not-checked": ("id-card-needs-activation",),
        "face-mismatch-ignored": (
            "outcome-as-expected",
            "token-bound",
            "identified-as-presented",
            "face-mismatch-authorises-nothing",
        ),
        "face-success-on-failure": ("result-shown-at-terminal",),
        "operator-mixed": ("library-asked-as-told",),
        "cashier-at-self-service": ("way-in-envelope",),
        "released-before-payment": ("released-after-settlement",),
        "platform:notice-twice": ("one-notice-a-movement",),
        "platform:no-bill": ("one-bill-a-settlement",),
        "platform:another-split": (
            "outcome-agrees-with-books",
            "pre-settlement-equals-settlement",
            "books-agree",
            "totals-agree",
            "confirmed-amount-is-booked",
        ),
        "platform:gives-back-less": ("taken-back-at-most-once",),
        "platform:loses-a-fen": ("money-conserved",),
        "platform:books-twice": (
            "settled-at-most-once",
            "repeat-books-nothing",
        ),
        "platform:books-pre-settlements": ("pre-settlement-books-nothing",),
        "voucher-centre:codes-live-on": ("expired-code-refused",),
        "platform:no-notice": ("case-holds",),
    },
    "hospital": {
        "resolve-always-accepted": ("resolve-tells-what-is-known",),
        "reversed-booked-as-refused": ("books-tell-what-is-known",),
        "reverses-ten-times": ("reversal-tried-three-times",),
        "takes-nonsense-for-done": ("nonsense-gets-an-error",),
        "refusal-not-explained": ("refusal-tells-why",),
        "signs-in-once-a-day": ("sign-in-told-as-answered",),
        "keeps-persons": ("insured-as-told-now",),
        "statement-without-refunds": ("statement-as-booked",),
        "warning-as-level": ("statement-told-as-answered",),
        "trace-codes-made-up": ("trace-codes-as-scanned",),
        "new-msgid-in-reversal": (
            "unknown-resolved",
            "reversal-names-original",
        ),
        "ignores-password": (
            "protocol-kept",
            "password-asked",
            "envelope-as-told",
        ),
        "logs-id-number": ("no-personal-data-in-log",),
        "refund-without-original": ("refund-cites-original",),
        "journal-after-send": ("journal-before-send",),
        "msgid-not-unique": ("msgid-unique",),
        "account-always-used": ("account-used-as-asked",),
        "no-prompt-to-activate": ("activation-is-prompted",),
        "unsigned-session": ("signed-in-first",),
        "dies-of-refusal": ("adapter-answers-every-command",),
        "amounts-not-told": ("answers-complete",),
        "fund-left-out": ("money-identities",),
        "empty-prompts": ("refusal-has-prompt",),
        "garbled-prompts": ("prompt-readable",),
        "msgid-too-short": (
            "msgid-form",
            "fields-valid",
        ),
        "wrong-path": ("path-as-profiled",),
        "first-code-serves-all": (
            "case-holds",
            "code-unchanged",
            "code-used-once",
        ),
        "registers-on-expired-lock": ("lock-ends",),
        "slot-locked-twice": (
            "slot-locked-once",
            "slots-as-held",
        ),
        "online-refund-on-the-day": ("online-refund-in-time",),
        "shows-anothers-records": ("pending-own-only",),
        "pays-anothers-record": (
            "token-bound",
            "settled-with-own-person",
        ),
        "silent-when-nothing-pending": ("nothing-pending-prompt",),
        "detail-number-reused": ("details-once",),
        "scope-amounts-zero": ("scope-as-uploaded",),
        "diagnosis-upcoded": ("visit-as-told",),
        "answers-own-number": ("answer-names-what-was-booked",),
        "invoice-of-its-own": ("invoice-names-order",),
        "purpose-mixed-up": ("purpose-as-asked",),
        "doctor-on-duty-for-all": ("attended-as-told",),
        "fees-in-newest-visit": ("visit-of-the-order",),
        "chronic-disease-claimed": ("nothing-made-up",),
        "sent-in-utc": ("sent-when-it-says",),
        "begun-yesterday": ("times-of-the-deed",),
        "id-number-in-prompt": ("no-personal-data-in-prompt",),
        "part-refund-by-negative-lines": (
            "details-as-ordered",
            "partial-refund-in-order",
        ),
        "wrong-kind-of-visit": ("kind-of-visit",),
        "leaves-failed-visit": ("undone-leaves-nothing",),
        "admission-token-reused": (
            "code-asked-anew",
            "identified-as-presented",
            "fresh-code-at-discharge",
        ),
        "settles-before-discharge": ("settles-after-discharge",),
        "cancels-with-fees": ("admission-undone",),
        "activation-not-checked": ("id-card-needs-activation",),
        "face-mismatch-ignored": ("face-mismatch-authorises-nothing",),
        "face-success-on-failure": ("result-shown-at-terminal",),
        "operator-mixed": ("library-asked-as-told",),
        "cashier-at-self-service": ("way-in-envelope",),
        "library-width-not-checked": ("library-refused",),
        "released-before-payment": ("released-after-settlement",),
        "platform:notice-twice": ("one-notice-a-movement",),
        "platform:no-bill": ("one-bill-a-settlement",),
        "platform:another-split": (
            "pre-settlement-equals-settlement",
            "confirmed-amount-is-booked",
        ),
        "platform:gives-back-less": ("taken-back-at-most-once",),
        "platform:loses-a-fen": ("money-conserved",),
        "platform:books-twice": (
            "settled-at-most-once",
            "repeat-books-nothing",
        ),
        "platform:books-pre-settlements": (
            "outcome-as-expected",
            "outcome-agrees-with-books",
            "pre-settlement-comes-first",
            "pre-settlement-books-nothing",
            "books-agree",
            "totals-agree",
            "visit-in-order",
            "details-cover-settlement",
        ),
        "voucher-centre:codes-live-on": ("expired-code-refused",),
    },
    "hall": {
        "cached-expired-code": (
            "nothing-to-unidentified",
            "shows-own-data-only",
        ),
        "ignores-password": (
            "tier-confirmed",
            "envelope-as-told",
        ),
        "drops-last-digit": ("code-unchanged",),
        "sent-in-utc": ("sent-when-it-says",),
        "id-number-in-prompt": ("no-personal-data-in-prompt",),
        "logs-id-number": ("no-personal-data-in-log",),
        "journal-after-send": ("tier-journalled-first",),
        "msgid-not-unique": ("msgid-unique",),
        "no-prompt-to-activate": ("activation-is-prompted",),
        "unsigned-session": (
            "protocol-kept",
            "signed-in-first",
        ),
        "hall-leave-keeps-screen": ("session-ends",),
        "hall-says-window": ("self-service-said",),
        "hall-prints-when-asked": ("proof-printed-once",),
        "hall-check-made-up": ("proof-verifiable",),
        "hall-dies-of-refusal": ("adapter-answers-every-command",),
        "hall-tier-spelt-out": (
            "case-holds",
            "outcome-as-expected",
            "tier-as-chosen",
            "fields-valid",
        ),
        "hall-tier-anew": (
            "tier-changed-once",
            "tier-told-as-done",
        ),
    },
    "pharmacy-tls": {
        "trusts-any-certificate": ("outcome-as-expected",),
        "tries-without-verifying": ("certificate-verified",),
        "dies-of-certificate": ("protocol-kept", "adapter-answers-every-command"),
    },
}
"""By plan: mutants with rules that catch them in the case in which the plan says they show; every rule is here once."""


def offered(plan: str) -> dict[str, str]:
    """The mutants of a plan's proof, each with the profile that it needs."""
    beside = {f"{kind}:{name}": "" for kind, names in load_plan(plan).bystanders.items() for name in names}
    return {mutant.name: mutant.profile for mutant in mutants_of(plan)} | beside


@pytest.mark.parametrize("plan", list(KILLS))
def test_every_rule_of_the_plan_has_a_kill_and_every_mutant_a_case(plan: str) -> None:
    loaded = load_plan(plan)
    caught = [rule for rules in KILLS[plan].values() for rule in rules]
    assert sorted(caught) == sorted(loaded.rules)
    assert set(KILLS[plan]) <= set(offered(plan))
    assert set(loaded.shown_in) == set(offered(plan))
    assert set(loaded.shown_in.values()) <= set(loaded.cases)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize(("plan", "mutant"), [(plan, mutant) for plan, rows in KILLS.items() for mutant in rows])
def test_a_mutant_is_killed_by_the_rules_that_are_about_it(tmp_path: Path, plan: str, mutant: str) -> None:
    words = [sys.executable, "-m", "harness", "certify", plan, "--runs", str(tmp_path), "--json", "--mutant", mutant]
    words += ["--case", load_plan(plan).shown_in[mutant]]
    if profile := offered(plan)[mutant]:
        words += ["--profile", profile]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1, done.stdout + done.stderr
    (file,) = tmp_path.glob("*/cases.jsonl")
    rows = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    found = {finding["rule"] for row in rows for finding in json.loads(row)["findings"]}
    assert set(KILLS[plan][mutant]) <= found
