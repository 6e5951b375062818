"""`liantiao simulate KIND` as a process: one ready line, an address that answers, a clean end."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
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
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_peers_are_told_by_their_kind() -> None:
    with simulating("platform", "--phone", "http://127.0.0.1:9", "--voucher-centre=http://127.0.0.1:9") as (_, ready):
        assert ready["ready"] == "platform"


def test_an_ipv6_address_is_spelled_with_brackets() -> None:
    with simulating("platform", "--host", "::1") as (_, ready):
        assert ready["at"].startswith("http://[::1]:")


def test_nobody_need_read_the_ready_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
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
        assert process.wait(10) == 0


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
