"""2401 admission (入院), 2402 discharge (出院), 2403 changed admission, 2404 and 2405 their cancellations."""

from msgspec.structs import replace

from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.confirm import identified
from simulators.platform.transactions.outpatient import refuse_with_details, require_hospital
from simulators.platform.visits import (
    ADMISSION,
    STAY,
    Kind,
    State,
    Visit,
    close_number,
    keep,
    moved,
    open_stay,
    open_visit,
    visit_here,
)


async def admit(desk: Desk, call: Call) -> bytes:
    """2401. Raises RefusedError: the person is in hospital already."""
    require_hospital(call)
    info = call.node("mdtrtinfo")
    person = await identified(desk, call, info)

    def work() -> dict[str, object]:
        _refuse_in_hospital(desk, person.psn_no)
        visit = open_visit(
            desk,
            call,
            kind=Kind.INPATIENT,
            number=str(info["ipt_no"]),
            begun=str(info["begntime"]),
            person=person,
            med_type=str(info["med_type"]),
        )
        desk.ledger.keep(STAY, person.psn_no, visit.mdtrt_id.encode())
        desk.ledger.keep(ADMISSION, call.msgid, visit.mdtrt_id.encode())
        return {"result": {"mdtrt_id": visit.mdtrt_id}}

    return await changed(desk, call, work)


async def discharge(desk: Desk, call: Call) -> bytes:
    """2402. Raises RefusedError: it would be before the admission."""
    info = call.node("dscginfo")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        after = moved(visit, call.infno)
        if info["insutype"] != visit.insutype:
            raise RefusedError("insutype-disagrees", seen=info["insutype"], expected=visit.insutype)
        if str(info["endtime"]) < visit.begun:
            raise RefusedError("discharge-too-early", endtime=info["endtime"], begntime=visit.begun)
        keep(desk.ledger, after)
        desk.ledger.drop(STAY, visit.psn_no)

    return await changed(desk, call, work)


async def change_admission(desk: Desk, call: Call) -> bytes:
    """2403. Raises RefusedError: what is settled was settled under another kind of visit."""
    info = call.node("adminfo")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        after = moved(visit, call.infno)
        if visit.settled_in_force and visit.med_type != info["med_type"]:
            raise RefusedError("visit-settled", mdtrt_id=visit.mdtrt_id)
        begun = str(info.get("begntime") or visit.begun)
        keep(desk.ledger, replace(after, med_type=str(info["med_type"]), begun=begun))

    return await changed(desk, call, work)


async def cancel_admission(desk: Desk, call: Call) -> bytes:
    """2404. Raises RefusedError: details are left."""
    info = call.node("data")
    return await changed(desk, call, lambda: _cancelled(desk, visit_here(desk, call, info["mdtrt_id"], info["psn_no"])))


async def cancel_discharge(desk: Desk, call: Call) -> bytes:
    """2405. Raises RefusedError: the stay is settled, or the person is in hospital again."""
    info = call.node("data")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        after = moved(visit, call.infno)
        _refuse_in_hospital(desk, visit.psn_no)
        desk.ledger.keep(STAY, visit.psn_no, visit.mdtrt_id.encode())
        keep(desk.ledger, after)

    return await changed(desk, call, work)


async def reverse_admission(desk: Desk, call: Call) -> bytes:
    """2601 of a 2401: cancels the stay that a message opened. Raises RefusedError."""
    data = call.node("data")
    omsgid = str(data["omsgid"])

    def work() -> None:
        mdtrt_id = desk.ledger.kept(ADMISSION, omsgid)
        assert mdtrt_id is not None
        visit = visit_here(desk, call, mdtrt_id.decode(), data["psn_no"])
        if visit.state is State.CANCELLED:
            raise RefusedError("already-reversed", omsgid=omsgid)
        _cancelled(desk, visit)

    return await changed(desk, call, work)


def _cancelled(desk: Desk, visit: Visit) -> None:
    after = moved(visit, "2404")
    refuse_with_details(visit)
    keep(desk.ledger, after)
    close_number(desk, visit)
    desk.ledger.drop(STAY, visit.psn_no)


def _refuse_in_hospital(desk: Desk, psn_no: str) -> None:
    if (stay := open_stay(desk, psn_no)) != "":
        raise RefusedError("in-hospital", mdtrt_id=stay)
