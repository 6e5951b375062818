"""`liantiao devices` and `liantiao share`."""

import json
import os
import signal
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.commands.devices import share, show_devices
from harness.errors import ConfigError
from harness.line.address import parse_address
from harness.line.rfc2217_client import Rfc2217Client
from tests.harness.devices.machine_rig import FakeMachine
from tests.simulators.scanner_rig import StartScanner, scanners


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    with scanners() as start:
        yield start


def test_a_machine_without_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FakeMachine(tmp_path)
    show_devices(asked=False, as_json=False, root=tmp_path)
    assert "未发现" in capsys.readouterr().out
    show_devices(asked=False, as_json=True, root=tmp_path)
    assert json.loads(capsys.readouterr().out) == []


def test_ports_are_listed_and_boxes_say_who_they_are(
    start_scanner: StartScanner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeMachine(tmp_path)
    box = start_scanner()
    path = fake.plug("tty", "ttyACM0", serial_number="SN1", leads_to=box.ends.at.removeprefix("serial:"))
    fake.plug("hidraw", "hidraw0", usb=("0c2e", "0b07"), leads_to=str(tmp_path / "nowhere"))
    show_devices(asked=True, as_json=True, root=tmp_path)
    first, second = json.loads(capsys.readouterr().out)
    assert (first["at"], first["usb"], first["serial_number"]) == (f"serial:{path}", "1EAB:1D06", "SN1")
    assert first["asked"]["family"] == first["family"] == "newland"
    assert first["mode"] == "USB-CDC"
    assert second["asked"] is None
    assert "cannot be opened" in second["failure"]
    show_devices(asked=False, as_json=False, root=tmp_path)
    table = capsys.readouterr().out
    assert path in table
    assert "1EAB:1D06" in table
    assert "newland ?" in table


def test_addresses_beside_what_is_plugged_in(
    start_scanner: StartScanner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeMachine(tmp_path)
    at = start_scanner(line="tcp").ends.at
    show_devices(asked=True, also=[at], as_json=True, root=tmp_path)
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["at"], told["kind"], told["asked"]["family"]) == (at, "tcp", "newland")
    with pytest.raises(ConfigError):
        show_devices(asked=False, also=["nonsense"], as_json=True, root=tmp_path)


@pytest.mark.parametrize(
    ("port", "at"), [("tcp:127.0.0.1:1", ""), ("serial:/dev/null", "x"), ("serial:/dev/null", "h:70000")]
)
def test_what_cannot_be_shared(port: str, at: str) -> None:
    with pytest.raises(ConfigError):
        share(port, at=at)


def test_a_port_is_shared_until_it_is_told_to_end() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    program = f"from harness.commands.devices import share; share('serial:{name}')"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["port"] == f"serial:{name}"
            with Rfc2217Client.open(parse_address(ready["at"]), channel="box.serial") as client:
                os.write(master, b"6201\r")
                assert client.read(60) == b"6201\r"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    os.close(master)
    os.close(slave)
