"""The machine's quick signer against the library's verification."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gm import PrivateKey
from harness.gm.sm2 import CURVE
from simulators.encryption_machine.signing import QuickSigner


@settings(max_examples=40, deadline=None)
@given(st.integers(1, CURVE.n - 2), st.binary(max_size=100), st.binary(max_size=40))
def test_what_it_signs_verifies_and_nothing_else_does(d: int, message: bytes, user_id: bytes) -> None:
    key = PrivateKey(d=d)
    raw = QuickSigner(key, user_id=user_id).sign(message)
    assert key.public.verify(message, raw, user_id=user_id)
    assert not key.public.verify(message + b"x", raw, user_id=user_id)


def test_the_ends_of_the_range_sign_too() -> None:
    for d in (1, 2, CURVE.n - 2):
        key = PrivateKey(d=d)
        assert key.public.verify(b"m", QuickSigner(key, user_id=b"").sign(b"m"), user_id=b"")


def test_no_nonce_serves_twice() -> None:
    signer = QuickSigner(PrivateKey(d=12345), user_id=b"x")
    assert len({signer.sign(b"m")[:32] for _ in range(200)}) == 200
