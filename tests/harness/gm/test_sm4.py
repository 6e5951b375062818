"""SM4: round trips of every mode, what is refused, and failures that give nothing away."""

from collections.abc import Callable

import gmssl_pyx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gm import DecryptionFailed, GmError, sm4

KEY = bytes(range(16))
IV = bytes(range(16, 32))
NONCE = IV[:12]
SEALED = {"gcm": (sm4.gcm_encrypt, sm4.gcm_decrypt), "ccm": (sm4.ccm_encrypt, sm4.ccm_decrypt)}


@given(st.binary(max_size=100))
def test_every_mode_comes_back(data: bytes) -> None:
    assert sm4.ecb_decrypt(KEY, sm4.ecb_encrypt(KEY, data)) == data
    assert sm4.cbc_decrypt(KEY, IV, sm4.cbc_encrypt(KEY, IV, data)) == data
    assert sm4.cfb_decrypt(KEY, IV, sm4.cfb_encrypt(KEY, IV, data)) == data
    assert sm4.ctr(KEY, IV, sm4.ctr(KEY, IV, data)) == data
    assert sm4.ofb(KEY, IV, sm4.ofb(KEY, IV, data)) == data
    for encrypt, decrypt in SEALED.values():
        for aad in (b"", b"head"):
            sealed, tag = encrypt(KEY, NONCE, data, aad=aad)
            assert decrypt(KEY, NONCE, sealed, tag, aad=aad) == data


@given(st.binary(min_size=1, max_size=100))
def test_another_library_agrees(data: bytes) -> None:
    assert gmssl_pyx.sm4_cbc_padding_encrypt(KEY, IV, data) == sm4.cbc_encrypt(KEY, IV, data)
    assert gmssl_pyx.sm4_ctr_encrypt(KEY, IV, data) == sm4.ctr(KEY, IV, data)
    assert gmssl_pyx.sm4_gcm_encrypt(KEY, NONCE, b"head", data) == sm4.gcm_encrypt(KEY, NONCE, data, aad=b"head")


@pytest.mark.parametrize("mode", SEALED)
def test_a_sealed_message_opens_only_whole(mode: str) -> None:
    encrypt, decrypt = SEALED[mode]
    sealed, tag = encrypt(KEY, NONCE, b"some plaintext", aad=b"head")

    def changed(data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])

    attempts: list[Callable[[], bytes]] = [
        lambda: decrypt(KEY, NONCE, changed(sealed), tag, aad=b"head"),
        lambda: decrypt(KEY, NONCE, sealed, changed(tag), aad=b"head"),
        lambda: decrypt(KEY, NONCE, sealed, tag, aad=b"hand"),
        lambda: decrypt(KEY, changed(NONCE), sealed, tag, aad=b"head"),
        lambda: decrypt(changed(KEY), NONCE, sealed, tag, aad=b"head"),
        lambda: decrypt(KEY, NONCE, sealed + b"\0", tag, aad=b"head"),
    ]
    for attempt in attempts:
        with pytest.raises(DecryptionFailed) as failed:
            attempt()
        assert "some plaintext" not in str(failed.value)


def test_a_wrong_padding_and_a_wrong_length_say_the_same() -> None:
    wrong = [sm4.ecb_encrypt(KEY, bytes(15) + bytes([last]), padding=sm4.Padding.NONE) for last in (0, 2, 17, 255)]
    said = set()
    for data in [*wrong, bytes(15), bytes(17), b""]:
        with pytest.raises(DecryptionFailed) as of_ecb:
            sm4.ecb_decrypt(KEY, data)
        with pytest.raises(DecryptionFailed) as of_cbc:
            sm4.cbc_decrypt(KEY, bytes(16), data)
        said |= {str(of_ecb.value), str(of_cbc.value)}
    assert len(said) == 1


def test_sizes_are_checked() -> None:
    attempts: list[Callable[[], object]] = [
        lambda: sm4.ecb_encrypt(KEY[:15], b""),
        lambda: sm4.ecb_encrypt(KEY * 2, b""),
        lambda: sm4.cbc_encrypt(KEY, NONCE, b""),
        lambda: sm4.cbc_decrypt(KEY, NONCE, b""),
        lambda: sm4.ctr(KEY, NONCE, b""),
        lambda: sm4.ofb(KEY, NONCE, b""),
        lambda: sm4.cfb_encrypt(KEY, NONCE, b""),
        lambda: sm4.ecb_encrypt(KEY, b"x", padding=sm4.Padding.NONE),
        lambda: sm4.cbc_encrypt(KEY, IV, b"x", padding=sm4.Padding.NONE),
        lambda: sm4.gcm_encrypt(KEY, b"", b"x"),
        lambda: sm4.gcm_decrypt(KEY, NONCE, b"x", bytes(11)),
        lambda: sm4.gcm_decrypt(KEY, NONCE, b"x", bytes(17)),
        lambda: sm4.gcm_decrypt(KEY, NONCE, b"x", b""),
        lambda: sm4.ccm_encrypt(KEY, bytes(6), b"x"),
        lambda: sm4.ccm_encrypt(KEY, bytes(14), b"x"),
        lambda: sm4.ccm_encrypt(KEY, bytes(13), bytes(65536)),
        lambda: sm4.ccm_encrypt(KEY, NONCE, b"x", aad=bytes(65280)),
    ]
    for attempt in attempts:
        with pytest.raises(GmError):
            attempt()


@pytest.mark.parametrize("tag", [b"", bytes(4), bytes(15), bytes(17)])
def test_a_short_tag_opens_nothing(tag: bytes) -> None:
    sealed, whole = sm4.ccm_encrypt(KEY, NONCE, b"x")
    with pytest.raises(DecryptionFailed):
        sm4.ccm_decrypt(KEY, NONCE, sealed, whole[: len(tag)] if len(tag) < 16 else whole + b"\0")
