"""Machines with one known defect each, as the field has them: proof that a plan's rules detect it.

A mutant differs from the machine in one operation (`machine_for`), in how its host door speaks (`dialect_for`), or in
its signature server (`service_for`).
"""

from collections.abc import Mapping

from harness.errors import ConfigError
from simulators.encryption_machine import mutant_dialects as dialects
from simulators.encryption_machine import mutant_machines as machines
from simulators.encryption_machine import mutant_services as services
from simulators.encryption_machine.machine import Machine
from simulators.encryption_machine.refusing import ObedientDialect
from simulators.encryption_machine.svs_service import SvsService

_MACHINES: Mapping[str, type[Machine]] = {
    "verifies-anything": machines.VerifiesAnything,
    "verifies-for-default-user": machines.VerifiesWithoutUser,
    "takes-long-signatures": machines.TakesLongSignatures,
    "signs-without-za": machines.SignsWithoutZa,
    "signs-for-default-user": machines.SignsForDefaultUser,
    "drops-leading-zeros": machines.DropsZeros,
    "one-nonce": machines.OneNonce,
    "ignores-c3": machines.IgnoresC3,
    "old-order": machines.OldOrder,
    "ignores-iv": machines.IgnoresIv,
    "always-pads": machines.AlwaysPads,
    "same-random": machines.SameRandom,
    "nearest-key": machines.NearestKey,
    "forgets-pairs": machines.ForgetsPairs,
    "clear-keys": machines.ClearKeys,
    "takes-any-pin": machines.TakesAnyPin,
    "never-locks": machines.NeverLocks,
    "takes-any-point": machines.TakesAnyPoint,
    "one-factor": machines.OneFactor,
    "pads-shortly": machines.PadsShortly,
    "takes-any-pair": machines.TakesAnyPair,
}
_DIALECTS: Mapping[str, type[ObedientDialect]] = {
    "talkative-refusals": dialects.TalkativeDialect,
    "same-reply-code": dialects.SameCodeDialect,
    "silent-when-unknown": dialects.SilentDialect,
    "lenient-input": dialects.LenientDialect,
    "own-error-code": dialects.OwnCodeDialect,
    "clear-exports": dialects.ClearExportsDialect,
    "chained-batches": dialects.ChainedBatchesDialect,
}
_SERVICES: Mapping[str, type[SvsService]] = {
    "ignores-revocation": services.IgnoresRevocation,
    "ignores-issuer": services.IgnoresIssuer,
    "ignores-time": services.IgnoresTime,
    "last-part-only": services.LastPartOnly,
    "takes-any-method": services.TakesAnyMethod,
}
MUTANTS: Mapping[str, str] = {
    name: (kind.__doc__ or "").strip().splitlines()[0]
    for name, kind in (*_MACHINES.items(), *_DIALECTS.items(), *_SERVICES.items())
}
"""Every mutant with what is wrong with it."""


def machine_for(mutant: str) -> type[Machine]:
    """The machine to build. Raises ConfigError for a mutant that does not exist."""
    if mutant and mutant not in MUTANTS:
        raise ConfigError(
            f"There is no mutant {mutant!r} of the encryption machine.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(MUTANTS)}",
        )
    return _MACHINES.get(mutant, Machine)


def dialect_for(mutant: str) -> type[ObedientDialect]:
    """How its host door speaks."""
    return _DIALECTS.get(mutant, ObedientDialect)


def service_for(mutant: str) -> type[SvsService]:
    """Its signature server."""
    return _SERVICES.get(mutant, SvsService)
