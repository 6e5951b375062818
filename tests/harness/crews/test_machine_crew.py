"""The crew of an encryption machine: fresh drivers a case, its own record of every byte, and no PIN on the tape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench
from harness.bench.config import BenchFile, parse_bench
from harness.crews.machine import MachineCrew
from harness.devices.machine_errors import MachineSilent
from harness.errors import BenchError, ConfigError
from harness.line.client import Disconnected
from harness.line.record import Kind, Record
from harness.scenarios.machine_stage import PARTY, Door, MachineStage, framed, read_reply
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine import svs

GOOD = fixture("benches/encryption-machine.toml").read_text(encoding="utf-8")


def bench_file(old: str = "", new: str = "", *, devices: tuple[str, ...] = ()) -> BenchFile:
    """The shipped bench with a change."""
    return parse_bench(GOOD.replace(old, new) if old else GOOD, source="bench.toml").with_overrides(devices=devices)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(bench_file()) as bench:
        yield bench


@pytest.fixture
def crew(bench: Bench, tmp_path: Path) -> Iterator[MachineCrew]:
    bench.reset("encryption-machine/x")
    made = MachineCrew(bench, tmp_path)
    made.attach()
    yield made
    made.close()


def begun(crew: MachineCrew) -> MachineStage:
    return crew.begin("encryption-machine/x", day=0)


def frames(bench: Bench, channel: str) -> list[Record]:
    return [r for r in bench.tape.recent() if r.kind is Kind.FRAME and r.channel == channel]


def test_it_knows_who_is_under_test(crew: MachineCrew) -> None:
    assert crew.about == {"name": "payShield-like", "version": "1500-0023"}
    assert not crew.lives_on


def test_the_client_records_its_own_side(bench: Bench, crew: MachineCrew) -> None:
    stage = begun(crew)
    assert stage.ask(wire.Echo(data=b"abc")) == wire.EchoReply(data=b"abc")
    asked, answered = frames(bench, "client.host#1")
    assert asked.data.endswith(b"B20003abc")
    assert answered.data.endswith(b"B300abc")


def test_lines_by_hand_are_numbered_and_recorded(bench: Bench, crew: MachineCrew) -> None:
    stage = begun(crew)
    for number in (1, 2):
        line = stage.open_line()
        line.write(framed(stage.profile, b"B20001x"))
        assert read_reply(line, within_s=5).endswith(b"00x")
        assert len(frames(bench, f"client.bare#{number}")) == 2


def test_each_case_has_lines_and_drivers_of_its_own(bench: Bench, crew: MachineCrew) -> None:
    first = begun(crew)
    first.ask(wire.Diagnose())
    server = first.server(Door.DER)
    assert first.server(Door.DER) is server
    crew.end_case()
    bench.reset("encryption-machine/y")
    second = begun(crew)
    assert second.machine is not first.machine
    assert second.server(Door.DER) is not server
    second.ask(wire.Diagnose())
    assert len(frames(bench, "client.host#1")) == 2, "counted from 1 again"


@pytest.mark.parametrize("door", list(Door), ids=str)
def test_the_pin_is_not_on_the_clients_record(bench: Bench, crew: MachineCrew, door: Door) -> None:
    stage = begun(crew)
    pin = stage.keys.pin.encode()
    stage.ask_server(door, svs.SignData(key_index=stage.keys.sign_index, pin=pin, data=b"m"))
    carried = [r.data for r in bench.tape.recent() if r.kind is Kind.FRAME and r.channel.startswith("client.")]
    assert carried
    assert not any(pin in data or b"NzM5NTE4NDY=" in data for data in carried)


def test_a_missing_address_of_a_server_is_named(tmp_path: Path, bench: Bench) -> None:
    at = bench.address(PARTY)
    with Bench(bench_file(devices=(f"{PARTY}={at}",))) as real:
        crew = MachineCrew(real, tmp_path)
        crew.attach()
        stage = crew.begin("encryption-machine/x", day=0)
        assert isinstance(stage.ask(wire.Diagnose()), wire.DiagnoseReply)
        with pytest.raises(BenchError, match="svs-der"):
            stage.server(Door.DER)
        with pytest.raises(BenchError, match="real device"):
            stage.refuse_next("B2", "15")
        crew.close()
        crew.close()


def test_a_machine_that_fell_silent_is_lost(crew: MachineCrew) -> None:
    assert crew.is_lost(MachineSilent(begun=False), on_stage=True)
    assert crew.is_lost(Disconnected("x", cause="y", remedy="z"), on_stage=False)
    assert not crew.is_lost(AssertionError(), on_stage=True)


@pytest.mark.parametrize("key", ["profile", "svs_profile", "der_profile"])
def test_a_profile_that_does_not_exist_is_refused_before_the_run(key: str) -> None:
    MachineCrew.check(bench_file())
    shipped = 'profile = "payshield-like"'
    wrong = bench_file(shipped, 'profile = "nobody"' if key == "profile" else f'{shipped}\n{key} = "nobody"')
    with pytest.raises(ConfigError, match="nobody"):
        MachineCrew.check(wrong)


def test_it_tells_what_the_machine_offers() -> None:
    offered = MachineCrew.offers(bench_file())
    assert {"NI", "MoveKey", "SmBatch", "svs-http:genRandomData", "svs-der:signData"} <= offered
    assert "svs-der:genRandomData" not in offered
    assert "NI" not in MachineCrew.offers(bench_file('profile = "payshield-like"', 'profile = "tass-sjj1310"'))
