"""`terminal`: a terminal and a voucher centre on a bench, as new for each test, and what may be done with them."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.population import people
from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.line.record import Direction, Record
from tests.simulators.terminal_rig import Alone, terminals_alone

BENCH = """
[bench]
name = "terminal and centre"
clock = "bench"
seed = 7
[device.phone]
kind = "phone"
[device.voucher-centre]
kind = "voucher-centre"
[device.terminal]
kind = "terminal"
[counter]
institution = "H63999900001"
"""
HOSPITAL, OTHER = "H63999900001", "P63999900001"
LIMIT_S = 60
"""How long anything may take that must come."""
PEOPLE = {person.id: person for person in people()}
LIBRARY = "/localcfc/api/hsecfc/localQrCodeQuery"
STAFF = {
    "orgId": HOSPITAL,
    "businessType": "01301",
    "operatorId": "C1",
    "operatorName": "收费员",
    "officeId": "1",
    "officeName": "收费处",
}


@dataclass
class Running:
    """The bench, and calls that wait in threads of their own."""

    bench: Bench
    http: httpx.Client
    pool: ThreadPoolExecutor
    settings: Mapping[str, str]

    def post(self, path: str, body: object) -> httpx.Response:
        """Do something at the terminal."""
        return self.http.post(self.bench.address("terminal") + path, json=body)

    def present(self, what: str, person: str, **more: str) -> httpx.Response:
        """Hold something before it."""
        return self.post("/present", {"what": what, "person": person, **more})

    def library(self, call: str, **members: str) -> "Future[dict[str, Any]]":
        """A call of the social-card library, once it waits."""
        body = {"orgId": HOSPITAL, **members}
        return self._begun("terminal", call, lambda: self.post(f"/HeaSecReadInfo/{call}", body))

    def centre(self, call: str, **members: str) -> "Future[dict[str, Any]]":
        """A call of the terminal library at the voucher centre, once it waits."""
        body = {"orgId": HOSPITAL, "transType": call, "data": {**STAFF, **members}}
        return self._begun("voucher-centre", call, lambda: self._centre(LIBRARY, body))

    def pay(self, person: str, *, amount: str = "12.50", institution: str = HOSPITAL) -> "Future[dict[str, Any]]":
        """A payment by ID card that waits for its password."""
        who = PEOPLE[person]
        body = {
            "idNo": who.id_no,
            "userName": who.name,
            "orgId": institution,
            "amount": amount,
            "accountAmount": "2.50",
            "institutionName": "联调测试医院",
            "msgid": "M1",
        }
        return self._begun(
            "voucher-centre", "payConfirm", lambda: self._centre("/localcfc/api/hsecfc/payConfirm", body)
        )

    def screen(self) -> dict[str, Any]:
        """What stands there."""
        shown: dict[str, Any] = self.http.get(self.bench.address("terminal") + "/screen").json()
        return shown

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it told the tape."""
        return [dict(record.event) for record in self.bench.tape.recent() if record.name == name]

    def wait_for(self, name: str) -> Record:
        """The first event of a name."""
        found = self.bench.tape.wait_for(lambda record: record.name == name, since=0, timeout=LIMIT_S)
        assert found is not None, f"no {name} within {LIMIT_S} s"
        return found

    def hung_up_on(self, address: str, body: object, *, call: str) -> None:
        """Make a call that waits for somebody, give it up, and return when the terminal waits no more."""
        since = self.bench.tape.seq
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(address, json=body, timeout=httpx.Timeout(LIMIT_S, read=0.2), trust_env=False)
        self._arrived("", call, since)
        self.until_quiet()

    def until_quiet(self) -> None:
        """Return when the terminal waits for nobody."""
        deadline = time.monotonic() + LIMIT_S
        while (shown := self.screen())["asked"] or shown["keypad"]:
            assert time.monotonic() < deadline, "the terminal still waits for one who hung up"

    def _centre(self, path: str, body: object) -> httpx.Response:
        return self.http.post(self.bench.address("voucher-centre") + path, json=body)

    def _begun(self, party: str, call: str, work: Any) -> "Future[dict[str, Any]]":
        since = self.bench.tape.seq
        future: Future[dict[str, Any]] = self.pool.submit(lambda: json.loads(work().content))
        self._arrived(party, call, since)
        return future

    def _arrived(self, party: str, call: str, since: int) -> None:
        found = self.bench.tape.wait_for(
            lambda r: r.direction is Direction.RECEIVED and r.channel.startswith(party) and call.encode() in r.data,
            since=since,
            timeout=LIMIT_S,
        )
        assert found is not None, f"{call} did not arrive"
        self.bench.loop.settle()


@pytest.fixture(scope="module")
def shared_terminal() -> Iterator[Running]:
    with (
        Bench(parse_bench(BENCH, source="test")) as bench,
        httpx.Client(trust_env=False, timeout=LIMIT_S) as http,
        ThreadPoolExecutor() as pool,
    ):
        yield Running(bench=bench, http=http, pool=pool, settings={})


@pytest.fixture
def terminal(shared_terminal: Running) -> Running:
    shared_terminal.bench.reset("a case")
    return shared_terminal


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """Start terminals, one after the other, that share a file of cards: `alone("--keypad-s", "5")`."""
    with terminals_alone(tmp_path / "cards.json") as start:
        yield start
