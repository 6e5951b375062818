"""Tapes of a voucher centre in the making: calls and answers as HTTP frames, spelled by hand where it matters."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from harness.clock import BENCH_ORIGIN
from harness.judge.history import CASE, CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record
from harness.wire import voucher_calls as calls
from harness.wire import voucher_messages as messages
from harness.wire.voucher_calls import CentreCall, Desk, Holder, encode_call
from tests.harness.rules.tape_builder import Entry

NS = 1_000_000_000
TERMS = {
    "data_as": "object",
    "charset": "utf-8",
    "code_field": "ecQrCode",
    "issuer": "server",
    "refresh_s": 60,
    "validity_s": 60,
    "grace_s": 0,
    "single_use": True,
    "token_s": 1800,
    "password_lock_after": 5,
    "password_lock_s": 86400,
    "activation_s": 1800,
    "face_auth_s": 300,
    "scan_s": 60,
    "family_face_below": 16,
    "own_codes": False,
}
ADULT = Holder(channel="nhsa-app", id_no="639999198503127031", name="测试甲")
OTHER = Holder(channel="nhsa-app", id_no="639999199007257042", name="测试乙")
CHILD = "639999201205017314"
DESK, OTHER_DESK = Desk(institution="P63999900001"), Desk(institution="P63999900002")
CODE, SECOND = "4241234567890123456789630000", "4249876543210987654321630000"
TOKEN = "639900ec" + "a1" * 15
INDEX = "0" * 32
PROMOTER = "TG639900001"
LINE = "client.http#1"


@dataclass
class CentreTape:
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

    def frame(self, data: bytes, *, sent: bool) -> None:
        """Record bytes; `sent` by the centre."""
        pattern = Entry(label="", at_ns=self.now_ns, channel=CASE, event="x", content={}).record(0)
        way = Direction.SENT if sent else Direction.RECEIVED
        self.entries.append(
            replace(pattern, seq=len(self.entries), kind=Kind.FRAME, channel=LINE, direction=way, data=data)
        )

    def ask(self, call: CentreCall) -> None:
        """Record a call."""
        content_type, raw = encode_call(call)
        head = f"POST {call.path} HTTP/1.1\r\nuser-agent: liantiao-bench\r\ncontent-type: {content_type}"
        self.frame(head.encode() + f"\r\ncontent-length: {len(raw)}\r\n\r\n".encode() + raw, sent=False)

    def answer(self, envelope: object, *, charset: str = "utf-8", status: str = "200 OK") -> None:
        """Record an answer."""
        raw = json.dumps(envelope, ensure_ascii=False).encode(charset)
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json;charset={charset}\r\ncontent-length: {len(raw)}"
        self.frame(head.encode() + b"\r\n\r\n" + raw, sent=True)

    def talk(self, call: CentreCall, data: dict[str, object] | None = None, *, why: str = "ok", **other: Any) -> None:
        """A call and its answer, in the form that is right; `other` replaces members of it."""
        self.ask(call)
        institution = str(call.body.get("orgId") or "")
        self.answer({**messages.reply(why, institution=institution, data=data, data_as="object"), **other})

    def show(self, digits: str = CODE, holder: Holder = ADULT, **more: object) -> None:
        """A channel fetches a code."""
        member = str(more.pop("member", ""))
        self.talk(calls.show_code(holder, member=member), {"ecQrCode": digits, "validSeconds": 60, **more})

    def decode(self, digits: str = CODE, *, desk: Desk = DESK, why: str = "ok", **other: object) -> None:
        """A cashier scans."""
        data = identity(digits, **other) if why == "ok" else dict(other)
        self.talk(calls.decode(desk, digits), data, why=why)

    def check(self, flag: str, *, token: str = TOKEN, **claims: str) -> None:
        """Somebody asks about a token."""
        self.talk(calls.check_token(token, **claims), {"flag": flag, "userName": ADULT.name})

    def step(self, step: str, *, why: str = "ok", **needs: object) -> None:
        """A step of activation in the national app; `data` as the answer has it."""
        data = {"activationNo": "ACT1", "done": [], "missing": [], "activated": False}
        for name in ("activated", "missing", "done", "places"):
            if name in needs:
                data[name] = needs.pop(name)
        number = {} if step == "identity" else {"activationNo": "ACT1"}
        self.talk(calls.take_step("nhsa-app", step, **number, **needs), data, why=why)

    def verify(self, given: str, *, why: str = "ok") -> None:
        """Somebody types the voucher password."""
        self.talk(calls.password(ADULT, "verify", given), {}, why=why)

    def account(self, action: str, balance: str, *, activated: int = 0, more: object = None, **needs: object) -> None:
        """A promoter's account."""
        data: dict[str, object] = {"balance": balance, "activated": activated, "chnlId": "nhsa-app"}
        data |= more if isinstance(more, dict) else {}
        self.talk(calls.promoter(action, PROMOTER, **needs), data)

    def face(self, *, desk: Desk = DESK, number: str = "B1", auth: str = "ano1", **other: object) -> None:
        """A face check becomes an identity."""
        call = calls.at_terminal(desk, messages.FACE_CHECK, authNo=auth, outBizNo=number)
        self.talk(call, identity("", **{"authNo": auth, **other}))

    def begin_face(self, *, number: str = "B1", auth: str = "ano1") -> None:
        """An institution begins one, and a person shows their face."""
        self.talk(calls.at_terminal(DESK, messages.FACE_START, outBizNo=number), {"authNo": auth, "outBizNo": number})
        self.talk(calls.present(DESK.institution, "face", ADULT.id_no))

    def history(self) -> CaseHistory:
        """The case as the judge reads it."""
        (found,) = read_histories(self.entries)
        return found


def identity(digits: str, **other: object) -> dict[str, object]:
    """The adult's identity."""
    return {
        "idNo": ADULT.id_no,
        "idType": "01",
        "userName": ADULT.name,
        "ecToken": TOKEN,
        "insuOrg": "639900",
        "ecIndexNo": INDEX,
        "gender": "男",
        "birthday": "1985.03.12",
        "chnlId": ADULT.channel,
        "ecQrCode": digits,
        **other,
    }


def notice(name: Holder) -> CentreCall:
    """The result of a settlement for somebody's face check."""
    given = calls.ResultNotice(
        auth_no="ano1",
        business_number="B1",
        id_no=name.id_no,
        name=name.name,
        total="10.00",
        fund="6.00",
        account="3.00",
        own="1.00",
        at="2020-10-14 08:30:00",
        settlement="S1",
    )
    return calls.show_result(DESK, given)


def bind(member: str, **more: object) -> CentreCall:
    """A member is bound to the adult's family account."""
    return calls.family(ADULT, "bind", **{"memberIdNo": member, "memberName": "测试", "agreed": True, **more})


def begun() -> CentreTape:
    """A case has begun."""
    tape = CentreTape()
    tape.event(CASE, "case-start", case="voucher/x", title="x", requirements=["NX-ONE-CODE"])
    tape.event("bench", "centre", **TERMS)
    return tape


def activated(tape: CentreTape, *, promoter: str = "") -> None:
    """The other person goes through the national app's steps."""
    more = {"promoterCode": promoter} if promoter else {}
    tape.step("identity", idNo=OTHER.id_no, userName=OTHER.name, **more)
    tape.step("consent", agreed=True)
    tape.step("face", faceOf=OTHER.id_no)
    tape.step("issue", places=["639900"])
    tape.step("password", password="135790")
    tape.step("place", insuOrg="639900", activated=True)


def good_story() -> CentreTape:
    """A centre that does everything right, with a fault that excuses it once."""
    tape = begun()
    tape.talk(calls.ask_state(OTHER), {"state": "none", "channels": []})
    tape.account("account", "10.00")
    activated(tape, promoter=PROMOTER)
    tape.account("account", "12.00", activated=1)
    tape.account("withdraw", "2.00", activated=1, amount="10.00", more={"result": "paid", "withdrawalNo": "W1"})
    tape.show()
    tape.decode()
    tape.event(CASE, "expect-answer", codes=[0], reasons=["ok"], any_refusal=False)
    tape.decode(why="used")
    tape.event(CASE, "expect-answer", codes=[980002], reasons=["used"], any_refusal=False)
    tape.show(SECOND)
    tape.wait(60)
    tape.decode(SECOND, why="expired")
    tape.decode("134567890123456789", why="wrong-kind")
    tape.check("1", id_no=ADULT.id_no)
    tape.check("0", institution=OTHER_DESK.institution)
    tape.wait(1800)
    tape.check("0")
    for _ in range(4):
        tape.verify("000000", why="password-wrong")
    tape.verify("000000", why="password-locked")
    tape.verify("143709", why="password-locked")
    tape.wait(86400)
    tape.verify("143709")
    tape.talk(bind(CHILD, faceOf=CHILD), {"members": [{"memberIdNo": CHILD}]})
    tape.show("4241111111111111111111630000", member=CHILD)
    tape.talk(calls.own_code(DESK.institution), {"orgCode": "org1"})
    tape.talk(calls.owner_of_code("org1"), {"orgId": DESK.institution})
    tape.begin_face()
    tape.face(ecToken="639900ec" + "b2" * 15)
    tape.talk(notice(ADULT), {"outBizNo": "B1"})
    tape.talk(calls.at_terminal(DESK, messages.READ_CARD), {"idNo": ADULT.id_no, "activated": True})
    tape.ask(calls.show_code(ADULT))
    tape.event("faults", "fault-fired", party="voucher-centre", message="ec.qrcode", effect="empty-body", nth=1)
    tape.answer({}, status="502 Bad Gateway")
    tape.event(CASE, "case-end")
    return tape
