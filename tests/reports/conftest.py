"""Run folders made by hand: real tapes with a few cases, one of which failed and one of which is inconclusive."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.evidence import content_of
from harness.judge.charter import charter_fields, read_charter
from harness.judge.judged import read_judged
from harness.judge.plan import Plan, RuleTerms, Severity, load_plan
from harness.line.record import Direction
from harness.line.tape import Tape, read_tape

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)> 乱码锟斤拷 &amp; {{ 7*7 }} ]]>"
PHARMACY = "P63999900001"
RULES = {
    "settled-at-most-once": RuleTerms(severity=Severity.CRITICAL, clause="institution interface, transaction 2102"),
    "books-agree": RuleTerms(severity=Severity.CRITICAL, clause="QH 1.1.3 banks (5)"),
    "msgid-form": RuleTerms(severity=Severity.MAJOR, clause="institution interface, 4.1"),
}
CASES = ("pharmacy/purchase", "pharmacy/crash", "pharmacy/byte-dropped", "pharmacy/hostile[<x>]", "pharmacy/refund")
DEVICES = tuple(
    {"name": name, "kind": kind, "at": "http://127.0.0.1:1", "virtual": True}
    for name, kind in (("phone", "phone"), ("scanner", "scanner"), ("centre", "voucher-centre"))
)
Change = Callable[[Path, Callable[[dict[str, Any]], dict[str, Any]]], None]


def plan_of(cases: Sequence[str], left_out: Mapping[str, tuple[str, ...]] | None = None) -> Plan:
    """A plan that demands these cases."""
    return replace(load_plan("pharmacy"), cases=tuple(cases), rules=RULES, left_out=left_out or {})


class CaseTape:
    """Writes cases onto a tape the way a bench does."""

    def __init__(
        self,
        path: Path,
        plan: Plan | None = None,
        *,
        demanded: Sequence[str] | None = None,
        devices: Sequence[Mapping[str, Any]] = DEVICES,
        plan_differs: str = "",
    ) -> None:
        self.clock = BenchClock()
        self.tape = Tape(self.clock, path)
        self.first = 0
        self.connection = 0
        self.msgids = 0
        for device in devices:
            self.tape.event("bench", "device", **device)
        chosen = plan or plan_of(CASES)
        self.tape.event(
            "bench",
            "run",
            liantiao="0.1.0",
            bench="pharmacy, all virtual",
            profile="qinghai",
            seed=7,
            started="2020-10-14T08:30:00+08:00",
            command=["python", "-m", "simulators.his", "pharmacy"],
            again=["certify", "pharmacy"],
            plan_differs=plan_differs,
            **charter_fields(chosen, chosen.cases if demanded is None else demanded),
        )

    def begin(self, case: str, title: str, *requirements: str) -> None:
        """Begin a case."""
        self.case, self.title, self.requirements = case, title, requirements
        self.first = self.tape.seq
        self.connection = 0
        self.tape.event("case", "case-start", case=case, title=title, requirements=list(requirements))

    def end(self, verdict: str = "passed", **more: Any) -> None:
        """End the case, with what a judge would say of it."""
        self.tape.event("case", "case-end")
        judged = {"findings": [], "inconclusive": [], "faults": [], **more}
        self.tape.event("case", "judged", case=self.case, verdict=verdict, **judged)

    def write_files(self, folder: Path) -> Path:
        """End the run and write its files, as a run does."""
        self.tape.event("bench", "run-end", verdict="", certified=False)
        self.tape.close()
        reading = read_tape(folder / "tape.bin")
        charter, verdicts = read_charter(reading.records), read_judged(reading.records)
        assert charter is not None
        (folder / "manifest.json").write_text(json.dumps(charter.manifest, ensure_ascii=False), encoding="utf-8")
        (folder / "cases.jsonl").write_text("".join(verdict.line() for verdict in verdicts), encoding="utf-8")
        content = content_of(charter, verdicts, reading)
        (folder / "verdict.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return folder

    def command(self, **content: Any) -> int:
        """The cashier's command."""
        return self._counter(Direction.SENT, content)

    def says(self, **content: Any) -> int:
        """A line of the adapter."""
        return self._counter(Direction.RECEIVED, content)

    def _counter(self, direction: Direction, content: Mapping[str, Any]) -> int:
        return self.tape.frame("counter", direction, json.dumps(content, ensure_ascii=False).encode() + b"\n")

    def request(self, party: str, path: str, body: Mapping[str, Any] | bytes, *, client: str = "") -> tuple[str, int]:
        """A request on a new connection; returns the connection's channel and the record's number."""
        self.connection += 1
        channel = f"{party}.http#{self.connection}"
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        agent = f"liantiao-{client}" if client else "python-httpx/0.28"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8003\r\nContent-Type: application/json\r\nUser-Agent: {agent}\r\n"
        )
        head += f"Content-Length: {len(data)}\r\n\r\n"
        return channel, self.tape.frame(channel, Direction.RECEIVED, head.encode() + data)

    def reply(self, channel: str, body: Mapping[str, Any] | bytes, status: str = "200 OK") -> int:
        """The reply on that connection."""
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: {len(data)}\r\n\r\n"
        )
        return self.tape.frame(channel, Direction.SENT, head.encode() + data)

    def transaction(self, infno: str, inner: Mapping[str, Any], out: Mapping[str, Any] | None, path: str = "") -> int:
        """A transaction of the institution interface; without `out` there is no reply. Returns the request's number."""
        self.msgids += 1
        msgid = f"{PHARMACY}20201014083000{self.msgids:04d}"
        self.says(event="journal", id=2, msgid=msgid, infno=infno)
        envelope = {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": "639900",
            "infver": "V1.0",
            "opter": "C0001",
            "opter_name": "联调收银员",
            "inf_time": "2020-10-14 08:30:00",
            "fixmedins_code": PHARMACY,
            "fixmedins_name": "联调大药房",
            "input": inner,
        }
        channel, seq = self.request("platform", path or f"/fsi/api/{infno}", envelope)
        if out is not None:
            self.reply(
                channel, {"infcode": 0, "inf_refmsgid": "6399002020101408300000000001", "err_msg": "", "output": out}
            )
        return seq

    def fault(self, name: str, **more: Any) -> None:
        """A planned or fired fault at the platform."""
        fields = {"party": "platform", "message": "2102", "effect": "lose-reply", "nth": 1, "detail": {}}
        self.tape.event("platform", name, **{**fields, **more})

    def scan(self, name: str = "张三") -> None:
        """A code shown, scanned and decoded."""
        digits = "4241234567890123456788630000"
        self.tape.event("phone", "code-shown", person="P001", chnl="alipay", digits=digits, format="qr", image_sm3="ab")
        self.tape.event("scanner", "image-seen", image_sm3="ab")
        self.tape.event("scanner", "good-read", symbology="QRCode", digits=digits)
        self.tape.frame("scanner.serial", Direction.SENT, digits.encode() + b"\r")
        query = {"orgId": PHARMACY, "transType": "ec.query", "data": {"orgId": PHARMACY, "ecQrCode": digits}}
        channel, _ = self.request("centre", "/localcfc/api/hsecfc/localQrCodeQuery", query)
        self.tape.event("centre", "token-issued", token="639900ec" + "a" * 30, id_no="630104199001010014")
        self.reply(channel, {"orgId": PHARMACY, "code": 0, "success": True, "data": {"userName": name, "idType": "01"}})

    def settle(self, *, lost: bool = False, total: str = "25.00") -> int:
        """2102 with its confirmation on the phone."""
        inner = {"druginfo": {"psn_no": "6399000001", "medfee_sumamt": total, "acct_used_flag": "1"}}
        self.msgids += 1
        msgid = f"{PHARMACY}20201014083000{self.msgids:04d}"
        self.says(event="journal", id=2, msgid=msgid, infno="2102")
        channel, seq = self.request("platform", "/fsi/api/2102", {"infno": "2102", "msgid": msgid, "input": inner})
        if lost:
            self.fault("fault-fired")
        confirm, _ = self.request("centre", "/localcfc/api/hsecfc/payConfirm", {"amount": total}, client="platform")
        prompt, _ = self.request("phone", "/push/prompt", {"promptId": "1", "amount": total}, client="centre")
        self.tape.event("phone", "prompt-shown", prompt="1", person="P001", amount_fen=2500, account_fen=1000)
        self.reply(prompt, {}, "202 Accepted")
        self.tape.event("phone", "prompt-answered", prompt="1", person="P001", answer="password")
        self.reply(confirm, {"code": 0, "data": {"result": "confirmed", "confirmNo": "9"}})
        self.tape.event(
            "platform",
            "booked",
            setl_id=f"S{self.msgids}",
            msgid=msgid,
            infno="2102",
            total_fen=2500,
            fund_fen=1500,
            account_fen=1000,
            cash_fen=0,
            reverses=None,
            balance_fen=9000,
        )
        if not lost:
            self.reply(channel, {"infcode": 0, "err_msg": "", "output": {"setlinfo": {"medfee_sumamt": 25.00}}})
        return seq


ORDER = {"order": "A0001", "total": "25.00"}
AMOUNTS = {"total": "25.00", "fund": "15.00", "account": "10.00", "cash": "0.00"}


def purchase(t: CaseTape, title: str = "A good purchase") -> None:
    """A case that passed."""
    t.begin("pharmacy/purchase", title, "GS-PHARMACY", "NX-ORIGINAL-SETTLEMENT-PATH")
    t.command(liantiao=1, hello={"institution": {"code": PHARMACY}})
    t.says(ready={"adapter": "liantiao-reference-pharmacy", "version": "0.1.0", "clock": "bench", "can": []})
    t.command(id=1, do="sign-in", at="2020-10-14 08:30:00")
    t.transaction("9001", {"signIn": {"opter_no": "C0001"}}, {"signinoutb": {"sign_no": "S1"}})
    t.says(id=1, outcome="accepted")
    t.command(id=2, do="purchase", at="2020-10-14 08:30:00", **ORDER)
    t.says(event="scan-please", id=2)
    t.scan()
    t.transaction("1101", {"data": {"mdtrt_cert_type": "01"}}, {"baseinfo": {"psn_name": "张三"}})
    t.transaction("2101", {"druginfo": {"medfee_sumamt": "25.00"}}, {"setlinfo": {"medfee_sumamt": 25.00}})
    t.settle()
    t.says(id=2, outcome="accepted", amounts=AMOUNTS, **ORDER)
    t.tape.event("case", "expect", operation=2, outcomes=["accepted"], reasons=[], amounts={})
    t.end()


def write_run(folder: Path, *, devices: Sequence[Mapping[str, Any]] = DEVICES, seen: str = "50.00") -> Path:
    """A run with four cases of five: two passed, one failed, one inconclusive, one missing.

    `seen` is what a finding saw.
    """
    folder.mkdir()
    t = CaseTape(folder / "tape.bin", devices=devices)
    purchase(t)

    t.begin("pharmacy/crash", "The reply of 2102 is lost after booking", "QH-FUND-SAFETY", "GS-PHARMACY")
    t.fault("fault-scheduled")
    t.command(id=2, do="purchase", at="2020-10-14 08:30:00", **ORDER)
    t.says(event="scan-please", id=2)
    t.scan()
    t.settle(lost=True)
    again = t.settle()
    t.says(id=2, outcome="accepted", amounts=AMOUNTS, **ORDER)
    t.tape.event("case", "step", text="recovery: an ordinary purchase by somebody else")
    t.end(
        "failed",
        faults=[
            {"party": "platform", "message": "2102", "effect": "lose-reply", "nth": 1, "detail": {}, "fired": True}
        ],
        findings=[
            {
                "rule": "settled-at-most-once",
                "sentence": "An order is settled at most once.",
                "severity": "critical",
                "clause": "institution interface, transaction 2102",
                "seq": again,
                "expected": "one settlement of order A0001",
                "seen": "a second 2102 with medfee_sumamt 25.00",
            },
            {
                "rule": "books-agree",
                "sentence": "The books of adapter and platform agree.",
                "severity": "critical",
                "clause": "QH 1.1.3 banks (5)",
                "seq": again + 8,
                "expected": "25.00",
                "seen": seen,
            },
        ],
    )

    t.begin("pharmacy/byte-dropped", "A byte is lost on the scanner's line", "QH-SCANNER-BOX")
    t.tape.event("bench", "clock-step", seconds=61)
    t.clock.step(seconds=61)
    t.scan()
    t.end(
        "inconclusive",
        inconclusive=["the fault drop-byte on scanner scan #1 never happened"],
        faults=[{"party": "scanner", "message": "scan", "effect": "drop-byte", "nth": 1, "detail": {}, "fired": False}],
    )

    t.begin("pharmacy/hostile[<x>]", f"Hostile text {HOSTILE}", "GS-PHARMACY", HOSTILE)
    t.scan(HOSTILE)
    t.says(id=3, outcome="refused", reason="scan-unreadable", prompt=HOSTILE)
    gateway, _ = t.request("platform", "/fsi/api/2102", HOSTILE.encode())
    t.reply(gateway, f"<html>{HOSTILE}</html>".encode("gbk", errors="replace"), "502 Bad Gateway")
    t.tape.event("bank", "ledger-closed", why=HOSTILE)
    t.end()
    return t.write_files(folder)


def write_good_run(folder: Path, *, title: str = "A good purchase", **more: Any) -> Path:
    """A certified run of a plan with one case; `more` is for its tape."""
    folder.mkdir()
    t = CaseTape(folder / "tape.bin", **{"plan": plan_of(CASES[:1]), **more})
    purchase(t, title)
    return t.write_files(folder)


def keep(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change a JSON file."""
    path.write_text(json.dumps(change(json.loads(path.read_bytes())), ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The folder of a run with findings."""
    return write_run(tmp_path / "run")


@pytest.fixture
def good_folder(tmp_path: Path) -> Path:
    """The folder of a certified run."""
    return write_good_run(tmp_path / "good")


@pytest.fixture
def write_good(tmp_path: Path) -> Callable[..., Path]:
    """Writes a certified run, with another title, plan or demand."""

    def write(**more: Any) -> Path:
        return write_good_run(tmp_path / "good", **more)

    return write


@pytest.fixture
def write_bad(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run with findings, on other devices or with other words."""

    def write(**more: Any) -> Path:
        return write_run(tmp_path / "bad", **more)

    return write


@pytest.fixture
def change() -> Callable[[Path, Callable[[dict[str, Any]], dict[str, Any]]], None]:
    """Changes a JSON file of a folder."""
    return keep


@pytest.fixture
def case_tape(tmp_path: Path) -> CaseTape:
    """An empty tape to write cases onto."""
    return CaseTape(tmp_path / "tape.bin")
