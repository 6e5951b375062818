"""A server of its own does not look through what it has loaded again and again."""

import subprocess
import sys

SHOWN = """
import gc
from harness.bench.garbage import end_of_service, expect_little_garbage
class Ring: pass
expect_little_garbage()
before = gc.get_freeze_count()
ring = Ring(); ring.own = ring; del ring
print(before > 1000, gc.isenabled(), gc.collect() >= 1)
end_of_service()
print(gc.get_freeze_count() == 0)
"""


def test_what_is_loaded_is_set_aside_and_cycles_are_still_found() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["True"] * 4
