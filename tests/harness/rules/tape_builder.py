"""Tapes of a pharmacy's counter made by hand: good stories that rules must pass, and handles to break them.

    tape = TapeBuilder()
    tape.begin()
    tape.purchase("A0001")
    tape["A0001 2102 request"].content["input"]["druginfo"]["acct_used_flag"] = "0"
    history = tape.history()

Every record has a label; content stays editable until `history()` numbers and encodes it all. Nothing of the
simulators is used, so that a mistake there cannot hide here.
"""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fixtures.population import Person, people
from harness.clock import BEIJING, BENCH_ORIGIN, NS
from harness.judge.history import CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record
from harness.wire import institution, voucher_messages
from harness.wire.profile import load_profile

PHARMACY, NAME, AREA = "P63999900001", "联调测试大药房一店", "639900"
OTHER_PHARMACY = "P63999900002"
OPERATOR = {"no": "C001", "name": "收银员", "mac": "00-00-5E-00-53-01", "ip": "192.0.2.10"}
SIGN_NO = "SN20201014000001"
SPLIT = ("total", "fund", "account", "cash")
USUAL = {"total": 2500, "fund": 1000, "account": 1200, "cash": 300}
ALL_CASH = {"total": 2500, "fund": 1000, "account": 0, "cash": 1500}
CODE_LIFE_S, TOKEN_LIFE_S = 60, 1800
CHANNEL = "alipay"
"""Where everybody shows their code: a channel with a bills page."""


@dataclass(kw_only=True)
class Entry:
    """One record to be; `content` is an event's fields, a message's JSON, or raw bytes."""

    label: str
    at_ns: int
    channel: str
    direction: Direction = Direction.NONE
    content: Any = None
    start: str = ""
    agent: str = ""
    event: str = ""

    def record(self, seq: int) -> Record:
        """The record, encoded."""
        kind = Kind.EVENT if self.event else Kind.FRAME
        return Record(
            seq=seq,
            at_ns=self.at_ns,
            real_ns=seq * 1000,
            kind=kind,
            direction=self.direction,
            channel=self.channel,
            data=self._data(),
        )

    def _data(self) -> bytes:
        if self.event:
            return encoded({"event": self.event, **self.content})
        body = self.content if isinstance(self.content, bytes) else encoded(self.content)
        if self.start:
            agent = f"user-agent: {self.agent}\r\n" if self.agent else ""
            return f"{self.start}\r\n{agent}content-length: {len(body)}\r\n\r\n".encode() + body
        return body + b"\n" if self.channel == "counter" and not isinstance(self.content, bytes) else body


@dataclass(kw_only=True)
class Sale:
    """What a purchase is made of; the defaults are a good one."""

    order: str
    person: Person
    amounts: dict[str, int]
    use_account: bool = True
    token: str = ""
    digits: str = ""
    msgid: str = ""
    setl_id: str = ""


@dataclass
class TapeBuilder:
    """A tape of one case in the making."""

    entries: list[Entry] = field(default_factory=list)
    now_ns: int = round(BENCH_ORIGIN.timestamp()) * NS
    command: int = 0
    messages: int = 0
    bookings: int = 0
    codes: int = 0
    connections: int = 0
    balances: dict[str, int] = field(default_factory=lambda: {p.psn_no: p.balance_fen for p in people()})
    sales: dict[str, Sale] = field(default_factory=dict)
    refunded: dict[str, str] = field(default_factory=dict)

    # Handles

    def __getitem__(self, label: str) -> Entry:
        return self.entries[self.place(label)]

    def place(self, label: str) -> int:
        """Where the one entry of a label is."""
        found = [i for i, entry in enumerate(self.entries) if entry.label == label]
        assert len(found) == 1, f"{label!r} is there {len(found)} times; there are {self.labels()}"
        return found[0]

    def labels(self) -> list[str]:
        """Every label, in order."""
        return [entry.label for entry in self.entries]

    def drop(self, *labels: str) -> None:
        """Take records away."""
        for label in labels:
            del self.entries[self.place(label)]

    def move(self, label: str, *, after: str) -> None:
        """Put a record behind another."""
        entry = self.entries.pop(self.place(label))
        self.entries.insert(self.place(after) + 1, entry)

    def repeat(self, label: str, *, after: str, as_label: str = "", **changes: Any) -> Entry:
        """Put a copy of a record behind another; for an event or an object, with members changed."""
        entry = copy.deepcopy(self[label])
        entry.label = as_label or f"{label} again"
        if changes:
            entry.content.update(changes)
        self.entries.insert(self.place(after) + 1, entry)
        return entry

    def history(self) -> CaseHistory:
        """The case as the judge reads it."""
        records = [entry.record(seq) for seq, entry in enumerate(self.entries)]
        (history,) = read_histories(records)
        return history

    # Records

    def event(self, device: str, name: str, label: str = "", /, **fields: object) -> Entry:
        """Record what is not bytes."""
        return self._add(Entry(label=label or name, at_ns=self.now_ns, channel=device, event=name, content=fields))

    def counter(self, label: str, *, sent: bool = False, **content: Any) -> Entry:
        """Record a line of the counter port."""
        direction = Direction.SENT if sent else Direction.RECEIVED
        return self._add(Entry(label=label, at_ns=self.now_ns, channel="counter", direction=direction, content=content))

    def request(self, label: str, party: str, path: str, body: object, *, agent: str = "vendor/1.0") -> Entry:
        """Record an HTTP request; each has its own connection."""
        self.connections += 1
        return self._add(
            Entry(
                label=f"{label} request",
                at_ns=self.now_ns,
                channel=f"{party}.http#{self.connections}",
                direction=Direction.RECEIVED,
                start=f"POST {path} HTTP/1.1",
                agent=agent,
                content=body,
            )
        )

    def reply(self, label: str, body: object, *, status: int = 200) -> Entry:
        """Record the answer to the request of this label."""
        return self._add(
            Entry(
                label=f"{label} reply",
                at_ns=self.now_ns,
                channel=self[f"{label} request"].channel,
                direction=Direction.SENT,
                start=f"HTTP/1.1 {status} X",
                content=body,
            )
        )

    def wait(self, seconds: int) -> None:
        """Step the bench's clock."""
        self.event("bench", "clock-step", f"clock-step {self.now_ns}", seconds=seconds)
        self.now_ns += seconds * NS

    def _add(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        return entry

    # Stories

    @property
    def now(self) -> str:
        """The cashier's time."""
        return datetime.fromtimestamp(self.now_ns // NS, tz=UTC).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")

    def begin(self, *, sign_in: bool = True, code: str = PHARMACY) -> None:
        """The case starts, the adapter is told what it needs, and the cashier signs in."""
        self.event("case", "case-start", case="made-by-hand", title="made by hand", requirements=["GS-PHARMACY"])
        self.start_adapter(code=code)
        if sign_in:
            self.sign_in()

    def start_adapter(self, *, code: str = PHARMACY, label: str = "hello") -> None:
        """The adapter starts; after a crash, once more."""
        self.event("case", "adapter-start", f"{label} start")
        hello = {
            "institution": {"code": code, "name": NAME, "admdvs": AREA},
            "operator": OPERATOR,
            "profile": load_profile("qinghai").for_adapter(),
        }
        self.counter(label, sent=True, liantiao=1, hello=hello)
        self.counter(f"{label} ready", ready={"adapter": "a", "version": "1", "clock": "bench", "can": []})

    def end(self) -> "TapeBuilder":
        """The log is recorded and the case ends."""
        self.event("case", "adapter-log", text="2020-10-14 08:30:00 signed in\nsettled A0001 for 6***\n")
        self.event("case", "case-end")
        return self

    def ask(self, do: str, label: str = "", **members: object) -> int:
        """The cashier's command; returns its id."""
        self.command += 1
        self.counter(label or do, sent=True, id=self.command, do=do, at=self.now, **members)
        return self.command

    def answer(self, label: str, outcome: str, **members: Any) -> None:
        """The adapter's answer to the last command, and what the case expects: that."""
        self.counter(f"{label} answer", id=self.command, outcome=outcome, **members)
        self.event(
            "case",
            "expect",
            f"{label} expect",
            operation=self.command,
            outcomes=[outcome],
            reasons=[members["reason"]] if "reason" in members else [],
            amounts={part: to_fen(amount) for part, amount in members.get("amounts", {}).items()},
        )

    def sign_in(self, label: str = "sign-in") -> None:
        """The cashier signs in (9001)."""
        self.ask("sign-in", label)
        content = {"signIn": {"opter_no": OPERATOR["no"], "mac": OPERATOR["mac"], "ip": OPERATOR["ip"]}}
        self.transaction(f"{label} 9001", "9001", content, sign_no="")
        self.granted(f"{label} 9001", {"signinoutb": {"sign_time": self.now, "sign_no": SIGN_NO}})
        self.answer(label, "accepted")

    def next_msgid(self) -> str:
        """A msgid never used before."""
        self.messages += 1
        stamp = "".join(filter(str.isdigit, self.now))
        return f"{PHARMACY}{stamp}{self.messages:04d}"

    def transaction(
        self, label: str, infno: str, content: dict[str, Any], *, sign_no: str = SIGN_NO, msgid: str = ""
    ) -> str:
        """A transaction of the institution interface: journal event if one is due, and the request; its msgid."""
        msgid = msgid or self.next_msgid()
        if infno in {"2102", "2103", "2601"}:
            self.counter(f"{label} journal", id=self.command, event="journal", msgid=msgid, infno=infno)
        envelope = institution.Envelope(
            infno=infno,
            msgid=msgid,
            at=datetime.fromtimestamp(self.now_ns // NS, tz=UTC),
            institution=PHARMACY,
            institution_name=NAME,
            area=AREA,
            insured_place=AREA,
            operator=OPERATOR["no"],
            operator_name=OPERATOR["name"],
            sign_no=sign_no,
        )
        path = load_profile("qinghai").paths[infno]
        self.request(label, "platform", path, json.loads(encoded(institution.request(envelope, content))))
        return msgid

    def granted(self, label: str, output: object = None) -> None:
        """The platform's success."""
        self.reply(label, {"infcode": 0, "inf_refmsgid": "639900202010140830000000000001", "output": output or {}})

    def refused(self, label: str, text: str) -> None:
        """The platform's refusal."""
        self.reply(label, {"infcode": -1, "inf_refmsgid": "639900202010140830000000000001", "err_msg": text})

    # A purchase, step by step

    def purchase(
        self,
        order: str,
        *,
        person: int = 0,
        amounts: dict[str, int] | None = None,
        use_account: bool = True,
        settle: bool = True,
    ) -> Sale:
        """A good purchase; with `settle=False` it stops after the pre-settlement."""
        sale = Sale(order=order, person=people()[person], amounts=amounts or USUAL, use_account=use_account)
        self.sales[order] = sale
        self.ring_up(sale)
        self.scan(sale)
        self.decode(sale)
        self.identify(sale)
        self.pre_settle(sale)
        if settle:
            self.settle(sale)
            self.accept(sale)
        return sale

    def ring_up(self, sale: Sale) -> None:
        """The cashier's command and the request for a scan."""
        line = {
            "code": "XP000001",
            "name": "阿莫西林胶囊",
            "price": "12.50",
            "quantity": "2",
            "amount": "25.00",
            "level": "01",
        }
        self.ask("purchase", sale.order, order=sale.order, lines=[line], total="25.00", use_account=sale.use_account)
        self.counter(f"{sale.order} scan-please", id=self.command, event="scan-please")

    def show(self, sale: Sale, *, kind: str = "voucher") -> None:
        """A code is issued and shown."""
        self.codes += 1
        pay = kind == "pay"
        sale.digits = f"28{self.codes:016d}" if pay else f"424{self.codes:017d}31630000"
        times = {"issued_ns": self.now_ns, "expires_ns": self.now_ns + CODE_LIFE_S * NS}
        owner = {"id_no": sale.person.id_no, "chnl": CHANNEL}
        if not pay:
            self.event(
                "voucher-centre", "code-issued", f"{sale.order} code-issued", digits=sale.digits, **owner, **times
            )
        self.event(
            "phone",
            "code-shown",
            f"{sale.order} code-shown",
            person=sale.person.id,
            digits=sale.digits,
            kind=kind,
            format="qr",
            image_sm3="00",
            **owner,
            **times,
        )

    def scan(self, sale: Sale, *, kind: str = "voucher", wait: int = 0) -> None:
        """A code is shown, and the box sends it."""
        self.show(sale, kind=kind)
        if wait:
            self.wait(wait)
        self.event("scanner", "good-read", f"{sale.order} good-read", symbology="QRCode", digits=sale.digits)
        self.line(f"{sale.order} scan", sale.digits.encode() + b"\r")

    def line(self, label: str, data: bytes) -> None:
        """Bytes on the scanner's line."""
        self._add(
            Entry(label=label, at_ns=self.now_ns, channel="scanner.serial", direction=Direction.SENT, content=data)
        )

    def query(self, sale: Sale, digits: str = "") -> None:
        """The adapter asks the centre about the scan (ec.query)."""
        asked = voucher_messages.EcQuery(
            institution=PHARMACY,
            operator=OPERATOR["no"],
            operator_name=OPERATOR["name"],
            office="0001",
            office_name="收银台",
            code=digits or sale.digits,
        )
        body = voucher_messages.ec_query(asked)
        self.request(f"{sale.order} query", "voucher-centre", voucher_messages.QR_QUERY_PATH, body)

    def decode(self, sale: Sale) -> None:
        """The centre says whose the code is, and gives a token."""
        self.query(sale)
        sale.token = f"639900ec{self.codes:030d}"
        self.event(
            "voucher-centre",
            "token-issued",
            f"{sale.order} token-issued",
            token=sale.token,
            id_no=sale.person.id_no,
            institution=PHARMACY,
            digits=sale.digits,
            expires_ns=self.now_ns + TOKEN_LIFE_S * NS,
        )
        told = {"idNo": sale.person.id_no, "idType": "01", "userName": sale.person.name, "ecToken": sale.token}
        self.reply(f"{sale.order} query", {"orgId": PHARMACY, "code": 0, "message": "", "success": True, "data": told})

    def centre_refuses(self, sale: Sale, code: int, message: str) -> None:
        """The centre refuses the code that was just asked about."""
        self.event("voucher-centre", "code-refused", f"{sale.order} code-refused", digits=sale.digits, code=str(code))
        self.reply(f"{sale.order} query", {"orgId": PHARMACY, "code": code, "message": message, "success": False})

    def refuse(self, label: str, reason: str, prompt: str) -> None:
        """The adapter refuses."""
        self.answer(label, "refused", reason=reason, prompt=prompt)

    def certificate(self, sale: Sale) -> dict[str, str]:
        """How a transaction names the person."""
        return {"mdtrt_cert_type": "01", "mdtrt_cert_no": sale.token}

    def identify(self, sale: Sale) -> None:
        """1101."""
        label, person = f"{sale.order} 1101", sale.person
        self.transaction(label, "1101", {"data": self.certificate(sale)})
        base = {"psn_no": person.psn_no, "certno": person.id_no, "psn_name": person.name, "psn_cert_type": "01"}
        insured = {"balc": yuan(self.balances[person.psn_no]), "insutype": person.insutype, "insuplc_admdvs": AREA}
        self.granted(label, {"baseinfo": base, "insuinfo": [insured]})

    def basket(self, sale: Sale) -> dict[str, Any]:
        """The input of 2101 and 2102."""
        total = yuan(sale.amounts["total"])
        head = {
            "psn_no": sale.person.psn_no,
            **self.certificate(sale),
            "begntime": self.now,
            "medfee_sumamt": total,
            "invono": sale.order,
            "insutype": sale.person.insutype,
            "acct_used_flag": "1" if sale.use_account else "0",
            "med_type": "41",
        }
        line = {
            "feedetl_sn": f"{sale.order}-1",
            "rx_circ_flag": "0",
            "fee_ocur_time": self.now,
            "med_list_codg": "XP000001",
            "medins_list_codg": "XP000001",
            "det_item_fee_sumamt": total,
            "cnt": "2",
            "pric": "12.50",
        }
        return {"druginfo": head, "drugdetail": [line]}

    def setlinfo(self, sale: Sale, sign: int = 1) -> dict[str, object]:
        """The setlinfo of an answer."""
        total, fund, account, cash = (yuan(sign * sale.amounts[part]) for part in SPLIT)
        person = yuan(sign * (sale.amounts["account"] + sale.amounts["cash"]))
        return {
            "psn_no": sale.person.psn_no,
            "medfee_sumamt": total,
            "hifp_pay": fund,
            "oth_pay": "0.00",
            "fund_pay_sumamt": fund,
            "psn_part_amt": person,
            "acct_pay": account,
            "psn_cash_pay": cash,
            "acct_mulaid_pay": "0.00",
            "hosp_part_amt": "0.00",
            "balc": yuan(self.balances[sale.person.psn_no]),
        }

    def pre_settle(self, sale: Sale) -> None:
        """2101, which books nothing."""
        label = f"{sale.order} 2101"
        msgid = self.transaction(label, "2101", self.basket(sale))
        self.event("platform", "presettled", f"{sale.order} presettled", msgid=msgid, psn_no=sale.person.psn_no)
        self.granted(label, {"setlinfo": self.setlinfo(sale)})

    def settle(self, sale: Sale) -> None:
        """2102, confirmed, booked and answered."""
        self.send_settlement(sale)
        self.confirm(sale)
        self.book(sale)
        self.granted(f"{sale.order} 2102", {"setlinfo": {**self.setlinfo(sale), "setl_id": sale.setl_id}})

    def send_settlement(self, sale: Sale) -> None:
        """2102 goes out."""
        sale.msgid = self.transaction(f"{sale.order} 2102", "2102", self.basket(sale))

    def confirm(self, sale: Sale, *, result: str = "confirmed") -> None:
        """The person answers the prompt on the phone."""
        prompt = f"PP-{sale.order}"
        amounts = {"amount_fen": sale.amounts["total"], "account_fen": sale.amounts["account"]}
        self.event("phone", "prompt-shown", f"{sale.order} prompt", prompt=prompt, person=sale.person.id, **amounts)
        name = "payment-confirmed" if result == "confirmed" else "payment-not-confirmed"
        self.event(
            "voucher-centre", name, f"{sale.order} {name}", prompt=prompt, id_no=sale.person.id_no, result=result
        )

    def book(self, sale: Sale) -> None:
        """The platform books a settlement and tells the phone."""
        sale.setl_id = self._booked(f"{sale.order} booked", sale, infno="2102", msgid=sale.msgid)

    def _booked(self, label: str, sale: Sale, *, infno: str, msgid: str, reverses: str | None = None) -> str:
        self.bookings += 1
        setl_id, sign = f"S{self.bookings:06d}", -1 if reverses else 1
        person = sale.person.psn_no
        self.balances[person] -= sign * sale.amounts["account"]
        self.event(
            "platform",
            "booked",
            label,
            setl_id=setl_id,
            msgid=msgid,
            infno=infno,
            institution=PHARMACY,
            psn_no=person,
            id_no=sale.person.id_no,
            mdtrt_id=f"M-{sale.order}",
            order=sale.order,
            reverses=reverses,
            balance_fen=self.balances[person],
            **{f"{part}_fen": sign * sale.amounts[part] for part in SPLIT},
        )
        if sale.digits and self.certificate(sale)["mdtrt_cert_type"] == "01":
            self.event(
                "phone",
                "bill",
                label.replace("booked", "bill"),
                person=sale.person.id,
                chnl=CHANNEL,
                setl_id=setl_id,
                reverses=reverses,
                institution=NAME,
                **{f"{part}_fen": sign * sale.amounts[part] for part in SPLIT},
            )
        if sale.amounts["account"]:
            self.event(
                "phone",
                "notice",
                label.replace("booked", "notice"),
                person=sale.person.id,
                amount_fen=sign * sale.amounts["account"],
                balance_fen=self.balances[person],
                setl_id=setl_id,
            )
        return setl_id

    def accept(self, sale: Sale, label: str = "") -> None:
        """The adapter tells the cashier that all is well."""
        self.answer(
            label or sale.order,
            "accepted",
            order=sale.order,
            setl_id=sale.setl_id,
            mdtrt_id=f"M-{sale.order}",
            psn_no=sale.person.psn_no,
            msgid=sale.msgid,
            amounts={part: yuan(sale.amounts[part]) for part in SPLIT},
        )

    # Taking back

    def reverse(self, sale: Sale, label: str = "", *, infno: str = "2102", answered: bool = True) -> None:
        """2601 for the settlement of a sale, which is reversed if it was booked."""
        label = f"{label or sale.order} 2601"
        content = {"data": {"psn_no": sale.person.psn_no, "omsgid": sale.msgid, "oinfno": infno}}
        msgid = self.transaction(label, "2601", content)
        if sale.setl_id:
            self._booked(f"{label} booked", sale, infno="2601", msgid=msgid, reverses=sale.setl_id)
        if not answered:
            return
        if sale.setl_id:
            self.granted(label)
        else:
            self.refused(label, "未找到原交易")

    def refund(self, order: str) -> None:
        """The cashier takes an order back (2103)."""
        sale = self.sales[order]
        label = f"{order} refund"
        self.ask("refund", label, order=order)
        content = {"data": {"setl_id": sale.setl_id, "mdtrt_id": f"M-{order}", "psn_no": sale.person.psn_no}}
        msgid = self.transaction(f"{label} 2103", "2103", content)
        refund = self._booked(f"{label} booked", sale, infno="2103", msgid=msgid, reverses=sale.setl_id)
        info = self.setlinfo(sale, -1)
        info["psn_pay"], info["cash_payamt"] = info.pop("psn_part_amt"), info.pop("psn_cash_pay")
        self.granted(f"{label} 2103", {"setlinfo": {**info, "setl_id": refund}})
        amounts = {part: yuan(-sale.amounts[part]) for part in SPLIT}
        self.answer(
            label,
            "accepted",
            order=order,
            setl_id=refund,
            mdtrt_id=f"M-{order}",
            psn_no=sale.person.psn_no,
            msgid=msgid,
            amounts=amounts,
        )
        self.refunded[order] = refund

    # Books

    def close_day(self, **states: str) -> None:
        """The adapter tells its books and totals; `states` gives the state of each order that is not settled."""
        self.ask("books")
        entries = [self._entry(sale, states.get(order, "settled")) for order, sale in self.sales.items() if sale.msgid]
        self.answer("books", "accepted", entries=entries)
        settled = [
            sale for order, sale in self.sales.items() if sale.msgid and states.get(order, "settled") == "settled"
        ]
        self.ask("totals", day=self.now[:10])
        sums = {part: yuan(sum(sale.amounts[part] for sale in settled)) for part in SPLIT}
        self.answer("totals", "accepted", count=len(settled), **sums)

    def _entry(self, sale: Sale, state: str) -> dict[str, str | None]:
        return {
            "order": sale.order,
            "setl_id": sale.setl_id or None,
            "msgid": sale.msgid,
            "infno": "2102",
            "state": state,
            **{part: yuan(sale.amounts[part]) for part in SPLIT},
        }


def encoded(content: object) -> bytes:
    """JSON as these tapes have it."""
    return json.dumps(content, ensure_ascii=False, default=str).encode()


def yuan(fen: int) -> str:
    """An amount as the wire spells it."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def to_fen(text: object) -> int:
    """Fen of an amount as these tapes spell it."""
    return int(str(text).replace(".", ""))
