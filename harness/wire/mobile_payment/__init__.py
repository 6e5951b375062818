"""The envelope of the mobile-payment centre (医保移动支付中心): canonical string, signature, cipher, keys, variants.

`EnvelopeCodec` builds and opens envelopes; `canonical` is the string that is signed, `keys` the texts of keys,
`order_state` what ordStas means,
`variant` how platforms differ (data in `fixtures/mobile_payment/`), `refusals` why an envelope is refused. Signing and
the cipher are a `Machine`'s, in this process or behind a line. No I/O, no clock.
"""

from harness.wire.mobile_payment.canonical import Canonical, canonical_bytes, canonical_string
from harness.wire.mobile_payment.diagnosis import Suspects
from harness.wire.mobile_payment.envelope import EnvelopeCodec, Opened, encode
from harness.wire.mobile_payment.keys import (
    Application,
    KeyTextError,
    Side,
    read_private_key,
    read_public_key,
    seeded_key,
    sm4_key,
    spell_private_key,
    spell_public_key,
)
from harness.wire.mobile_payment.machine import CheckedMachine, LocalMachine, Machine, MachineDistrusted
from harness.wire.mobile_payment.order_state import STANDINGS, Standing, standing_of
from harness.wire.mobile_payment.refusals import EnvelopeError, Pain, refusals
from harness.wire.mobile_payment.variant import Variant, load_variant, offered_variants

__all__ = [
    "STANDINGS",
    "Application",
    "Canonical",
    "CheckedMachine",
    "EnvelopeCodec",
    "EnvelopeError",
    "KeyTextError",
    "LocalMachine",
    "Machine",
    "MachineDistrusted",
    "Opened",
    "Pain",
    "Side",
    "Standing",
    "Suspects",
    "Variant",
    "canonical_bytes",
    "canonical_string",
    "encode",
    "load_variant",
    "offered_variants",
    "read_private_key",
    "read_public_key",
    "refusals",
    "seeded_key",
    "sm4_key",
    "spell_private_key",
    "spell_public_key",
    "standing_of",
]
