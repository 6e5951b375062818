"""`liantiao simulate KIND` as a process: one ready line, an address that answers, a clean end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.bench.alone import AloneOptions, run_alone
from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.bench.registry import kinds, simulator_type
from harness.bench.settings import read_settings
from harness.bench.tls import TlsSettings
from harness.clock import BenchClock
from harness.errors import BenchError, ConfigError
from harness.faults.schedule import FaultSchedule
from harness.line.authority import EXPIRED, Authority
from harness.line.tape import Tape
from harness.line.tls import ClientTls
from tests.simulators.platform_rigs import free_port


@contextmanager
def simulating(*words: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A simulator that serves, and what its first line says."""
    command = [sys.executable, "-m", "harness", "simulate", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def refused(*words: str) -> tuple[int, str]:
    """Exit status and message of a simulator that does not start."""
    command = [sys.executable, "-m", "harness", "simulate", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("kind", ["phone", "scanner", "voucher-centre", "platform"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly(kind: str, number: signal.Signals) -> None:
    with simulating(kind, "--clock", "bench") as (process, ready):
        assert ready["ready"] == kind
        assert ready["at"].startswith(("http://127.0.0.1:", "serial:/dev/"))
        with urllib.request.urlopen(ready["also"]["control"] + "/clock") as reply:
            assert json.load(reply)["steppable"] is True
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_peers_are_told_by_their_kind() -> None:
    with simulating("platform", "--phone", "http://127.0.0.1:9", "--voucher-centre=http://127.0.0.1:9") as (_, ready):
        assert ready["ready"] == "platform"


def test_an_ipv6_address_is_spelled_with_brackets() -> None:
    with simulating("platform", "--host", "::1") as (_, ready):
        assert ready["at"].startswith("http://[::1]:")


def test_nobody_need_read_the_ready_line() -> None:
    port = free_port()
    command = [sys.executable, "-m", "harness", "simulate", "platform", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        while process.poll() is None and not _listens(port):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)  # it has tried to say that it is ready, and goes on
        process.terminate()
        assert process.wait(60) == 0


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_a_taken_port_is_the_labs_affair() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, said = refused("platform", "--port", str(other.getsockname()[1]))
    assert status == 3
    assert "Address already in use" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["toaster"], "kind 'toaster'"),
        (["platform", "--nix", "1"], "no option --nix"),
        (["platform", "--port", "x"], "a whole number"),
        (["platform", "--port", "70000"], "from 0 to 65535"),
        (["platform", "--port"], "--name VALUE"),
        (["platform", "--port", "1", "--port", "2"], "given twice"),
        (["platform", "--scanner", "serial:/dev/x"], "no option --scanner"),
        (["platform", "--phone", "nonsense"], "'nonsense' is no address"),
        (["scanner", "--family", "zebra"], "zebra"),
    ],
)
def test_a_wrong_option_is_the_users_affair(words: list[str], says: str) -> None:
    status, said = refused(*words)
    assert status == 2
    assert says in said
    assert "likely cause" in said


def test_peers_are_known_before_anybody_can_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Party:
        """Serves nobody, and ends as soon as it would."""

        async def start(self) -> Endpoints:
            told.append("start")
            os.kill(os.getpid(), signal.SIGTERM)
            return Endpoints(at="http://127.0.0.1:1")

        def connect(self, peers: Mapping[str, str]) -> None:
            told.append(f"connect {dict(peers)}")

        async def reset(self, *, seed: int) -> None:
            del seed

        async def stop(self) -> None:
            told.append("stop")

    kind = simulator_type("platform")
    monkeypatch.setattr(type(kind), "create", lambda *_: Party())
    run_alone("platform", AloneOptions(), {}, {"phone": "http://127.0.0.1:9"})
    assert told == ["connect {'phone': 'http://127.0.0.1:9'}", "start", "stop"]


@contextmanager
def connected_first(kind: str, peers: Mapping[str, str], **settings: object) -> Iterator[str]:
    """A party that is connected first and started then, as `simulate` does."""
    offered = simulator_type(kind)
    clock = BenchClock()
    tape, loop = Tape(clock), LoopThread()
    context = SimulatorContext(name=kind, clock=clock, tape=tape, seed=7, faults=FaultSchedule(kind, tape))
    simulator = offered.create(context, read_settings(offered.settings, settings, where="test"))

    async def bring_up() -> Endpoints:
        simulator.connect(peers)
        return await simulator.start()

    try:
        yield loop.call(bring_up()).at
    finally:
        loop.call(simulator.stop())
        loop.close()


def test_a_phone_that_was_connected_first_asks_its_centre() -> None:
    with connected_first("voucher-centre", {}) as centre, connected_first("phone", {"voucher-centre": centre}) as phone:
        assert urllib.request.urlopen(f"{phone}/people/P001/code.txt").read().startswith(b"42")
    alone = connected_first("phone", {"voucher-centre": "http://127.0.0.1:1"})
    with alone as phone, pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"{phone}/people/P001/code.txt")


@pytest.mark.parametrize("kind", [kind for kind in kinds() if simulator_type(kind).needs])
def test_every_party_can_be_connected_before_it_starts(kind: str) -> None:
    peers = dict.fromkeys(simulator_type(kind).needs, "http://127.0.0.1:1")
    with connected_first(kind, peers) as at:
        assert at.startswith("http://")


def certificates(folder: Path) -> tuple[str, str, str]:
    """An authority, and a certificate of it with its key."""
    authority = Authority(folder)
    files = authority.server("platform").shown
    return str(authority.ca), files.certificate, files.key


@pytest.mark.external
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_is_served_over_tls_also_after_a_kill_and_a_restart(tmp_path: Path) -> None:
    ca, certificate, key = certificates(tmp_path)
    words = ["platform", "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", ca]
    client = Authority(tmp_path).client("curl")
    port = str(free_port())
    with simulating(*words, "--port", port) as (process, _):
        ask = ["curl", "-sS", "--cacert", ca, "-d", "{}", f"https://127.0.0.1:{port}/fsi/api/callService"]
        known = [*ask, "--cert", client.certificate, "--key", client.key]
        answers = [subprocess.run(known, capture_output=True, timeout=60, check=True).stdout]
        assert subprocess.run(ask, capture_output=True, timeout=60, check=False).returncode != 0
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    with simulating(*words, "--port", port):
        answers.append(subprocess.run(known, capture_output=True, timeout=60, check=True).stdout)
    assert all(b'"infcode":-1' in answer for answer in answers)


def test_a_wrong_pair_is_said_before_anything_is_served(tmp_path: Path) -> None:
    _, certificate, _ = certificates(tmp_path)
    status, errors = refused("platform", "--tls-cert", certificate, "--tls-key", Authority(tmp_path).client("x").key)
    assert status == 2
    assert "is not that of the certificate" in errors
    assert "try: compare" in errors


def test_other_files_that_will_not_do(tmp_path: Path) -> None:
    ca, certificate, key = certificates(tmp_path)
    for tls, says in (
        (TlsSettings(tls_cert=str(tmp_path / "absent"), tls_key=key), "cannot be read: No such file"),
        (TlsSettings(tls_cert=certificate, tls_key=str(tmp_path)), "cannot be read: Is a directory"),
        (TlsSettings(tls_cert=ca, tls_key=ca), "cannot be used for TLS"),
        (TlsSettings(tls_cert=certificate, tls_key=key, tls_client_ca=key + ".gone"), "cannot be read"),
        (TlsSettings(ca=__file__), "cannot be used for TLS"),
    ):
        with pytest.raises(ConfigError, match=says):
            run_alone("platform", AloneOptions(), {}, tls=tls)
    with pytest.raises(BenchError, match="authority in"):
        run_alone("platform", AloneOptions(tls_folder=ca), {})


def test_an_expired_certificate_is_shown_with_a_warning(tmp_path: Path) -> None:
    files = Authority(tmp_path).server("platform").spoilt[EXPIRED]
    with simulating("platform", "--tls-cert", files.certificate, "--tls-key", files.key) as (process, ready):
        assert ready["at"].startswith("https://")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert "Warning: The certificate" in errors
    assert "to 2019-12-31, not now" in errors


def test_a_scanner_has_nothing_to_do_with_tls() -> None:
    status, errors = refused("scanner", "--tls-cert", "a")
    assert status == 2
    assert "no option --tls-cert" in errors


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "path"), [("platform", "/fsi/api/callService"), ("encryption-machine", "/x")])
def test_several_workers_speak_tls(tmp_path: Path, kind: str, path: str) -> None:
    with simulating(kind, "--workers", "2", "--tls-folder", str(tmp_path)) as (_, ready):
        at = ready["also"].get("svs-http", ready["at"])
        good, stranger = ClientTls(ca=str(Authority(tmp_path).ca)).context(), ClientTls().context()
        for _ in range(6):
            with pytest.raises(httpx.ConnectError, match="unable to get local issuer"):
                httpx.post(at + path, content=b"{}", verify=stranger, timeout=60)
            assert httpx.post(at + path, content=b"{}", verify=good, timeout=60).status_code in {200, 404}
