"""The mobile-payment centre with the voucher centre, a hospital that takes notices, and an institution's codec."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fixtures.population import Person, institutions, people
from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.clock import BenchClock
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.http import TapedServer
from harness.line.record import Record
from harness.line.tape import Tape
from harness.wire import voucher_messages as messages
from harness.wire.mobile_payment import Application, EnvelopeCodec, LocalMachine, encode, load_variant, sm4_key
from simulators.mobile_payment import SIMULATOR
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import Side
from simulators.voucher_centre import SIMULATOR as VOUCHER_CENTRE
from simulators.voucher_centre.settings import VoucherCentreSettings

SEED = 7
NAME = "mobile-payment"
PEOPLE: Mapping[str, Person] = {person.id: person for person in people()}
HOSPITAL = institutions()[2]
LINES = (("XP000001", "12.50", "2", "25.00"), ("XP000002", "4.35", "3", "13.05"), ("XP000003", "0.99", "7", "6.93"))


class Hospital:
    """Takes notices and remembers them; `status` and `reply` are its answers, `silent` gives none."""

    def __init__(self, tape: Tape) -> None:
        self.status = 200
        self.reply = b'{"code":0,"message":"ok"}'
        self.silent = False
        self.notices: list[bytes] = []
        self.server = TapedServer(
            Starlette(routes=[Route("/notice", self._notice, methods=["POST"])]), name="hospital", tape=tape
        )

    async def _notice(self, request: Request) -> Response:
        self.notices.append(await request.body())
        if self.silent:
            await asyncio.Event().wait()
        return Response(self.reply, status_code=self.status)


class MobileRig:
    """All of it, running; end it with `close`."""

    def __init__(self, settings: MobilePaymentSettings | None = None, *, seed: int = SEED, alone: bool = False) -> None:
        self.settings = settings or MobilePaymentSettings()
        self.loop, self.clock = LoopThread(), BenchClock()
        self.tape = Tape(self.clock)
        self.http = httpx.Client(trust_env=False, timeout=60)
        self.hospital = Hospital(self.tape)
        self.faults = FaultSchedule(NAME, self.tape)
        self.loop.call(self.hospital.server.start())
        self.centre, at = self.started(VOUCHER_CENTRE, VoucherCentreSettings(), self._context("voucher-centre", seed))
        self.voucher_at = at.at
        self.payment, self.at = self.started(SIMULATOR, self.settings, self._context(NAME, seed))
        self.loop.call(self._connect({} if alone else {"voucher-centre": self.voucher_at}))
        application = Application(app_id=self.settings.app_id, secret=self.settings.secret)
        machine = LocalMachine(
            own=seeded_key(seed, Side.INSTITUTION),
            peer=seeded_key(seed, Side.CENTRE).public,
            sm4_key=sm4_key(application),
            repeatable=True,
        )
        self.variant = load_variant(self.settings.variant)
        self.codec = EnvelopeCodec(application, machine, self.variant)
        self.orders = 0

    def _context(self, name: str, seed: int) -> SimulatorContext:
        faults = self.faults if name == NAME else FaultSchedule(name, self.tape)
        return SimulatorContext(name=name, clock=self.clock, tape=self.tape, seed=seed, faults=faults)

    def started(self, kind: Any, settings: Any, context: SimulatorContext) -> tuple[Simulator, Endpoints]:
        """A simulator that serves, and where."""

        async def bring_up() -> tuple[Simulator, Endpoints]:
            made: Simulator = kind.create(context, settings)
            return made, await made.start()

        return self.loop.call(bring_up())

    async def _connect(self, peers: Mapping[str, str]) -> None:
        self.payment.connect(peers)

    def close(self) -> None:
        """Stop everything."""

        async def stop() -> None:
            await asyncio.gather(self.payment.stop(), self.centre.stop(), self.hospital.server.stop())

        self.http.close()
        self.loop.call(stop())
        self.loop.close()
        self.tape.close()

    def as_new(self) -> "MobileRig":
        """For the next test."""

        async def reset() -> None:
            await asyncio.gather(self.payment.reset(seed=SEED), self.centre.reset(seed=SEED))

        self.loop.call(reset())
        self.faults.clear()
        self.clock.rewind()
        self.loop.settle()
        self.tape.forget()
        self.hospital.status, self.hospital.silent = 200, False
        self.hospital.notices.clear()
        self.orders = 0
        return self

    # --- services ---

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Post bytes; the answer's object."""
        reply = self.http.post(self.at.at + path, content=body, headers={"content-type": "application/json"})
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    def call(self, service: str, data: Mapping[str, object]) -> dict[str, Any]:
        """A service's answer: code, message, and data once its envelope is good."""
        now_ns = self.clock.now_ns()
        path = self.variant.paths.get(service, self.settings.older_path)
        answer = self.post(path, encode(self.codec.seal(data, now_ns=now_ns, service=service)))
        if answer["code"] == 0:
            answer["data"] = dict(self.codec.open_reply(answer, now_ns=now_ns).data)
        return answer

    def plain(self, path: str, body: object) -> dict[str, Any]:
        """Post plain JSON to a door of our own design."""
        answer: dict[str, Any] = self.http.post(self.at.at + path, json=body).json()
        return answer

    def auth_no(self, person: Person, *, app_id: str = "") -> str:
        """A payAuthNo."""
        body = {
            "appId": app_id or self.settings.app_id,
            "idNo": person.id_no,
            "userName": person.name,
            "idType": "01",
            "chnlId": "wechat",
        }
        return str(self.plain("/api/mipuserquery/userQuery/partner", body)["data"]["payAuthNo"])

    def token(self, person: Person, *, org: str = HOSPITAL.code) -> str:
        """An ecToken by way of a code."""
        wish = {
            "transType": "ec.qrcode",
            "idNo": person.id_no,
            "idType": "01",
            "userName": person.name,
            "chnlId": "wechat",
        }
        code = self.http.post(self.voucher_at + messages.QRCODE_PATH, json=wish).json()["data"]["ecQrCode"]
        query = messages.EcQuery(
            institution=org, operator="1", operator_name="收", office="1", office_name="药", code=code
        )
        answer = self.http.post(self.voucher_at + messages.QR_QUERY_PATH, json=messages.ec_query(query)).json()
        return str(answer["data"]["ecToken"])

    def upload(self, person: Person, **more: object) -> dict[str, object]:
        """The data of a 6201; without an authorisation in `more` a payAuthNo is fetched."""
        self.orders += 1
        number = self.orders
        if not {"ecToken", "payAuthNo"} & set(more):
            more["payAuthNo"] = self.auth_no(person)
        return {
            "orgCodg": HOSPITAL.code,
            "psnNo": person.psn_no,
            "insutype": person.insutype,
            "medOrgOrd": f"MO{number:06d}",
            "begntime": "2020-10-14 08:30:00",
            "idNo": person.id_no,
            "userName": person.name,
            "idType": "01",
            "iptOtpNo": f"OP{number:06d}",
            "medType": "11",
            "feeType": "01",
            "medfeeSumamt": "44.98",
            "acctUsedFlag": "1",
            "psnSetlway": "01",
            "chrgBchno": f"B{number:06d}",
            "fulamtOwnpayAmt": "6.93",
            "preselfpayAmt": "1.31",
            "inscpScpAmt": "36.74",
            "uldLatlnt": "101.77,36.61",
            "feedetailList": [
                {
                    "feedetlSn": f"{number}-{line}",
                    "feeOcurTime": "2020-10-14 08:30:00",
                    "medListCodg": code,
                    "medinsListCodg": code,
                    "detItemFeeSumamt": sum_,
                    "cnt": count,
                    "pric": price,
                }
                for line, (code, price, count, sum_) in enumerate(LINES, start=1)
            ],
            **more,
        }

    def uploaded(self, person: Person, **more: object) -> dict[str, Any]:
        """An order, by 6201: its upload and its answer together."""
        data = self.upload(person, **more)
        answer = self.call("6201", data)
        assert answer["code"] == 0, answer
        return {**data, **answer["data"]}

    def pay(self, order: Mapping[str, Any], **more: object) -> dict[str, Any]:
        """6202."""
        data = {
            "payOrdId": order["payOrdId"],
            "payToken": order["payToken"],
            "orgCodg": HOSPITAL.code,
            "orgBizSer": f"BIZ{order['medOrgOrd']}",
            **more,
        }
        if "payAuthNo" in order and "payAuthNo" not in more:
            data["payAuthNo"] = order["payAuthNo"]
        return self.call("6202", data)

    def about(self, order: Mapping[str, Any], **more: object) -> dict[str, object]:
        """The data of 6301 and 6401."""
        names = ("payOrdId", "orgCodg", "payToken", "idNo", "userName", "idType")
        return {**{name: order[name] for name in names}, **more}

    def status(self, order: Mapping[str, Any]) -> str:
        """ordStas by 6301."""
        return str(self.call("6301", self.about(order))["data"]["ordStas"])

    def paid(self, person: Person, **more: object) -> dict[str, Any]:
        """An order that is paid."""
        order = self.uploaded(person, **more)
        placed = self.pay(order)
        assert placed["code"] == 0, placed
        if placed["data"]["ownPayAmt"] != "0.00":
            self.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
        return {**order, **placed["data"]}

    def refund(self, order: Mapping[str, Any], kind: str, serial: str, **amounts: str) -> dict[str, Any]:
        """6203; amounts are fund, account and own, and total when it is to be wrong."""
        return self.call("6203", self.refund_request(order, kind, serial, **amounts))

    def refund_request(self, order: Mapping[str, Any], kind: str, serial: str, **amounts: str) -> dict[str, object]:
        """The data of 6203."""
        parts = {name: amounts.get(name, "0.00") for name in ("fund", "account", "own")}
        total = sum(round(float(value) * 100) for value in parts.values())
        return {
            "payOrdId": order["payOrdId"],
            "appRefdSn": serial,
            "appRefdTime": "20201014083000",
            "totlRefdAmt": amounts.get("total", f"{total / 100:.2f}"),
            "psnAcctRefdAmt": parts["account"],
            "fundRefdAmt": parts["fund"],
            "cashRefdAmt": parts["own"],
            "payAuthNo": amounts.get("auth") or self.auth_no(PEOPLE[amounts.get("who", "P001")]),
            "refdType": kind,
        }

    # --- callbacks, tape ---

    def listen(self) -> None:
        """Have notices sent to the hospital."""
        body = {"url": f"{self.hospital.server.address}/notice"}
        assert self.http.post(self.at.also["control"] + "/callback", json=body).status_code == 200

    def disturb(self, message: str, effect: Effect, nth: int = 1) -> None:
        """Schedule a fault."""
        self.faults.plan(Fault(party=NAME, message=message, effect=effect, nth=nth))

    def events(self, name: str) -> list[dict[str, Any]]:
        """The centre's events of a name."""
        return [dict(record.event) for record in self.tape.recent() if record.name == name]

    def wait_for(self, name: str, nth: int = 1) -> Record:
        """The n-th event of a name, waiting for it."""
        seen = 0

        def wanted(record: Record) -> bool:
            nonlocal seen
            seen += record.name == name
            return record.name == name and seen == nth

        found = self.tape.wait_for(wanted, since=0, timeout=60)
        assert found is not None, f"no {name} number {nth} within 5 s"
        return found

    def step(self, seconds: int) -> None:
        """Step the clock and let everybody act on it."""
        self.loop.settle()
        self.clock.step(seconds=seconds)
        self.loop.settle()

    def balance(self, person: Person) -> int:
        """A person's account in fen, by the back door."""
        rows = self.http.get(self.at.also["control"] + "/state").json()["people"]
        return int(next(row["balance_fen"] for row in rows if row["id_no"] == person.id_no))
