"""Who stands at the counter, and do they confirm the payment: what settlements of all kinds ask before they book."""

from collections.abc import Mapping

from fixtures.population import Person
from simulators.platform.benefits import Split
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.desk import Desk
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.person import VOUCHER, require_token

MOCK = "MOCK"
"""The signtype that skips the password."""
ID_CARD = "02"
"""mdtrt_cert_type of the resident's ID card."""


def insured(desk: Desk, call: Call, info: Mapping[str, object]) -> Person:
    """The person of psn_no, insured where and how the message says. Raises RefusedError."""
    person = desk.person(info["psn_no"])
    if call.insured_place and call.insured_place != person.insured_place:
        raise RefusedError("insured-place-disagrees", seen=call.insured_place, expected=person.insured_place)
    if info["insutype"] != person.insutype:
        raise RefusedError("insutype-disagrees", seen=info["insutype"], expected=person.insutype)
    return person


async def identified(desk: Desk, call: Call, info: Mapping[str, object]) -> Person:
    """The insured person, by a voucher token that is theirs or by their ID number. Raises RefusedError."""
    person = insured(desk, call, info)
    match info["mdtrt_cert_type"]:
        case "01":
            await require_token(desk, call, str(info["mdtrt_cert_no"]), person)
        case "02":
            if info["mdtrt_cert_no"] != person.id_no:
                raise RefusedError("card-disagrees")
        case other:
            raise RefusedError("card-type-unsupported", mdtrt_cert_type=other)
    return person


async def confirmed(desk: Desk, call: Call, info: Mapping[str, object], shown: Split) -> None:
    """Have the person confirm, unless signtype is MOCK or they came with an ID card. Raises RefusedError."""
    if call.signtype == MOCK or info["mdtrt_cert_type"] != VOUCHER:
        return
    try:
        result = await desk.centre.confirm(
            str(info["mdtrt_cert_no"]), call.institution, amount=shown.total, account=shown.account, msgid=call.msgid
        )
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    match result:
        case "confirmed":
            return
        case "wrong-password" | "declined" | "not-answered" | "token-invalid":
            raise RefusedError(result)
        case _:
            raise RefusedError("centre-unavailable")
