"""The cable is pulled again and again while a thousand codes are scanned; the driver follows the box.

None may be lost once it was acknowledged (the driver gave it, or a box that awaits acknowledgements got one), none may
come twice, none may be wrong, and they come in order. A scan in the middle of which the cable is pulled is lost on the
families that send each scan once; a box that awaits acknowledgements sends it again.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue

import pytest

from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_family import Family
from harness.wire.scanner.framing import ScanFraming
from tests.e2e.scanner_process import Running, simulating
from tests.simulators.scanner_rig import png, quick_qr

pytestmark = pytest.mark.slow

SCANS = 1000
PULLS = range(17, SCANS, 41)
"""In which scans the cable is pulled: 24 times, after 0 to 30 bytes."""
ACKNOWLEDGED = ("--packeted", "true", "--response-s", "1", "--tries", "100")
IDLE_S = 20.0
"""A machine that is busy with other tests may pause a box in the middle of a scan."""
BACK = "back"


def code(number: int) -> str:
    return f"62{number:010}{number * 7_654_321 % 10**16:016}"


@contextmanager
def reading(at: str, family: str) -> Iterator["Queue[str]"]:
    """The driver in a thread of its own: what it reads, and BACK whenever it has found the box again."""
    heard: Queue[str] = Queue()
    ended = threading.Event()
    framing = ScanFraming(idle_s=IDLE_S)
    with Scanner.open(at, family=Family(family), framing=framing, follow=True) as scanner:

        def read() -> None:
            returns = 0
            while not ended.is_set():
                try:
                    heard.put(scanner.read(0.05).text)
                except NoScan:
                    if scanner.returns != returns:
                        returns = scanner.returns
                        heard.put(BACK)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield heard
        finally:
            ended.set()
            thread.join(60)


def show(running: Running, number: int) -> None:
    told = running.door.post("/show", content=png(quick_qr(code(number)))).json()
    assert told == {"read": True, "text": code(number), "symbology": "qr"}


def until_pulled(running: Running) -> None:
    """A scan leaves when the one before it has been acknowledged, which may be a moment after the code was shown."""
    deadline = time.monotonic() + 60
    while running.door.get("/state").json()["plugged"]:
        assert time.monotonic() < deadline


def until_back(heard: "Queue[str]") -> list[str]:
    """What was read until the driver had found the box again.

    Over TCP it may have found one that hung up at once, and then finds it once more.
    """
    seen = []
    while (said := heard.get(timeout=60)) != BACK:
        seen.append(said)
    return seen


def scans(heard: "Queue[str]", *, most: int = 1, within_s: float = 60) -> list[str]:
    """The next scans, so many at most."""
    seen: list[str] = []
    with suppress(Empty):
        while len(seen) < most:
            if (said := heard.get(timeout=within_s)) != BACK:
                seen.append(said)
    return seen


def step(running: Running, seconds: int) -> None:
    running.door.post("/clock", json={"step_s": seconds}).raise_for_status()


def acknowledged(running: Running) -> bool:
    """Whether what the box sent last has its acknowledgement."""
    frames = [record for record in running.door.get("/events").json() if record["direction"] != "none"]
    return bool(frames[-1]["direction"] == "received")


def unplugged_in_the_middle(family: str, *options: str) -> tuple[list[str], list[int]]:
    """What was delivered, and the numbers of the codes that were not."""
    delivered: list[str] = []
    lost = []
    sends_again = "--packeted" in options
    words = ("--family", family, "--same-code-ms", "0", "--clock", "bench", *options)
    with simulating(*words) as running, reading(running.at, family) as heard:
        for number in range(SCANS):
            if number not in PULLS:
                show(running, number)
                delivered += scans(heard)
                continue
            running.door.post("/plug", json={"in": False, "scan": 1, "byte": number % 31}).raise_for_status()
            show(running, number)
            until_pulled(running)
            running.door.post("/plug", json={"in": True}).raise_for_status()
            seen = until_back(heard)
            for _ in range(60 if sends_again else 0):  # nobody may have been there for what was sent again
                step(running, 1)
                seen += scans(heard, within_s=1) if not seen else []
                if seen:
                    break
            delivered += seen
            if not seen:
                lost.append(number)
        step(running, 60)
        delivered += scans(heard, within_s=0.3)
    return delivered, lost


@pytest.mark.parametrize("family", ["newland", "honeywell", "mindeo", "ssi", "register", "letters"])
def test_what_is_sent_once_arrives_once_or_was_cut(family: str) -> None:
    delivered, lost = unplugged_in_the_middle(family, "--at", "pty")
    assert delivered == [code(number) for number in range(SCANS) if number not in lost]
    assert set(lost) <= set(PULLS)


@pytest.mark.parametrize("line", ["pty", "tcp", "rfc2217"])
def test_what_is_acknowledged_is_never_lost_and_never_doubled(line: str) -> None:
    delivered, lost = unplugged_in_the_middle("ssi", "--at", line, *ACKNOWLEDGED)
    assert delivered == [code(number) for number in range(SCANS)]
    assert lost == []


def test_an_acknowledgement_that_the_cable_swallows_does_not_double_the_scan() -> None:
    """At 1200 baud it takes 50 ms to arrive; meanwhile the cable is pulled. The box sends the scan again."""
    words = ("--family", "ssi", "--at", "tcp", "--pace", "true", "--baud", "1200", "--clock", "bench", *ACKNOWLEDGED)
    with simulating(*words) as running, reading(running.at, "ssi") as heard:
        for number in range(5):
            show(running, number)
            assert scans(heard) == [code(number)]
            running.door.post("/plug", json={"in": False}).raise_for_status()
            running.door.post("/plug", json={"in": True}).raise_for_status()
            assert until_back(heard) == []
            for _ in range(60):
                step(running, 1)
                assert scans(heard, within_s=1.5) == []
                if acknowledged(running):
                    break
