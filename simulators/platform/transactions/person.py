"""1101 person query (人员信息获取): who is this, how insured, what is on the account."""

from fixtures.population import Person
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.desk import Desk
from simulators.platform.persons import age, base_info, psn_type
from simulators.platform.refusals import RefusedError

VOUCHER = "01"
"""mdtrt_cert_type of the e-voucher."""


async def query_person(desk: Desk, call: Call) -> bytes:
    """1101 by voucher token or ID number. Raises RefusedError."""
    data = call.node("data")
    match data["mdtrt_cert_type"]:
        case "01":
            person = await _holder(desk, call, str(data["mdtrt_cert_no"]), data.get("certno"))
        case "02":
            person = desk.person_of_id_no(data["mdtrt_cert_no"])
        case other:
            raise RefusedError("card-type-unsupported", mdtrt_cert_type=other)
    claims = {"certno": person.id_no, "psn_name": person.name}
    if any(data.get(field) not in {None, "", claim} for field, claim in claims.items()):
        raise RefusedError("person-unknown")
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
    return desk.accepted(call, {"baseinfo": baseinfo, "insuinfo": [insurance], "idetinfo": []})


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
