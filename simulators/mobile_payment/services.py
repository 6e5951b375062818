"""What is said to the mobile-payment centre: services, field tables, states of an order, refusals. No I/O.

Numbers and names as the reference has them (mobile payment centre, fields and ordStas); tables in `tables/`.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files

from harness.wire.fields import (
    FieldProblem,
    FieldSpec,
    Node,
    Rule,
    check_fields,
    check_nodes,
    is_absent,
    is_array,
    load_toml,
    parse_nodes,
    show,
)

UPLOAD, PAY, REFUND, QUERY, NOTICE, REVOKE = "6201", "6202", "6203", "6301", "6302", "6401"
SERVICES = (UPLOAD, PAY, REFUND, QUERY, REVOKE)
AUTH_QUERY, OWN_PAY, REFUND_DECISION = "auth-query", "own-pay", "refund-decision"
PAID_CALL = "02"
"""callType: the one kind of notice there is, payment success."""
STAMP = re.compile(r"[0-9]{14}\Z")
PLACE = re.compile(r"-?[0-9]{1,3}(\.[0-9]+)?,-?[0-9]{1,2}(\.[0-9]+)?\Z")
"""uldLatlnt: longitude and latitude in degrees."""


class OrdStas(StrEnum):
    """State of an order (ordStas); 18 to 25 exist without a public meaning."""

    SAVED = "0"
    PRE_SETTLED = "1"
    TO_PAY = "2"
    OWN_PAID = "3"
    INSURANCE_PAID = "4"
    HOSPITAL_SETTLED = "5"
    SETTLED = "6"
    REFUNDED = "7"
    INSURANCE_REFUNDED = "8"
    OWN_REFUNDED = "9"
    OWN_PARTLY_REFUNDED = "10"
    INSURANCE_AND_PART_REFUNDED = "11"
    REVOKED = "12"
    INSURANCE_REVOKED = "13"
    EXCEPTION = "14"
    FAILED = "15"
    FAILED_NOT_REVERSED = "16"
    REFUNDING = "17"


class RefdType(StrEnum):
    """What is refunded (refdType)."""

    ALL = "ALL"
    CASH = "CASH"
    HI = "HI"


class RefStatus(StrEnum):
    """What became of a refund (refStatus)."""

    SUCC = "SUCC"
    FAIL = "FAIL"
    EXP = "EXP"
    """Unknown: a person has to look."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One row of the table of refusals; `invented` when no public source gives the code."""

    id: str
    code: int
    chinese: str
    english: str
    invented: bool


class RefusedError(Exception):
    """A service is refused; `why` is the id of a refusal."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail

    @property
    def code(self) -> int:
        """The answer's code."""
        return refusals()[self.why].code

    @property
    def message(self) -> str:
        """What the other side's operator reads."""
        known = refusals()[self.why].chinese
        return f"{known}：{self.detail}" if self.detail else known


@cache
def load_table(name: str) -> Mapping[str, object]:
    """A data file of this package."""
    return tomllib.loads(files(__package__).joinpath(f"tables/{name}.toml").read_text(encoding="utf-8"))


@cache
def refusals() -> Mapping[str, Refusal]:
    """All refusals, by id."""
    rows = load_toml("mobile_payment/tables/answers.toml")["refusal"]
    assert isinstance(rows, list)
    return {
        row["id"]: Refusal(
            id=row["id"],
            code=row["code"],
            chinese=row["chinese"],
            english=row["english"],
            invented=row["source"] == "invented",
        )
        for row in rows
    }


def check(service: str, data: Mapping[str, object]) -> tuple[FieldProblem, ...]:
    """Every wrong field of a service's data."""
    if service not in load_table("services"):
        return (
            FieldProblem(path="service", rule=Rule.CODE, expected=f"one of {' '.join(SERVICES)}", seen=show(service)),
        )
    fields, nodes = _tables(service)
    problems = [*check_fields(fields, data, ""), *check_nodes(nodes, data, "")]
    if service == REFUND:
        problems += _one_of(data, "refdType", tuple(RefdType))
        problems += _formed(data, "appRefdTime", _is_moment, "yyyyMMddHHmmss")
    if service == UPLOAD:
        problems += _formed(data, "uldLatlnt", lambda text: PLACE.match(text) is not None, "longitude,latitude")
    if service == OWN_PAY:
        problems += _one_of(data, "result", ("SUCCESS", "FAIL"))
        problems += _one_of(data, "reversal", ("SUCCESS", "FAIL"))
    return tuple(problems)


def lines_of(data: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The lines of a 6201 that was checked."""
    rows = data["feedetailList"]
    assert is_array(rows)
    return [row for row in rows if isinstance(row, Mapping)]


def _formed(
    data: Mapping[str, object], name: str, is_formed: Callable[[str], bool], expected: str
) -> list[FieldProblem]:
    value = data.get(name)
    if is_absent(value) or not isinstance(value, str) or is_formed(value):
        return []
    return [FieldProblem(path=name, rule=Rule.FORMAT, expected=expected, seen=show(value))]


def _is_moment(text: str) -> bool:
    if STAMP.match(text) is None:
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the interface's moments have no zone
    except ValueError:
        return False
    return True


def _one_of(data: Mapping[str, object], name: str, offered: tuple[str, ...]) -> list[FieldProblem]:
    value = data.get(name)
    if is_absent(value) or value in offered:
        return []
    return [FieldProblem(path=name, rule=Rule.CODE, expected=f"one of {' '.join(offered)}", seen=show(value))]


@cache
def _tables(service: str) -> tuple[tuple[FieldSpec, ...], tuple[Node, ...]]:
    table = load_table("services")[service]
    assert isinstance(table, Mapping)
    return tuple(FieldSpec(**row) for row in table["fields"]), parse_nodes(table.get("nodes", []))
