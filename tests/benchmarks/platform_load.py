"""Servers and requests for the benchmarks of platform and voucher centre; each server in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.population import people
from harness.wire.voucher_messages import QR_QUERY_PATH, QRCODE_PATH
from tests.simulators import platform_rigs as rigs
from tests.simulators.hospital_rig import HOSPITAL, VISIT_LINES, rows_of_lines, sample

CLIENTS = 32
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
ECHO = """
import socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def echo(request):
    return Response(await request.body(), media_type="application/json")
app = Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])])
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(128)
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")).run(sockets=[listening])
"""


@dataclass(frozen=True)
class Served:
    """A server: where, which process, and the requests of a round (first number, how many)."""

    port: int
    pid: int
    requests: Callable[[int, int], list[bytes]]


@contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    """The floor: its port and its process id."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.communicate()


def processor_s(pid: int) -> float:
    """Processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_kib(pid: int) -> int:
    """Memory that a process has in use, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def seconds(port: int, requests: Sequence[bytes], *, clients: int = CLIENTS) -> float:
    """Real seconds for all requests."""
    began = time.perf_counter()
    rigs.run(lambda: rigs.drive(port, requests, clients=clients))
    return time.perf_counter() - began


@contextmanager
def settling(folder: Path) -> Iterator[Served]:
    """2102, durable, each message new."""
    platform = rigs.start_alone(str(folder / "ledger.db"))
    try:
        sign_no = rigs.sign_in(platform.port)

        def requests(first: int, count: int) -> list[bytes]:
            made = rigs.settlements(count, sign_no=sign_no, first=first, use_account=False)
            return [rigs.http(body) for body in made]

        yield Served(platform.port, platform.process.pid, requests)
    finally:
        platform.kill()


@contextmanager
def pre_settling(folder: Path) -> Iterator[Served]:
    """2206 of one outpatient visit with three details, each message new."""
    platform = rigs.start_alone(str(folder / "ledger.db"))
    try:
        sign_no = rigs.sign_in(platform.port, HOSPITAL)
        person = people()[0]
        card = {"mdtrt_cert_type": "02", "mdtrt_cert_no": person.id_no}
        who = {"psn_no": person.psn_no, "insutype": person.insutype, **card}

        def message(infno: str, data: dict[str, object], number: int) -> bytes:
            return rigs.request(infno, data, number=number, sign_no=sign_no, org=HOSPITAL)

        def done(infno: str, data: dict[str, object], number: int) -> dict[str, object]:
            answer = rigs.answered(rigs.ask(platform.port, message(infno, data, number)))
            assert answer["infcode"] == 0, answer["err_msg"]
            found: dict[str, object] = answer.get("output") or {}
            return found

        def filled(infno: str, node: str, **fields: object) -> dict[str, object]:
            data = sample(infno)
            before = data[node]
            assert isinstance(before, dict)
            return {**data, node: {**before, **fields}}

        opened = done("2201", filled("2201", "data", **who, ipt_otp_no="OP1"), 1)["data"]
        assert isinstance(opened, dict)
        keys = {"mdtrt_id": str(opened["mdtrt_id"]), "psn_no": person.psn_no}
        done("2203", filled("2203", "mdtrtinfo", **keys, med_type="11"), 2)
        done("2204", {"feedetail": rows_of_lines(keys, VISIT_LINES, batch="B1")}, 3)
        fields = {"chrg_bchno": "B1", "medfee_sumamt": "295.00", "acct_used_flag": "1", "med_type": "11"}
        bill = filled("2206", "data", **{**who, **keys, **fields})
        done("2206", bill, 4)
        yield Served(
            platform.port,
            platform.process.pid,
            lambda first, count: [rigs.http(message("2206", bill, n + 10)) for n in range(first, first + count)],
        )
    finally:
        platform.kill()


@contextmanager
def identifying(folder: Path) -> Iterator[Served]:
    """ec.query of one code, which is not spent."""
    del folder
    words = ["--single-use", "false", "--validity-s", "3600"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "simulate", "voucher-centre", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    try:
        port = int(json.loads(process.stdout.readline())["at"].rpartition(":")[2])
        person = people()[0]
        who = {"idNo": person.id_no, "idType": "01", "userName": person.name}
        wish: dict[str, object] = {"transType": "ec.qrcode", **who, "chnlId": "nhsa-app"}
        code = _asked(port, QRCODE_PATH, wish)["ecQrCode"]
        org = rigs.PHARMACY.code
        words_of = {"orgId": org, "businessType": "01101", "operatorId": "001", "operatorName": "收银员"}
        data = {**words_of, "officeId": "1", "officeName": "药房", "ecQrCode": code}
        query: dict[str, object] = {"orgId": org, "transType": "ec.query", "data": data}
        assert _asked(port, QR_QUERY_PATH, query)["idNo"] == person.id_no
        raw = rigs.http(json.dumps(query, ensure_ascii=False).encode(), QR_QUERY_PATH)
        yield Served(port, process.pid, lambda _, count: [raw] * count)
    finally:
        process.kill()
        process.communicate()


def _asked(port: int, path: str, body: dict[str, object]) -> dict[str, object]:
    async def ask() -> bytes:
        client = await rigs.Client.connected(port)
        try:
            return await client.ask(rigs.http(json.dumps(body, ensure_ascii=False).encode(), path))
        finally:
            client.close()

    answer = rigs.answered(rigs.run(ask))
    assert answer["code"] == 0, answer["message"]
    data: dict[str, object] = answer["data"]
    return data
