"""2103, 2208, 2305 refunds (结算撤销) and 2601 reversal (冲正交易): two ways to undo, each a new negative settlement.

A refund is wanted: it names the settlement by setl_id, gives everything back, once. A reversal is technical: it names a
message by its msgid, for a sender who does not know what became of it; it has no output. What is undone can only be
undone again after the undoing itself was reversed. A reversal of an unknown msgid is refused, and (setting
`bar_reversed`) that msgid is barred, so that a late original is not booked behind the sender's back.
"""

from collections.abc import Mapping

from harness.wire.msgid import CODE_IN_MSGID, Msgid, parse_msgid
from simulators.platform import attempts
from simulators.platform.call import Call
from simulators.platform.choices import Cancellation, choices_of
from simulators.platform.desk import Desk, reversal_of
from simulators.platform.ledger import Settlement
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import output_of, reversed_output
from simulators.platform.trace_codes import hold_again
from simulators.platform.transactions.inpatient import reverse_admission
from simulators.platform.transactions.query import settlement_here
from simulators.platform.visits import ADMISSION, undone

REFUNDS = {"2103": ("2102",), "2208": ("2207", "2207A"), "2305": ("2304",)}
"""What a transaction undoes."""
ADMIT = "2401"
REVERSIBLE = frozenset({"2102", "2103", "2207", "2208", "2304", "2305", ADMIT})
"""What 2601 undoes, by its first four characters."""
WHOLE = 6
"""The oinfno_length with which 2207A is named so; with fewer it goes as 2207 (assumed)."""


async def refund(desk: Desk, call: Call) -> bytes:
    """2103, 2208, 2305. Returns once it is committed and announced. Raises RefusedError; then nothing is booked."""
    await desk.ledger.turn()
    desk.still_here()
    with desk.ledger.writing():
        if desk.ledger.is_barred(call.msgid):
            raise RefusedError("msgid-reversed", msgid=call.msgid)
        original = settlement_here(desk, call)
        if original.infno not in REFUNDS[call.infno]:
            raise RefusedError("not-refundable", setl_id=original.setl_id)
        if not desk.ledger.in_force(original.setl_id):
            raise RefusedError("already-refunded", setl_id=original.setl_id)
        settlement = _undone(desk, call, original)
        balance = desk.ledger.balance(original.psn_no) - settlement.account_fen + settlement.mutual_fen
        booked = output_of(desk.ledger, desk.writer, original)
        chosen = choices_of(desk.profile.name)
        misspelt = chosen.pdn_cash_pay and call.infno != "2103"
        output: Mapping[str, object] = reversed_output(
            desk.writer, booked, settlement, balance=balance, misspelt=misspelt
        )
        if call.infno != "2103" and chosen.cancellation is Cancellation.ECHO:
            output = booked
        reply = desk.book(call, settlement, output)
        undone(desk, original)
    await desk.announce(settlement)
    return reply


async def reverse(desk: Desk, call: Call) -> bytes:
    """2601. Returns once the reversal is committed and announced. Raises RefusedError; then nothing is booked."""
    data = call.node("data")
    omsgid, oinfno = str(data["omsgid"]), str(data["oinfno"])
    if oinfno[:4] not in REVERSIBLE:
        raise RefusedError("not-reversible", oinfno=oinfno)
    sent = _sent(desk, omsgid)
    if choices_of(desk.profile.name).reversal_same_day and (sent is None or sent.at.date() != call.at.date()):
        raise RefusedError("reversal-too-late", omsgid=omsgid)
    ours = sent is not None and sent.institution == call.institution.code[:CODE_IN_MSGID]
    await desk.ledger.turn()
    desk.still_here()
    with desk.ledger.writing():  # another process may book it at this very moment, or finds it barred
        admitted = oinfno == ADMIT and desk.ledger.kept(ADMISSION, omsgid) is not None
        booked = attempts.booked_by(desk.ledger, omsgid) is not None
        if ours and desk.settings.bar_reversed and not (admitted or booked):
            desk.ledger.bar(omsgid)
    if admitted:
        return await reverse_admission(desk, call)
    if not booked:
        raise RefusedError("original-unknown", omsgid=omsgid)
    with desk.ledger.writing():
        original = _original(desk, call, omsgid)
        settlement = _undone(desk, call, original)
        _require_balances(desk, settlement)
        reply = desk.book(call, settlement, None)
        if original.reverses is None:
            undone(desk, original)
        elif (first := desk.ledger.settlement(original.reverses)) is not None:
            undone(desk, first, again=True)
            hold_again(desk, first)
    await desk.announce(settlement)
    return reply


def _sent(desk: Desk, msgid: str) -> Msgid | None:
    """Who sent a message and when, by its id; None for what is no msgid of this province."""
    try:
        return parse_msgid(msgid, form=desk.profile.msgid_form)
    except ValueError:
        return None


def _original(desk: Desk, call: Call, omsgid: str) -> Settlement:
    data = call.node("data")
    original = attempts.booked_by(desk.ledger, omsgid)
    if original is None or original.institution != call.institution.code:
        raise RefusedError("original-unknown", omsgid=omsgid)
    booked_by = original.infno if desk.profile.oinfno_length >= WHOLE else original.infno[:4]
    for field, claimed, booked in (
        ("oinfno", data["oinfno"], booked_by),
        ("psn_no", data["psn_no"], original.psn_no),
    ):
        if claimed != booked:
            raise RefusedError("original-disagrees", omsgid=omsgid, field=field)
    if not desk.ledger.in_force(original.setl_id):
        raise RefusedError("already-reversed", omsgid=omsgid)
    return original


def _require_balances(desk: Desk, settlement: Settlement) -> None:
    """Raises RefusedError when an account that got something back has spent it meanwhile."""
    own = settlement.account_fen - settlement.mutual_fen
    short = desk.ledger.balance(settlement.psn_no) < own
    if settlement.mutual_fen > 0:
        short = short or desk.ledger.mutual_balance(settlement.mutual) < settlement.mutual_fen
    if short:
        raise RefusedError("balance-too-small")


def _undone(desk: Desk, call: Call, original: Settlement) -> Settlement:
    n, setl_id, _ = desk.number_for(call)
    return reversal_of(original, call, n=n, setl_id=setl_id, at_ns=desk.clock.now_ns())
