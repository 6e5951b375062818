"""Alipay's IoT box (支付宝IoT设备) at a counter: it takes a shown code or a face, and shows how the settlement ended.

A source names the two calls and their members iot.gain.ec.qrcode {gainWay, outBizNo} and iot.medical.settle.notify
{bizType, medicalSettleState, totalFee, selfFee, medicalFee, outBizNo}; the rest is our own design. People present to it
as to the insurance terminal.
"""

from fixtures.population import Institution
from harness.wire import voucher_messages as messages
from harness.wire.institution import amount
from simulators.voucher_centre.office import Answer, Body, Office
from simulators.voucher_centre.refusal import RefusedError
from simulators.voucher_centre.terminal import Ending, Presented, Thing

WAYS = {"MOBILE": (Thing.CODE,), "FACE": (Thing.FACE,), "ALL": (Thing.CODE, Thing.FACE)}
"""What each gainWay waits for; of several, whatever comes first."""


class IotBox:
    """The boxes of one case; a business number (outBizNo) serves one scan of an institution."""

    channel = "alipay"
    """Whose box it is; the channel of an identity by face."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._scans: dict[tuple[str, str], str] = {}
        """By institution and business number: the ID number of whoever was identified, else empty."""

    async def gain(self, institution: Institution, data: Body) -> Presented:
        """What is shown to the box. Raises RefusedError: a repeated number, nothing in time, cancelled."""
        key = institution.code, str(data["outBizNo"])
        if key in self._scans:
            raise RefusedError("business-number-repeated", "outBizNo")
        self._scans[key] = ""
        shown = await self._office.terminals.take(institution.code, *WAYS[str(data["gainWay"])])
        if isinstance(shown, Ending):
            raise RefusedError(shown.value)
        return shown

    def identified(self, institution: Institution, data: Body, id_no: str) -> None:
        """Whom that scan has identified."""
        self._scans[institution.code, str(data["outBizNo"])] = id_no

    async def show_result(self, institution: Institution, data: Body) -> Answer:
        """The result of a settlement goes to the screen. Raises RefusedError for a scan that identified nobody."""
        office = self._office
        id_no = self._scans.get((institution.code, str(data["outBizNo"])))
        person = office.register.person(id_no)
        if person is None:
            raise RefusedError("invalid-request", "outBizNo names no scan that identified somebody")
        total, own, medical = (amount(data.get(name) or "0") for name in ("totalFee", "selfFee", "medicalFee"))
        settled = data["medicalSettleState"] == "SUCCESS"
        office.tell(
            "box-notified",
            out_biz_no=str(data["outBizNo"]),
            id_no=person.id_no,
            institution=institution.code,
            state=str(data["medicalSettleState"]),
            total_fen=total,
            medical_fen=medical,
            own_fen=own,
            differs_fen=total - medical - own if settled else 0,
        )
        if office.terminal.there:
            shown = {
                "orgId": institution.code,
                "medicalSettleState": data["medicalSettleState"],
                "bizType": data["bizType"],
                "totalFee": data["totalFee"],
                "medicalFee": data.get("medicalFee", ""),
                "ownAmt": data.get("selfFee", ""),
                "userName": person.name,
                "hospitalName": institution.name,
            }
            if not await office.terminal.post(messages.PUSH_SCREEN_PATH, shown):
                office.tell("screen-undelivered", institution=institution.code)
        return {"outBizNo": data["outBizNo"]}
