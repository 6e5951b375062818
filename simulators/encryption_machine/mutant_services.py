"""Machines with one known defect each in their signature server: certificates, parts, random numbers."""

from harness.faults.catalogue import Effect
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.svs import VerifyLevel
from simulators.encryption_machine import chaining
from simulators.encryption_machine.certificates import ReadCertificate
from simulators.encryption_machine.svs_service import SvsService


class IgnoresRevocation(SvsService):
    """Takes a revoked certificate for a good one."""

    def _revoked(self, certificate: ReadCertificate) -> bool:
        del certificate
        return False


class IgnoresIssuer(SvsService):
    """Looks at a certificate's time alone, whatever level is asked for."""

    def _signer(self, stored: bytes | None, serial: str | None, level: int) -> ReadCertificate:
        del level
        return super()._signer(stored, serial, VerifyLevel.TIME)


class IgnoresTime(SvsService):
    """Takes a certificate whose time is over, or has not come."""

    def _demand_time(self, certificate: ReadCertificate) -> None:
        """Never mind."""


class LastPartOnly(SvsService):
    """Begins the digest anew with each part, so that only the last one is signed."""

    def _more(self, state: bytes, data: bytes) -> bytes:
        return super()._more(chaining.start() if data else state, data)


class TakesAnyMethod(SvsService):
    """Signs by SM3 with SM2, whatever method is asked for."""

    def serve(self, request: svs.SvsRequest, effect: Effect | None) -> svs.SvsReply:
        """By the one it knows."""
        if isinstance(request, svs.SignData):
            request = svs.SignData(
                key_index=request.key_index, pin=request.pin, data=request.data, user_id=request.user_id
            )
        return super().serve(request, effect)
