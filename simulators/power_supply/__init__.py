"""The virtual programmable power supply: speaks SCPI over TCP, and can feed a virtual scanner box."""

from dataclasses import dataclass

from harness.bench.plugin import Simulator, SimulatorContext
from simulators.power_supply.settings import PowerSupplySettings
from simulators.power_supply.simulator import VirtualPowerSupply


@dataclass(frozen=True)
class PowerSupplyType:
    """The kind `power-supply`, as the bench finds it by entry point."""

    kind: str = "power-supply"
    settings: type[PowerSupplySettings] = PowerSupplySettings
    needs: tuple[str, ...] = ()

    def create(self, context: SimulatorContext, settings: PowerSupplySettings) -> Simulator:
        """A supply that is not started yet. Raises ConfigError for settings that cannot be."""
        return VirtualPowerSupply(context, settings)


SIMULATOR = PowerSupplyType()
