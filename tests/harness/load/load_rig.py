"""Benches for load tests: the parties that a load needs, up in this process."""

from harness.bench.config import BenchFile, parse_bench
from harness.load.running import fit_for_load

PARTIES = """
[bench]
name = "for load"
seed = 7
[device.phone]
[device.voucher-centre]
[device.platform]
"""
MACHINE = """
[bench]
name = "a machine for load"
seed = 7
[device.encryption-machine]
profile = "payshield-like"
"""


def bench_file(text: str = PARTIES) -> BenchFile:
    """A bench on the machine's clock, whose payments confirm themselves."""
    return fit_for_load(parse_bench(text, source="for-load.toml"))
