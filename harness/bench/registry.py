"""The registry of simulators: what is installed under the entry-point group `liantiao.simulators`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from harness.bench.plugin import SimulatorType
from harness.bench.settings import unknown
from harness.errors import SimulatorDefect

GROUP = "liantiao.simulators"


@cache
def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def kinds() -> list[str]:
    """The kinds that can be simulated, in alphabetical order."""
    return sorted(_offered())


def simulator_type(kind: str) -> SimulatorType:
    """The simulator of a kind. Raises ConfigError for an unknown one, SimulatorDefect when it cannot be loaded."""
    if kind not in _offered():
        raise unknown(f"Nothing simulates a device of kind {kind!r}", kind, _offered())
    try:
        loaded: SimulatorType = _offered()[kind].load()
    except (ImportError, AttributeError) as error:
        raise SimulatorDefect(
            f"The simulator {kind!r} cannot be loaded: {error}.",
            cause="its package is damaged or needs something that is not installed",
            remedy="install it again; `python3 run.py setup` for those that ship with Liantiao",
        ) from error
    return loaded
