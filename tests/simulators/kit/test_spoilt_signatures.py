"""Wrong signatures: each has its one defect, in either form."""

import pytest

from harness.faults.catalogue import Effect
from harness.gm import PrivateKey, Signature, Signer, signature_from_der, signature_to_der
from simulators.kit.spoilt_signatures import other_key, spoilt_form

KEY = PrivateKey(d=7)
RAW = Signer(KEY, repeatable=True).sign(b"message")


def test_another_key_is_always_the_same_other_one() -> None:
    assert other_key(KEY).d == other_key(KEY).d != KEY.d


@pytest.mark.parametrize("form", [Signature.RAW, Signature.DER])
@pytest.mark.parametrize(
    ("effect", "raw"),
    [
        (Effect.SIGNATURE_BIT, RAW[:-1] + bytes([RAW[-1] ^ 1])),
        (Effect.SIGNATURE_SWAPPED, RAW[32:] + RAW[:32]),
        (Effect.SLOW, RAW),
    ],
    ids=["bit", "swapped", "neither"],
)
def test_the_numbers_are_changed_and_the_form_is_kept(effect: Effect, raw: bytes, form: Signature) -> None:
    found = spoilt_form(effect, RAW, form)
    assert (found if form is Signature.RAW else signature_from_der(found)) == raw
    assert KEY.public.verify(b"message", raw) is (raw == RAW)


@pytest.mark.parametrize("form", [Signature.RAW, Signature.DER])
def test_the_form_itself_is_the_fault(form: Signature) -> None:
    assert spoilt_form(Effect.SIGNATURE_RAW, RAW, form) == RAW
    assert spoilt_form(Effect.SIGNATURE_DER, RAW, form) == signature_to_der(RAW)
    whole = spoilt_form(Effect.SLOW, RAW, form)
    assert spoilt_form(Effect.TRUNCATED_RESULT, RAW, form) == whole[:-1]
