"""The bills page (账单) of a channel: one line for each settlement that was paid with its code, and for what came back.

A bill is kept for good: what is taken back later is a line of its own, with negative amounts, and marks the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from simulators.phone.inbox import pushed_amount, pushed_text

KINDS = ("payment", "refund", "reversal")


@dataclass(frozen=True, kw_only=True)
class Bill:
    """One line: whose, in which channel, of which settlement; amounts in fen, negative for what came back."""

    id_no: str
    chnl: str
    setl_id: str
    reverses: str
    """The settlement that it takes back; empty for a payment."""
    institution: str
    kind: str
    total: Fen
    fund: Fen
    account: Fen
    own: Fen
    at: str


class Bills:
    """Everybody's bills, by person and channel."""

    def __init__(self) -> None:
        self._bills: dict[tuple[str, str], list[Bill]] = {}

    def put(self, bill: Bill) -> None:
        """Keep a bill; one that comes twice is there twice, as on a real phone."""
        self._bills.setdefault((bill.id_no, bill.chnl), []).insert(0, bill)

    def of(self, id_no: str, chnl: str) -> list[Bill]:
        """A person's bills in a channel, newest first."""
        return list(self._bills.get((id_no, chnl), ()))

    def count(self, id_no: str) -> int:
        """How many bills a person has in all channels."""
        return sum(len(bills) for (owner, _), bills in self._bills.items() if owner == id_no)


def read_bill(body: Mapping[str, object]) -> Bill:
    """The bill of a push. Raises ValueError that names the field."""
    kind, reverses = pushed_text(body, "kind"), body.get("reverses", "")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    if not isinstance(reverses, str) or bool(reverses) != (kind != "payment"):
        raise ValueError(f"reverses names the settlement that a {kind} takes back, or nothing, not {reverses!r}")
    return Bill(
        id_no=pushed_text(body, "idNo"),
        chnl=pushed_text(body, "chnlId"),
        setl_id=pushed_text(body, "setlId"),
        reverses=reverses,
        institution=pushed_text(body, "institutionName"),
        kind=kind,
        total=pushed_amount(body, "total"),
        fund=pushed_amount(body, "fund"),
        account=pushed_amount(body, "account"),
        own=pushed_amount(body, "own"),
        at=pushed_text(body, "at"),
    )


def bills_json(bills: list[Bill]) -> list[JsonValue]:
    """Bills, newest first, as the page and tools get them, in yuan; `undone` when a later line takes it back."""
    undone: set[str] = set()
    for bill in bills:
        if bill.reverses and bill.setl_id not in undone:
            undone.add(bill.reverses)
    return [
        {
            "setlId": bill.setl_id,
            "reverses": bill.reverses,
            "undone": bill.setl_id in undone,
            "institutionName": bill.institution,
            "kind": bill.kind,
            "total": format_yuan(bill.total),
            "fund": format_yuan(bill.fund),
            "account": format_yuan(bill.account),
            "own": format_yuan(bill.own),
            "at": bill.at,
        }
        for bill in bills
    ]
