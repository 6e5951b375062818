"""Platform and centre as processes of their own, each on its ledger, to be killed with SIGKILL; and 32 clients.

A client never gives a message up: what has no answer is sent again, sealed anew, until it is answered. Books are made
of the answers alone.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fixtures.population import Person
from harness.wire.mobile_payment import Application, EnvelopeCodec, LocalMachine, encode, load_variant, sm4_key
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import Side
from tests.simulators import platform_rigs
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, LINES, SEED

SETTINGS = MobilePaymentSettings()
VARIANT = load_variant(SETTINGS.variant)
Order = dict[str, Any]
NO_PLATFORM = 982021
"""The platform gave the centre no answer: the same message may be sent again."""


class Believing(LocalMachine):
    """Signs, and believes every signature: the answers' are tested elsewhere, and cost a client half its time."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Good."""
        return True


def _codec() -> EnvelopeCodec:
    application = Application(app_id=SETTINGS.app_id, secret=SETTINGS.secret)
    machine = Believing(
        own=seeded_key(SEED, Side.INSTITUTION),
        peer=seeded_key(SEED, Side.CENTRE).public,
        sm4_key=sm4_key(application),
        repeatable=True,
    )
    return EnvelopeCodec(application, machine, VARIANT)


@dataclass
class Party:
    """One simulator in a process of its own, on one port for good."""

    kind: str
    options: tuple[str, ...]
    port: int = field(default_factory=platform_rigs.free_port)
    control: str = ""
    process: "subprocess.Popen[str] | None" = None

    @property
    def at(self) -> str:
        """Its front door."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again; serving when this returns."""
        words = ["simulate", self.kind, "--seed", str(SEED), "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness", *words],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said, f"the {self.kind} did not start; its message stands above"
        self.control = json.loads(said)["also"]["control"]

    def kill(self) -> None:
        """kill -9; may be called twice, and before it was started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.process = None

    def state(self) -> dict[str, Any]:
        """What it knows, by its back door."""
        found: dict[str, Any] = httpx.get(f"{self.control}/state", trust_env=False, timeout=60).json()
        return found


class Pair:
    """A platform and a centre beside it, both on ledgers in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.platform = Party(
            "platform", ("--ledger", str(folder / "books.db"), "--token-check", "false", "--durability", "process")
        )
        self.centre = Party(
            "mobile-payment",
            ("--ledger", str(folder / "orders.db"), "--platform", self.platform.at, *options),
        )
        try:
            self.platform.start()
            self.centre.start()
        except BaseException:
            self.close()
            raise
        self.codec = _codec()
        self.up = asyncio.Event()
        self.up.set()

    def close(self) -> None:
        """Kill both."""
        self.centre.kill()
        self.platform.kill()

    def killed(self, party: Party) -> None:
        """Kill one and start it again."""
        party.kill()
        party.start()


class Client:
    """Sends services to a centre, over one connection; asks again until there is an answer."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._line: platform_rigs.Client | None = None
        self.sent_again = 0

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def call(self, service: str, data: Mapping[str, object]) -> dict[str, Any]:
        """Code, message and data of the answer."""
        answer = await self._insist(
            VARIANT.paths[service],
            lambda: encode(self._pair.codec.seal(data, now_ns=time.time_ns(), service=service)),
        )
        if answer["code"] == 0:
            answer["data"] = dict(self._pair.codec.open_reply(answer, now_ns=time.time_ns()).data)
        return answer

    async def plain(self, path: str, body: object) -> dict[str, Any]:
        """The answer of a door of our own design."""
        return await self._insist(path, lambda: json.dumps(body).encode())

    async def _insist(self, path: str, body: Callable[[], bytes]) -> dict[str, Any]:
        while True:
            await self._pair.up.wait()
            try:
                if self._line is None or not self._line.open:
                    self._line = await platform_rigs.Client.connected(self._pair.centre.port)
                found = platform_rigs.answered(await self._line.ask(platform_rigs.http(body(), path)))
            except OSError:  # hung up on, or 503
                self.close()
            else:
                if found["code"] != NO_PLATFORM:
                    return found
            self.sent_again += 1
            await asyncio.sleep(0)

    async def auth_no(self, person: Person) -> str:
        """A payAuthNo."""
        body = {"appId": SETTINGS.app_id, "idNo": person.id_no, "userName": person.name, "idType": "01"}
        return str((await self.plain("/api/mipuserquery/userQuery/partner", body))["data"]["payAuthNo"])


def upload(person: Person, number: int, auth: str) -> dict[str, object]:
    """The data of a 6201."""
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
        "acctUsedFlag": str(number % 2),
        "psnSetlway": "01",
        "chrgBchno": f"B{number:06d}",
        "fulamtOwnpayAmt": "6.93",
        "preselfpayAmt": "1.31",
        "inscpScpAmt": "36.74",
        "payAuthNo": auth,
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
    }


def pay(order: Mapping[str, Any]) -> dict[str, object]:
    """The data of a 6202."""
    return {
        "payOrdId": order["payOrdId"],
        "payToken": order["payToken"],
        "orgCodg": HOSPITAL.code,
        "orgBizSer": f"BIZ{order['medOrgOrd']}",
        "payAuthNo": order["payAuthNo"],
    }


def about(order: Mapping[str, Any]) -> dict[str, object]:
    """The data of 6301 and 6401."""
    return {name: order[name] for name in ("payOrdId", "orgCodg", "payToken", "idNo", "userName", "idType")}


def refund(order: Mapping[str, Any], kind: str, serial: str, auth: str, **yuan: str) -> dict[str, object]:
    """The data of a 6203."""
    parts = {name: yuan.get(name, "0.00") for name in ("fund", "account", "own")}
    fen = sum(int(value.replace(".", "")) for value in parts.values())
    return {
        "payOrdId": order["payOrdId"],
        "appRefdSn": serial,
        "appRefdTime": "20201014083000",
        "totlRefdAmt": f"{fen // 100}.{fen % 100:02d}",
        "psnAcctRefdAmt": parts["account"],
        "fundRefdAmt": parts["fund"],
        "cashRefdAmt": parts["own"],
        "payAuthNo": auth,
        "refdType": kind,
    }
