"""The back doors of a bench's virtual devices, opened for a run."""

from contextlib import ExitStack

from harness.bench.bench import Bench
from harness.devices.back_door import BackDoorClient


def open_back_doors(bench: Bench, drivers: ExitStack) -> dict[str, BackDoorClient]:
    """The back doors of the bench's virtual devices, by kind; `drivers` closes them."""
    found = {}
    for device in bench.devices.values():
        if "control" in device.endpoints.also:
            client = BackDoorClient(device.endpoints.also["control"], party=device.spec.name)
            found[device.spec.kind] = drivers.enter_context(client)
    return found
