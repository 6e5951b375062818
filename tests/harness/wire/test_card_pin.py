"""The proof of a card's password in expContent."""

import shutil
import subprocess

import pytest

from harness.wire.card_pin import card_pin_proof, exp_content, proves


def test_a_proof_is_of_one_card_and_one_password() -> None:
    proof = card_pin_proof("639999", "123456")
    assert proves(proof, card_sn="639999", password="123456")
    assert proves(proof.upper(), card_sn="639999", password="123456")
    assert not proves(proof, card_sn="639998", password="123456")
    assert not proves(proof, card_sn="639999", password="123457")


@pytest.mark.parametrize("proof", [None, "", 1, [], "中"])
def test_anything_else_proves_nothing(proof: object) -> None:
    assert not proves(proof, card_sn="639999", password="123456")


def test_an_empty_password_is_proved_by_nothing() -> None:
    assert not proves(card_pin_proof("639999", ""), card_sn="639999", password="")


@pytest.mark.parametrize("text", [None, "", "x", "[]", "1", 1, "[" * 100_000])
def test_what_is_no_object_has_no_members(text: object) -> None:
    assert exp_content(text) == {}


@pytest.mark.external
def test_openssl_makes_the_same_proof() -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    made = subprocess.run([openssl, "dgst", "-sm3"], input=b"639999:123456", capture_output=True, check=True)
    assert made.stdout.decode().split()[-1] == card_pin_proof("639999", "123456")
