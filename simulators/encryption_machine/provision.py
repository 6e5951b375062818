"""What a new machine holds, the same for the same seed; nothing of it is secret.

    index 1 to 8      one key pair each, for signing and for decrypting: the pair that host commands E2 to E6 mean
    index 11 to 18    a sign pair and an encrypt pair that differ, as GM/T 0018 and signature servers have it
    PIN               73951846 at each of them
    KEK 1 to 4        type 000
    key 1 to 4        type 109 (MDK);  key 11 to 14   type 00A (ZEK)
    certificates      liantiao-ca and liantiao-N for the sign pair of each index N, valid from 2020 to 2049; and for the
                      pair at index 1: expired (until 2019), not-yet-valid (from 2049), revoked, unknown-ca

The private key at an index is 1 + (SM3 of `SEED/key/INDEX/USE`, continued by its own SM3 for 64 bytes, mod n - 2); the
other keys are the first 16 bytes of such a digest.
"""

from datetime import UTC, datetime
from functools import cache

from harness.gm import PrivateKey, sm3
from harness.gm.sm2 import CURVE
from simulators.encryption_machine.certificates import make_certificate, serial_text
from simulators.encryption_machine.keys import Certificate, Space, SymmetricKey, Use
from simulators.encryption_machine.keystore import KeyStore

PIN = b"73951846"
COMMON = range(1, 9)
"""Indexes with one pair for both uses."""
SEPARATE = range(11, 19)
"""Indexes with a pair for each use."""
KEK_TYPE, MDK_TYPE, ZEK_TYPE = "000", "109", "00A"
AUTHORITY = "liantiao-ca"
_START, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
_LONG_AGO, _GONE = datetime(2018, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
_FAR = datetime(2049, 1, 1, tzinfo=UTC)


def populate(store: KeyStore, *, seed: int) -> None:
    """Fill an empty store."""
    pairs = _pairs(seed)
    with store.together():
        for index, found in pairs.items():
            store.put_pairs(index, dict(found), label=f"liantiao-{index}".encode(), pin=PIN)
        for space, numbers, kind in (
            (Space.KEK, range(1, 5), KEK_TYPE),
            (Space.KEY, range(1, 5), MDK_TYPE),
            (Space.KEY, range(11, 15), ZEK_TYPE),
        ):
            for number in numbers:
                value = sm3(f"{seed}/{space}/{number}".encode())[:16]
                store.put_symmetric(space, number, SymmetricKey(type=kind, value=value))
        for certificate in _certificates(seed):
            store.put_certificate(certificate)


def seeded_private_key(name: str) -> PrivateKey:
    """The private key that belongs to a name."""
    first = sm3(name.encode())
    return PrivateKey(d=1 + int.from_bytes(first + sm3(first)) % (CURVE.n - 2))


@cache
def _pairs(seed: int) -> dict[int, dict[Use, PrivateKey]]:
    found: dict[int, dict[Use, PrivateKey]] = {}
    for index in COMMON:
        key = seeded_private_key(f"{seed}/key/{index}/{Use.SIGN}")
        found[index] = {Use.SIGN: key, Use.ENCRYPT: key}
    for index in SEPARATE:
        found[index] = {use: seeded_private_key(f"{seed}/key/{index}/{use}") for use in Use}
    return found


@cache
def _certificates(seed: int) -> list[Certificate]:
    pairs = _pairs(seed)
    root = seeded_private_key(f"{seed}/certificate-authority")
    stranger = seeded_private_key(f"{seed}/another-certificate-authority")
    made: list[Certificate] = []

    def add(
        name: str,
        index: int,
        *,
        start: datetime = _START,
        end: datetime = _END,
        issuer: PrivateKey = root,
        issuer_name: str = AUTHORITY,
        revoked: bool = False,
    ) -> None:
        number = 0x4C540000 + len(made)
        stored = make_certificate(
            pairs[index][Use.SIGN].public,
            name=name,
            serial=number,
            not_before=start,
            not_after=end,
            issuer=issuer,
            issuer_name=issuer_name,
        )
        made.append(Certificate(id=name, serial=serial_text(number), der=stored, revoked=revoked))

    authority = make_certificate(
        root.public,
        name=AUTHORITY,
        serial=0x4C540000,
        not_before=_START,
        not_after=_END,
        issuer=root,
        issuer_name=AUTHORITY,
        authority=True,
    )
    made.append(Certificate(id=AUTHORITY, serial=serial_text(0x4C540000), der=authority, trusted=True))
    for index in (*COMMON, *SEPARATE):
        add(f"liantiao-{index}", index)
    add("expired", 1, start=_LONG_AGO, end=_GONE)
    add("not-yet-valid", 1, start=_FAR)
    add("revoked", 1, revoked=True)
    add("unknown-ca", 1, issuer=stranger, issuer_name="somebody-else")
    return made
