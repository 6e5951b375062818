"""What a proof's certifications load beforehand."""

import subprocess
import sys

LOADING = """
import sys, threading
import harness.cli.preloaded
assert threading.active_count() == 1, threading.enumerate()
missing = [name for name in sys.argv[1:] if name not in sys.modules]
assert not missing, missing
"""
NEEDED = [
    "_pytest.main",
    "harness.crews.counter",
    "harness.rules.settlement",
    "harness.run",
    "reports.html",
    "simulators.platform.ledger",
    "uvicorn",
]


def test_it_is_loaded_without_a_thread() -> None:
    words = [sys.executable, "-c", LOADING, *NEEDED]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
