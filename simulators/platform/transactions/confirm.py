"""Who stands at the counter, and do they confirm the payment: what settlements of all kinds ask before they book.

How a payment is confirmed depends on the certificate (institution reference, password rule): a voucher token and an ID
card by the voucher password, which the voucher centre asks for, a social-insurance card by the card's own password.
Who is insured in another province is exempt (choice `password_across_provinces`).
What the mobile-payment centre sends was confirmed in the App.
"""

from collections.abc import Mapping

from fixtures.population import Person
from harness.money import format_yuan
from harness.wire.card_pin import MEMBER, exp_content, proves
from harness.wire.mobile_confirmation import OWN_PAY, PROOF, is_confirmed
from simulators.platform.benefits import Split
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.person import ID_CARD, SOCIAL_CARD, presented, require_insured

PROVINCE = 2
"""Digits of an admdvs code that name its province."""
MOCK = "MOCK"
"""The signtype that skips the password."""


def insured(desk: Desk, call: Call, info: Mapping[str, object]) -> Person:
    """The person of psn_no, insured where and how the message says. Raises RefusedError."""
    person = desk.person(info["psn_no"])
    require_insured(person)
    if call.insured_place and call.insured_place != person.insured_place:
        raise RefusedError("insured-place-disagrees", seen=call.insured_place, expected=person.insured_place)
    if info["insutype"] != person.insutype:
        raise RefusedError("insutype-disagrees", seen=info["insutype"], expected=person.insutype)
    return person


async def identified(desk: Desk, call: Call, info: Mapping[str, object]) -> Person:
    """The insured person, by a certificate of any kind that is theirs. Raises RefusedError."""
    person = insured(desk, call, info)
    await presented(desk, call, info, person)
    return person


async def confirmed(desk: Desk, call: Call, info: Mapping[str, object], person: Person, shown: Split) -> None:
    """Have the person confirm, unless signtype is MOCK or they are exempt. Raises RefusedError; nothing is booked."""
    if call.signtype == MOCK:
        return
    said = exp_content(info.get("expContent"))
    if PROOF in said:
        _in_app(desk, call, said, person, shown)
        return
    if _is_exempt(desk, call, person):
        desk.event("password-exempt", msgid=call.msgid, psn_no=person.psn_no, place=person.insured_place)
        return
    if info["mdtrt_cert_type"] == SOCIAL_CARD:
        _card_password(said, person)
        return
    by_card = info["mdtrt_cert_type"] == ID_CARD
    try:
        confirmation = await desk.centre.confirm(
            person if by_card else str(info["mdtrt_cert_no"]),
            call.institution,
            amount=shown.total,
            account=shown.account,
            msgid=call.msgid,
        )
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    match result := confirmation.result:
        case "confirmed":
            desk.bills.paid_in(confirmation.channel, msgid=call.msgid)
        case "wrong-password":
            raise RefusedError(result, what="电子凭证")
        case "declined" | "not-answered" | "token-invalid" | "not-activated":
            raise RefusedError(result)
        case _:
            raise RefusedError("centre-unavailable")


def _is_exempt(desk: Desk, call: Call, person: Person) -> bool:
    """Whether the person is insured in another province than the institution's, and need not confirm."""
    across = person.insured_place[:PROVINCE] != call.institution.admdvs[:PROVINCE]
    return across and not choices_of(desk.profile.name).password_across_provinces


def _in_app(desk: Desk, call: Call, said: Mapping[str, object], person: Person, shown: Split) -> None:
    """The mobile-payment centre says that the person has confirmed, and paid their own part."""
    if not is_confirmed(said, desk.settings.mobile_key, msgid=call.msgid, psn_no=person.psn_no):
        raise RefusedError("mobile-confirmation-invalid")
    if said[OWN_PAY] != format_yuan(shown.cash):
        raise RefusedError("own-pay-disagrees", seen=said[OWN_PAY], expected=format_yuan(shown.cash))


def _card_password(said: Mapping[str, object], person: Person) -> None:
    proof = said.get(MEMBER)
    if not proof:
        raise RefusedError("card-password-missing")
    if not proves(proof, card_sn=person.card_sn, password=person.card_pin):
        raise RefusedError("wrong-password", what="社会保障卡")
