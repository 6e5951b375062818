"""The bank's security front (安全前置): turns plain messages into envelopes and back, through an encryption machine."""

from dataclasses import dataclass

from harness.bench.plugin import SimulatorContext
from simulators.security_front.app import SecurityFront
from simulators.security_front.settings import SecurityFrontSettings

__all__ = ["SIMULATOR"]


@dataclass(frozen=True)
class _SecurityFrontType:
    kind: str = "security-front"
    settings: type[SecurityFrontSettings] = SecurityFrontSettings
    needs: tuple[str, ...] = ("encryption-machine",)
    speaks_http: bool = True

    def create(self, context: SimulatorContext, settings: SecurityFrontSettings) -> SecurityFront:
        """A front that is not started yet."""
        return SecurityFront(context, settings)


SIMULATOR = _SecurityFrontType()
