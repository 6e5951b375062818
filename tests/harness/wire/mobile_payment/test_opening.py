"""Looking into envelopes: what they hold and what is wrong with their seal, with the secret and without."""

import pytest

from harness.gm import PrivateKey
from harness.wire.mobile_payment import (
    Application,
    EnvelopeCodec,
    LocalMachine,
    Side,
    encode,
    load_variant,
    seeded_key,
    sm4_key,
)
from harness.wire.mobile_payment.opening import Opener, signed_by

NOW = 1_602_635_400_000_000_000
APPLICATION = Application(app_id="43AF047BBA47FC8A1AE8EFB232BDBBCB", secret="4117E877F5FA0A0188891283E4B617D5")
VARIANT = load_variant("national")
CENTRE = seeded_key(1, Side.CENTRE)
OPENER = Opener(APPLICATION, CENTRE.public, VARIANT)


def codec(key: PrivateKey = CENTRE) -> EnvelopeCodec:
    machine = LocalMachine(own=key, peer=key.public, sm4_key=sm4_key(APPLICATION), repeatable=True)
    return EnvelopeCodec(APPLICATION, machine, VARIANT)


DATA = {"payOrdId": "ORD1", "name": "测试𠮷"}
GOOD = codec().seal_reply(0, "成功", DATA, now_ns=NOW)
REFUSED = codec().seal_reply(982011, "未找到订单", now_ns=NOW)
NOTICE = codec().seal(DATA, now_ns=NOW)
OTHER_KEY = codec(seeded_key(2, Side.CENTRE)).seal_reply(0, "成功", DATA, now_ns=NOW)


@pytest.mark.parametrize(
    ("envelope", "pain"),
    [
        (GOOD, ""),
        (NOTICE, ""),
        (REFUSED, ""),
        (OTHER_KEY, "signature-wrong"),
        ({**GOOD, "signData": "AAAA"}, "signature-length"),
        ({**GOOD, "timestamp": "1602549000000"}, "timestamp-away"),
        ({**GOOD, "version": "9"}, "version"),
    ],
    ids=["reply", "notice", "refusal", "other-key", "short", "yesterday", "version"],
)
def test_a_seal_is_found_good_or_why_not_with_the_secret_and_without(envelope: dict[str, object], pain: str) -> None:
    body = encode(envelope)
    look = OPENER.look(body, now_ns=NOW)
    assert look.pain == pain
    assert look.data == ({} if envelope is REFUSED else DATA)
    without = signed_by(CENTRE.public, body, VARIANT, data=look.data, digest=look.digest, now_ns=NOW)
    assert without.pain == pain
    assert without.data == look.data


def test_without_the_secret_another_digest_is_found_out() -> None:
    digest = OPENER.look(encode(NOTICE), now_ns=NOW).digest
    assert signed_by(CENTRE.public, encode(GOOD), VARIANT, data=DATA, digest=digest, now_ns=NOW).pain
    assert signed_by(CENTRE.public, encode(GOOD), VARIANT, data=DATA, digest="", now_ns=NOW).pain


def test_an_unsigned_refusal_is_as_agreed_and_an_unsigned_answer_is_not() -> None:
    bare = {name: value for name, value in REFUSED.items() if name != "signData"}
    assert signed_by(CENTRE.public, encode(bare), VARIANT, data={}, digest="", now_ns=NOW).pain == ""
    unsigned = {name: value for name, value in GOOD.items() if name != "signData"}
    assert signed_by(CENTRE.public, encode(unsigned), VARIANT, data={}, digest="", now_ns=NOW).pain
    assert OPENER.look(encode(unsigned), now_ns=NOW).pain == "signature-missing"


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":1'])
def test_what_is_no_envelope(body: bytes) -> None:
    assert OPENER.look(body, now_ns=NOW).pain == "no-envelope"
    assert signed_by(CENTRE.public, body, VARIANT, data={}, digest="", now_ns=NOW).pain == "no-envelope"


def test_our_own_messages_are_only_opened() -> None:
    assert OPENER.look(encode(OTHER_KEY), ours=True).data == DATA
    assert OPENER.look(encode({**GOOD, "encData": "00"}), ours=True).data == {}
