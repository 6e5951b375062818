"""How the mobile-payment centre refuses, service by service: the codes beside those of the envelope (`refusals`).

The table is `fixtures/mobile_payment/tables/answers.toml`; only code 114 is known from the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from harness.wire.fields import load_toml
from harness.wire.mobile_payment.refusals import refusals

UPLOAD, PAY, REFUND, QUERY, NOTICE, REVOKE = "6201", "6202", "6203", "6301", "6302", "6401"
AUTH_QUERY, OWN_PAY, REFUND_DECISION = "auth-query", "own-pay", "refund-decision"
"""Own design: a payment App asks for an authorisation number, the own part is paid, a person decides a refund."""
AUTH_PATH, OWN_PAY_PATH, DECISION_PATH = "/api/mipuserquery/userQuery", "/pay/own", "/pay/refund-decision"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A code that an answer may bear; `invented` when no public source gives it."""

    id: str
    code: int
    chinese: str
    invented: bool


OK = Answer(id="ok", code=0, chinese="成功", invented=False)


@cache
def answers() -> Mapping[str, Answer]:
    """Every answer by its id: done, the services' refusals, the envelope's."""
    rows = load_toml("mobile_payment/tables/answers.toml")["refusal"]
    assert isinstance(rows, list)
    services = [
        Answer(id=row["id"], code=row["code"], chinese=row["chinese"], invented=row["source"] == "invented")
        for row in rows
    ]
    envelopes = [
        Answer(id=pain.value, code=row.code, chinese=row.chinese, invented=row.invented)
        for pain, row in refusals().items()
    ]
    return {answer.id: answer for answer in (OK, *services, *envelopes)}


@cache
def answers_of(code: int) -> tuple[Answer, ...]:
    """The answers that have a code: none for a strange one, two for 114."""
    return tuple(answer for answer in answers().values() if answer.code == code)
