"""What the voucher centre sends to the terminal: prompts for the voucher password, and results for the screen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.clock import BEIJING, NS
from harness.money import Fen, parse_yuan

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(\+08:00)?\Z")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A payment that waits for the voucher password at this keypad."""

    id: str
    id_no: str
    amount: Fen
    account: Fen
    institution_name: str
    expires_ns: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a settlement ended, for the screen; amounts in fen."""

    succeeded: bool
    name: str
    """Masked."""
    total: Fen
    fund: Fen
    account: Fen
    own: Fen
    medical: Fen | None = None
    """What the insurance pays, fund and account, where a box is told no more than that (iot.medical.settle.notify)."""


def read_prompt(body: Mapping[str, object]) -> Prompt:
    """The prompt of a push. Raises ValueError that names the field."""
    return Prompt(
        id=text(body, "promptId"),
        id_no=text(body, "idNo"),
        amount=_amount(body, "amount"),
        account=_amount(body, "accountAmount"),
        institution_name=text(body, "institutionName"),
        expires_ns=_moment(text(body, "expiresAt")),
    )


def read_result(body: Mapping[str, object]) -> Result:
    """The result of a push. Raises ValueError that names the field."""
    return Result(
        succeeded=text(body, "medicalSettleState") == "SUCCESS",
        name=masked_name(str(body.get("userName") or "")),
        total=_amount(body, "totalFee"),
        fund=_amount(body, "hifAmt"),
        account=_amount(body, "acctAmt"),
        own=_amount(body, "ownAmt"),
        medical=_amount(body, "medicalFee") if body.get("medicalFee") else None,
    )


def masked_name(name: str) -> str:
    """A name as a screen in a hall may show it: its first character."""
    return name[:1] + "*" * (len(name) - 1)


def masked_number(number: str) -> str:
    """An ID number likewise: the first and the last three."""
    return f"{number[:3]}{'*' * max(0, len(number) - 6)}{number[-3:]}"


def text(body: Mapping[str, object], field: str) -> str:
    """A member that must be a text. Raises ValueError that names it."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} must be a text that is not empty, not {value!r}")
    return value


def _amount(body: Mapping[str, object], field: str) -> Fen:
    value = body.get(field)
    if value in {None, ""}:
        return Fen(0)
    try:
        return parse_yuan(str(value))
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from error


def _moment(value: str) -> int:
    match = _MOMENT.match(value)
    if match is None:
        raise ValueError(f"expiresAt must be a time such as 2020-10-14 08:30:00, not {value!r}")
    whole = datetime.fromisoformat(match[1]).replace(tzinfo=BEIJING)
    return round(whole.timestamp()) * NS + int((match[2] or "").ljust(9, "0"))
