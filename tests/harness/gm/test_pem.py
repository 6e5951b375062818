"""SM2 keys in PEM files: our own, OpenSSL's, and everything that is no such key and is told so."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from harness.gm import InvalidKey, PrivateKey, pem
from harness.gm.pem import (
    PassphraseNeeded,
    WrongPassphrase,
    fingerprint,
    private_key_from_pem,
    private_key_to_pem,
    public_key_from_pem,
    public_key_to_pem,
)

KEY = PrivateKey(d=0x5A5A_1234_5678_9ABC_DEF0_1357_9BDF_2468_ACE0_FEDC_BA98_7654_3210_0F1E_2D3C_4B5A)
PHRASE = "口令 with blanks".encode()
PLAIN, SHOWN = private_key_to_pem(KEY), public_key_to_pem(KEY.public)
OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def hidden() -> bytes:
    """The key under a pass phrase; few rounds, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pem, "ITERATIONS", 10)
        return private_key_to_pem(KEY, passphrase=PHRASE)


def other_key(kind: str) -> tuple[bytes, bytes]:
    """PEM of a private key and of its public one, of another kind."""
    made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    match kind:
        case "RSA":
            made = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        case "Ed25519":
            made = ed25519.Ed25519PrivateKey.generate()
        case _:
            made = ec.generate_private_key(ec.SECP256R1())
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def test_a_key_comes_back() -> None:
    assert private_key_from_pem(PLAIN) == KEY
    assert private_key_from_pem(PLAIN, passphrase=b"not needed") == KEY
    assert public_key_from_pem(SHOWN) == KEY.public
    assert private_key_from_pem(b"a note before\r\n" + PLAIN.replace(b"\n", b"\r\n") + b"and one after") == KEY


def test_an_encrypted_key_comes_back_with_its_pass_phrase_only(hidden: bytes) -> None:
    assert hidden.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert private_key_from_pem(hidden, passphrase=PHRASE) == KEY
    with pytest.raises(PassphraseNeeded):
        private_key_from_pem(hidden)
    for wrong in (b"", b"x", PHRASE + b" ", PHRASE[:-1]):
        with pytest.raises(WrongPassphrase):
            private_key_from_pem(hidden, passphrase=wrong)


def test_nobody_can_tell_two_encryptions_of_a_key_apart(hidden: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pem, "ITERATIONS", 10)
    assert private_key_to_pem(KEY, passphrase=PHRASE) != hidden


@pytest.mark.parametrize("kind", ["RSA", "Ed25519", "another elliptic curve"])
def test_a_key_of_another_kind_is_called_by_its_name(kind: str) -> None:
    private, public = other_key(kind)
    for read, stored in ((private_key_from_pem, private), (public_key_from_pem, public)):
        with pytest.raises(InvalidKey, match=f"a key of {kind}, not of SM2"):
            read(stored)


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "no PEM"),
        (b"0" * 100, "no PEM"),
        (b"\xff" * (2 << 20), "too long"),
        (PLAIN[:-20], "cut short"),
        (PLAIN[: len(PLAIN) // 2], "cut short"),
        (PLAIN + PLAIN, "several keys"),
        (PLAIN + SHOWN, "several keys"),
        (SHOWN, "a public key, where the private one is due"),
        (PLAIN.replace(b"-----END PRIVATE KEY", b"-----END PUBLIC KEY"), "ends as something else"),
        (PLAIN.replace(b"PRIVATE KEY", b"CERTIFICATE"), "no SM2 private key but a CERTIFICATE"),
        (PLAIN.replace(b"\nM", b"\n!"), "damaged"),
        (PLAIN.replace(b"-\nM", b"-\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nM"), "pkcs8 -topk8"),
    ],
)
def test_what_is_no_private_key_is_told_so(stored: bytes, why: str) -> None:
    with pytest.raises(InvalidKey, match=why):
        private_key_from_pem(stored, passphrase=PHRASE)


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (PLAIN, "a private key, where the public one is due"),
        (SHOWN.replace(b"PUBLIC KEY", b"CERTIFICATE"), "openssl x509 -pubkey"),
        (SHOWN.replace(b"PUBLIC KEY", b"CRL"), "no public key but a CRL"),
        (SHOWN[:-30], "cut short"),
        (
            b"\n".join([*SHOWN.splitlines()[:2], *SHOWN.splitlines()[3:]]),
            "damaged|ends too early|no SubjectPublicKeyInfo",
        ),
    ],
)
def test_what_is_no_public_key_is_told_so(stored: bytes, why: str) -> None:
    with pytest.raises(InvalidKey, match=why):
        public_key_from_pem(stored)


@pytest.mark.parametrize("mask", [1, 16])
@pytest.mark.parametrize(("read", "stored"), [(private_key_from_pem, PLAIN), (public_key_from_pem, SHOWN)])
def test_a_file_with_any_byte_changed_is_the_same_key_or_none(
    read: Callable[[bytes], object], stored: bytes, mask: int
) -> None:
    for place in range(len(stored)):
        changed = bytearray(stored)
        changed[place] ^= mask
        try:
            found = read(bytes(changed))
        except InvalidKey:
            continue
        assert found in {KEY, KEY.public}, place


@given(
    st.binary(max_size=200), st.sampled_from(["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY"])
)
def test_any_content_is_a_key_or_an_error_of_ours(content: bytes, label: str) -> None:
    stored = pem._pem(label, content)
    for read in (private_key_from_pem, public_key_from_pem):
        with pytest.raises(InvalidKey):
            read(stored) if read is public_key_from_pem else private_key_from_pem(stored, passphrase=b"x")


def test_a_fingerprint_is_what_another_tool_computes() -> None:
    groups = fingerprint(KEY.public).split(" ")
    assert [len(group) for group in groups] == [4] * 16
    if OPENSSL is not None:
        done = subprocess.run(
            [OPENSSL, "dgst", "-sm3", "-binary"], input=KEY.public.point, capture_output=True, check=True
        )
        assert "".join(groups) == done.stdout.hex()


@pytest.mark.external
@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool")
class TestBesideOpenssl:
    """Both directions."""

    @staticmethod
    def openssl(*words: str) -> bytes:
        assert OPENSSL is not None
        done = subprocess.run([OPENSSL, *words], capture_output=True, check=True, timeout=60)
        return done.stdout

    @pytest.mark.parametrize(
        "how",
        [
            ("pkcs8", "-topk8", "-nocrypt"),
            ("pkcs8", "-topk8", "-v2", "aes-128-cbc"),
            ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"),
            ("pkcs8", "-topk8", "-v2", "sm4-cbc"),
            ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
            ("pkcs8", "-topk8", "-scrypt"),
            ("ec",),
        ],
    )
    def test_we_read_what_it_writes(self, tmp_path: Path, how: tuple[str, ...]) -> None:
        (tmp_path / "in.pem").write_bytes(PLAIN)
        secret = () if "-nocrypt" in how or how == ("ec",) else ("-passout", "pass:a b")
        self.openssl(*how, "-in", str(tmp_path / "in.pem"), "-out", str(tmp_path / "out.pem"), *secret)
        assert private_key_from_pem((tmp_path / "out.pem").read_bytes(), passphrase=b"a b") == KEY

    def test_we_read_a_key_behind_its_parameters(self, tmp_path: Path) -> None:
        made = self.openssl("ecparam", "-genkey", "-name", "SM2")
        assert b"PARAMETERS" in made
        (tmp_path / "key.pem").write_bytes(made)
        assert public_key_to_pem(private_key_from_pem(made).public) == self.openssl(
            "pkey", "-in", str(tmp_path / "key.pem"), "-pubout"
        )

    def test_it_reads_what_we_write(self, tmp_path: Path, hidden: bytes) -> None:
        for stored in (PLAIN, hidden):
            (tmp_path / "key.pem").write_bytes(stored)
            words = ("pkey", "-in", str(tmp_path / "key.pem"), "-passin", f"pass:{PHRASE.decode()}", "-pubout")
            assert self.openssl(*words) == SHOWN
