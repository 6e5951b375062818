"""A bench: up, as new for each case, and down with nothing left, also when it never got up."""

import socket
import threading
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench, case_seed
from harness.bench.config import BenchFile, parse_bench
from harness.clock import BENCH_ORIGIN, local_time
from harness.errors import BenchError, ConfigError
from harness.line.tape import read_tape

GOOD = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")


def bench_file(old: str = "", new: str = "", *, devices: tuple[str, ...] = ()) -> BenchFile:
    """The shipped bench with a change."""
    return parse_bench(GOOD.replace(old, new) if old else GOOD, source="bench.toml").with_overrides(devices=devices)


def ports_of(bench: Bench) -> list[tuple[str, int]]:
    """Host and port of every HTTP address of a bench."""
    said = [address for row in bench.addresses().values() for address in row.values() if address.startswith("http")]
    return [
        (host, int(port)) for host, _, port in (address.removeprefix("http://").rpartition(":") for address in said)
    ]


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_down_leaves_no_thread_port_or_file() -> None:
    with Bench(bench_file()):
        pass  # what stays open after the first is the process's own, e.g. for random numbers
    threads, files = set(threading.enumerate()), open_files()
    with Bench(bench_file()) as bench:
        ports, line = ports_of(bench), bench.address("scanner").removeprefix("serial:")
        assert len(ports) == 9
        assert all(answers(*port) for port in ports)
        assert Path(line).exists()
    assert not any(answers(*port) for port in ports)
    assert set(threading.enumerate()) == threads
    assert open_files() == files


def test_a_bench_that_cannot_come_up_is_taken_down_again(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set(threading.enumerate())
    stopped: list[str] = []
    told = Bench._stop

    def stop(self: Bench, name: str, *rest: object) -> None:
        stopped.append(name)
        told(self, name, *rest)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(Bench, "_stop", stop)
    monkeypatch.setattr(Bench, "_announce", lambda *_: (_ for _ in ()).throw(BenchError("no", cause="x", remedy="y")))
    with pytest.raises(BenchError), Bench(bench_file()):
        pass
    assert stopped == ["platform", "voucher-centre", "terminal", "scanner", "phone"]
    assert set(threading.enumerate()) == threads


def test_a_device_that_breaks_in_stopping_does_not_keep_the_others_up(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set(threading.enumerate())
    told = Bench._stop

    def stop(self: Bench, name: str, *rest: object) -> None:
        told(self, name, *rest)  # type: ignore[arg-type]  # handed through as it came
        if name == "platform":
            raise TypeError("nobody thought of this")

    monkeypatch.setattr(Bench, "_stop", stop)
    bench = Bench(bench_file())
    bench.up()
    ports = ports_of(bench)
    with pytest.raises(TypeError, match="nobody thought"):
        bench.down()
    assert not any(answers(*port) for port in ports)
    assert set(threading.enumerate()) == threads
    bench.down()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("scanner=serial:/dev/pts/999999", "there is no serial port /dev/pts/999999"),
        ("platform=http://127.0.0.1:1", "nothing answers at http://127.0.0.1:1"),
        ("scanner=tcp:127.0.0.1:1", "nothing answers at tcp:127.0.0.1:1"),
    ],
)
def test_a_real_device_that_is_absent_is_said_before_anything_starts(override: str, says: str) -> None:
    bench = Bench(bench_file(devices=(override,)))
    with pytest.raises(BenchError) as caught, bench:
        pass
    assert says in str(caught.value)
    assert bench.devices == {}


def test_a_real_device_has_no_back_door() -> None:
    with socket.create_server(("127.0.0.1", 0)) as system:
        address = f"http://127.0.0.1:{system.getsockname()[1]}"
        with Bench(bench_file(devices=(f"platform={address}",))) as bench:
            assert bench.address("platform") == address
            with pytest.raises(ConfigError, match="is a real device"):
                bench.back_door("platform")


def test_a_case_begins_at_the_origin_or_so_many_days_after_it() -> None:
    with Bench(bench_file()) as bench:
        bench.step(seconds=61)
        bench.reset("a")
        assert local_time(bench.clock) == BENCH_ORIGIN
        bench.reset("b", day=3)
        assert (local_time(bench.clock) - BENCH_ORIGIN).days == 3


def test_the_machines_clock_cannot_be_stepped() -> None:
    with Bench(bench_file('clock = "bench"', 'clock = "system"')) as bench:
        bench.reset("a")
        with pytest.raises(ConfigError, match="cannot be stepped"):
            bench.step(seconds=1)


def test_the_tape_names_every_device(tmp_path: Path) -> None:
    path = tmp_path / "tape.bin"
    with Bench(bench_file(), tape_path=path):
        pass
    reading = read_tape(path)
    named = [record.event["kind"] for record in reading.records if record.name == "device"]
    assert named == ["phone", "scanner", "terminal", "voucher-centre", "platform"]
    assert reading.broken is None


def test_a_cases_seed_depends_on_the_case_alone() -> None:
    assert case_seed(1, "a") == case_seed(1, "a")
    assert len({case_seed(1, "a"), case_seed(2, "a"), case_seed(1, "b")}) == 3


def test_nobody_has_the_loop_of_a_bench_that_is_down() -> None:
    with pytest.raises(ConfigError, match="not up"):
        _ = Bench(bench_file()).loop
