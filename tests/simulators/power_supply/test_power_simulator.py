"""The virtual supply on its line, from outside."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from harness.devices.scanner import Scanner
from harness.errors import ConfigError
from simulators.power_supply.settings import PowerSupplySettings
from tests.simulators.power_rig import RunningSupply, StartSupply, supplies
from tests.simulators.scanner_rig import scanners


@pytest.fixture
def start_supply() -> Iterator[StartSupply]:
    with supplies() as start:
        yield start


def connected(running: RunningSupply) -> socket.socket:
    host, port = running.ends.at.removeprefix("tcp:").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def ask(client: socket.socket, message: bytes) -> bytes:
    client.sendall(message)
    told = b""
    while not told.endswith(b"\n"):
        part = client.recv(4096)
        assert part, "hung up"
        told += part
    return told


def state(running: RunningSupply) -> dict[str, object]:
    with urllib.request.urlopen(f"{running.ends.also['control']}/state") as response:
        told: dict[str, object] = json.load(response)
        return told


def test_messages_in_any_pieces_and_with_either_line_end(start_supply: StartSupply) -> None:
    with connected(start_supply()) as client:
        assert ask(client, b"*IDN?\r\n") == b"Liantiao,Virtual Supply,0,1.0\n"
        client.sendall(b"VOL")
        client.sendall(b"T 4.5\nVOL")
        assert ask(client, b"T?\n") == b"4.500\n"
        assert ask(client, b"OUTP?\n\n\n") == b"1\n"


def test_bad_input_is_answered_with_an_error_and_nothing_else(start_supply: StartSupply) -> None:
    running = start_supply()
    with connected(running) as client:
        client.sendall(bytes(range(256)) * 4 + b"\n")
        client.sendall(b"x" * 100_000 + b"\n")
        assert ask(client, b"*IDN?\n").startswith(b"Liantiao")
        errors = []
        while not (told := ask(client, b"SYST:ERR?\n")).startswith(b"0,"):
            errors.append(told.split(b",")[0])
        assert b"-363" in errors
        assert set(errors) <= {b"-113", b"-363", b"-108", b"-104"}
    with connected(running) as again:
        again.sendall(b"no line end")
    with connected(running) as again:
        assert ask(again, b"OUTP?\n") == b"1\n"


def test_several_clients_share_one_output(start_supply: StartSupply) -> None:
    running = start_supply()
    with connected(running) as one, connected(running) as other:
        assert ask(one, b"VOLT 3;*OPC?\n") == b"1\n"
        assert ask(other, b"VOLT?\n") == b"3.000\n"


def test_a_reset_of_the_bench(start_supply: StartSupply) -> None:
    running = start_supply()
    with connected(running) as client:
        ask(client, b"VOLT 3;OUTP OFF;*OPC?\n")
        running.loop.call(running.supply.reset(seed=1))
        assert ask(client, b"VOLT?;OUTP?\n") == b"5.000;1\n"
    assert state(running)["on"] is True


def test_the_box_on_its_output(start_supply: StartSupply) -> None:
    with scanners() as start_scanner:
        box = start_scanner(mode="level")
        running = start_supply(feeds=box.ends.also["control"])
        with connected(running) as client:
            assert ask(client, b"MEAS:CURR?\n") == b"0.120\n"
            assert ask(client, b"OUTP OFF;*OPC?\n") == b"1\n"
            assert box.event("power").event["on"] is False
            assert ask(client, b"MEAS:CURR?\n") == b"0.000\n"
            assert ask(client, b"OUTP ON;*OPC?\n") == b"1\n"
            assert box.event("power").event["on"] is True
            assert ask(client, b"VOLT 4.1;*OPC?\n") == b"1\n"
            assert box.event("power").event["on"] is False
            assert ask(client, b"VOLT 5;CURR 0.05;*OPC?\n") == b"1\n"
            assert box.event("power").event["on"] is False


def test_a_box_that_decodes_draws_more(start_supply: StartSupply) -> None:
    with scanners() as start_scanner:
        box = start_scanner(mode="level", session_ms=0)
        running = start_supply(feeds=box.ends.also["control"])
        with connected(running) as client, Scanner.open(box.ends.at) as scanner:
            scanner.command_trigger()
            assert ask(client, b"MEAS:CURR?\n") == b"0.320\n"
            scanner.command_trigger(on=False)
            assert ask(client, b"MEAS:CURR?\n") == b"0.120\n"


def test_a_box_that_does_not_answer_is_an_event(start_supply: StartSupply) -> None:
    running = start_supply(feeds="http://127.0.0.1:1")
    with connected(running) as client:
        assert ask(client, b"OUTP OFF;*OPC?\n") == b"1\n"
        assert ask(client, b"OUTP?\n") == b"0\n"
    assert len(running.events("box-unreachable")) == 1


@pytest.mark.parametrize(
    "settings",
    [{"start_mv": 33_000}, {"most_ma": 0}, {"identity": "x"}, {"idle_ma": -1}],
    ids=["start", "most", "identity", "idle"],
)
def test_settings_that_cannot_be(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        PowerSupplySettings(**settings)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.external
def test_netcat_like_use_with_socat(start_supply: StartSupply) -> None:
    import shutil

    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    at = start_supply().ends.at
    told = subprocess.run(
        ["socat", "-t2", "-", at.replace("tcp:", "TCP:")], input=b"*IDN?\n", capture_output=True, check=True, timeout=60
    )
    assert told.stdout == b"Liantiao,Virtual Supply,0,1.0\n"
