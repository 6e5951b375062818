"""A box that is pulled out and comes back, maybe elsewhere."""

import os
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_follow import FolderWatch, PortFollower
from harness.devices.scanner_line import open_scanner_line
from harness.line.address import parse_address, serial_address
from harness.line.client import Disconnected
from tests.harness.devices.machine_rig import FakeMachine
from tests.simulators.scanner_rig import DIGITS, RunningScanner, StartScanner, qr, scanners


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    with scanners() as start:
        yield start


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)


class Socket:
    """A pty behind a name of the fake machine: a box that can be pulled out."""

    def __init__(self, fake: FakeMachine) -> None:
        self._fake = fake
        self.master = self._slave = -1
        self.name = ""

    def plug(self, name: str) -> str:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name = name
        return self._fake.plug("tty", name, serial_number="SN1", leads_to=os.ttyname(self._slave))

    def pull(self) -> None:
        self._fake.pull("tty", self.name)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def box(fake: FakeMachine) -> Iterator[Socket]:
    plugged = Socket(fake)
    yield plugged
    for fd in (plugged.master, plugged._slave):
        try:
            os.close(fd)
        except OSError:
            continue


def following(fake: FakeMachine, path: str) -> Scanner:
    where = serial_address(path)
    follower = PortFollower(where, machine=fake.machine)
    return Scanner(open_scanner_line(where), follower=follower)


def test_a_box_that_comes_back_under_another_number(fake: FakeMachine, box: Socket) -> None:
    with following(fake, box.plug("ttyACM0")) as scanner:
        os.write(box.master, b"1\r2")
        assert scanner.read(60).text == "1"
        box.pull()
        with pytest.raises(Disconnected, match="SN1"):
            scanner.read(0.02)
        box.plug("ttyACM5")
        with pytest.raises(NoScan):
            scanner.read(0.02)
        os.write(box.master, b"3\r")
        assert scanner.read(60).text == "3"
        assert scanner.returns == 1


def test_the_driver_wakes_when_the_name_appears(fake: FakeMachine, box: Socket) -> None:
    with following(fake, box.plug("ttyACM0")) as scanner:
        box.pull()
        waiting = threading.Event()
        got: list[str] = []

        def read() -> None:
            waiting.set()
            got.append(scanner.read(60).text)

        reader = threading.Thread(target=read)
        reader.start()
        waiting.wait(60)
        began = time.monotonic()
        box.plug("ttyACM1")
        while scanner.returns == 0 and time.monotonic() < began + 60:
            os.sched_yield()
        os.write(box.master, b"back\r")
        reader.join(60)
        assert got == ["back"]


def test_another_box_in_its_place_is_not_taken_for_it(fake: FakeMachine, box: Socket) -> None:
    with following(fake, box.plug("ttyACM0")) as scanner:
        box.pull()
        fake.plug("tty", "ttyACM0", serial_number="SN2")
        with pytest.raises(Disconnected, match="has not come back"):
            scanner.read(0.05)


def test_without_a_follower_a_box_that_is_gone_is_gone(box: Socket) -> None:
    path = box.plug("ttyACM0")
    with Scanner.open(f"serial:{path}") as scanner:
        box.pull()
        with pytest.raises(Disconnected):
            scanner.read(1)
        with pytest.raises(Disconnected):
            scanner.read(1)


def replugged(box: RunningScanner) -> None:
    async def turn() -> None:
        box.box._line.unplug()
        box.box._line.replug()

    box.loop.call(turn())


def test_a_virtual_box_behind_a_link_is_found_and_set_up_again(start_scanner: StartScanner, tmp_path: Path) -> None:
    """A power cut would have the box forget its temporary settings: they are given again."""
    link = tmp_path / "scanner"
    box = start_scanner(link=str(link), mode="level", same_code_ms=0)
    with Scanner.open(f"serial:{link}", follow=True) as scanner:
        scanner.configure({"RRDDUR": "1234"})
        box.loop.call(box.box.reset(seed=1))
        replugged(box)
        with pytest.raises(NoScan):
            scanner.read(0.05)
        assert scanner.returns == 1
        assert scanner.query("RRDDUR") == "1234"
        box.show(qr())
        scanner.trigger()
        assert scanner.read(60).text == DIGITS


@pytest.mark.parametrize("scans", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_unplugged_in_the_middle_of_scans(start_scanner: StartScanner, tmp_path: Path, scans: int) -> None:
    """What the driver has given once is given once; what was under way is lost whole, never wrong."""
    box = start_scanner(link=str(tmp_path / "scanner"), mode="level", same_code_ms=0)
    box.show(qr())
    seen = 0
    with Scanner.open(box.ends.at, follow=True) as scanner:
        for turn in range(scans):
            if turn % 20 == 7:
                replugged(box)
            while True:
                try:
                    scanner.trigger()
                    assert scanner.read(60).text == DIGITS
                except (Disconnected, NoScan):
                    continue
                seen += 1
                break
        with pytest.raises(NoScan):
            scanner.read(0.01)
        assert scanner.returns == len(range(7, scans, 20))
    assert seen == scans
    assert box.events().count("good-read") >= scans


def test_a_network_line_is_tried_again(start_scanner: StartScanner) -> None:
    box = start_scanner(line="tcp")
    with Scanner.open(box.ends.at, follow=True) as scanner:
        box.loop.settle()
        replugged(box)
        with pytest.raises(NoScan):
            scanner.read(1)
        assert scanner.returns == 1
        box.show(qr())
        assert scanner.read(60).text == DIGITS


def test_a_follower_gives_up_in_time() -> None:
    follower = PortFollower(parse_address("serial:/dev/pts/does-not-exist"))
    with pytest.raises(Disconnected, match="has not come back"):
        follower.await_line(time.monotonic() + 0.02)


def test_a_watch_wakes_for_a_new_name_alone(tmp_path: Path) -> None:
    with FolderWatch([tmp_path]) as watch:
        began = time.monotonic()
        watch.wait(0.02)
        assert time.monotonic() - began >= 0.02
        (tmp_path / "new").touch()
        watch.wait(60)
        assert time.monotonic() - began < 50, "it was woken, not timed out"
