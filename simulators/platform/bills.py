"""What a channel with a bills page is told: the amounts of each settlement paid with its code, and of what is undone.

Own design. The voucher centre says with a confirmed payment in which channel its code was shown; the platform keeps it
with the settlement, so that a refund finds it, also in another process of the same platform.
"""

from collections.abc import Awaitable, Callable, Mapping

from fixtures.channels import bill_channels
from fixtures.population import Institution, Person
from harness.money import format_yuan
from simulators.platform.ledger import Ledger, Settlement

Push = Callable[[Mapping[str, object]], Awaitable[bool]]
MOST = 10_000
"""How many confirmed payments wait for their booking at most."""
KEPT = "bill"
"""The kind of document in which the channel of a billed settlement is kept, by setl_id."""


class Bills:
    """The channels of the settlements of one case; `push` sends a bill and says whether it was taken."""

    def __init__(self, push: Push) -> None:
        self.push = push
        self._paid_in: dict[str, str] = {}
        self._due: dict[str, str] = {}
        """The channels that are to hear of what was booked just now, by setl_id."""

    def paid_in(self, channel: str, *, msgid: str) -> None:
        """A payment was confirmed by the code of a channel; its settlement is to be booked under this msgid."""
        if channel in bill_channels():
            if len(self._paid_in) >= MOST:  # of payments that were confirmed and then refused
                del self._paid_in[next(iter(self._paid_in))]
            self._paid_in[msgid] = channel

    def book(self, settlement: Settlement, ledger: Ledger) -> None:
        """A settlement is being booked, inside `ledger.writing`: keep with it the channel that is to hear of it."""
        self._due.pop(settlement.setl_id, None)  # of a booking that was undone
        if settlement.reverses is None:
            channel = self._paid_in.pop(settlement.msgid, "")
        else:
            channel = (ledger.kept(KEPT, settlement.reverses) or b"").decode() if bill_channels() else ""
        if channel:
            ledger.keep(KEPT, settlement.setl_id, channel.encode())
            self._due[settlement.setl_id] = channel

    def channel_of(self, settlement: Settlement) -> str:
        """The channel that is to hear of a settlement which has been booked; empty for none."""
        return self._due.pop(settlement.setl_id, "")


def bill_of(
    settlement: Settlement, person: Person, institution: Institution, *, channel: str, kind: str, at: str
) -> dict[str, object]:
    """The bill of a settlement as it is sent; what is taken back has negative amounts and names what it reverses."""
    return {
        "idNo": person.id_no,
        "chnlId": channel,
        "setlId": settlement.setl_id,
        "reverses": settlement.reverses or "",
        "institutionName": institution.name,
        "kind": kind,
        "total": format_yuan(settlement.total_fen),
        "fund": format_yuan(settlement.fund_fen),
        "account": format_yuan(settlement.account_fen),
        "own": format_yuan(settlement.cash_fen),
        "at": at,
    }
