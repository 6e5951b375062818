"""Tapes of a hospital's counter made by hand: the story of `tape_builder` goes on with visits, stays and terminals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fixtures.population import Person, people
from harness.wire.card_pin import card_pin_proof, exp_content
from harness.wire.voucher_messages import QR_QUERY_PATH
from tests.harness.rules.tape_builder import PHARMACY, SPLIT, Sale, TapeBuilder, yuan

SLOT, OTHER_SLOT = "S20201016-0101-AM", "S20201014-0101-PM"
FEE = {"total": 1200, "fund": 0, "account": 1200, "cash": 0}
SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
PRE = {"2207": "2206", "2304": "2303"}
ITEM = {"code": "XS000001", "name": "门诊诊查费", "price": "12.00", "quantity": "1", "amount": "12.00", "level": "01"}


def fee_line(price: str, quantity: str, amount: str) -> dict[str, str]:
    """A line of a doctor's order."""
    return {**ITEM, "price": price, "quantity": quantity, "amount": amount}


LINES = (fee_line("12.50", "2", "25.00"), fee_line("3.35", "3", "10.05"))
FEES = {"total": 3505, "fund": 1000, "account": 2000, "cash": 505}
KEPT = {"total": 2500, "fund": 700, "account": 1500, "cash": 300}


@dataclass(kw_only=True)
class Visit:
    """A visit or stay in the making."""

    mdtrt_id: str
    order: str
    person: Person
    uploads: int = 0
    scope: list[int] = field(default_factory=lambda: [0, 0, 0, 0])


@dataclass
class HospitalTape(TapeBuilder):
    """A tape of a hospital's counter."""

    visits: dict[str, Visit] = field(default_factory=dict)
    pins: int = 0
    way: str = ""
    by: str = ""

    # Who comes

    def who(self, sale: Sale) -> dict[str, str]:
        """The members of a command that say how and where somebody identifies."""
        members = {"by": self.by} if self.by else {}
        return {**members, "way": self.way} if self.way else members

    def identified(self, sale: Sale) -> None:
        """Somebody identifies, as `by` says, and 1101 is answered."""
        match self.by:
            case "id-card":
                self.read_id_card(sale)
            case "face":
                self.check_face(sale)
            case "card":
                self.read_card(sale)
            case _:
                self.counter(f"{sale.order} scan-please", id=self.command, event="scan-please")
                self.scan(sale)
                self.decode(sale)
                self[f"{sale.order} query request"].content["data"]["businessType"] = self._purpose()
                if self.way == "self-service":
                    self[f"{sale.order} query request"].content["data"]["deviceType"] = "SelfService"
        self.identify(sale)
        if self.by == "card":
            self[f"{sale.order} 1101 request"].content["input"]["data"]["card_sn"] = sale.person.card_sn

    def certificate(self, sale: Sale) -> dict[str, str]:
        """How a transaction names the person."""
        match self.by:
            case "id-card":
                return {"mdtrt_cert_type": "02", "mdtrt_cert_no": sale.person.id_no}
            case "card":
                return {"mdtrt_cert_type": "03", "mdtrt_cert_no": sale.person.card_no}
            case _:
                return super().certificate(sale)

    def _purpose(self) -> str:
        """businessType of the command under way."""
        under_way = [e.content["do"] for e in self.entries if isinstance(e.content, dict) and "do" in e.content]
        return {"register": "01101", "admit": "01103"}.get(under_way[-1], "01301")

    def _ask_terminal(self, sale: Sale, what: str) -> None:
        self.counter(f"{sale.order} present {what}", id=self.command, event="present-please", what=what)

    def _library(self, label: str, call: str, **data: str) -> None:
        common = {
            "orgId": PHARMACY,
            "businessType": self._purpose(),
            "operatorId": "C001",
            "operatorName": "收银员",
            "officeId": "0001",
            "officeName": "收银台",
        }
        body = {"orgId": PHARMACY, "transType": call, "data": {**common, **data}}
        self.request(label, "voucher-centre", QR_QUERY_PATH, body)

    def _granted_call(self, label: str, data: Mapping[str, object]) -> None:
        self.reply(label, {"orgId": PHARMACY, "code": 0, "message": "", "success": True, "data": data})

    def read_id_card(self, sale: Sale, *, activated: bool = True) -> None:
        """cn.nhsa.cert.get."""
        self._ask_terminal(sale, "id-card")
        self._library(f"{sale.order} card", "cn.nhsa.cert.get")
        person = sale.person
        self.event("voucher-centre", "card-read", f"{sale.order} card-read", id_no=person.id_no, institution=PHARMACY)
        told = {"idNo": person.id_no, "idType": "01", "userName": person.name, "activated": activated}
        self._granted_call(f"{sale.order} card", told)

    def check_face(self, sale: Sale, *, matches: bool = True) -> None:
        """cn.nhsa.ec.auth and cn.nhsa.auth.check."""
        self.codes += 1
        number = f"{PHARMACY}20201014{self.codes:09d}"
        self._library(f"{sale.order} auth", "cn.nhsa.ec.auth", outBizNo=number)
        self._granted_call(f"{sale.order} auth", {"authNo": f"ano{self.codes}", "outBizNo": number})
        self._ask_terminal(sale, "face")
        self._library(f"{sale.order} check", "cn.nhsa.auth.check", authNo=f"ano{self.codes}", outBizNo=number)
        if not matches:
            body = {"orgId": PHARMACY, "code": 980024, "message": "人脸不符", "success": False}
            self.reply(f"{sale.order} check", body)
            return
        sale.token = f"639900ec{self.codes:030d}"
        self.event(
            "voucher-centre",
            "token-issued",
            f"{sale.order} token-issued",
            token=sale.token,
            id_no=sale.person.id_no,
            institution=PHARMACY,
            digits="",
            expires_ns=self.now_ns + 1800 * 10**9,
        )
        told = {"idNo": sale.person.id_no, "userName": sale.person.name, "ecToken": sale.token}
        self._granted_call(f"{sale.order} check", told)

    def read_card(self, sale: Sale) -> None:
        """ReadCardBas."""
        self._ask_terminal(sale, "card")
        self.request(f"{sale.order} read", "terminal", "/HeaSecReadInfo/ReadCardBas", {"orgId": PHARMACY})
        person = sale.person
        info = f"639900|{person.id_no}|{person.card_no}|{person.card_sn}|{person.name}||2.00|20180101|20280101|1|2"
        self.reply(f"{sale.order} read", {"code": 0, "cardInfo": info})

    def verify_pin(self, sale: Sale) -> str:
        """VerifyPIN; the proof."""
        self._ask_terminal(sale, "card-pin")
        self.request(f"{sale.order} pin", "terminal", "/HeaSecReadInfo/VerifyPIN", {"orgId": PHARMACY})
        proof = card_pin_proof(sale.person.card_sn, sale.person.card_pin)
        self.reply(f"{sale.order} pin", {"code": 0, "proof": proof})
        return proof

    def show_result(self, sale: Sale, state: str = "SUCCESS") -> None:
        """cn.nhsa.settle.notify."""
        parts = zip(("totalFee", "hifAmt", "acctAmt", "ownAmt"), SPLIT, strict=True)
        amounts = {name: yuan(sale.amounts[part]) for name, part in parts}
        self._library(f"{sale.order} notify", "cn.nhsa.settle.notify", medicalSettleState=state, **amounts)
        self._granted_call(f"{sale.order} notify", {})

    # Transactions of a visit

    def transaction(self, label: str, infno: str, content: dict[str, Any], **more: Any) -> str:
        """A transaction; journalled if it is due, and marked with the way."""
        if infno in {"2207", "2208", "2304", "2305", "2401"} and not more.get("msgid"):
            more["msgid"] = self.next_msgid()
            self.counter(f"{label} journal", id=self.command, event="journal", msgid=more["msgid"], infno=infno)
        msgid = super().transaction(label, infno, content, **more)
        if self.way == "self-service":
            self[f"{label} request"].content["opter_type"] = "2"
        return msgid

    def _of(self, visit: Visit) -> dict[str, str]:
        return {"mdtrt_id": visit.mdtrt_id, "psn_no": visit.person.psn_no}

    def open_visit(self, sale: Sale) -> Visit:
        """2201."""
        visit = Visit(mdtrt_id=f"V{len(self.visits) + 1:04d}", order=sale.order, person=sale.person)
        self.visits[sale.order] = visit
        data = {
            "psn_no": sale.person.psn_no,
            "insutype": sale.person.insutype,
            "begntime": self.now,
            **self.certificate(sale),
            "ipt_otp_no": sale.order,
            "atddr_no": "0101",
            "dr_name": "测试医师甲",
            "dept_code": "01",
            "dept_name": "内科门诊",
            "caty": "A03",
        }
        self.transaction(f"{sale.order} 2201", "2201", {"data": data})
        answer = {"mdtrt_id": visit.mdtrt_id, "psn_no": sale.person.psn_no, "ipt_otp_no": sale.order}
        self.granted(f"{sale.order} 2201", {"data": answer})
        return visit

    def describe(self, label: str, visit: Visit) -> None:
        """2203."""
        disease = {
            "diag_type": "1",
            "diag_srt_no": "1",
            "diag_code": "Z00.000",
            "diag_name": "一般性检查",
            "diag_dept": "01",
            "dise_dor_no": "0101",
            "dise_dor_name": "测试医师甲",
            "diag_time": self.now,
            "vali_flag": "1",
        }
        info = {**self._of(visit), "med_type": "11", "begntime": self.now}
        self.transaction(f"{label} 2203", "2203", {"mdtrtinfo": info, "diseinfo": [disease]})
        self.granted(f"{label} 2203")

    def upload(self, label: str, visit: Visit, batch: str, *lines: dict[str, str], infno: str = "2204") -> None:
        """2204 or 2301; every line is in scope."""
        rows, results = [], []
        ward = infno == "2301"
        dept, dept_name, doctor = ("03", "普通外科", "丙") if ward else ("01", "内科门诊", "甲")
        for line in lines:
            visit.uploads += 1
            number = f"{visit.order}-{visit.uploads:03d}"
            row = {
                "feedetl_sn": number,
                **self._of(visit),
                "chrg_bchno": batch,
                "rx_circ_flag": "0",
                "fee_ocur_time": self.now,
                "med_list_codg": line["code"],
                "medins_list_codg": line["code"],
                "det_item_fee_sumamt": line["amount"],
                "cnt": line["quantity"],
                "pric": line["price"],
                "bilg_dept_codg": dept,
                "bilg_dept_name": dept_name,
                "bilg_dr_codg": f"{dept}01",
                "bilg_dr_name": f"测试医师{doctor}",
                "hosp_appr_flag": "0",
            }
            rows.append({**row, "med_type": "21"} if ward else row)
            amounts = {"fulamt_ownpay_amt": "0.00", "overlmt_amt": "0.00", "preselfpay_amt": "0.00"}
            money = {"det_item_fee_sumamt": line["amount"], "cnt": line["quantity"], "pric": line["price"]}
            results.append({"feedetl_sn": number, **money, **amounts, "inscp_scp_amt": line["amount"]})
        self.transaction(f"{label} {infno}", infno, {"feedetail": rows})
        self.granted(f"{label} {infno}", {"result": results})

    def bill(self, sale: Sale, visit: Visit, batch: str) -> dict[str, Any]:
        """The input of 2206 and 2303."""
        return {
            "psn_no": sale.person.psn_no,
            **self.certificate(sale),
            "med_type": "11",
            "medfee_sumamt": yuan(sale.amounts["total"]),
            "psn_setlway": "01",
            "mdtrt_id": visit.mdtrt_id,
            "chrg_bchno": batch,
            "acct_used_flag": "1" if sale.use_account else "0",
            "insutype": sale.person.insutype,
        }

    def pre_settle_visit(self, sale: Sale, visit: Visit, batch: str, *, label: str = "") -> dict[str, Any]:
        """2206; the input of 2207."""
        label = label or sale.order
        bill = self.bill(sale, visit, batch)
        msgid = self.transaction(f"{label} 2206", "2206", {"data": bill})
        self.event("platform", "presettled", f"{label} presettled", msgid=msgid, psn_no=sale.person.psn_no)
        self.granted(f"{label} 2206", {"setlinfo": {**self.setlinfo(sale), **self._scope(sale)}})
        more: dict[str, Any] = {**self._scope(sale), "invono": sale.order}
        if self.by == "card":
            proof = self.verify_pin(sale)
            more["expContent"] = f'{{"card_pin_proof":"{proof}"}}'
            assert exp_content(more["expContent"])
        return {**bill, **more}

    def _scope(self, sale: Sale) -> dict[str, str]:
        return dict(zip(SCOPE, ("0.00", "0.00", "0.00", yuan(sale.amounts["total"])), strict=True))

    def settle_visit(self, sale: Sale, visit: Visit, batch: str, *, label: str = "") -> None:
        """2206, 2207."""
        label = label or sale.order
        content = self.pre_settle_visit(sale, visit, batch, label=label)
        self._settle(label, "2207", sale, visit, content)

    def _settle(self, label: str, infno: str, sale: Sale, visit: Visit, content: dict[str, Any]) -> None:
        sale.msgid = self.transaction(f"{label} {infno}", infno, {"data": content})
        if self.by != "card":
            self._confirm_at(label, sale)
        sale.setl_id = self._booked(f"{label} booked", sale, infno=infno, msgid=sale.msgid)
        self[f"{label} booked"].content["mdtrt_id"] = visit.mdtrt_id
        info = {**self.setlinfo(sale), "setl_id": sale.setl_id}
        self.granted(f"{label} {infno}", {"setlinfo": info})

    def _confirm_at(self, label: str, sale: Sale) -> None:
        prompt, device = f"PP-{label}", "terminal" if self.by == "id-card" else "phone"
        amounts = {"amount_fen": sale.amounts["total"], "account_fen": sale.amounts["account"]}
        self.event(device, "prompt-shown", f"{label} prompt", prompt=prompt, person=sale.person.id, **amounts)
        self.event(
            "voucher-centre",
            "payment-confirmed",
            f"{label} payment-confirmed",
            prompt=prompt,
            id_no=sale.person.id_no,
            result="confirmed",
        )

    def withdraw(self, label: str, visit: Visit, batch: str) -> None:
        """2205."""
        self.transaction(f"{label} 2205", "2205", {"data": {**self._of(visit), "chrg_bchno": batch}})
        self.granted(f"{label} 2205")

    def cancel_visit(self, label: str, visit: Visit) -> None:
        """2202."""
        self.transaction(f"{label} 2202", "2202", {"data": {**self._of(visit), "ipt_otp_no": visit.order}})
        self.granted(f"{label} 2202")

    def undo(self, label: str, infno: str, sale: Sale, visit: Visit) -> str:
        """2208 or 2305; the setl_id of the refund."""
        content = {"data": {"setl_id": sale.setl_id, **self._of(visit)}}
        msgid = self.transaction(f"{label} {infno}", infno, content)
        refund = self._booked(f"{label} refund booked", sale, infno=infno, msgid=msgid, reverses=sale.setl_id)
        self[f"{label} refund booked"].content["mdtrt_id"] = visit.mdtrt_id
        self.granted(f"{label} {infno}", {"setlinfo": {**self.setlinfo(sale, -1), "setl_id": refund}})
        self.refunded[sale.order] = refund
        return refund

    # Whole stories

    def offer(self, label: str = "slots", **free: int) -> None:
        """The day's slots, three places each unless said otherwise."""
        self.ask("slots", label, day="2020-10-16")
        rows = [
            {
                "slot": slot,
                "dept_code": "01",
                "dept_name": "内科门诊",
                "caty": "A03",
                "doctor_code": "0101",
                "doctor_name": "测试医师甲",
                "day": f"{slot[1:5]}-{slot[5:7]}-{slot[7:9]}",
                "period": "AM",
                "fee": "12.00",
                "free": free.get(name, 3),
            }
            for slot, name in ((SLOT, "first"), (OTHER_SLOT, "today"))
        ]
        self.answer(label, "accepted", slots=rows)

    def lock(self, order: str, *, slot: str = SLOT) -> None:
        """A slot is locked for a quarter of an hour."""
        self.ask("lock", f"{order} lock", order=order, slot=slot)
        self.answer(f"{order} lock", "accepted", order=order, slot=slot, until="2020-10-14 08:45:00")

    def begin_register(self, order: str, *, person: int = 0) -> Sale:
        """The command, and who comes."""
        sale = Sale(order=order, person=people()[person], amounts=dict(FEE))
        self.sales[order] = sale
        self.ask("register", order, order=order, use_account=True, **self.who(sale))
        self.identified(sale)
        return sale

    def register(self, order: str = "R0001", *, person: int = 0, slot: str = SLOT) -> Sale:
        """A whole registration."""
        self.lock(order, slot=slot)
        sale = self.begin_register(order, person=person)
        visit = self.open_visit(sale)
        self.describe(order, visit)
        self.upload(order, visit, order, ITEM)
        self.settle_visit(sale, visit, order)
        self.finish(sale, visit, what="slip")
        return sale

    def finish(self, sale: Sale, visit: Visit, *, what: str, label: str = "", **more: str) -> None:
        """What comes after a settlement: the result at the terminal, a slip, the answer."""
        label = label or sale.order
        if self.by == "face":
            self.show_result(sale)
        if self.way == "self-service":
            self.counter(f"{label} released", id=self.command, event="released", order=sale.order, what=what)
        self.answer(
            label,
            "accepted",
            order=sale.order,
            setl_id=sale.setl_id,
            mdtrt_id=visit.mdtrt_id,
            psn_no=sale.person.psn_no,
            msgid=sale.msgid,
            amounts={part: yuan(sale.amounts[part]) for part in SPLIT},
            **more,
        )

    def refund_registration(self, order: str = "R0001", *, way: str = "online") -> None:
        """2208, 2205, 2202."""
        sale, visit = self.sales[order], self.visits[order]
        label = f"{order} refund"
        self.ask("refund", label, order=order, way=way)
        refund = self.undo(label, "2208", sale, visit)
        self.withdraw(label, visit, order)
        self.cancel_visit(label, visit)
        self.refunded_answer(label, sale, visit, refund)

    def refunded_answer(self, label: str, sale: Sale, visit: Visit, refund: str) -> None:
        """The answer to a refund."""
        amounts = {part: yuan(-sale.amounts[part]) for part in SPLIT}
        booked = next(e for e in self.entries if e.event == "booked" and e.content["setl_id"] == refund)
        ids = {"mdtrt_id": visit.mdtrt_id, "psn_no": sale.person.psn_no, "msgid": booked.content["msgid"]}
        self.answer(label, "accepted", order=sale.order, setl_id=refund, amounts=amounts, **ids)

    def order_fees(self, order: str = "F0001", *, visit: str = "R0001") -> None:
        """A doctor orders something."""
        total = yuan(FEES["total"])
        self.ask("fees", f"{order} fees", order=order, visit=visit, lines=list(LINES), total=total)
        self.answer(f"{order} fees", "accepted", order=order)

    def ask_pending(self, label: str = "pending", *, person: int = 0, orders: tuple[str, ...] = ("F0001",)) -> None:
        """What is pending, for whoever comes."""
        sale = Sale(order=label, person=people()[person], amounts=dict(FEES))
        self.ask("pending", label, **self.who(sale))
        self.identified(sale)
        if not orders:
            self.answer(label, "refused", reason="nothing-pending", prompt="没有待缴费记录 / there is no record to pay")
            return
        records = [
            {"order": order, "visit": "R0001", "total": yuan(FEES["total"]), "lines": list(LINES)} for order in orders
        ]
        self.answer(label, "accepted", records=records)

    def pay(self, order: str = "F0001", *, visit: str = "R0001", person: int = 0) -> Sale:
        """A pending record is paid."""
        sale = Sale(order=order, person=people()[person], amounts=dict(FEES))
        self.sales[order] = sale
        self.ask("pay", order, order=order, use_account=True, **self.who(sale))
        self.identified(sale)
        opened = self.visits[visit]
        self.describe(order, opened)
        self.upload(order, opened, order, *LINES)
        self.settle_visit(sale, opened, order)
        self.finish(sale, opened, what="slip")
        return sale

    def refund_part(self, order: str = "F0001", *, visit: str = "R0001") -> None:
        """The first line is kept."""
        old, opened = self.sales[order], self.visits[visit]
        label = f"{order} part"
        self.ask("refund-part", label, order=order, keep=[0], use_account=True, **self.who(old))
        new = Sale(order=order, person=old.person, amounts=dict(KEPT))
        for entry in self.entries:
            entry.label = (
                entry.label.replace(f"{order} ", f"{order} first ") if _is_of(entry.label, order) else entry.label
            )
        self.identified(new)
        refund = self.undo(label, "2208", old, opened)
        self.withdraw(label, opened, order)
        self.upload(label, opened, order, LINES[0])
        self.settle_visit(new, opened, order, label=label)
        self.sales[order] = new
        self.finish(new, opened, what="slip", label=label, refunded=refund)

    # Stays

    def admit(self, order: str = "I0001", *, person: int = 0) -> Sale:
        """2401."""
        sale = Sale(order=order, person=people()[person], amounts=dict(FEES))
        self.sales[order] = sale
        told: dict[str, object] = {
            "dept_code": "03",
            "dept_name": "普通外科",
            "bed": "0312",
            "diagnosis": {"code": "K35.800", "name": "急性阑尾炎"},
            "doctor": {"code": "0301", "name": "测试医师丙"},
        }
        self.ask("admit", f"{order} admit", order=order, **told, **self.who(sale))
        self.identified(sale)
        visit = Visit(mdtrt_id=f"V{len(self.visits) + 1:04d}", order=order, person=sale.person)
        self.visits[order] = visit
        info = {
            "psn_no": sale.person.psn_no,
            "insutype": sale.person.insutype,
            "begntime": self.now,
            **self.certificate(sale),
            "med_type": "21",
            "ipt_no": order,
            "atddr_no": "0301",
            "chfpdr_name": "测试医师丙",
            "adm_diag_dscr": "急性阑尾炎",
            "adm_dept_codg": "03",
            "adm_dept_name": "普通外科",
            "adm_bed": "0312",
            "dscg_maindiag_code": "K35.800",
            "dscg_maindiag_name": "急性阑尾炎",
        }
        msgid = self.transaction(f"{order} 2401", "2401", {"mdtrtinfo": info, "diseinfo": [self._disease()]})
        self.granted(f"{order} 2401", {"result": {"mdtrt_id": visit.mdtrt_id}})
        ids = {"mdtrt_id": visit.mdtrt_id, "psn_no": sale.person.psn_no, "msgid": msgid}
        self.answer(f"{order} admit", "accepted", order=order, **ids)
        for entry in self.entries:
            if _is_of(entry.label, order) and not entry.label.startswith(f"{order} admit"):
                entry.label = f"{order} admit {entry.label.removeprefix(f'{order} ')}"
        sale.msgid = ""
        return sale

    def _disease(self) -> dict[str, str]:
        return {
            "diag_type": "1",
            "maindiag_flag": "1",
            "diag_srt_no": "1",
            "diag_code": "K35.800",
            "diag_name": "急性阑尾炎",
            "diag_dept": "03",
            "dise_dor_no": "0301",
            "dise_dor_name": "测试医师丙",
            "diag_time": self.now,
        }

    def charge(self, order: str = "I0001") -> None:
        """2301."""
        visit = self.visits[order]
        self.ask("charge", f"{order} charge", order=order, lines=list(LINES))
        self.upload(f"{order} charge", visit, "B001", *LINES, infno="2301")
        self.answer(f"{order} charge", "accepted", order=order, batch="B001", count=len(LINES))

    def discharge(self, order: str = "I0001") -> None:
        """2402."""
        visit = self.visits[order]
        self.ask("discharge", f"{order} discharge", order=order, way_out="1")
        info = {
            **self._of(visit),
            "insutype": visit.person.insutype,
            "endtime": self.now,
            "dscg_dept_codg": "03",
            "dscg_dept_name": "普通外科",
            "dscg_way": "1",
        }
        disease = {k: v for k, v in self._disease().items() if k != "adm_cond"}
        self.transaction(f"{order} 2402", "2402", {"dscginfo": info, "diseinfo": [disease]})
        self.granted(f"{order} 2402")
        self.answer(f"{order} discharge", "accepted", order=order)

    def settle_stay(self, order: str = "I0001") -> None:
        """2303, 2304."""
        visit, sale = self.visits[order], self.sales[order]
        self.ask("settle", order, order=order, use_account=True, interim=False, **self.who(sale))
        self.identified(sale)
        bill = {**self.bill(sale, visit, ""), **self._scope(sale), "mid_setl_flag": "0"}
        del bill["chrg_bchno"], bill["med_type"]
        msgid = self.transaction(f"{order} 2303", "2303", {"data": bill})
        self.event("platform", "presettled", f"{order} presettled", msgid=msgid, psn_no=sale.person.psn_no)
        self.granted(f"{order} 2303", {"setlinfo": {**self.setlinfo(sale), **self._scope(sale)}})
        self._settle(order, "2304", sale, visit, {**bill, "invono": order})
        self.finish(sale, visit, what="slip")

    def cancel_admission(self, order: str = "I0001") -> None:
        """2302, 2404."""
        visit = self.visits[order]
        self.ask("cancel-admission", f"{order} cancel", order=order)
        self.transaction(f"{order} 2302", "2302", {"data": [{"feedetl_sn": "0000", **self._of(visit)}]})
        self.granted(f"{order} 2302")
        self.transaction(f"{order} 2404", "2404", {"data": self._of(visit)})
        self.granted(f"{order} 2404")
        self.answer(f"{order} cancel", "accepted", order=order)

    def _entry(self, sale: Sale, state: str) -> dict[str, str | None]:
        infno = {"R": "2207", "F": "2207", "I": "2304"}.get(sale.order[:1], "2102")
        return {**super()._entry(sale, state), "infno": infno}


def _is_of(label: str, order: str) -> bool:
    return label.startswith(f"{order} ") and not label.startswith((f"{order} fees", f"{order} part", f"{order} lock"))
