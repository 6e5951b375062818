"""9001 sign-in (签到) and 9002 sign-out (签退): once per operator and day; who signed out stays out until tomorrow."""

from dataclasses import replace

from simulators.platform.call import Call, spell, stamp
from simulators.platform.desk import Desk
from simulators.platform.ledger import SignIn
from simulators.platform.refusals import RefusedError


async def sign_in(desk: Desk, call: Call) -> bytes:
    """9001. A second sign-in of the same operator on the same day gets the number of the first."""
    operator = str(call.node("signIn")["opter_no"])
    day = f"{call.at:%Y%m%d}"
    known = desk.ledger.sign_in_of(call.institution.code, operator, day)
    if known is None:
        with desk.ledger.writing():
            count = desk.ledger.sign_ins() + 1
            known = SignIn(
                sign_no=f"{call.institution.code:.12}{day}{count:08d}",
                institution=call.institution.code,
                opter=operator,
                day=day,
                sign_time=spell(call.at),
                signed_out=False,
            )
            desk.ledger.keep_sign_in(known)
    if known.signed_out:
        raise RefusedError("signed-out")
    return _answer(desk, call, known)


async def sign_out(desk: Desk, call: Call) -> bytes:
    """9002. Raises RefusedError when the number is not this operator's of today."""
    data = call.node("signOut")
    if data["sign_no"] != call.sign_no:
        raise RefusedError("not-signed-in")
    known = valid_sign_in(desk, call)
    ended = replace(known, signed_out=True)
    with desk.ledger.writing():
        desk.ledger.keep_sign_in(ended)
    return _answer(desk, call, replace(ended, sign_time=spell(call.at)))


def valid_sign_in(desk: Desk, call: Call) -> SignIn:
    """The sign-in that a call carries. Raises RefusedError unless it is of this institution, operator and day."""
    known = desk.ledger.sign_in(call.sign_no)
    ours = (call.institution.code, call.operator, stamp(call.at)[:8])
    if known is None or (known.institution, known.opter, known.day) != ours:
        raise RefusedError("not-signed-in")
    if known.signed_out:
        raise RefusedError("signed-out")
    return known


def _answer(desk: Desk, call: Call, known: SignIn) -> bytes:
    return desk.accepted(call, {"signinoutb": {"sign_time": known.sign_time, "sign_no": known.sign_no}})
