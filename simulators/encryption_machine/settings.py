"""What can be set about a virtual encryption machine, in the bench file and on the command line."""

from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ConfigError

MOST_PORT, MOST_WORKERS = 65535, 64


class Nonces(StrEnum):
    """Where the nonces of signatures and ciphertexts come from."""

    AUTO = "auto"
    """Repeatable on a bench clock, random on the machine's."""
    RANDOM = "random"
    REPEATABLE = "repeatable"
    """From key, message and seed, so that equal runs leave equal tapes; eight times slower."""


@dataclass(frozen=True, kw_only=True)
class EncryptionMachineSettings:
    """The doors, the key store and the capacity of the machine."""

    profile: str = "tass-sjj1310"
    """The dialect of host commands, by the name of a profile of machines."""
    svs_profile: str = "fisherman-json,bank-demo"
    """The dialects of the signature server over HTTP, parted by commas; the first that takes a request answers it."""
    der_profile: str = "der-go"
    """The dialect of the signature server over TCP (DER)."""
    host_port: int = 0
    """Port for host commands; 0 for that of --port, or any free one."""
    svs_port: int = 0
    """Port of the signature server over HTTP; 0 for any free one."""
    der_port: int = 0
    """Port of the signature server over TCP (DER); 0 for any free one."""
    keys: str | None = None
    """File of the key store, made and filled when it does not exist; without it keys are kept in memory."""
    workers: int = 1
    """Processes that serve; several share one key store and take turns in taking connections."""
    nonces: Nonces = Nonces.AUTO
    """Where the nonces of signatures and ciphertexts come from: auto, random or repeatable."""
    connections: int = 64
    """The most TCP connections at a time; a further one is hung up at once."""
    sessions: int = 64
    """The most sessions at a time; each connection opens one with its first request, a further one hears `busy`."""
    idle_s: int = 3600
    """Seconds on the bench's clock after which a silent TCP connection is closed; 0 for never."""
    first_index: int = 0
    """The lowest key index."""
    last_index: int = 9998
    """The highest key index."""

    mutant: str = ""
    """A known defect that the machine is to have, to see whether it is noticed; empty for none."""

    def __post_init__(self) -> None:
        for name in ("host_port", "svs_port", "der_port"):
            _demand(name, getattr(self, name), 0, MOST_PORT)
        _demand("workers", self.workers, 1, MOST_WORKERS)
        _demand("connections", self.connections, 1, 10_000)
        _demand("sessions", self.sessions, 1, 10_000)
        _demand("idle_s", self.idle_s, 0, 10_000_000)
        _demand("first_index", self.first_index, 0, 9998)
        _demand("last_index", self.last_index, self.first_index, 9998)


def _demand(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(
            f"The encryption machine's {name} cannot be {value}.",
            cause="a slip in the bench file or in an option of `simulate encryption-machine`",
            remedy=f"{name} is {least} to {most}",
        )
