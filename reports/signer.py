"""Who signed a run, and what came of checking that: for the terminal, in English and Chinese."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.commands.signing import Checked
from harness.gm import PublicKey
from harness.gm.pem import fingerprint
from harness.judge.signed import Signing
from reports.run_verdict import run_verdict

OPENSSL = (
    "openssl pkeyutl -verify -pubin -inkey {public} -rawin -digest sm3 -pkeyopt distid:1234567812345678 "
    "-in certificate.json -sigfile certificate.sig"
)
"""The command with which anybody verifies a signature without us; the file of the signer's public key is `{public}`."""


def signed_lines(folder: Path, signing: Signing) -> Iterator[str]:
    """What is said once a run is signed."""
    yield f"signed 已签名: {folder / 'certificate.json'}"
    yield f"by key 密钥指纹: {signing.fingerprint}"


def key_lines(key: PublicKey, private: Path, public: Path) -> Iterator[str]:
    """What is said of a new key pair."""
    yield f"private key 私钥 (keep it 妥善保管): {private}"
    yield f"public key 公钥 (give it away 可公开): {public}"
    yield f"fingerprint 指纹: {fingerprint(key)}"


def check_lines(checked: Checked, trusted: Mapping[PublicKey, Path]) -> Iterator[str]:
    """What a check came to: the answer first, then why, then who signed what."""
    if not checked.genuine:
        yield "NOT TO BE RELIED ON 不可采信"
    elif checked.certified and checked.strange:
        yield (
            "GENUINE CERTIFICATE, BUT OF ANOTHER PLAN OR PROFILE THAN SHIPS HERE "
            "证书真实，但计划或省份配置与本版本随附的不同"
        )
    elif checked.certified:
        yield "GENUINE CERTIFICATE 证书真实有效"
    else:
        yield "GENUINE, BUT NO CERTIFICATE 记录真实，但不予认证"
    for fault in checked.faults:
        yield f"✗ {fault.en}"
        yield f"  {fault.zh}"
    if checked.signing is not None:
        known = trusted.get(checked.signing.key)
        whose = f"trusted 已信任: {known}" if known is not None else "unknown 未知"
        yield f"signed by 签名密钥: {checked.signing.fingerprint} ({whose})"
        yield f"signed at 签名时间: {checked.signing.at}"
        if checked.genuine and checked.judgement is not None:
            verdict = run_verdict(checked.judgement.content, checked.judgement.plan_gap, sound=True)
            yield f"{verdict.headline}  {checked.judgement.content.get('plan', '')}"
            for told in verdict.notes:
                yield f"! {told.en} {told.zh}"
            for different in checked.judgement.notes:
                yield f"! {different}"
    for note in checked.notes:
        yield f"! {note.en} {note.zh}"


def check_json(checked: Checked) -> str:
    """The same for machines, in a line."""
    judgement = checked.judgement
    return json.dumps(
        {
            "genuine": checked.genuine,
            "certified": checked.certified,
            "as_shipped": not checked.strange,
            "faults": [fault.en for fault in checked.faults],
            "notes": [note.en for note in checked.notes],
            "signed_by": checked.signing.fingerprint if checked.signing is not None else "",
            "signed_at": checked.signing.at if checked.signing is not None else "",
            "verdict": judgement.content.get("verdict", "") if judgement is not None else "",
            "plan": judgement.content.get("plan", "") if judgement is not None else "",
        },
        ensure_ascii=False,
    )
