"""Seals that are wrong on purpose: the receiver names just that mistake, and all else of the message is right."""

from dataclasses import replace

import pytest

from harness.clock import BENCH_ORIGIN, NS
from harness.faults.catalogue import Effect
from harness.gm import PrivateKey
from harness.wire.mobile_payment import (
    Application,
    EnvelopeCodec,
    EnvelopeError,
    LocalMachine,
    Pain,
    Suspects,
    Variant,
    encode,
    load_variant,
    sm4_key,
)
from harness.wire.mobile_payment.variant import EncType, SignatureForm, SignType
from simulators.mobile_payment.services import NOTICE, QUERY, OrdStas
from simulators.mobile_payment.spoiling import SpoiltMachine, seal_effects
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE, MobileRig

APPLICATION = Application(app_id="43AF047BBA47FC8A1AE8EFB232BDBBCB", secret="4117E877F5FA0A0188891283E4B617D5")
KEY = sm4_key(APPLICATION)
CENTRE, HOSPITAL = PrivateKey(d=7), PrivateKey(d=11)
NATIONAL = load_variant("national")
NOW_NS = round(BENCH_ORIGIN.timestamp()) * NS
SETTLED = OrdStas.SETTLED.value
DATA = {"payOrdId": "ORD639900202010140830000000001", "ordStas": "6"}


def sealed(effect: Effect, variant: Variant = NATIONAL) -> bytes:
    right = LocalMachine(own=CENTRE, peer=HOSPITAL.public, sm4_key=KEY, repeatable=True)
    machine = SpoiltMachine(effect, own=CENTRE, right=right, sm4_key=KEY)
    return encode(EnvelopeCodec(APPLICATION, machine, variant).seal_reply(0, "成功", DATA, now_ns=NOW_NS))


def opened(message: bytes) -> object:
    machine = LocalMachine(own=HOSPITAL, peer=CENTRE.public, sm4_key=KEY)
    suspects = Suspects(peer=CENTRE.public, own=HOSPITAL.public)
    return EnvelopeCodec(APPLICATION, machine, NATIONAL, suspects=suspects).open_reply(message, now_ns=NOW_NS).data


@pytest.mark.parametrize(
    ("effect", "pain"),
    [
        (Effect.SIGNATURE_BIT, Pain.SIGNATURE_WRONG),
        (Effect.SIGNATURE_DER, Pain.SIGNATURE_DER),
        (Effect.SIGNATURE_SWAPPED, Pain.HALVES_SWAPPED),
        (Effect.SIGNATURE_OTHER_ID, Pain.USER_ID_MISSING),
        (Effect.KEY_ROTATED, Pain.SIGNATURE_WRONG),
        (Effect.WRONG_PADDING, Pain.CIPHER_PADDING),
    ],
)
def test_the_mistake_and_no_other_is_named(effect: Effect, pain: Pain) -> None:
    with pytest.raises(EnvelopeError) as caught:
        opened(sealed(effect))
    assert caught.value.pain is pain
    assert effect in seal_effects(NATIONAL)


def test_equal_runs_leave_equal_bytes() -> None:
    assert all(sealed(effect) == sealed(effect) for effect in seal_effects(NATIONAL))


def test_what_is_not_spoilt_is_right() -> None:
    assert opened(sealed(Effect.LOSE_REPLY)) == DATA


def test_only_what_would_be_wrong_is_offered() -> None:
    assert Effect.SIGNATURE_DER not in seal_effects(replace(NATIONAL, signature=SignatureForm.DER))
    assert seal_effects(replace(NATIONAL, sign_type=SignType.PLAIN)) == {Effect.WRONG_PADDING}
    assert Effect.WRONG_PADDING not in seal_effects(replace(NATIONAL, enc_type=EncType.PLAIN))


@pytest.mark.parametrize("effect", sorted(seal_effects(NATIONAL)))
def test_the_nth_answer_of_the_centre_has_the_wrong_seal_and_its_order_is_as_it_was(
    mobile: MobileRig, effect: Effect
) -> None:
    order = mobile.paid(PEOPLE["P002"])
    mobile.disturb(QUERY, effect, nth=2)
    assert mobile.status(order) == SETTLED
    with pytest.raises(EnvelopeError):
        mobile.status(order)
    assert mobile.status(order) == SETTLED
    assert [event["effect"] for event in mobile.events("fault-fired")] == [effect]


def test_a_notice_has_the_wrong_seal_and_is_sent_again_with_the_right_one(
    mobile: MobileRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    mobile.listen()
    monkeypatch.setattr(mobile.hospital, "reply", b'{"code":1}')
    mobile.disturb(NOTICE, Effect.SIGNATURE_DER)
    mobile.paid(PEOPLE["P002"])
    mobile.wait_for("callback-answered")
    mobile.step(15)
    mobile.wait_for("callback-answered", 2)
    wrong, right = mobile.hospital.notices
    with pytest.raises(EnvelopeError) as caught:
        mobile.codec.open(wrong, now_ns=mobile.clock.now_ns())
    assert caught.value.pain is Pain.SIGNATURE_DER
    assert mobile.codec.open(right, now_ns=mobile.clock.now_ns()).data["callType"] == "02"
