"""5203 settlement query (结算信息查询): one settlement as it was answered when it was booked."""

from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.ledger import Settlement
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import output_of


async def query_settlement(desk: Desk, call: Call) -> bytes:
    """5203 by psn_no, setl_id and mdtrt_id. Raises RefusedError unless all three are of one settlement made here."""
    settlement = settlement_here(desk, call)
    output = output_of(desk.ledger, desk.writer, settlement)
    return desk.accepted(call, {"setlinfo": output["setlinfo"], "setldetail": output["setldetail"]})


def settlement_here(desk: Desk, call: Call) -> Settlement:
    """The settlement that `data` names. Raises RefusedError when this institution has none of these keys."""
    data = call.node("data")
    settlement = desk.ledger.settlement(str(data["setl_id"]))
    if settlement is None or (settlement.institution, settlement.psn_no, settlement.mdtrt_id) != (
        call.institution.code,
        data["psn_no"],
        data["mdtrt_id"],
    ):
        raise RefusedError("settlement-unknown", setl_id=data["setl_id"])
    return settlement
