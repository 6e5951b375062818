"""The insurance terminal (医保综合服务终端): ID-card reader, face camera, social-card reader, keypad and screen."""

from harness.bench.plugin import SimulatorContext
from simulators.terminal.settings import TerminalSettings
from simulators.terminal.simulator import Terminal

__all__ = ["SIMULATOR", "Terminal", "TerminalSettings", "TerminalType"]


class TerminalType:
    """How a bench makes terminals."""

    kind = "terminal"
    settings = TerminalSettings
    needs = ("voucher-centre",)
    speaks_http = True

    def create(self, context: SimulatorContext, settings: TerminalSettings) -> Terminal:
        """A terminal that is not started yet."""
        return Terminal(context, settings)


SIMULATOR = TerminalType()
