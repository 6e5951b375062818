"""2201 registration (门诊挂号), 2202 its cancellation, 2203 and 2203A visit data (就诊信息上传)."""

from msgspec.structs import replace

from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.confirm import identified
from simulators.platform.visits import Kind, Visit, close_number, keep, moved, open_visit, visit_here

HOSPITAL = "hospital"


def require_hospital(call: Call) -> None:
    """Raises RefusedError at a pharmacy."""
    if call.institution.kind != HOSPITAL:
        raise RefusedError("hospital-only", infno=call.infno)


async def register(desk: Desk, call: Call) -> bytes:
    """2201. Raises RefusedError."""
    require_hospital(call)
    info = call.node("data")
    person = await identified(desk, call, info)

    def work() -> dict[str, object]:
        visit = open_visit(
            desk,
            call,
            kind=Kind.OUTPATIENT,
            number=str(info["ipt_otp_no"]),
            begun=str(info["begntime"]),
            person=person,
        )
        return {"data": {"mdtrt_id": visit.mdtrt_id, "psn_no": person.psn_no, "ipt_otp_no": visit.number}}

    return await changed(desk, call, work)


async def cancel_registration(desk: Desk, call: Call) -> bytes:
    """2202. Raises RefusedError: details are left, or a settlement is in force."""
    info = call.node("data")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        if visit.number != info["ipt_otp_no"]:
            raise RefusedError("visit-unknown", mdtrt_id=visit.mdtrt_id)
        after = moved(visit, call.infno)
        refuse_with_details(visit)
        keep(desk.ledger, after)
        close_number(desk, visit)

    return await changed(desk, call, work)


async def visit_data(desk: Desk, call: Call) -> bytes:
    """2203 and 2203A. May be sent again until the visit's first settlement. Raises RefusedError."""
    info = call.node("mdtrtinfo")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        after = moved(visit, call.infno)
        med_type = str(info["med_type"])
        if visit.settled_in_force and visit.med_type != med_type:
            raise RefusedError("visit-settled", mdtrt_id=visit.mdtrt_id)
        keep(desk.ledger, replace(after, med_type=med_type, has_data=True))

    return await changed(desk, call, work)


def refuse_with_details(visit: Visit) -> None:
    """Raises RefusedError while details stand in a visit."""
    if visit.details:
        raise RefusedError("details-left", mdtrt_id=visit.mdtrt_id, count=len(visit.details))
