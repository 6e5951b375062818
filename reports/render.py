"""Everything that is rendered from a run's folder, in one call."""

from pathlib import Path

from reports.html import render_report
from reports.junit import write_junit


def render_all(folder: Path) -> tuple[Path, ...]:
    """Write `report.html` and `junit.xml` and return their paths. Raises ConfigError when it is no run's folder."""
    return render_report(folder), write_junit(folder)
