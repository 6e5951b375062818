"""The command that runs one case of a run again, the same way: same plan, bench, devices, seed, profile and adapter."""

from harness.again import spell
from reports.run_folder import CaseResult, Manifest


def replay(manifest: Manifest, case: CaseResult) -> str:
    """What to paste into a shell; empty when the manifest does not say how the run was started."""
    return spell(manifest.again, case=case.case, seed=manifest.seed, title=case.title)
