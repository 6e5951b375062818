"""What Shanghai alone has: the query of a message's fate (SI91) and the collation of a day's totals (SL01).

Their members are checked as the field tables check those of the institution interface.
"""

from enum import StrEnum

from harness.wire.fields import FieldProblem, FieldSpec, check_fields
from harness.wire.shanghai.names import COLLATE, COLLATED, QUERY, Members

_FIELDS = {
    QUERY: (
        FieldSpec(name="ymsgid", type="C", length=30, required=True),
        FieldSpec(name="ymsglx", type="C", length=4),
    ),
    COLLATE: (
        FieldSpec(name="daycollate", type="D", form="date", required=True),
        FieldSpec(name="daycount", type="N", length=10, required=True),
        *(FieldSpec(name=name, type="N", length=16, decimals=2, required=True) for name in COLLATED),
    ),
}


class PayStatus(StrEnum):
    """What became of a message (paystatus; that there is one is from the sources, its codes are assumed)."""

    NOTHING = "0"
    """Nothing is booked under this msgid; a message that is still on its way may be yet."""
    BOOKED = "1"
    REFUNDED = "2"
    """Booked, and taken back by SK01 with its serial number."""
    REVERSED = "3"
    """Booked and taken back by SK01 with its msgid, or barred by it: nothing will be booked any more."""
    UNDER_WAY = "4"
    """It is being worked on, e.g. while the person types a password."""


def problems_of(kind: str, told: Members) -> tuple[FieldProblem, ...]:
    """Every wrong member of a query."""
    return tuple(check_fields(_FIELDS[kind], told, "xxnr"))
