"""The virtual encryption machine (加密机, 签名验签服务器): one key store behind host commands, HTTP and DER doors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bench.plugin import Simulator, SimulatorContext
from simulators.encryption_machine.mutants import MUTANTS
from simulators.encryption_machine.settings import EncryptionMachineSettings
from simulators.encryption_machine.simulator import VirtualEncryptionMachine


@dataclass(frozen=True)
class EncryptionMachineType:
    """The kind `encryption-machine`, as the bench finds it by entry point."""

    kind: str = "encryption-machine"
    settings: type[EncryptionMachineSettings] = EncryptionMachineSettings
    needs: tuple[str, ...] = ()
    speaks_http: bool = True
    mutants: Mapping[str, str] = field(default_factory=lambda: MUTANTS)

    def create(self, context: SimulatorContext, settings: EncryptionMachineSettings) -> Simulator:
        """A machine that is not started yet. Raises ConfigError for its profiles, BenchError for its file."""
        return VirtualEncryptionMachine(context, settings)


SIMULATOR = EncryptionMachineType()
