"""What is plugged in, and finding a box again."""

from pathlib import Path

import pytest

from harness.devices.discovery import Machine, Port, PortKind, find_again, identity_of
from harness.devices.scanner_family import Family
from tests.harness.devices.machine_rig import FakeMachine

KEYBOARD = "10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
"""A keyboard's capabilities as Linux prints them."""


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)


def test_ports_of_every_kind(fake: FakeMachine) -> None:
    tty = fake.plug("tty", "ttyACM0", serial_number="SN1")
    hid = fake.plug("hidraw", "hidraw0", usb=("0c2e", "0b07"), product="1602g")
    event = fake.plug("input", "event3", usb=("1eab", "1d03"), keys=KEYBOARD)
    fake.plug("input", "event4", usb=("046d", "c077"), keys="ff0000 0 0 0 0", product="Mouse")
    ports = fake.machine.ports()
    assert [(port.kind, port.path) for port in ports] == [
        (PortKind.SERIAL, tty),
        (PortKind.HID, hid),
        (PortKind.KEYBOARD, event),
    ]
    assert [str(port.address) for port in ports] == [f"serial:{tty}", f"hid:{hid}", f"wedge:{event}"]
    assert ports[0] == Port(
        kind=PortKind.SERIAL, path=tty, vid=0x1EAB, pid=0x1D06, serial_number="SN1", product="Maker FM430"
    )


@pytest.mark.parametrize(
    ("usb", "family", "mode"),
    [
        (("1eab", "1d06"), Family.NEWLAND, "USB-CDC"),
        (("1eab", "1d03"), Family.NEWLAND, "keyboard"),
        (("1eab", "1d10"), Family.NEWLAND, "HID-POS"),
        (("0c2e", "0b61"), Family.HONEYWELL, ""),
        (("0536", "0207"), Family.HONEYWELL, ""),
        (("05e0", "1701"), Family.SSI, "USB-CDC"),
        (("05e0", "1200"), Family.SSI, "keyboard"),
        (("05f9", "4204"), Family.LETTERS, "USB-COM"),
        (("0403", "6001"), None, ""),
        (("dead", "beef"), None, ""),
    ],
)
def test_the_family_is_guessed_from_the_maker(
    fake: FakeMachine, usb: tuple[str, str], family: Family | None, mode: str
) -> None:
    fake.plug("tty", "ttyACM0", usb=usb)
    (port,) = fake.machine.ports()
    assert (port.family, port.mode, port.usb) == (family, mode, f"{usb[0]}:{usb[1]}".upper())


def test_a_port_of_the_board_has_no_usb_numbers_and_one_without_a_chip_is_none(fake: FakeMachine) -> None:
    fake.plug("tty", "ttyS0", usb=None)
    fake.plug("tty", "ttyS1", usb=None)
    (fake.root / "sys" / "class" / "tty" / "ttyS0" / "type").write_text("4\n")
    (fake.root / "sys" / "class" / "tty" / "ttyS1" / "type").write_text("0\n")
    (fake.root / "sys" / "class" / "tty" / "tty1").mkdir()
    (port,) = fake.machine.ports()
    assert port.path.endswith("ttyS0")
    assert (port.usb, port.family, identity_of(port)) == ("", None, None)


def test_a_box_is_found_again_under_another_name_by_its_serial_number(fake: FakeMachine) -> None:
    path = fake.plug("tty", "ttyACM0", serial_number="SN1")
    fake.plug("tty", "ttyACM1", serial_number="SN2")
    port = fake.machine.port_at(path)
    assert port is not None
    identity = identity_of(port)
    assert identity is not None
    fake.pull("tty", "ttyACM0")
    assert find_again(identity, fake.machine.ports()) is None
    back = fake.plug("tty", "ttyACM7", serial_number="SN1")
    found = find_again(identity, fake.machine.ports())
    assert found is not None
    assert found.path == back


def test_two_alike_without_a_serial_number_are_not_guessed_at(fake: FakeMachine) -> None:
    path = fake.plug("tty", "ttyACM0")
    port = fake.machine.port_at(path)
    assert port is not None
    identity = identity_of(port)
    assert identity is not None
    assert find_again(identity, fake.machine.ports()) == port
    fake.plug("tty", "ttyACM1")
    assert find_again(identity, fake.machine.ports()) is None


def test_a_stable_name_leads_to_its_port(fake: FakeMachine, tmp_path: Path) -> None:
    path = fake.plug("tty", "ttyACM0", leads_to=str(tmp_path / "the-pty"))
    link = tmp_path / "by-id"
    link.symlink_to(path)
    port = fake.machine.port_at(str(link))
    assert port is not None
    assert port.path == path
    assert fake.machine.port_at(str(tmp_path / "none")) is None


def test_strange_files_are_survived(fake: FakeMachine) -> None:
    fake.plug("tty", "ttyACM0", usb=("zz", ""))
    fake.plug("input", "event0", keys="not hexadecimal")
    (port,) = fake.machine.ports()
    assert port.vid is None
    assert identity_of(port) is None


def test_this_machine_can_be_asked() -> None:
    for port in Machine().ports():
        assert port.path
