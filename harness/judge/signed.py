"""What `certificate.json` says: a pure function of a run's charter, its verdict, its files' digests, and who signs.

The certificate holds nothing that its reader must believe: all but the signer and the time of signing can be computed
from the run's folder again, and `liantiao check` does so. Its words are part of the format, `FORMAT`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.gm import PublicKey
from harness.gm.pem import fingerprint, public_key_to_pem
from harness.judge.charter import Charter, Scope, digest_of
from harness.judge.plan import ADAPTER
from harness.judge.verdict import Verdict

ASKS = {ADAPTER: "counter", "voucher-centre": "centre", "mobile-payment": "mobile"}
"""In which table of the settings the institution stands, by what is under test."""
FORMAT = 1
"""The format of a certificate; one of another number is not guessed at."""
ALGORITHM = "SM2 with SM3 (GB/T 32918.2), user id 1234567812345678, DER"

CERTIFIED = ("certificate: every case that the plan demands passed", "证书：计划要求的用例全部通过")
RESTRICTED = (
    "restricted certificate: every case that the plan demands of this bench passed; see left_out",
    "受限证书：计划对本测试台要求的用例全部通过，未包含的见 left_out",
)
NONE: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FAILED: ("no certificate: the system under test broke a rule", "不予认证：被测系统违反规则"),
    Verdict.INCONCLUSIVE: ("no certificate: the run is inconclusive", "不予认证：运行无法判定"),
}
PARTIAL: Mapping[Scope, tuple[str, str]] = {
    Scope.PART: ("no certificate: passed, but only a part of the plan ran", "不予认证：通过，但仅执行了计划的一部分"),
    Scope.OWN: ("no certificate: passed, but own cases are not the plan's", "不予认证：通过，但自编用例并非计划用例"),
}


@dataclass(frozen=True, kw_only=True)
class Signing:
    """What of a certificate only its signer knows."""

    key: PublicKey
    at: str
    """When, by the signer's clock, in ISO 8601; nobody vouches for it."""

    @property
    def fingerprint(self) -> str:
        """The signer's, in groups."""
        return fingerprint(self.key)


def certificate_content(
    charter: Charter, content: Mapping[str, Any], *, files: Mapping[str, Mapping[str, Any]], signing: Signing
) -> dict[str, Any]:
    """What the certificate of a run holds.

    `content` is what `verdict.json` holds, `files` digest and size of each file beside the tape and of the tape.
    """
    told = charter.told
    english, chinese = _says(content)
    terms = {name: [one.severity.value, one.clause] for name, one in charter.terms.items()}
    settings = told.get("settings")
    return {
        "liantiao-certificate": FORMAT,
        "says": {"en": english, "zh": chinese},
        "certified": content["certified"],
        "restricted": content["restricted"],
        "verdict": content["verdict"],
        "scope": content["scope"],
        "plan": {
            "id": charter.plan,
            "title": told.get("title"),
            "cases": len(charter.cases),
            "cases_sm3": digest_of(list(charter.cases)),
            "rules": len(terms),
            "rules_sm3": digest_of(terms),
            "differs": content["plan_differs"],
        },
        "cases": content["cases"],
        "left_out": content["left_out"],
        "subject": charter.manifest["subject"],
        "command": list(told.get("command") or ()),
        "institution": _institution(told),
        "profile": {"name": told.get("profile"), "sm3": told.get("profile_sm3")},
        "bench": {name: told.get(key) for name, key in (("name", "bench"), ("clock", "clock"), ("seed", "seed"))},
        "devices": [dict(device) for device in charter.devices],
        "settings_sm3": digest_of(settings),
        "liantiao": told.get("liantiao"),
        "started": told.get("started"),
        "signed": signing.at,
        "tape_head": content["tape_head"],
        "files": {name: dict(said) for name, said in files.items()},
        "signer": {
            "algorithm": ALGORITHM,
            "fingerprint": signing.fingerprint,
            "public_key": public_key_to_pem(signing.key).decode(),
        },
    }


def _institution(told: Mapping[str, Any]) -> str:
    """The code of the institution at whose counter the bench stands, or in whose name it asks a centre; else empty."""
    settings, table = told.get("settings"), ASKS.get(str(told.get("subject")))
    found = settings.get(table) if isinstance(settings, Mapping) and table is not None else None
    return str(found.get("institution", "")) if isinstance(found, Mapping) else ""


def _says(content: Mapping[str, Any]) -> tuple[str, str]:
    verdict = Verdict(content["verdict"])
    if content["certified"]:
        return RESTRICTED if content["restricted"] else CERTIFIED
    return PARTIAL[Scope(content["scope"])] if verdict is Verdict.PASSED else NONE[verdict]
