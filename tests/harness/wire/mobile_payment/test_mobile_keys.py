"""Key texts, and the derived SM4 key."""

import base64
import shutil
import subprocess

import pytest

from harness.errors import ConfigError
from harness.gm import PrivateKey, sm4
from harness.wire.mobile_payment.keys import (
    Application,
    KeyForm,
    KeyText,
    KeyTextError,
    read_private_key,
    read_public_key,
    sm4_key,
    spell_private_key,
    spell_public_key,
)

HIGH = PrivateKey(d=int("d0" * 32, 16))
LOW = PrivateKey(d=int("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8", 16))
SHORT = PrivateKey(d=int("70" * 31, 16))
APPLICATION = Application(app_id="LIANTIAOTESTAPP00000000000000001", secret="LIANTIAOTESTSECRET00000000000001")
OPENSSL = shutil.which("openssl")


@pytest.mark.parametrize(("key", "size"), [(HIGH, 33), (LOW, 32), (SHORT, 31)])
def test_private_keys_as_bytes_and_as_java_writes_them(key: PrivateKey, size: int) -> None:
    java = spell_private_key(key, KeyForm.BASE64_JAVA)
    assert len(base64.b64decode(java)) == size
    assert read_private_key(java) == key
    plain = spell_private_key(key)
    assert len(base64.b64decode(plain)) == 32
    assert read_private_key(plain) == key
    assert read_private_key(f" {java[:10]}\n{java[10:]} ") == key
    with pytest.raises(ValueError, match="not spelled"):
        spell_private_key(key, KeyForm.HEX)


def test_public_keys_are_their_point() -> None:
    text = spell_public_key(LOW.public)
    assert len(text) == 88
    assert base64.b64decode(text) == LOW.public.point
    assert read_public_key(text) == LOW.public


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (LOW.d.to_bytes(32).hex(), KeyForm.HEX),
        (HIGH.d.to_bytes(33).hex().upper(), KeyForm.HEX),
        (b64(LOW.pkcs8), KeyForm.PKCS8),
        (b64(LOW.public.point), KeyForm.PUBLIC_AS_PRIVATE),
        (b64(LOW.public.spki), KeyForm.SPKI),
        (b64(b"\x01" + bytes(32)), KeyForm.UNKNOWN),
        (b64(b"\x01" * 29), KeyForm.UNKNOWN),
        (b64(b"\0" * 31), KeyForm.UNKNOWN),
        (b64(bytes(32)), KeyForm.OUT_OF_RANGE),
        (b64(b"\xff" * 32), KeyForm.OUT_OF_RANGE),
        ("", KeyForm.UNKNOWN),
        ("!!", KeyForm.UNKNOWN),
    ],
)
def test_other_texts_are_no_private_key(text: str, form: KeyForm) -> None:
    with pytest.raises(KeyTextError) as caught:
        read_private_key(text)
    assert caught.value.form is form
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (LOW.public.point.hex(), KeyForm.HEX),
        (LOW.public.point[1:].hex(), KeyForm.HEX),
        (b64(LOW.public.spki), KeyForm.SPKI),
        (b64(LOW.public.point[1:]), KeyForm.WITHOUT_04),
        (b64(b"\x02" + LOW.public.point[1:33]), KeyForm.COMPRESSED),
        (b64(LOW.d.to_bytes(32)), KeyForm.PRIVATE_AS_PUBLIC),
        (b64(HIGH.d.to_bytes(33)), KeyForm.PRIVATE_AS_PUBLIC),
        (b64(b"\x04" + bytes(64)), KeyForm.OUT_OF_RANGE),
        (b64(b"\x06" + LOW.public.point[1:]), KeyForm.UNKNOWN),
    ],
)
def test_other_texts_are_no_public_key(text: str, form: KeyForm) -> None:
    with pytest.raises(KeyTextError) as caught:
        read_public_key(text)
    assert caught.value.form is form


def test_the_sm4_key_is_the_text_of_the_hex() -> None:
    sealed = sm4.ecb_encrypt(b"LIANTIAOTESTAPP0", b"LIANTIAOTESTSECRET00000000000001")
    assert sm4_key(APPLICATION) == sealed.hex().upper()[:16].encode()
    assert sm4_key(APPLICATION, KeyText.LOWER_TEXT) == sealed.hex()[:16].encode()
    assert sm4_key(APPLICATION, KeyText.DECODED) == sealed[:16]
    assert len(sealed) == 48, "a secret of two whole blocks gets a block of padding"


@pytest.mark.external
@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool")
def test_openssl_derives_the_same_key() -> None:
    assert OPENSSL is not None
    key = APPLICATION.app_id[:16].encode().hex()
    command = [OPENSSL, "enc", "-sm4-ecb", "-K", key]
    done = subprocess.run(command, input=APPLICATION.secret.encode(), capture_output=True, check=True, timeout=60)
    assert sm4_key(APPLICATION) == done.stdout.hex().upper()[:16].encode()


def test_an_application_hides_its_secret_and_needs_both() -> None:
    assert APPLICATION.secret not in repr(APPLICATION)
    for app_id, secret in (("short", "s"), ("A" * 32, "")):
        with pytest.raises(ConfigError):
            Application(app_id=app_id, secret=secret)
