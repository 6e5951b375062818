"""Bench files: read strictly, and every mistake named with its line and its remedy."""

import pytest

from fixtures import fixture
from harness.bench.config import parse_bench
from harness.bench.tables import ClockKind
from harness.errors import ConfigError

GOOD = fixture("benches/pharmacy.toml").read_text(encoding="utf-8")


def test_the_shipped_bench_is_all_virtual() -> None:
    file = parse_bench(GOOD, source="pharmacy.toml")
    assert {spec.kind for spec in file.devices} == {"phone", "scanner", "terminal", "voucher-centre", "platform"}
    assert all(spec.virtual for spec in file.devices)
    assert file.bench.clock is ClockKind.BENCH
    assert file.command[-1] == "pharmacy"


@pytest.mark.parametrize(
    ("text", "line", "names"),
    [
        ("[bench]\nsede = 1\n", "line 1", ["'sede'", "'seed'"]),
        ("[bench]\nseed = 'x'\n", "[bench]", ["seed", "a whole number"]),
        ("[bench]\nclock = 'sundial'\n", "[bench]", ["sundial", "bench, system"]),
        ("[bnch]\n", "line 1", ["'bnch'", "'bench'"]),
        ("[device.scaner]\nat = 'virtual'\n", "line 1", ["'scaner'", "'scanner'"]),
        ("\n[device.box]\nkind = 'toaster'\n", "line 3", ["'toaster'", "scanner"]),
        ("[device.scanner]\nfamily = 'newland'\nbuad = 9600\n", "line 3", ["'buad'", "'baud'"]),
        ("[device.scanner]\nat = '/dev/ttyUSB0'\n", "line 2", ["/dev/ttyUSB0", "serial:"]),
        ("[device.a]\nkind='phone'\n[device.b]\nkind='phone'\n", "line 3", ["both of kind phone"]),
        ("[counter]\ncommand = 'java -jar x.jar'\n", "line 2", ["list of words"]),
        ("[counter]\nport = 'process'\nspeed = 3\n", "line 3", ["'speed'"]),
        ("bench = 3\n", "bench", ["must be a table"]),
        ("[bench\n", "bench.toml", ["TOML"]),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, line: str, names: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_bench(text, source="bench.toml")
    said = str(caught.value)
    assert line in said
    for name in names:
        assert name in said
    assert caught.value.status == 2


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="newland"):
        parse_bench("[device.scanner]\nfamily = 'nokia'\n", source="bench.toml")


def test_overrides_change_one_device() -> None:
    file = parse_bench(GOOD, source="x").with_overrides(devices=["scanner=serial:/dev/ttyUSB0"], seed=5, command="a b")
    assert file.device("scanner").at == "serial:/dev/ttyUSB0"
    assert not file.device("scanner").virtual
    assert file.device("phone").virtual
    assert file.bench.seed == 5
    assert file.command == ("a", "b")


@pytest.mark.parametrize("override", ["scanner", "scanner=", "scaner=virtual", "scanner=ttyUSB0"])
def test_a_wrong_override_is_refused(override: str) -> None:
    with pytest.raises(ConfigError):
        parse_bench(GOOD, source="x").with_overrides(devices=[override])
