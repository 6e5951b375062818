"""Keys and certificates as the machine works with them, loaded from its store."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from harness.gm import DEFAULT_USER_ID, PrivateKey, PublicKey, Signer

SIGNERS_KEPT = 32
"""User ids whose ZA is remembered for a key."""


class Use(StrEnum):
    """What a key pair is for."""

    SIGN = "sign"
    ENCRYPT = "encrypt"


class Space(StrEnum):
    """The index spaces of symmetric keys."""

    KEK = "kek"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A loaded key pair; its signers remember ZA of the user ids that were used."""

    private: PrivateKey = field(repr=False)
    repeatable: bool = False
    _signers: dict[bytes, Signer] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def public(self) -> PublicKey:
        """The public key."""
        return self.private.public

    def signer(self, user_id: bytes = DEFAULT_USER_ID) -> Signer:
        """Signs r‖s as this user. Raises GmError for a user id that is too long."""
        signer = self._signers.get(user_id)
        if signer is None:
            if len(self._signers) >= SIGNERS_KEPT:
                self._signers.clear()
            signer = Signer(self.private, user_id=user_id, repeatable=self.repeatable)
            self._signers[user_id] = signer
        return signer


@dataclass(frozen=True, kw_only=True)
class SymmetricKey:
    """A loaded symmetric key; `type` is three hex digits."""

    type: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate in the store. `trusted`: it may vouch for others; `serial` in upper-case hex."""

    id: str
    serial: str
    der: bytes
    trusted: bool = False
    revoked: bool = False
