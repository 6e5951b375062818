"""The driver of power supplies: against the virtual one, and against pyvisa-sim."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import BenchClock
from harness.devices.power_supply import PowerSupply
from harness.errors import ConfigError, PeerViolation
from harness.line.client import Disconnected
from harness.line.record import Direction
from harness.line.tape import Tape
from tests.simulators.power_rig import StartSupply, supplies
from tests.simulators.scanner_rig import scanners

SIMULATED = """
spec: "1.1"
devices:
  supply:
    eom:
      TCPIP SOCKET:
        q: "\\n"
        r: "\\n"
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "Other,Supply,42,9.9"}
      - {q: "*OPC?", r: "1"}
      - {q: "SYST:ERR?", r: '+0,"No error"'}
      - {q: "MEAS:CURR?", r: "+1.23000E-01"}
    properties:
      output:
        default: "ON"
        getter: {q: "OUTP?", r: "{:s}"}
        setter: {q: "OUTP {:s}"}
        specs: {valid: ["ON", "OFF"], type: str}
      voltage:
        default: 5.0
        getter: {q: "VOLT?", r: "{:+.3E}"}
        setter: {q: "VOLT {:.3f}"}
        specs: {min: 0, max: 30, type: float}
resources:
  TCPIP::supply::5025::SOCKET:
    device: supply
"""


@pytest.fixture
def start_supply() -> Iterator[StartSupply]:
    with supplies() as start:
        yield start


@pytest.mark.parametrize("way", ["tcp", "visa"])
def test_setting_and_measuring(start_supply: StartSupply, way: str) -> None:
    running = start_supply(on=False)
    tape = Tape(BenchClock())
    with PowerSupply.open(running.ends.at if way == "tcp" else running.ends.also["visa"], tape) as supply:
        assert supply.identity().startswith("Liantiao")
        assert not supply.is_on()
        supply.switch(on=True)
        supply.set_voltage(4_750)
        supply.set_current_limit(1_000)
        assert (supply.is_on(), supply.voltage_mv(), supply.current_ma()) == (True, 4_750, 120)
        supply.reset()
        assert not supply.is_on()
    assert next(iter(tape.recent())).data == b"*IDN?\n"
    assert {record.direction for record in tape.recent()} == {Direction.SENT, Direction.RECEIVED}


def test_a_boxs_power_is_cut_and_restored_even_if_the_case_fails(start_supply: StartSupply) -> None:
    with scanners() as start_scanner:
        box = start_scanner()
        running = start_supply(feeds=box.ends.also["control"])
        with PowerSupply.open(running.ends.at) as supply:

            def failing_case() -> None:
                with supply.cut():
                    assert supply.current_ma() == 0
                    assert box.event("power").event["on"] is False
                    raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                failing_case()
            assert supply.current_ma() == 120
            assert box.event("power").event["on"] is True
            with supply.brown_out(4_000):
                assert box.event("power").event["on"] is False
                assert supply.voltage_mv() == 4_000
            assert supply.voltage_mv() == 5_000
            assert box.event("power").event["on"] is True


def test_what_the_supply_refuses_is_the_callers_to_mend(start_supply: StartSupply) -> None:
    with PowerSupply.open(start_supply().ends.at) as supply:
        with pytest.raises(ConfigError, match="-222"):
            supply.set_voltage(99_000)
        with pytest.raises(ConfigError, match="cannot be set"):
            supply.set_voltage(-1)
        assert supply.voltage_mv() == 5_000


def test_a_simulated_instrument_of_another_maker(tmp_path: Path) -> None:
    file = tmp_path / "supply.yaml"
    file.write_text(SIMULATED)
    with PowerSupply.open("visa:TCPIP::supply::5025::SOCKET", library=f"{file}@sim") as supply:
        assert supply.identity() == "Other,Supply,42,9.9"
        assert supply.is_on()
        assert supply.current_ma() == 123
        with supply.cut():
            assert not supply.is_on()
        assert supply.is_on()
        with supply.brown_out(4_200):
            pass


def test_nobody_there() -> None:
    with pytest.raises(Disconnected, match=r"cannot be opened|does not answer"):
        PowerSupply.open("tcp:127.0.0.1:1").identity()
    with pytest.raises(ConfigError, match="cannot be reached"):
        PowerSupply.open("serial:/dev/ttyUSB0")


def instrument(answers: dict[bytes, bytes]) -> tuple[str, threading.Thread]:
    """A server for one client that answers lines as it is told to."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as client, client.makefile("rb") as lines:
            for line in lines:
                if (answer := answers.get(line.strip())) is not None:
                    client.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"tcp:127.0.0.1:{listening.getsockname()[1]}", thread


@pytest.mark.parametrize("answer", [b"hello\n", b"\xff\xfe\n", b"\n", b"NAN\n", b"inf\n"])
def test_nonsense_from_an_instrument(answer: bytes) -> None:
    at, thread = instrument({b"MEAS:CURR?": answer, b"*OPC?": answer})
    with PowerSupply.open(at) as supply:
        with pytest.raises(PeerViolation):
            supply.current_ma()
        with pytest.raises(PeerViolation):
            supply.switch(on=True)
    thread.join(60)


def test_an_error_queue_without_end_and_a_silent_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.devices.power_supply.TIMEOUT_MS", 60_000)
    at, thread = instrument({b"*OPC?": b"1\n", b"SYST:ERR?": b'-100,"again"\n'})
    with PowerSupply.open(at) as supply, pytest.raises(ConfigError, match="again"):
        supply.switch(on=True)
    thread.join(60)
    monkeypatch.setattr("harness.devices.power_supply.TIMEOUT_MS", 50)
    at, thread = instrument({})
    with PowerSupply.open(at) as supply, pytest.raises(Disconnected, match="does not answer"):
        supply.identity()
    thread.join(60)
