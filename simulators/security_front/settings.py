"""What can be set at a security front."""

from dataclasses import dataclass
from enum import StrEnum

from harness.line.address import Scheme, parse_address
from harness.wire.mobile_payment import offered_variants

LOCAL, BENCH = "local", "bench"


class Side(StrEnum):
    """Whose key pair is the own one."""

    INSTITUTION = "institution"
    CENTRE = "centre"


@dataclass(frozen=True, kw_only=True)
class SecurityFrontSettings:
    """The keys of a `[device.…]` of kind security-front."""

    machine: str = LOCAL
    """local: this process computes; bench: the bench's encryption machine; or an address, tcp:… or visa:…"""
    machine_profile: str = "tass-sjj1310"
    """The encryption machine's dialect."""
    sign_index: int = 1
    """Index of the own sign key in the machine."""
    cipher_key: str = "test-lmk"
    """The SM4 key in the machine: K and its index (K0001), a scheme letter and the key under the LMK as hex (R1F…), or
    test-lmk: the derived key under a virtual machine's published LMK."""
    cipher_key_type: str = "00A"
    """The machine's type code of that key, three hex digits."""
    connections: int = 2
    """How many connections to the machine are kept."""
    timeout_ms: int = 2000
    """Milliseconds that the machine may take for an answer."""
    variant: str = "national"
    """The platform's form of the envelope."""
    side: Side = Side.INSTITUTION
    """Whose key pair is the own one where keys come from the seed: two fronts of both sides understand each other."""
    app_id: str = "43AF047BBA47FC8A1AE8EFB232BDBBCB"
    """The application's id (appId); a made-up one unless you say otherwise."""
    secret: str = "4117E877F5FA0A0188891283E4B617D5"  # noqa: S105 - made up, for the bench
    """The application's secret (appSecret); made up as well."""
    own_key: str = ""
    """The own public key that is registered, Base64 of 65 bytes; empty: the seed's, or the machine's at first use."""
    peer_key: str = ""
    """The other side's public key, Base64 of 65 bytes; empty: the seed's."""

    def __post_init__(self) -> None:
        if self.machine not in {LOCAL, BENCH} and parse_address(self.machine).scheme not in {Scheme.TCP, Scheme.VISA}:
            raise ValueError("machine is local, bench, or an address tcp:… or visa:…")
        if self.variant not in offered_variants():
            raise ValueError(f"variant is one of {', '.join(offered_variants())}")
        for name in ("connections", "timeout_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 <= self.sign_index < 9999:
            raise ValueError("sign_index is 0 to 9998")
