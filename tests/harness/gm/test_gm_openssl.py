"""The openssl command line as an outside witness, in both directions."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.gm import DEFAULT_USER_ID, Ciphertext, PrivateKey, PublicKey, Signature, Signer, sm3, sm4

OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool"),
]
MESSAGE = "结算 12.50 元".encode()
USERS = [DEFAULT_USER_ID, b"ALICE123@YAHOO.COM"]


def openssl(*arguments: str, fed: bytes = b"", status: int = 0) -> bytes:
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *arguments], input=fed, capture_output=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    """A key that OpenSSL made; also as key.pem, public.pem and message in the folder."""
    openssl("genpkey", "-algorithm", "SM2", "-out", str(tmp_path / "key.pem"))
    openssl("pkey", "-in", str(tmp_path / "key.pem"), "-pubout", "-out", str(tmp_path / "public.pem"))
    (tmp_path / "message").write_bytes(MESSAGE)
    stored = openssl("pkcs8", "-topk8", "-nocrypt", "-in", str(tmp_path / "key.pem"), "-outform", "DER")
    key = PrivateKey.from_pkcs8(stored)
    spki = openssl("pkey", "-pubin", "-in", str(tmp_path / "public.pem"), "-pubout", "-outform", "DER")
    assert PublicKey.from_spki(spki) == key.public
    assert key.public.spki == spki
    return key


@pytest.mark.parametrize("user_id", USERS)
def test_openssl_accepts_our_signatures_and_we_accept_its(key: PrivateKey, tmp_path: Path, user_id: bytes) -> None:
    options = ("-rawin", "-digest", "sm3", "-in", str(tmp_path / "message"), "-pkeyopt", f"distid:{user_id.decode()}")
    made = openssl("pkeyutl", "-sign", "-inkey", str(tmp_path / "key.pem"), *options)
    assert key.public.verify(MESSAGE, made, user_id=user_id, form=Signature.DER)
    assert not key.public.verify(MESSAGE + b"!", made, user_id=user_id, form=Signature.DER)
    verify = ("pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "public.pem"), *options, "-sigfile")
    for ours in (
        key.sign(MESSAGE, user_id=user_id, form=Signature.DER),
        Signer(key, user_id=user_id, form=Signature.DER).sign(MESSAGE),
        Signer(key, user_id=user_id, form=Signature.DER, repeatable=True).sign(MESSAGE),
    ):
        (tmp_path / "ours").write_bytes(ours)
        openssl(*verify, str(tmp_path / "ours"))
    (tmp_path / "ours").write_bytes(key.sign(MESSAGE + b"!", user_id=user_id, form=Signature.DER))
    openssl(*verify, str(tmp_path / "ours"), status=1)


def test_openssl_without_an_id_signs_for_the_empty_one(key: PrivateKey, tmp_path: Path) -> None:
    options = ("-rawin", "-digest", "sm3", "-in", str(tmp_path / "message"))
    made = openssl("pkeyutl", "-sign", "-inkey", str(tmp_path / "key.pem"), *options)
    assert not key.public.verify(MESSAGE, made, form=Signature.DER)
    assert key.public.verify(MESSAGE, made, user_id=b"", form=Signature.DER)


@pytest.mark.parametrize("size", [1, 100, 400])
def test_ciphertexts_cross_in_both_directions(key: PrivateKey, tmp_path: Path, size: int) -> None:
    message = b"\xa5" * size
    its = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", str(tmp_path / "public.pem"), fed=message)
    assert key.decrypt(its, form=Ciphertext.DER) == message
    ours = key.public.encrypt(message, form=Ciphertext.DER)
    assert openssl("pkeyutl", "-decrypt", "-inkey", str(tmp_path / "key.pem"), fed=ours) == message


def test_openssl_reads_our_private_key(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    (tmp_path / "key.der").write_bytes(key.pkcs8)
    assert openssl("pkey", "-in", str(tmp_path / "key.der"), "-inform", "DER", "-pubout", "-outform", "DER") == (
        key.public.spki
    )


@pytest.mark.parametrize("size", [0, 15, 16, 1000])
def test_digest_and_cipher_agree(size: int) -> None:
    data, cipher_key, iv = b"\x3c" * size, bytes(range(16)), bytes(range(16, 32))
    assert openssl("dgst", "-sm3", "-binary", fed=data) == sm3(data)
    names = ("-K", cipher_key.hex(), "-iv", iv.hex())
    assert openssl("enc", "-sm4-cbc", *names, fed=data) == sm4.cbc_encrypt(cipher_key, iv, data)
    assert openssl("enc", "-sm4-ctr", *names, fed=data) == sm4.ctr(cipher_key, iv, data)
    assert openssl("enc", "-sm4-cfb", *names, fed=data) == sm4.cfb_encrypt(cipher_key, iv, data)
    assert openssl("enc", "-sm4-ofb", *names, fed=data) == sm4.ofb(cipher_key, iv, data)
    assert openssl("enc", "-sm4-ecb", "-K", cipher_key.hex(), fed=data) == sm4.ecb_encrypt(cipher_key, data)
