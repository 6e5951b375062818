"""The front's keys and its machine: from the settings, the seed, and the encryption machine."""

import re
from dataclasses import dataclass

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.payment_machine import CipherKey, PaymentMachine
from harness.devices.virtual_lmk import under_test_lmk
from harness.errors import ConfigError
from harness.gm import PrivateKey, PublicKey
from harness.line.address import parse_address
from harness.wire.encryption_machine.host_messages import KeyIndex, WrappedKey
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.mobile_payment import (
    Application,
    CheckedMachine,
    LocalMachine,
    Machine,
    Suspects,
    read_public_key,
    sm4_key,
)
from harness.wire.mobile_payment import seeded_key as bench_key
from simulators.security_front.settings import SecurityFrontSettings, Side

_INDEX = re.compile(r"K(?P<index>\d{4})\Z")
_WRAPPED = re.compile(r"(?P<scheme>[RPLUX])(?P<hex>[0-9A-Fa-f]{32})\Z")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What the front signs, verifies and encrypts with."""

    application: Application
    machine: Machine
    suspects: Suspects


def seeded_key(seed: int, side: Side) -> PrivateKey:
    """The key pair of a side, the same for the same seed."""
    return bench_key(seed, side)


def make_keys(settings: SecurityFrontSettings, *, seed: int, driver: EncryptionMachine | None) -> Keys:
    """The keys of a front; asks the encryption machine for its public key unless that is set.

    Raises ConfigError for a key that is none, and what the driver raises.
    """
    application = Application(app_id=settings.app_id, secret=settings.secret)
    key = sm4_key(application)
    other = Side.CENTRE if settings.side is Side.INSTITUTION else Side.INSTITUTION
    peer = read_public_key(settings.peer_key) if settings.peer_key else seeded_key(seed, other).public
    machine: Machine
    if driver is None:
        private = seeded_key(seed, settings.side)
        machine = LocalMachine(own=private, peer=peer, sm4_key=key, repeatable=True)
        own = private.public
    else:
        cipher = CipherKey(key=_reference(settings, key), type=settings.cipher_key_type)
        machine = PaymentMachine(driver, sign_index=settings.sign_index, peer=peer, cipher=cipher)
        own = _registered(settings) or driver.public_key(settings.sign_index)
    registered = _registered(settings) or own
    checked = CheckedMachine(machine, own=registered, peer=peer, sm4_key=key)
    return Keys(application=application, machine=checked, suspects=Suspects(peer=peer, own=registered))


def make_driver(settings: SecurityFrontSettings, address: str) -> EncryptionMachine:
    """The driver of the machine at an address; connects at the first request."""
    return EncryptionMachine(
        parse_address(address),
        load_host_profile(settings.machine_profile),
        connections=settings.connections,
        timeout_s=settings.timeout_ms / 1000,
    )


def _registered(settings: SecurityFrontSettings) -> PublicKey | None:
    return read_public_key(settings.own_key) if settings.own_key else None


def _reference(settings: SecurityFrontSettings, key: bytes) -> KeyIndex | WrappedKey:
    text = settings.cipher_key
    if text == "test-lmk":
        return under_test_lmk(key, settings.cipher_key_type)
    if match := _INDEX.match(text):
        return KeyIndex(index=int(match["index"]))
    if match := _WRAPPED.match(text):
        return WrappedKey(scheme=match["scheme"], wrapped=bytes.fromhex(match["hex"]))
    raise ConfigError(
        "cipher_key of the security front names no key.",
        cause="a slip of the pen, or a key in another form",
        remedy="write K and four digits, a scheme letter (R P L U X) and 32 hex digits, or test-lmk",
    )
