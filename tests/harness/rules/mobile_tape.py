"""Tapes of a mobile-payment centre in the making: calls, answers and notices as sealed HTTP frames."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from harness.clock import BENCH_ORIGIN
from harness.judge.history import CASE, CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record
from harness.wire.mobile_payment import (
    Application,
    EnvelopeCodec,
    LocalMachine,
    Side,
    encode,
    load_variant,
    seeded_key,
    sm4_key,
    spell_public_key,
)
from harness.wire.mobile_payment.answers import AUTH_PATH, OWN_PAY_PATH, PAY, QUERY, REFUND, REVOKE, UPLOAD, answers
from tests.harness.rules.tape_builder import Entry

NS = 1_000_000_000
SEED = 7
APP_ID, SECRET = "43AF047BBA47FC8A1AE8EFB232BDBBCB", "4117E877F5FA0A0188891283E4B617D5"
VARIANT = load_variant("national")
APPLICATION = Application(app_id=APP_ID, secret=SECRET)
TERMS: Mapping[str, object] = {
    "variant": "national",
    "app_id": APP_ID,
    "secret": SECRET,
    "centre_key": spell_public_key(seeded_key(SEED, Side.CENTRE).public),
    "institution": "H63999900001",
    "own_codes": False,
    "own_doors": True,
    "virtual": True,
    "use_platform": True,
    "pay_auth_s": 300,
    "pays_after_s": 0,
    "unpaid_s": 1800,
    "callback_after_s": 0,
    "callback_s": 5,
    "callback_retries": "15,15",
    "callback_copies": 1,
}
ID_NO, OTHER_ID = "639999199007257042", "639999198503127031"
AUTH = "AUTH639900202010140830000001001"
OTHER_AUTH = "AUTH639900202010140830000002002"
ORDER, OTHER_ORDER = "ORD639900202010140830000003003", "ORD639900202010140830000004004"
TOKEN, OTHER_TOKEN = "639900ec" + "a1" * 15, "639900ec" + "b2" * 15
REVS = "639900ec" + "c3" * 15
SPLIT = {"feeSumamt": "44.98", "ownPayAmt": "23.94", "psnAcctPay": "5.00", "fundPay": "16.04"}
PRE_SETTLED = {
    "medfee_sumamt": "44.98",
    "fund_pay_sumamt": "16.04",
    "acct_pay": "5.00",
    "psn_cash_pay": "23.94",
    "acct_mulaid_pay": "0.00",
    "balc": "95.00",
}
LINE, HOSPITAL_LINE = "client.http#1", "hospital.http#1"


@cache
def codec(side: Side) -> EnvelopeCodec:
    """What a side seals with."""
    other = Side.CENTRE if side is Side.INSTITUTION else Side.INSTITUTION
    machine = LocalMachine(
        own=seeded_key(SEED, side), peer=seeded_key(SEED, other).public, sm4_key=sm4_key(APPLICATION), repeatable=True
    )
    return EnvelopeCodec(APPLICATION, machine, VARIANT)


@dataclass
class MobileTape:
    """A tape of one case; the clock stands unless it is told to go on."""

    entries: list[Record] = field(default_factory=list)
    now_ns: int = int(BENCH_ORIGIN.timestamp()) * NS

    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self.now_ns += seconds * NS

    def event(self, channel: str, name: str, **fields: object) -> None:
        """Record what is not bytes."""
        entry = Entry(label=name, at_ns=self.now_ns, channel=channel, event=name, content=fields)
        self.entries.append(entry.record(len(self.entries)))

    def frame(self, data: bytes, *, sent: bool, channel: str = LINE) -> None:
        """Record bytes; `sent` by whoever serves there."""
        pattern = Entry(label="", at_ns=self.now_ns, channel=CASE, event="x", content={}).record(0)
        way = Direction.SENT if sent else Direction.RECEIVED
        self.entries.append(
            replace(pattern, seq=len(self.entries), kind=Kind.FRAME, channel=channel, direction=way, data=data)
        )

    # --- exchanges ---

    def request(self, path: str, body: bytes, *, channel: str = LINE) -> None:
        """Record a request."""
        head = f"POST {path} HTTP/1.1\r\nuser-agent: liantiao-bench\r\ncontent-length: {len(body)}\r\n\r\n"
        self.frame(head.encode() + body, sent=False, channel=channel)

    def answer(self, body: bytes, *, status: str = "200 OK", channel: str = LINE) -> None:
        """Record an answer."""
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.frame(head.encode() + body, sent=True, channel=channel)

    def ask(self, service: str, data: Mapping[str, object], *, channel: str = LINE) -> None:
        """Record a service's request; one that gets no answer is the last of its connection."""
        envelope = codec(Side.INSTITUTION).seal(data, now_ns=self.now_ns, service=service)
        self.request(VARIANT.paths[service], encode(envelope), channel=channel)

    def reply(self, data: Mapping[str, object] | None = None, *, why: str = "ok", message: str = "") -> dict[str, Any]:
        """The envelope of an answer."""
        answer = answers()[why]
        return codec(Side.CENTRE).seal_reply(answer.code, message or answer.chinese, data, now_ns=self.now_ns)

    def talk(
        self, service: str, asked: Mapping[str, object], data: Mapping[str, object] | None = None, **how: Any
    ) -> None:
        """A service and its answer; `why` refuses, `message` are its words, others replace members of the envelope."""
        self.ask(service, asked)
        known = {name: how.pop(name) for name in ("why", "message") if name in how}
        self.answer(encode({**self.reply(data, **known), **how}))

    def plain(self, path: str, asked: Mapping[str, object], data: Mapping[str, object], *, why: str = "ok") -> None:
        """A door of our own design."""
        self.request(path, json.dumps(dict(asked)).encode())
        row = answers()[why]
        self.answer(json.dumps({"code": row.code, "message": row.chinese, "data": dict(data)}).encode())

    # --- what mostly happens ---

    def authorise(self, number: str = AUTH, *, id_no: str = ID_NO, app_id: str = APP_ID) -> None:
        """An App gets an authorisation number."""
        self.plain(f"{AUTH_PATH}/bench", {"appId": app_id, "idNo": id_no}, {"payAuthNo": number})

    def upload(self, **other: Any) -> None:
        """6201; `order` and `token` are the answer's, `why` refuses it, others are the message's."""
        created = {
            "payOrdId": other.pop("order", ORDER),
            "payToken": other.pop("token", TOKEN),
            "ordStas": "0",
        }
        why = other.pop("why", "ok")
        self.talk(UPLOAD, uploaded(**other), created if why == "ok" else None, why=why)

    def pay(self, *, order: str = ORDER, token: str = TOKEN, why: str = "ok", biz: str = "BIZ1", **other: Any) -> None:
        """6202; `asked` changes the message, others the answer."""
        asked = {"payOrdId": order, "payToken": token, "orgCodg": "H63999900001", "orgBizSer": biz}
        asked |= other.pop("asked", {})
        data = {"payOrdId": order, "ordStas": "2", **SPLIT, "extData": {"preSetl": PRE_SETTLED}, **other}
        self.talk(PAY, asked, data if why == "ok" else None, why=why)

    def own_pay(
        self, *, order: str = ORDER, result: str = "SUCCESS", state: str = "6", why: str = "ok", **said: str
    ) -> None:
        """The own part is paid, or not."""
        self.plain(OWN_PAY_PATH, {"payOrdId": order, "result": result, **said}, {"ordStas": state}, why=why)

    def query(self, state: str, *, order: str = ORDER, token: str = TOKEN, why: str = "ok", **other: Any) -> None:
        """6301; `asked` changes the message, others the answer."""
        asked = {**about(order, token), **other.pop("asked", {})}
        self.talk(QUERY, asked, {"payOrdId": order, "ordStas": state, **other} if why == "ok" else None, why=why)

    def revoke(self, *, order: str = ORDER, token: str = TOKEN, why: str = "ok") -> None:
        """6401."""
        self.talk(REVOKE, about(order, token), {"success": True, "message": "成功"} if why == "ok" else None, why=why)

    def refund(
        self, kind: str = "ALL", *, serial: str = "R1", status: str = "SUCC", why: str = "ok", **other: Any
    ) -> None:
        """6203 of all of it, or of other parts."""
        asked = {
            "payOrdId": ORDER,
            "appRefdSn": serial,
            "totlRefdAmt": "44.98",
            "fundRefdAmt": "16.04",
            "psnAcctRefdAmt": "5.00",
            "cashRefdAmt": "23.94",
            "refdType": kind,
            "payAuthNo": OTHER_AUTH,
            **other,
        }
        self.talk(REFUND, asked, {"refStatus": status, "appRefdSn": serial} if why == "ok" else None, why=why)

    def notice(self, *, taken: bool = True, silent: bool = False, spoilt: str = "", **other: Any) -> None:
        """6302, and how the hospital answers it; `spoilt` replaces its signature."""
        envelope = codec(Side.CENTRE).seal({**told(), **other}, now_ns=self.now_ns)
        if spoilt:
            envelope["signData"] = spoilt
        # Who hears nothing hangs up, and comes again on another connection.
        self.request("/notice", encode(envelope), channel=f"{HOSPITAL_LINE}0" if silent else HOSPITAL_LINE)
        if not silent:
            self.answer(b'{"code":0}' if taken else b'{"code":-1}', channel=HOSPITAL_LINE)

    def booked(self, *, setl_id: str = "S1", reverses: str | None = None, sign: int = 1, **other: object) -> None:
        """The platform books."""
        amounts = {"total_fen": 4498, "fund_fen": 1604, "account_fen": 500, "cash_fen": 2394}
        self.event(
            "platform",
            "booked",
            setl_id=setl_id,
            reverses=reverses,
            id_no=ID_NO,
            **{name: sign * fen for name, fen in amounts.items()} | other,
        )

    def history(self) -> CaseHistory:
        """The case as the judge reads it."""
        (found,) = read_histories(self.entries)
        return found


def uploaded(**other: object) -> dict[str, object]:
    """The data of a 6201."""
    return {
        "orgCodg": "H63999900001",
        "medOrgOrd": "MO1",
        "idNo": ID_NO,
        "userName": "测试乙",
        "iptOtpNo": "OP1",
        "chrgBchno": "B1",
        "medfeeSumamt": "44.98",
        "acctUsedFlag": "1",
        "payAuthNo": AUTH,
        **other,
    }


def about(order: str, token: str) -> dict[str, object]:
    """The data of 6301 and 6401."""
    return {
        "payOrdId": order,
        "orgCodg": "H63999900001",
        "payToken": token,
        "idNo": ID_NO,
        "userName": "测试乙",
        "idType": "01",
    }


def told() -> dict[str, object]:
    """The data of a notice."""
    return {
        "payOrdId": ORDER,
        "callType": "02",
        "medOrgOrd": "MO1",
        "traceTime": "2020-10-14 08:30:00",
        **SPLIT,
        "setlType": "ALL",
        "revsToken": REVS,
    }


def begun(**terms: object) -> MobileTape:
    """A case has begun, with a hospital that takes notices."""
    tape = MobileTape()
    tape.event(CASE, "case-start", case="mobile-payment/x", title="x", requirements=["QH-FUND-SAFETY"])
    tape.event("bench", "mobile", **{**TERMS, **terms})
    return tape


def paid(tape: MobileTape) -> None:
    """An order is uploaded, placed and paid, and the platform books it."""
    tape.authorise()
    tape.upload()
    tape.pay()
    tape.booked()
    tape.own_pay()


def good_story(**terms: object) -> MobileTape:
    """A centre that does everything right, with a fault that excuses it once."""
    tape = begun(**terms)
    tape.event(CASE, "hospital-listens")
    tape.authorise()
    tape.authorise(OTHER_AUTH)
    tape.upload(why="pay-auth-invalid", payAuthNo="AUTH" + "0" * 27)
    tape.event(CASE, "expect-answer", codes=[982005], reasons=["pay-auth-invalid"], any_refusal=False)
    tape.upload()
    tape.event(CASE, "expect-answer", codes=[0], reasons=["ok"], any_refusal=False)
    tape.upload()
    tape.query("0")
    tape.event(CASE, "malformed", service=QUERY, field="idType")
    tape.talk(QUERY, about(ORDER, TOKEN), why="field-problems", message="请求数据不符合接口规范：idType: missing")
    tape.query("", why="order-unknown", asked={"payToken": OTHER_TOKEN})
    tape.pay()
    tape.pay(why="state", biz="BIZ2")
    tape.query("2")
    tape.booked()
    tape.own_pay()
    tape.notice(taken=False)
    tape.revoke(why="state")
    tape.query("6", **SPLIT, setlType="ALL", revsToken=REVS, traceTime="2020-10-14 08:30:00")
    tape.wait(15)
    tape.notice(silent=True)
    tape.wait(20)
    tape.notice()
    tape.refund(why="refund-parts", fundRefdAmt="20.00")
    tape.refund("CASH", totlRefdAmt="3.94", fundRefdAmt="0.00", psnAcctRefdAmt="0.00", cashRefdAmt="3.94")
    tape.query("10")
    tape.refund("CASH", totlRefdAmt="3.94", fundRefdAmt="0.00", psnAcctRefdAmt="0.00", cashRefdAmt="3.94")
    tape.ask(QUERY, about(ORDER, TOKEN))
    tape.event("mobile-payment", "fault-fired", party="mobile-payment", message=QUERY, effect="empty-body", nth=1)
    tape.answer(b"")
    tape.event(CASE, "case-end")
    return tape
