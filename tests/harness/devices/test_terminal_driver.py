"""The terminal's driver against the simulated terminal and voucher centre, over HTTP; errors by who is to blame."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.devices.http import Refused
from harness.devices.terminal import TerminalDriver
from harness.errors import BenchError, ConfigError
from harness.line.mask import Mask
from harness.line.record import Direction

BENCH = """
[bench]
clock = "bench"
[device.voucher-centre]
kind = "voucher-centre"
[device.terminal]
kind = "terminal"
institution = "P63999900001"
"""
INSTITUTION = "P63999900001"


@pytest.fixture(scope="module")
def shared_bench() -> Iterator[Bench]:
    with Bench(parse_bench(BENCH, source="test")) as bench:
        yield bench


@pytest.fixture
def bench(shared_bench: Bench) -> Bench:
    shared_bench.reset("a case")
    return shared_bench


@pytest.fixture
def terminal(bench: Bench) -> Iterator[TerminalDriver]:
    with TerminalDriver(bench.address("terminal")) as driver:
        yield driver


def test_a_card_is_presented_read_and_pulled(bench: Bench, terminal: TerminalDriver) -> None:
    address = bench.address("terminal") + "/HeaSecReadInfo/ReadCardBas"
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(httpx.post, address, json={"orgId": INSTITUTION}, timeout=60, trust_env=False)
        bench.tape.wait_for(
            lambda r: r.direction is Direction.RECEIVED and b"ReadCardBas" in r.data, since=0, timeout=60
        )
        terminal.present_card("P001")
        assert "|T63990001|" in reading.result().json()["cardInfo"]
    assert terminal.screen()["card_in"]
    terminal.pull_card()
    assert not terminal.screen()["card_in"]


def test_exports_of_the_tape_hide_what_a_card_tells_and_what_is_typed(bench: Bench, terminal: TerminalDriver) -> None:
    terminal.present_card("P001")
    address = bench.address("terminal") + "/HeaSecReadInfo/ReadCardBas"
    httpx.post(address, json={"orgId": INSTITUTION}, timeout=60, trust_env=False)
    with pytest.raises(Refused):
        terminal.type_password("194946")
    frames = b"".join(record.data for record in bench.tape.recent())
    hidden = b"".join(Mask().hide(record.data) for record in bench.tape.recent())
    for secret in (b"194946", b"T63990001", "测试甲".encode(), b"639999198503127031"):
        assert secret in frames
        assert secret not in hidden


def test_what_the_terminal_does_not_take_is_refused(terminal: TerminalDriver) -> None:
    with pytest.raises(Refused) as caught:
        terminal.type_password("143709")
    assert caught.value.http_status == 409
    with pytest.raises(Refused) as caught:
        terminal.type_password("1")
    assert caught.value.http_status == 400
    with pytest.raises(Refused, match="P006"):
        terminal.present_card("P006")
    with pytest.raises(Refused) as caught:
        terminal.present_id_card("nobody")
    assert caught.value.http_status == 404


def test_what_is_presented_leaves_an_event(bench: Bench, terminal: TerminalDriver) -> None:
    terminal.present_id_card("P001", how="unreadable")
    terminal.present_face("P002", as_person="P001")
    terminal.present_code("4241234567890123456701630000")
    told = [record for record in bench.tape.recent() if record.name.endswith("-presented")]
    assert [(r.name, r.event.get("person"), r.event.get("how")) for r in told] == [
        ("card-presented", "P001", "unreadable"),
        ("face-presented", "P002", None),
        ("code-presented", None, None),
    ]
    assert terminal.cancel() == 0


def test_nobody_there_and_no_address() -> None:
    with pytest.raises(BenchError), TerminalDriver("http://127.0.0.1:1") as driver:
        driver.screen()
    with pytest.raises(ConfigError):
        TerminalDriver("serial:/dev/ttyUSB0")
