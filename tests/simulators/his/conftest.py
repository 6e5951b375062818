"""The reference adapter as a process between a pty and a small HTTP stub of centre and platform.

The stub knows as little as it can: it books what it is asked to and can be told to misbehave, so that the adapter is
not judged by code that shares its author's ideas.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tty
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

AT = "2020-10-14 08:30:00"
CODE = "424" + "1234567890123456701" + "630000"
ID_NO = "639999198503127031"
NAME = "测试甲"
TOKEN = "639900ec" + "a1b2c3d4e5" * 3
PATIENCE_S = 60.0
REPLY_S, LOST_S = 30.0, 0.8
"""How long an adapter waits for an answer: longer than any machine stands still, and what a lost one costs a test."""
loses = pytest.mark.parametrize("reply_s", [LOST_S], ids=["lost"])
"""Of a test in which an answer is lost."""


def each_fault(*faults: str) -> pytest.MarkDecorator:
    """Of a test with each of these faults of `Systems`: after some alone the adapter waits for an answer in vain."""
    in_vain = {"lose-request", "lose-reply", "drip"}
    pairs = [(fault, LOST_S if fault in in_vain else REPLY_S) for fault in faults]
    return pytest.mark.parametrize(("fault", "reply_s"), pairs, ids=faults)


class Systems(ThreadingHTTPServer):
    """Centre and platform in one; `faults[infno]` are taken one a request, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.refusals: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.centre_code = 0
        self.statement = "000000"
        self.booked: dict[str, dict[str, Any]] = {}
        self.journal: Path | None = None
        self.unjournalled: list[str] = []
        self.lock = threading.Lock()
        self.arrived: dict[str, threading.Event] = defaultdict(threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def sent(self, infno: str) -> list[dict[str, Any]]:
        """The requests of a transaction, as they came."""
        return [request for request in self.requests if request.get("infno", request.get("transType")) == infno]

    def net_fen(self) -> int:
        """What is booked in all."""
        return sum(booking["fen"] for booking in self.booked.values())

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if "transType" in body:
                return self._centre(body)
            return self._platform(body)

    def _centre(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.centre_code:
            return {"code": self.centre_code, "message": "中心拒绝", "success": False}
        if body["data"]["ecQrCode"] != CODE:
            return {"code": 500159, "message": "请使用医保电子凭证二维码", "success": False}
        data = {"idNo": ID_NO, "idType": "01", "userName": NAME, "ecToken": TOKEN}
        return {"code": 0, "message": "成功", "success": True, "data": json.dumps(data, ensure_ascii=False)}

    def _platform(self, body: dict[str, Any]) -> dict[str, Any]:
        infno, msgid = body["infno"], body["msgid"]
        if self.refusals[infno]:
            err_msg, code = self.refusals[infno].pop(0)
            return {"infcode": -1, "err_msg": err_msg, "warn_msg": code}
        data = body["input"].get("data", {})
        output: dict[str, Any] = {}
        match infno:
            case "9001":
                output = {"signinoutb": {"sign_time": body["inf_time"], "sign_no": "S1"}}
            case "1101":
                output = {
                    "baseinfo": {"psn_no": "6399001", "certno": ID_NO, "psn_name": NAME},
                    "insuinfo": [
                        {"insutype": "390", "psn_insu_stas": "3", "insuplc_admdvs": "639901", "balc": "0.00"},
                        {"insutype": "310", "psn_insu_stas": "1", "insuplc_admdvs": "639900", "balc": 20.5},
                    ],
                }
            case "2101" | "2102":
                output = {"setlinfo": self._setlinfo(body)}
                if infno == "2102":
                    if "changed" in self.faults["2102"]:
                        self.faults["2102"].remove("changed")
                        output["setlinfo"]["acct_pay"], output["setlinfo"]["psn_cash_pay"] = "0.00", "99.00"
                    self.booked[msgid] = {"fen": _fen(output["setlinfo"]["medfee_sumamt"]), "infno": "2102"}
                    output["setlinfo"] |= {"setl_id": f"SETL{len(self.booked)}", "mdtrt_id": "M1"}
                    self.booked[msgid]["setl_id"] = output["setlinfo"]["setl_id"]
            case "2103":
                originals = [b for b in self.booked.values() if b.get("setl_id") == data["setl_id"]]
                if not originals:
                    return {"infcode": -1, "err_msg": "未查询到结算信息", "warn_msg": "981024"}
                self.booked[msgid] = {"fen": -originals[0]["fen"], "infno": "2103", "setl_id": f"R{len(self.booked)}"}
                output = {"setlinfo": {"setl_id": self.booked[msgid]["setl_id"], "psn_pay": "0.00"}}
            case "3201":
                output = {"stmtinfo": {"setl_optins": "639900", "stmt_rslt": self.statement, "stmt_rslt_dscr": ""}}
            case "2601":
                if self.booked.pop(data["omsgid"], None) is None:
                    return {"infcode": -1, "err_msg": f"未查询到原交易{data['omsgid']}", "warn_msg": "981027"}
        return {"infcode": 0, "inf_refmsgid": "6399" + "0" * 26, "err_msg": "", "output": output}

    def _setlinfo(self, body: dict[str, Any]) -> dict[str, Any]:
        info = body["input"]["druginfo"]
        total = _fen(info["medfee_sumamt"])
        account = total // 2 if info["acct_used_flag"] == "1" else 0
        return {
            "psn_no": info["psn_no"],
            "medfee_sumamt": _yuan(total),
            "fund_pay_sumamt": "0.00",
            "acct_pay": _yuan(account),
            "psn_cash_pay": _yuan(total - account),
            "insutype": info["insutype"],
            "clr_type": "41",
            "clr_optins": "639900",
        }

    def note(self, body: dict[str, Any]) -> None:
        """A request has come: keep it, and look whether its msgid stands in the adapter's journal."""
        with self.lock:
            self.requests.append(body)
            self.arrived[body.get("infno", "ec.query")].set()
            if self.journal is not None and "msgid" in body:
                with contextlib.closing(sqlite3.connect(self.journal)) as base:
                    found = base.execute("SELECT 1 FROM messages WHERE msgid = ?", (body["msgid"],)).fetchone()
                if found is None:
                    self.unjournalled.append(body["msgid"])


class _Handler(BaseHTTPRequestHandler):
    server: Systems

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = body.get("infno", body.get("transType"))
        self.server.note(body)
        queue = self.server.faults[name]
        fault = queue.pop(0) if queue and queue[0] != "changed" else ""
        if fault == "lose-request":
            self._until_gone()
            return
        if fault == "502":
            self._send(502, b"<html>Bad Gateway</html>")
            return
        answer = json.dumps(self.server.answer(body), ensure_ascii=False)
        raw = answer.encode()
        match fault:
            case "lose-reply":
                self._until_gone()
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
            case "502-after":
                self._send(502, b"")
            case "504-after":
                self._send(504, b"")
            case "of-another":
                msgid = str(body["msgid"])
                setlinfo = {**json.loads(answer)["output"]["setlinfo"], "medins_setl_id": f"{msgid[:-4]}9999"}
                self._send(200, json.dumps({"infcode": 0, "output": {"setlinfo": setlinfo}}).encode())
            case "empty":
                self._send(200, b"")
            case "cut":
                self._send(200, raw[: len(raw) // 2])
            case "double":
                self._send(200, json.dumps(answer, ensure_ascii=False).encode())
            case "gbk":
                self._send(200, answer.encode("gbk"))
            case "no-infcode":
                self._send(200, b'{"output":{}}')
            case "no-setl-id":
                self._send(200, raw.replace(b'"setl_id"', b'"no_id"'))
            case "drip":
                self._drip(raw)
            case _:
                self._send(200, raw)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, raw: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        with contextlib.suppress(OSError):
            for byte in raw:
                self.wfile.write(bytes([byte]))
                if select.select([self.connection], [], [], 0.05)[0]:
                    return

    def _until_gone(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Adapter:
    """The adapter's process, its scanner's pty, and its dialogue; `lines` holds all of it, as (direction, line)."""

    def __init__(
        self,
        systems: Systems | None,
        state_dir: Path,
        *arguments: str,
        scan: dict[str, Any] | None = None,
        kind: str = "pharmacy",
        endpoints: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
        reply_s: float = REPLY_S,
    ) -> None:
        self.systems = systems
        self.reply_s = reply_s
        self.kind = kind
        self.endpoints = endpoints or {}
        self.more = more or {}
        self.present: Callable[[str], None] = lambda _: None
        self.watch: Callable[[dict[str, Any]], None] = lambda _: None
        self.state_dir = state_dir
        self.arguments = arguments
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.scan = {"idle_s": 0.03, "baud": 9600, "wait_s": PATIENCE_S} | (scan or {})
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.scans: list[bytes] = []
        self.number = 0
        self.log_path = state_dir.parent / "adapter.log"
        self.start()

    def start(self) -> dict[str, Any]:
        self._buffer = b""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "simulators.his", self.kind, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )
        self.write(
            {
                "liantiao": 1,
                "hello": {
                    "institution": {"code": "P63999900001", "name": "联调测试大药房一店", "admdvs": "639900"},
                    "operator": {"no": "0001", "name": "收银员", "mac": "02-00-00-00-00-01", "ip": "10.0.0.1"},
                    "endpoints": {
                        "scanner": f"serial:{os.ttyname(self._slave)}",
                        "voucher-centre": self.systems.address if self.systems else "",
                        "platform": self.systems.address if self.systems else "",
                    }
                    | self.endpoints,
                    "profile": {
                        "name": "test",
                        "paths": {"2101": "/fsi/api/pre"},
                        "infver": "V1.0",
                        "recer_sys_code": "YBXT",
                        "signtype": "SM3",
                        "refusal_code_in": "warn_msg",
                    },
                    "timeouts": {"connect_s": REPLY_S, "reply_s": self.reply_s},
                    "scan": self.scan,
                    "state_dir": str(self.state_dir),
                    "seed": 7,
                    "now": AT,
                }
                | self.more,
            }
        )
        ready = self.read()
        if self.systems is not None:
            self.systems.journal = self.state_dir / "journal.sqlite"
        return ready

    def write(self, command: dict[str, Any]) -> None:
        self.lines.append(("to", command))
        self.write_raw(json.dumps(command, ensure_ascii=False).encode() + b"\n")

    def write_raw(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)

    def read(self) -> dict[str, Any]:
        """The next line."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE_S
        while b"\n" not in self._buffer:
            ready = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"no line; log: {self.log()}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message = cast("dict[str, Any]", json.loads(line))
        self.lines.append(("from", message))
        return message

    def begin(self, do: str, **members: Any) -> int:
        """Send a command."""
        self.number += 1
        self.write({"id": self.number, "do": do, "at": members.pop("at", AT), **members})
        return self.number

    def finish(self) -> dict[str, Any]:
        """Read up to the answer; a scan goes out whenever one is asked for."""
        while "event" in (message := self.read()):
            self.watch(message)
            if message["event"] == "scan-please" and self.scans:
                os.write(self.master, self.scans.pop(0))
            if message["event"] == "present-please":
                self.present(message["what"])
        return message

    def do(self, do: str, **members: Any) -> dict[str, Any]:
        self.begin(do, **members)
        return self.finish()

    def buy(
        self, order: str = "A0001", *scans: bytes, lines: list[tuple[str, str, str]] | None = None, **more: Any
    ) -> Any:
        """A purchase; without `scans` a good code is shown."""
        self.scans = list(scans) or [CODE.encode() + b"\r"]
        return self.do("purchase", **(basket(order, lines) | more))

    def begin_purchase(self, order: str) -> None:
        """A purchase with a good code, up to the scan."""
        self.begin_purchase_without_scan(order)
        os.write(self.master, CODE.encode() + b"\r")

    def begin_purchase_without_scan(self, order: str) -> None:
        """A purchase up to the question for a scan."""
        self.begin("purchase", **basket(order))
        self.until("scan-please")

    def until(self, event: str, **members: Any) -> dict[str, Any]:
        """Read up to an event."""
        while True:
            message = self.read()
            if message.get("event") == event and all(message.get(name) == value for name, value in members.items()):
                return message

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def restart(self) -> dict[str, Any]:
        return self.start()

    def log(self) -> str:
        return self.log_path.read_text()

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(PATIENCE_S)
            for number in (self.master, self._slave):
                os.close(number)
            self._close_pipes()


def basket(order: str = "A0001", lines: list[tuple[str, str, str]] | None = None) -> dict[str, Any]:
    """The members of a purchase command; each line is price, quantity, amount."""
    lines = lines or [("12.50", "2", "25.00")]
    return {
        "order": order,
        "lines": [
            {"code": "XP000001", "name": "阿莫西林胶囊", "price": p, "quantity": q, "amount": a, "level": "01"}
            for p, q, a in lines
        ],
        "total": _yuan(sum(_fen(amount) for _, _, amount in lines)),
        "use_account": True,
    }


def _fen(text: Any) -> int:
    yuan, _, fen = str(text).partition(".")
    return int(yuan) * 100 + int(fen.ljust(2, "0") or 0)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@pytest.fixture
def systems() -> Iterator[Systems]:
    with Systems() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(60)


@pytest.fixture
def reply_s() -> float:
    """How long the adapter of a test waits for an answer."""
    return REPLY_S


@pytest.fixture
def start(systems: Systems, tmp_path: Path, reply_s: float) -> Iterator[Any]:
    """Start an adapter: `start("--mutant", "float-money", scan={...}, profile={...})`."""
    started: list[Adapter] = []

    def begin(*arguments: str, scan: dict[str, Any] | None = None, profile: dict[str, Any] | None = None) -> Adapter:
        more = {} if profile is None else {"profile": profile}
        adapter = Adapter(systems, tmp_path / f"state{len(started)}", *arguments, scan=scan, more=more, reply_s=reply_s)
        started.append(adapter)
        return adapter

    yield begin
    for adapter in started:
        adapter.close()


@pytest.fixture
def adapter(start: Any) -> Adapter:
    """The right adapter, signed in."""
    right = cast("Adapter", start())
    assert right.do("sign-in")["outcome"] == "accepted"
    return right


@pytest.fixture(scope="session")
def clinic_up() -> Iterator[Any]:
    """The bench of a hospital, up, for the whole session."""
    from tests.simulators.his.clinic_rig import clinic_bench

    with clinic_bench() as bench:
        yield bench


@pytest.fixture
def open_clinic(clinic_up: Any, tmp_path: Path, reply_s: float, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start a hospital's adapter on a bench as new: `open_clinic("--mutant", NAME, sign_in=False, libraries=…)`."""
    from tests.simulators.his.clinic_rig import Clinic

    clinic_up.reset(request.node.name)
    begun: list[Clinic] = []

    def begin(*arguments: str, sign_in: bool = True, **more: Any) -> Clinic:
        clinic = Clinic(clinic_up, tmp_path / f"clinic{len(begun)}", *arguments, reply_s=reply_s, **more)
        begun.append(clinic)
        if sign_in:
            assert clinic.do("sign-in")["outcome"] == "accepted"
        return clinic

    yield begin
    for clinic in begun:
        clinic.close()


@pytest.fixture
def clinic(open_clinic: Any) -> Any:
    """The right hospital's adapter, signed in."""
    return open_clinic()
