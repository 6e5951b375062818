"""The command that runs one case of a run again, the same way: same plan, seed, profile, adapter and real devices."""

import shlex
import tomllib
from functools import cache

from fixtures import fixture
from harness.bench.tables import BenchTable
from harness.errors import ConfigError
from harness.judge.plan import load_plan
from reports.run_folder import Manifest


def replay(manifest: Manifest, case: str) -> str:
    """What to paste into a shell.

    `FILE` stands for a bench file that the manifest knows by its name alone, `PATH` for a vendor's own cases. Whether
    such a file names the run's profile is not known, so that the command does.
    """
    name, profile, command, cases = _shipped(manifest.plan)
    words = ["liantiao", "certify", manifest.plan or "PLAN", "--case", case]
    if cases and case not in cases:
        words = ["liantiao", "test", "PATH", "--plan", manifest.plan, "--case", case]
    if manifest.seed is not None:
        words += ["--seed", str(manifest.seed)]
    if manifest.profile and (manifest.profile != profile or (manifest.bench != name and manifest.adapter_command)):
        words += ["--profile", manifest.profile]
    if manifest.bench and manifest.bench != name:
        words += ["--bench", "FILE"]
    if manifest.adapter_command and manifest.adapter_command != command:
        words += ["--adapter", shlex.join(manifest.adapter_command)]
    for device in manifest.devices:
        if not device.virtual:
            words += ["--device", f"{device.name}={device.at}"]
    return shlex.join(words)


@cache
def _shipped(plan: str) -> tuple[str, str, tuple[str, ...], frozenset[str]]:
    """Name and profile of a plan's own bench, the adapter that it tests, its cases; nothing if it does not ship."""
    try:
        shipped = load_plan(plan)
        text = fixture(f"benches/{shipped.bench}").read_text(encoding="utf-8")
    except (ConfigError, OSError):
        return "", "", (), frozenset()
    bench = tomllib.loads(text)
    table, counter = bench["bench"], bench.get("counter", {})
    profile = str(table.get("profile") or BenchTable.profile)
    return str(table["name"]), profile, tuple(counter.get("command", ())), frozenset(shipped.cases)
