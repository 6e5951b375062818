"""9001 sign-in (签到) and 9002 sign-out (签退): once per operator and day; who signed out stays out until tomorrow.

Where an operator signs in from (mac, ip) is kept with the sign-in: again on that day it must be from there.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from simulators.platform.call import Call, spell, stamp
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.ledger import SignIn
from simulators.platform.refusals import RefusedError

PLACE = "sign-in-place"
"""The kind of document in which the address of a sign-in stands, by sign_no."""
ADDRESS = ("mac", "ip")


async def sign_in(desk: Desk, call: Call) -> bytes:
    """9001. A second sign-in of the same operator on the same day gets the number of the first.

    Raises RefusedError: signed out for the day, or (choice `sign_in_place`) from another mac or ip than before.
    """
    info = call.node("signIn")
    operator = str(info["opter_no"])
    day = f"{call.at:%Y%m%d}"
    known = desk.ledger.sign_in_of(call.institution.code, operator, day)
    if known is None:
        await desk.ledger.turn()
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
            desk.ledger.keep(PLACE, known.sign_no, msgspec.json.encode({name: info.get(name) for name in ADDRESS}))
    if known.signed_out:
        raise RefusedError("signed-out")
    if choices_of(desk.profile.name).sign_in_place == "first":
        _require_place(desk, known, info)
    return _answer(desk, call, known)


async def sign_out(desk: Desk, call: Call) -> bytes:
    """9002. Raises RefusedError when the number is not this operator's of today."""
    data = call.node("signOut")
    if data["sign_no"] != call.sign_no:
        raise RefusedError("not-signed-in")
    known = valid_sign_in(desk, call)
    ended = replace(known, signed_out=True)
    await desk.ledger.turn()
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


def _require_place(desk: Desk, known: SignIn, info: Mapping[str, object]) -> None:
    """Raises RefusedError that names what differs; what either sign-in leaves out is not compared."""
    kept = desk.ledger.kept(PLACE, known.sign_no)
    first = {} if kept is None else msgspec.json.decode(kept, type=dict[str, str | None])
    wrong = [
        f"{name} {info[name]}≠{before}"
        for name in ADDRESS
        if (before := first.get(name)) and info.get(name) and str(info[name]).lower() != before.lower()
    ]
    if wrong:
        raise RefusedError("sign-in-elsewhere", what="，".join(wrong))


def _answer(desk: Desk, call: Call, known: SignIn) -> bytes:
    return desk.accepted(call, {"signinoutb": {"sign_time": known.sign_time, "sign_no": known.sign_no}})
