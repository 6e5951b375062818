"""openssl against the machine, both ways: what one signs the other verifies, what one encrypts the other decrypts."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.encryption_machine_rig import Client, RunningMachine, export_certificate, n4, sign_request

OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed"),
]
SPKI_SIZE = 91
USER = b"1234567812345678"
DISTID = ("-pkeyopt", f"distid:{USER.decode()}")


def openssl(*words: str, given: bytes = b"", fails: bool = False) -> bytes:
    """What openssl says on its standard output."""
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *words], input=given, capture_output=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stdout


@pytest.fixture
def client(shared_machine: RunningMachine) -> Iterator[Client]:
    found = Client(shared_machine.ends.at)
    yield found
    found.close()


@pytest.fixture
def public(client: Client, tmp_path: Path) -> str:
    """The public key of index 1 as a PEM file."""
    return pem_of(client.ask(b"E2K0001")[2:], tmp_path)


def pem_of(spki: bytes, folder: Path) -> str:
    path = folder / "public.pem"
    path.write_bytes(openssl("pkey", "-pubin", "-inform", "DER", given=spki))
    return str(path)


def der_signature(raw: bytes) -> bytes:
    """SEQUENCE of two INTEGERs, spelled here by hand."""

    def integer(half: bytes) -> bytes:
        value = half.lstrip(b"\0") or b"\0"
        value = b"\0" + value if value[0] & 0x80 else value
        return bytes([2, len(value)]) + value

    inside = integer(raw[:32]) + integer(raw[32:])
    return bytes([0x30, len(inside)]) + inside


def raw_signature(stored: bytes) -> bytes:
    r_size = stored[3]
    r, s = stored[4 : 4 + r_size], stored[6 + r_size :]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")


def test_openssl_verifies_what_the_machine_signed(client: Client, public: str, tmp_path: Path) -> None:
    for number in range(20):
        message = f"message {number}".encode()
        signature = tmp_path / "signature"
        signature.write_bytes(der_signature(client.ask(sign_request(message))[6:]))
        (tmp_path / "message").write_bytes(message)
        said = openssl(
            "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-digest", "sm3",
            "-in", str(tmp_path / "message"), "-sigfile", str(signature), *DISTID,
        )  # fmt: skip
        assert b"Verified Successfully" in said


def test_openssl_refuses_it_without_the_user_id(client: Client, public: str, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(b"m")
    (tmp_path / "signature").write_bytes(der_signature(client.ask(sign_request(b"m"))[6:]))
    openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-digest", "sm3",
        "-in", str(tmp_path / "message"), "-sigfile", str(tmp_path / "signature"), fails=True,
    )  # fmt: skip


def test_the_machine_verifies_what_openssl_signed(client: Client, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2",
                            "-pkeyopt", "ec_param_enc:named_curve"))  # fmt: skip
    spki = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
    for number in range(20):
        message = f"message {number}".encode()
        (tmp_path / "message").write_bytes(message)
        stored = openssl(
            "pkeyutl",
            "-sign",
            "-rawin",
            "-digest",
            "sm3",
            "-inkey",
            str(key),
            "-in",
            str(tmp_path / "message"),
            *DISTID,
        )
        request = b"E62007" + n4(USER) + b";0" + n4(raw_signature(stored)) + b";" + n4(message) + b";K9999" + spki
        assert client.ask(request) == b"00"
        assert client.ask(request.replace(b"message", b"massage")) == b"01"


def test_openssl_decrypts_what_the_machine_encrypted(client: Client, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2",
                            "-pkeyopt", "ec_param_enc:named_curve"))  # fmt: skip
    spki = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
    cipher = client.ask(b"E307" + n4(b"to openssl") + b";K9999" + spki + b"0")[6:]
    x, y, c3, c2 = cipher[1:33], cipher[33:65], cipher[65:97], cipher[97:]
    point = der_signature(x + y)[2:]
    inside = point + b"\x04\x20" + c3 + bytes([4, len(c2)]) + c2
    stored = bytes([0x30, 0x81, len(inside)]) + inside if len(inside) > 127 else bytes([0x30, len(inside)]) + inside
    assert openssl("pkeyutl", "-decrypt", "-inkey", str(key), given=stored) == b"to openssl"


def test_the_machine_decrypts_what_openssl_encrypted(client: Client, public: str) -> None:
    stored = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, given=b"from openssl")
    at = 2 if stored[1] < 0x80 else 3
    parts = []
    while at < len(stored):
        size = stored[at + 1]
        parts.append(stored[at + 2 : at + 2 + size])
        at += 2 + size
    x, y = (part[-32:].rjust(32, b"\0") for part in parts[:2])
    assert client.ask(b"E4070" + n4(b"\x04" + x + y + parts[2] + parts[3]) + b";K0001") == b"00" + n4(b"from openssl")


def test_openssl_checks_the_machines_certificates(shared_machine: RunningMachine, tmp_path: Path) -> None:
    for name in ("liantiao-ca", "liantiao-3", "unknown-ca"):
        (tmp_path / name).write_bytes(openssl("x509", "-inform", "DER", given=export_certificate(shared_machine, name)))
    checking = ("verify", "-vfyopt", f"distid:{USER.decode()}", "-CAfile", str(tmp_path / "liantiao-ca"))
    assert b"OK" in openssl(*checking, str(tmp_path / "liantiao-3"))
    openssl(*checking, str(tmp_path / "unknown-ca"), fails=True)
