"""An order's insurance part at the settlement platform: mobile services as transactions of the institution interface.

    6201  2201 and 2203 (unless the message names the hospital's own visit), 2204
    6202  2206                      paid   2207, confirmed by the person in the App
    6401, unpaid, failed  2205      6203   ALL and HI: 2208, then 2205; CASH: nothing, fund and account stay

What the person owes is the platform's own split; what is booked stands in its ledger under the institution and the
msgid of the 2207. A 2207 without an answer is settled by 2601, or (setting) by the same message again.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent, is_array, is_object
from harness.wire.institution import TRACE_NODE, amount
from harness.wire.mobile_confirmation import mobile_exp_content
from simulators.mobile_payment.leg import ID_CARD, Leg
from simulators.mobile_payment.platform_line import Outcome, PlatformLine, Result
from simulators.mobile_payment.services import RefusedError, lines_of
from simulators.mobile_payment.split import Parts
from simulators.mobile_payment.store import Kind, Store, key_of, parts_of_key
from simulators.mobile_payment.work import Key, Locks
from simulators.platform.refusals import RefusedError as PlatformRefusal

Data = Mapping[str, object]
UNSAID = "未说明"
TRACED = "drugTracInfo"
"""The node of 6201 with the trace codes (追溯码) of what is charged; that 6201 has one is assumed."""
SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
NOT_BOOKED = frozenset(PlatformRefusal(why).code for why in ("original-unknown", "already-reversed"))
ALREADY_REFUNDED = PlatformRefusal("already-refunded").code
NOTHING_THERE = PlatformRefusal("nothing-to-withdraw").code
_CAPITAL = re.compile("[A-Z]")


class Insurance:
    """The insurance parts of one case; `key` is what centre and platform share."""

    def __init__(self, line: PlatformLine, *, key: str) -> None:
        self._line = line
        self._key = key
        self._visits: dict[tuple[str, str], str] = {}
        self._described: set[str] = set()
        self._locks = Locks()
        self._store: Store | None = None

    def journal(self, store: Store, safe: Callable[[], Awaitable[None]], still: Callable[[], None]) -> None:
        """Keep in `store` what is sent and opened; `safe` is awaited before anything is sent, `still` called after."""
        self._store = store
        self._line.journal(store, safe, still)

    def note_numbers(self) -> None:
        """Have the last number saved with the rest."""
        self._line.note_numbers()

    def load(self, store: Store) -> None:
        """Everything as a store has it."""
        self._line.load(store)
        self._visits.clear()
        self._described.clear()
        for key, body in store.read(Kind.VISIT):
            institution, number = parts_of_key(key)
            self._visits[institution, number] = mdtrt_id = str(body["mdtrt_id"])
            if body["described"]:
                self._described.add(mdtrt_id)

    @property
    def connected(self) -> bool:
        """Whether there is a platform."""
        return self._line.connected

    async def upload(self, leg: Leg, data: Data) -> None:
        """6201: the visit, where it must be opened, and its details. Raises RefusedError."""
        institution, given = leg.sender.institution.code, str(data.get("mdtrtId") or "")
        visit: tuple[Key, ...] = (("visit", institution, str(data["iptOtpNo"])),)
        if given:
            visit += (("mdtrt", institution, given),)
        async with self._locks.held(*visit):
            leg.mdtrt_id = given or await self._visit(leg, data)
            await self._describe(leg, data)
        rows = [_row(line, data, leg) for line in lines_of(data)]
        leg.traced = _traced(data)
        leg.uploaded = True
        await self._demand("2204", leg, {"feedetail": rows}, str(data["medOrgOrd"]))

    async def pre_settle(self, leg: Leg) -> tuple[Parts, dict[str, object]]:
        """6202: who would pay what, and setlinfo as the platform has it. Raises RefusedError."""
        outcome = await self._demand("2206", leg, {"data": leg.bill()}, leg.pay_ord_id)
        if not _is_readable(outcome, *SCOPE):
            raise RefusedError("platform-unavailable", "2206")
        info = _setlinfo(outcome)
        leg.scope = {name: info[name] for name in SCOPE}
        return parts_of(info), info

    async def settle(self, leg: Leg, *, own: Fen) -> Outcome:
        """2207. The same message as before, where that had no answer."""

        def content(msgid: str) -> Data:
            leg.msgid, leg.unknown = msgid, True  # saved with the msgid, before it leaves
            said = mobile_exp_content(
                self._key, msgid=msgid, psn_no=leg.psn_no, own_pay=format_yuan(own), order=leg.pay_ord_id
            )
            traced = {TRACE_NODE: leg.traced} if leg.traced else {}
            return {"data": {**leg.bill(), **leg.scope, "expContent": said}, **traced}

        outcome = await self._line.ask("2207", leg.sender, content, key=leg.pay_ord_id)
        if outcome.result is Result.DONE and not _is_readable(outcome, "setl_id"):
            outcome = Outcome(result=Result.UNKNOWN, msgid=outcome.msgid, message="no setlinfo")
        leg.unknown = outcome.result is Result.UNKNOWN
        if outcome.result is Result.DONE:
            leg.setl_id = str(_setlinfo(outcome)["setl_id"])
        return outcome

    async def reverse(self, leg: Leg) -> Outcome:
        """2601 of a 2207. Done: it is certain now that nothing is booked, then or later; refused: something may be."""
        if not leg.msgid:
            leg.unknown = False
            return Outcome(result=Result.DONE)
        leg.unknown = True
        data = {"psn_no": leg.psn_no, "omsgid": leg.msgid, "oinfno": "2207"}
        outcome = await self._line.ask("2601", leg.sender, {"data": data}, key=leg.pay_ord_id)
        leg.reversed = outcome.result is Result.DONE
        if outcome.code in NOT_BOOKED:
            outcome = Outcome(result=Result.DONE, msgid=outcome.msgid)
        leg.unknown = outcome.result is not Result.DONE
        return outcome

    async def refund(self, leg: Leg) -> Outcome:
        """2208. Done, too, when it was done before."""
        data = {"setl_id": leg.setl_id, "mdtrt_id": leg.mdtrt_id, "psn_no": leg.psn_no}
        outcome = await self._line.ask("2208", leg.sender, {"data": data}, key=leg.setl_id)
        if outcome.code == ALREADY_REFUNDED:
            return Outcome(result=Result.DONE, msgid=outcome.msgid)
        return outcome

    async def withdraw(self, leg: Leg) -> bool:
        """2205 of the batch; whether none of its details is left unsettled."""
        if not leg.uploaded:
            return True
        data = {"mdtrt_id": leg.mdtrt_id, "psn_no": leg.psn_no, "chrg_bchno": leg.batch}
        outcome = await self._line.ask("2205", leg.sender, {"data": data}, key=leg.pay_ord_id)
        leg.uploaded = outcome.result is not Result.DONE and outcome.code != NOTHING_THERE
        return not leg.uploaded

    async def _visit(self, leg: Leg, data: Data) -> str:
        number = str(data["iptOtpNo"])
        place = (leg.sender.institution.code, number)
        if place in self._visits:
            return self._visits[place]
        registration = {
            "psn_no": leg.psn_no,
            "insutype": leg.insutype,
            "begntime": data["begntime"],
            "mdtrt_cert_type": ID_CARD,
            "mdtrt_cert_no": leg.id_no,
            "ipt_otp_no": number,
            "atddr_no": _said(data, "atddrNo"),
            "dr_name": _said(data, "drName"),
            "dept_code": _said(data, "deptCode"),
            "dept_name": _said(data, "deptName"),
            "caty": _said(data, "caty"),
        }
        output = (await self._demand("2201", leg, {"data": registration}, number)).output.get("data")
        if not is_object(output) or not output.get("mdtrt_id"):
            raise RefusedError("platform-unavailable", "2201")
        self._visits[place] = str(output["mdtrt_id"])
        self._keep(place)
        return self._visits[place]

    def _keep(self, place: tuple[str, str]) -> None:
        if self._store is not None:
            body = {"mdtrt_id": self._visits[place], "described": self._visits[place] in self._described}
            self._store.put(Kind.VISIT, key_of(*place), body)

    async def _describe(self, leg: Leg, data: Data) -> None:
        if leg.mdtrt_id not in self._visits.values() or leg.mdtrt_id in self._described:
            return
        info = {"mdtrt_id": leg.mdtrt_id, "psn_no": leg.psn_no, "med_type": leg.med_type, "begntime": data["begntime"]}
        await self._demand("2203", leg, {"mdtrtinfo": info, "diseinfo": _diagnoses(data)}, leg.mdtrt_id)
        self._described.add(leg.mdtrt_id)
        for place, mdtrt_id in self._visits.items():
            if mdtrt_id == leg.mdtrt_id:
                self._keep(place)

    async def _demand(self, infno: str, leg: Leg, data: Data, key: str) -> Outcome:
        outcome = await self._line.ask(infno, leg.sender, data, key=key)
        match outcome.result:
            case Result.DONE:
                return outcome
            case Result.REFUSED:
                raise RefusedError("platform-refused", f"{infno} {outcome.code} {outcome.message}")
            case Result.UNKNOWN:
                raise RefusedError("platform-unavailable", infno)


def parts_of(info: Data) -> Parts:
    """Who pays what, by a setlinfo; mutual aid counts as account."""
    total, fund, own = (amount(info[name]) for name in ("medfee_sumamt", "fund_pay_sumamt", "psn_cash_pay"))
    return Parts(fund=fund, account=Fen(total - fund - own), own=own)


def _is_readable(outcome: Outcome, *keys: str) -> bool:
    """Whether an answer has a setlinfo of which something can be made."""
    info = outcome.output.get("setlinfo")
    if not is_object(info):
        return False
    try:
        amount(info["balc"])
        return parts_of(info).sound and all(key in info for key in keys)
    except (KeyError, ValueError):
        return False


def _setlinfo(outcome: Outcome) -> dict[str, object]:
    info = outcome.output.get("setlinfo")
    assert is_object(info)
    return dict(info)


def _said(data: Data, name: str) -> object:
    return UNSAID if is_absent(data.get(name)) else data[name]


def _snake(name: str) -> str:
    """A name of the mobile services as the institution interface spells it."""
    return name if name == "expContent" else _CAPITAL.sub(lambda found: "_" + found[0].lower(), name)


def _row(line: Data, data: Data, leg: Leg) -> dict[str, object]:
    filled = {
        "rx_circ_flag": data.get("rxCircFlag") or "0",
        "bilg_dept_codg": _said(data, "deptCode"),
        "bilg_dept_name": _said(data, "deptName"),
        "bilg_dr_codg": _said(data, "atddrNo"),
        "bilg_dr_name": _said(data, "drName"),
        "hosp_appr_flag": "0",
    }
    said = {_snake(name): value for name, value in line.items() if not is_absent(value)}
    return {**filled, **said, "mdtrt_id": leg.mdtrt_id, "psn_no": leg.psn_no, "chrg_bchno": leg.batch}


def _traced(data: Data) -> list[dict[str, str]]:
    """The trace codes of an upload (drugTracInfo, a node of our own) in the words of 2207."""
    given = data.get(TRACED)
    rows = [row for row in given if is_object(row)] if is_array(given) else []
    return [{_snake(name): str(value) for name, value in row.items() if not is_absent(value)} for row in rows]


def _diagnoses(data: Data) -> list[dict[str, object]]:
    given = data.get("diseinfoList")
    rows = [row for row in given if is_object(row)] if is_array(given) else []
    if not rows:
        rows = [{"diagCode": data.get("diseCodg"), "diagName": data.get("diseName")}]
    return [
        {
            "diag_type": row.get("diagType") or "1",
            "diag_srt_no": row.get("diagSrtNo") or number,
            "diag_code": _said(row, "diagCode"),
            "diag_name": _said(row, "diagName"),
            "diag_dept": _said(row, "diagDept"),
            "dise_dor_no": _said(row, "diseDorNo"),
            "dise_dor_name": _said(row, "diseDorName"),
            "diag_time": row.get("diagTime") or data["begntime"],
            "vali_flag": row.get("valiFlag") or "1",
        }
        for number, row in enumerate(rows, start=1)
    ]
