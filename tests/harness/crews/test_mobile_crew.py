"""The crew of a mobile-payment centre: its own record, keys of seed or bench file, what the bench offers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench
from harness.bench.config import BenchFile, parse_bench
from harness.crews.mobile import MobileCrew
from harness.errors import ConfigError
from harness.gm import PrivateKey
from harness.line.record import Kind
from harness.scenarios.mobile_orders import paid, standing
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing, spell_private_key, spell_public_key

GOOD = fixture("benches/mobile-payment.toml").read_text(encoding="utf-8")
OWN = PrivateKey(d=20201014)


def bench_file(*changes: tuple[str, str], devices: tuple[str, ...] = ()) -> BenchFile:
    """The shipped bench with changes."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_bench(text, source="bench.toml").with_overrides(devices=devices)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(bench_file()) as bench:
        yield bench


@pytest.fixture
def crew(bench: Bench, tmp_path: Path) -> Iterator[MobileCrew]:
    bench.reset("mobile-payment/x")
    made = MobileCrew(bench, tmp_path)
    made.attach()
    yield made
    made.close()


def begun(crew: MobileCrew) -> MobileStage:
    return crew.begin("mobile-payment/x", day=0)


def test_the_hospital_records_its_own_side_and_its_notices(bench: Bench, crew: MobileCrew) -> None:
    stage = begun(crew)
    stage.listen()
    paid(stage)
    assert stage.await_notice(since=0) is not None
    channels = {record.channel for record in bench.tape.recent() if record.kind is Kind.FRAME}
    assert {"client.http#1", "mobile-payment.http#1", "hospital.http#1"} <= channels


def test_the_tape_says_what_the_centre_promises_and_how_to_open_it(bench: Bench, crew: MobileCrew) -> None:
    begun(crew)
    (terms,) = [record.event for record in bench.tape.recent() if record.name == "mobile"]
    assert (terms["pay_auth_s"], terms["unpaid_s"], terms["use_platform"]) == (300, 1800, True)
    assert terms["secret"]
    assert len(str(terms["centre_key"])) == 88


def test_each_case_has_connections_of_its_own(bench: Bench, crew: MobileCrew) -> None:
    standing(begun(crew), paid(begun(crew)))
    crew.end_case()
    bench.reset("mobile-payment/x")
    stage = begun(crew)
    assert standing(stage, paid(stage)) is Standing.PAID
    assert {r.channel for r in bench.tape.recent() if r.channel.startswith("client.")} == {"client.http#1"}


def test_keys_may_stand_in_the_bench_file(tmp_path: Path) -> None:
    keys = (
        ("[mobile]\n", f'[mobile]\nprivate_key = "{spell_private_key(OWN)}"\n'),
        ("pays_after_s = 0 ", f'peer_key = "{spell_public_key(OWN.public)}"\npays_after_s = 0 '),
    )
    with Bench(bench_file(*keys)) as bench:
        bench.reset("mobile-payment/x")
        crew = MobileCrew(bench, tmp_path)
        crew.attach()
        stage = begun(crew)
        assert standing(stage, paid(stage)) is Standing.PAID
        crew.close()


def test_what_a_bench_offers() -> None:
    assert MobileCrew.offers(bench_file()) == {"voucher-centre", "platform", "own-doors", "notices"}
    alone = bench_file(
        ("[device.platform]", "[device.phone]"),
        ('kind = "platform"', 'kind = "phone"'),
        ("[mobile]\n", "[mobile]\nown_doors = false\nnotices = false\n"),
    )
    assert MobileCrew.offers(alone) == {"voucher-centre"}
    unused = bench_file(("pays_after_s = 0 ", "use_platform = false\npays_after_s = 0 "))
    assert "platform" not in MobileCrew.offers(unused)


def test_an_address_that_is_not_http_is_refused_before_the_run() -> None:
    MobileCrew.check(bench_file(devices=("mobile-payment=http://127.0.0.1:9",)))
    with pytest.raises(ConfigError, match="no address of a mobile-payment centre"):
        MobileCrew.check(bench_file(devices=("mobile-payment=tcp:127.0.0.1:9",)))


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("timeout_s = 0.0", "more than 0"),
        ('institution = "P63999900001"', "another one"),
        ('institution = "H00000000000"', "no institution"),
        ('instituton = "P63999900001"', "instituton"),
        ('listen = "8077"', "HOST:PORT"),
        ('listen = "127.0.0.1:99999"', "HOST:PORT"),
        ('private_key = "AAAA"', "private key"),
        ('centre_key = "AAAA"', "public key"),
    ],
)
def test_a_slip_in_the_table_is_named(line: str, match: str) -> None:
    name = line.partition(" ")[0]
    old = {"timeout_s": "timeout_s = 2.0", "institution": 'institution = "H63999900001"'}.get(name, "[mobile]\n")
    new = line if old.startswith(name) else f"{old}{line}\n"
    with pytest.raises(ConfigError, match=match):
        MobileCrew.check(bench_file((f"\n{old}", f"\n{new}") if old != "[mobile]\n" else (old, new)))
