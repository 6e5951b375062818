"""The crew of a voucher centre: fresh connections a case, its own record, the centre's promises on the tape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench
from harness.bench.config import BenchFile, parse_bench
from harness.crews.centre import CentreCrew
from harness.errors import ConfigError
from harness.line.record import Kind
from harness.scenarios.centre_stage import CentreStage

GOOD = fixture("benches/voucher.toml").read_text(encoding="utf-8")


def bench_file(old: str = "", new: str = "", *, devices: tuple[str, ...] = ()) -> BenchFile:
    """The shipped bench with a change."""
    return parse_bench(GOOD.replace(old, new) if old else GOOD, source="bench.toml").with_overrides(devices=devices)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(bench_file()) as bench:
        yield bench


@pytest.fixture
def crew(bench: Bench, tmp_path: Path) -> Iterator[CentreCrew]:
    bench.reset("voucher/x")
    made = CentreCrew(bench, tmp_path)
    made.attach()
    yield made
    made.close()


def begun(crew: CentreCrew) -> CentreStage:
    return crew.begin("voucher/x", day=0)


def test_the_clients_record_their_own_side(bench: Bench, crew: CentreCrew) -> None:
    stage = begun(crew)
    stage.identify(stage.holder("P001"))
    channels = {record.channel for record in bench.tape.recent() if record.kind is Kind.FRAME}
    assert {"client.http#1", "voucher-centre.http#1"} <= channels


def test_the_tape_says_what_the_centre_promises(bench: Bench, crew: CentreCrew) -> None:
    begun(crew)
    (terms,) = [record.event for record in bench.tape.recent() if record.name == "centre"]
    assert terms["validity_s"] == 60
    assert terms["token_s"] == 1800
    assert terms["data_as"] == "object"
    assert terms["own_codes"] is False


def test_each_case_has_connections_of_its_own(bench: Bench, crew: CentreCrew) -> None:
    first = begun(crew)
    first.code(first.holder("P001"))
    crew.end_case()
    bench.reset("voucher/y")
    second = begun(crew)
    second.code(second.holder("P001"))
    assert {r.channel for r in bench.tape.recent() if r.channel.startswith("client.")} == {"client.http#1"}


def test_a_phone_may_be_left_out() -> None:
    assert CentreCrew.offers(bench_file()) == {"phone"}
    without = bench_file('kind = "phone"', 'kind = "platform"')
    assert CentreCrew.offers(without) == frozenset()


def test_an_address_that_is_not_http_is_refused_before_the_run() -> None:
    CentreCrew.check(bench_file(devices=("voucher-centre=http://127.0.0.1:9",)))
    with pytest.raises(ConfigError, match="no address of a voucher centre"):
        CentreCrew.check(bench_file(devices=("voucher-centre=tcp:127.0.0.1:9",)))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('institution = "P63999900001"', "timeout_s = 0.0", "more than 0"),
        ('other_institution = "P63999900002"', 'other_institution = "P63999900001"', "another one"),
        ('institution = "P63999900001"', 'instituton = "P63999900001"', "instituton"),
    ],
)
def test_a_slip_in_the_table_is_named(old: str, new: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        bench_file(old, new)
