"""Voucher centre, platform and a phone that answers as told, on one bench clock, for the tests of both systems."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fixtures.population import Person, institutions, people
from harness.bench.loop import LoopThread
from harness.bench.plugin import Simulator, SimulatorContext
from harness.clock import BenchClock, local_time
from harness.faults.schedule import FaultSchedule
from harness.line.http import TapedServer
from harness.line.record import Record
from harness.line.tape import Tape
from harness.wire import institution as wire
from harness.wire import voucher_messages as messages
from harness.wire.msgid import make_msgid
from harness.wire.voucher import password_proof
from simulators.platform import SIMULATOR as PLATFORM
from simulators.platform.settings import PlatformSettings
from simulators.voucher_centre import SIMULATOR as VOUCHER_CENTRE
from simulators.voucher_centre.settings import VoucherCentreSettings

SEED = 7
PEOPLE: Mapping[str, Person] = {person.id: person for person in people()}
PHARMACY, OTHER_PHARMACY = institutions()[0], institutions()[1]
LINES = (("XP000001", "12.50", "2", "25.00"), ("XP000002", "4.35", "3", "13.05"), ("XP000003", "0.99", "7", "6.93"))
"""A line of each level: code, price, count, amount; 44.98 together."""


class StubPhone:
    """Takes pushes and remembers them; `refuses` makes it fail instead."""

    def __init__(self, tape: Tape) -> None:
        self.refuses = False
        self.prompts: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.bills: list[dict[str, Any]] = []
        self._tape = tape
        routes = [
            Route(messages.PUSH_PROMPT_PATH, self._prompt, methods=["POST"]),
            Route(messages.PUSH_NOTICE_PATH, self._notice, methods=["POST"]),
            Route(messages.PUSH_BILL_PATH, self._bill, methods=["POST"]),
        ]
        self.server = TapedServer(Starlette(routes=routes), name="phone", tape=tape)

    async def _prompt(self, request: Request) -> Response:
        if self.refuses:
            return JSONResponse({}, status_code=500)
        self.prompts.append(await request.json())
        self._tape.event("phone", "prompt-shown", prompt=self.prompts[-1]["promptId"])
        return Response(status_code=202)

    async def _notice(self, request: Request) -> Response:
        if self.refuses:
            return JSONResponse({}, status_code=500)
        self.notices.append(await request.json())
        return Response(status_code=202)

    async def _bill(self, request: Request) -> Response:
        if self.refuses:
            return JSONResponse({}, status_code=500)
        self.bills.append(await request.json())
        return Response(status_code=202)


@dataclass
class Rig:
    """The systems, running; `connect` is what each is told of its peers."""

    loop: LoopThread
    clock: BenchClock
    tape: Tape
    phone: StubPhone
    centre: Simulator
    centre_at: str
    platform: Simulator
    platform_at: str
    back_doors: dict[str, str]
    http: httpx.Client
    faults: dict[str, FaultSchedule]
    numbers: int = 0
    sign_nos: dict[str, str] = field(default_factory=dict)

    # --- voucher centre ---------------------------------------------------------------------------

    def centre_post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON to the centre."""
        answer: dict[str, Any] = self.http.post(self.centre_at + path, json=body).json()
        return answer

    def new_code(self, person: Person, channel: str = "alipay") -> str:
        """A fresh voucher code."""
        request = {
            "transType": "ec.qrcode",
            "idNo": person.id_no,
            "idType": "01",
            "userName": person.name,
            "chnlId": channel,
        }
        return str(self.centre_post(messages.QRCODE_PATH, request)["data"]["ecQrCode"])

    def decode(self, digits: str, org: str = PHARMACY.code) -> dict[str, Any]:
        """ec.query for a scanned text."""
        query = messages.EcQuery(
            institution=org, operator="001", operator_name="收银员", office="Y01", office_name="药店", code=digits
        )
        return self.centre_post(messages.QR_QUERY_PATH, messages.ec_query(query))

    def token(self, person: Person, org: str = PHARMACY.code) -> str:
        """A token by way of a fresh code."""
        return str(self.decode(self.new_code(person), org)["data"]["ecToken"])

    def answer_prompt(self, password: str | None) -> dict[str, Any]:
        """Answer the newest prompt with a password, or decline it."""
        prompt_id = self.phone.prompts[-1]["promptId"]
        request: dict[str, object] = {"promptId": prompt_id}
        request |= {"declined": True} if password is None else {"proof": password_proof(prompt_id, password)}
        return self.centre_post(messages.PAY_ANSWER_PATH, request)

    # --- platform ---------------------------------------------------------------------------------

    def msgid(self, org: str = PHARMACY.code) -> str:
        """A new message id."""
        self.numbers += 1
        return make_msgid(org, at=local_time(self.clock), seq=self.numbers)

    def request(
        self, infno: str, data: Mapping[str, object], *, msgid: str = "", org: str = PHARMACY.code, **fields: object
    ) -> dict[str, object]:
        """A request of the pharmacy's cashier 001; `fields` replace members of the envelope."""
        envelope = wire.Envelope(
            infno=infno,
            msgid=msgid or self.msgid(org),
            at=local_time(self.clock),
            institution=org,
            institution_name="联调测试大药房",
            area="639900",
            insured_place="639900",
            operator="001",
            operator_name="收银员",
            sign_no=self.sign_nos.get(org, ""),
        )
        return {**wire.request(envelope, data), **fields}

    def send(self, body: object, *, client: httpx.Client | None = None) -> dict[str, Any]:
        """Post a request to the path that takes every transaction."""
        reply = (client or self.http).post(self.platform_at + "/fsi/api/callService", json=body)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    def call(self, infno: str, data: Mapping[str, object], *, msgid: str = "", **fields: Any) -> dict[str, Any]:
        """Send a transaction."""
        return self.send(self.request(infno, data, msgid=msgid, **fields))

    def sign_in(self, org: str = PHARMACY.code) -> str:
        """Sign in cashier 001."""
        answer = self.call(
            "9001", {"signIn": {"opter_no": "001", "mac": "00-00-00-00-00-01", "ip": "10.0.0.7"}}, org=org
        )
        self.sign_nos[org] = answer["output"]["signinoutb"]["sign_no"]
        return self.sign_nos[org]

    def purchase(
        self, person: Person, *, token: str = "", lines: tuple[tuple[str, ...], ...] = LINES, **druginfo: object
    ) -> dict[str, object]:
        """The input of 2101 and 2102."""
        total = sum((wire.amount(line[3]) for line in lines), start=0)
        return {
            "druginfo": {
                "psn_no": person.psn_no,
                "mdtrt_cert_type": "01",
                "mdtrt_cert_no": token or self.token(person),
                "begntime": "2020-10-14 08:30:00",
                "medfee_sumamt": f"{total // 100}.{total % 100:02d}",
                "invono": "A0001",
                "insutype": person.insutype,
                "acct_used_flag": "1",
                "med_type": "41",
                **druginfo,
            },
            "drugdetail": [
                {
                    "feedetl_sn": f"A0001-{number}",
                    "rx_circ_flag": "0",
                    "fee_ocur_time": "2020-10-14 08:30:00",
                    "med_list_codg": code,
                    "medins_list_codg": code,
                    "det_item_fee_sumamt": amount,
                    "cnt": count,
                    "pric": price,
                }
                for number, (code, price, count, amount) in enumerate(lines, start=1)
            ],
        }

    def settle(self, person: Person, **options: Any) -> dict[str, Any]:
        """2102 without the password (signtype MOCK)."""
        return self.call("2102", self.purchase(person, **options), signtype="MOCK")

    def keys(self, settled: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """The input of 2103 and 5203 for an answered 2102."""
        info = settled["output"]["setlinfo"]
        return {"data": {name: info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}}

    # --- what they left -----------------------------------------------------------------------------

    def state(self, kind: str) -> dict[str, Any]:
        """The back door's state."""
        answer: dict[str, Any] = self.http.get(self.back_doors[kind] + "/state").json()
        return answer

    def balance(self, person: Person) -> int:
        """What is on the account, in fen, by the back door."""
        rows = self.state("platform")["people"]
        return int(next(row["balance_fen"] for row in rows if row["psn_no"] == person.psn_no))

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of a name on the tape."""
        return [dict(record.event) for record in self.tape.recent() if record.name == name]

    def wait_for(self, name: str, *, since: int = 0) -> Record:
        """The first event of a name."""
        found = self.tape.wait_for(lambda record: record.name == name, since=since, timeout=60)
        assert found is not None, f"no {name} within 5 s"
        return found

    def wait_for_channel(self, channel: str) -> None:
        """Wait until something was recorded on a channel."""
        found = self.tape.wait_for(lambda record: record.channel == channel, since=0, timeout=60)
        assert found is not None, f"nothing on {channel} within 5 s"

    def now(self) -> datetime:
        """The bench's time."""
        return local_time(self.clock)


def start_rig(
    *,
    centre: VoucherCentreSettings | None = None,
    platform: PlatformSettings | None = None,
    alone: bool = False,
    seed: int = SEED,
    profile: str = "qinghai",
) -> Rig:
    """Start everything; `alone` leaves the platform without peers. End it with `stop_rig`."""
    loop, clock = LoopThread(), BenchClock()
    tape = Tape(clock)
    phone = StubPhone(tape)
    faults = {kind: FaultSchedule(kind, tape) for kind in ("voucher-centre", "platform")}

    def context(kind: str) -> SimulatorContext:
        return SimulatorContext(name=kind, clock=clock, tape=tape, seed=seed, faults=faults[kind], profile=profile)

    voucher_centre = VOUCHER_CENTRE.create(context("voucher-centre"), centre or VoucherCentreSettings())
    settling = PLATFORM.create(context("platform"), platform or PlatformSettings())
    loop.call(phone.server.start())
    at = {"voucher-centre": loop.call(voucher_centre.start()), "platform": loop.call(settling.start())}
    peers = {"phone": phone.server.address, "voucher-centre": at["voucher-centre"].at}
    for simulator in (voucher_centre, settling):
        loop.call(_connect(simulator, {} if alone else peers))
    return Rig(
        loop=loop,
        clock=clock,
        tape=tape,
        phone=phone,
        centre=voucher_centre,
        centre_at=at["voucher-centre"].at,
        platform=settling,
        platform_at=at["platform"].at,
        back_doors={kind: endpoints.also["control"] for kind, endpoints in at.items()},
        http=httpx.Client(trust_env=False, timeout=60),
        faults=faults,
    )


def stop_rig(rig: Rig) -> None:
    """Stop everything."""
    rig.http.close()
    rig.loop.call(_stop_all(rig))
    rig.loop.close()
    rig.tape.close()


def reset_rig(rig: Rig, *, seed: int = SEED) -> Rig:
    """Everything as new, as between two cases of a bench."""
    rig.loop.call(rig.platform.reset(seed=seed))
    rig.loop.call(rig.centre.reset(seed=seed))
    for schedule in rig.faults.values():
        schedule.clear()
    rig.phone.refuses = False
    rig.phone.prompts.clear()
    rig.phone.notices.clear()
    rig.phone.bills.clear()
    rig.phone.server.renumber()
    rig.clock.rewind()
    rig.loop.settle()
    rig.tape.forget()
    rig.numbers = 0
    rig.sign_nos.clear()
    return rig


async def _stop_all(rig: Rig) -> None:
    await asyncio.gather(rig.platform.stop(), rig.centre.stop(), rig.phone.server.stop())


async def _connect(simulator: Simulator, peers: Mapping[str, str]) -> None:
    simulator.connect(peers)
