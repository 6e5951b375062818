"""The command that runs one case of a run again, the same way: same plan, bench, devices, seed, profile and adapter."""

from harness.again import spell
from reports.run_folder import Manifest


def replay(manifest: Manifest, case: str) -> str:
    """What to paste into a shell; empty when the manifest does not say how the run was started, as Robot's does not."""
    return spell(manifest.again, case=case, seed=manifest.seed)
