"""1101 person query (人员信息获取): who is this, how insured, what is on the account; and how somebody identifies."""

from collections.abc import Mapping
from functools import cache

from fixtures.people_register import Insurance, register_records
from fixtures.population import Person, people
from harness.money import Fen
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.desk import Desk
from simulators.platform.persons import RESIDENT, age, base_info, psn_type
from simulators.platform.refusals import RefusedError

ENDED = "3"
"""psn_insu_stas of an insurance that has ended (终止参保)."""
VOUCHER, ID_CARD, SOCIAL_CARD = "01", "02", "03"
"""mdtrt_cert_type: token of the e-voucher, number of the resident's ID card, number of the social-insurance card."""


async def query_person(desk: Desk, call: Call) -> bytes:
    """1101 by voucher token, ID number or social-insurance card. Raises RefusedError."""
    data = call.node("data")
    match data["mdtrt_cert_type"]:
        case "01":
            person = await _holder(desk, call, str(data["mdtrt_cert_no"]), data.get("certno"))
        case "02":
            person = desk.person_of_id_no(data["mdtrt_cert_no"])
        case "03":
            person = _card_holder(desk, data)
        case other:
            raise RefusedError("card-type-unsupported", mdtrt_cert_type=other)
    claims = {"certno": person.id_no, "psn_name": person.name}
    if any(data.get(field) not in {None, "", claim} for field, claim in claims.items()):
        raise RefusedError("person-unknown")
    require_insured(person)
    insurance = {
        "balc": desk.writer.amount(desk.ledger.balance(person.psn_no)),
        "insutype": person.insutype,
        "psn_type": psn_type(person, call.at.date()),
        "psn_insu_stas": "1",
        "psn_insu_date": "2010-01-01",
        "paus_insu_date": "",
        "cvlserv_flag": "0",
        "insuplc_admdvs": person.insured_place,
        "emp_name": "",
    }
    baseinfo = {**base_info(person), "age": age(person, call.at.date()), "expContent": ""}
    insurances = [*_ended(person, insurance, desk.writer.amount(Fen(0))), insurance]
    return desk.accepted(call, {"baseinfo": baseinfo, "insuinfo": insurances, "idetinfo": []})


def _ended(person: Person, valid: Mapping[str, object], nothing: object) -> list[dict[str, object]]:
    """The insurance that the person had before, if any; it stands first, and pays nothing any more."""
    ended = register_records()[person.id_no].ended
    if ended is None:
        return []
    row = {"insutype": ended.insutype, "insuplc_admdvs": ended.place, "psn_type": RESIDENT, "psn_insu_stas": ENDED}
    return [{**valid, **row, "balc": nothing, "psn_insu_date": "2005-01-01", "paus_insu_date": "2009-12-31"}]


def require_insured(person: Person) -> None:
    """Raises RefusedError for somebody whose insurance record is missing or not valid."""
    if register_records()[person.id_no].insurance is not Insurance.VALID:
        raise RefusedError("no-insurance-record")


async def presented(desk: Desk, call: Call, info: Mapping[str, object], person: Person) -> None:
    """Check the certificate of a visit or purchase against the person it is for. Raises RefusedError.

    card_sn has a place in 1101 only (institution interface, fields); sent elsewhere it must be the card's, too.
    """
    number = info["mdtrt_cert_no"]
    match info["mdtrt_cert_type"]:
        case "01":
            await require_token(desk, call, str(number), person)
        case "02":
            if number != person.id_no:
                raise RefusedError("card-disagrees")
        case "03":
            if not person.card_no or number != person.card_no or info.get("card_sn") not in {None, "", person.card_sn}:
                raise RefusedError("card-disagrees")
        case other:
            raise RefusedError("card-type-unsupported", mdtrt_cert_type=other)


async def require_token(desk: Desk, call: Call, token: str, person: Person) -> None:
    """Have the voucher centre confirm that a token is this person's here. Raises RefusedError."""
    if not desk.settings.token_check:
        return
    try:
        belongs = await desk.centre.belongs(token, person, call.institution)
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    if not belongs:
        raise RefusedError("token-invalid")


async def _holder(desk: Desk, call: Call, token: str, id_no: object) -> Person:
    if not desk.settings.token_check:
        return desk.person_of_id_no(id_no)
    try:
        owner = await desk.centre.owner(token, call.institution)
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    if owner is None:
        raise RefusedError("token-invalid")
    return desk.person_of_id_no(owner)


def _card_holder(desk: Desk, data: Mapping[str, object]) -> Person:
    psn_no = _cards().get(str(data["mdtrt_cert_no"]))
    person = desk.person(psn_no)
    if data["card_sn"] != person.card_sn:
        raise RefusedError("card-disagrees")
    return person


@cache
def _cards() -> Mapping[str, str]:
    return {person.card_no: person.psn_no for person in people() if person.card_no}
