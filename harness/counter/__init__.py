"""Ports to a HIS adapter under test; `create_port` makes one of a kind that the bench file names."""

from harness.counter.kinds import PortContext, PortKinds
from harness.counter.port import CounterPort
from harness.counter.process import ProcessPort

PORTS = PortKinds()
"""The kinds of ports that ship with Liantiao; a new one is registered here."""
PORTS.register("process", ProcessPort)


def create_port(kind: str, context: PortContext) -> CounterPort:
    """A counter port, not started yet. Raises ConfigError for a kind that does not exist."""
    return PORTS.create(kind, context)
