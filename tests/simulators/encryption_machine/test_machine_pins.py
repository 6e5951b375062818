"""PINs: wrong ones lock an index, and a restart does not help."""

from pathlib import Path

from harness.gm import PrivateKey
from simulators.encryption_machine.keys import Use
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.pins import PinCheck

ONE, OTHER = PrivateKey(d=12345), PrivateKey(d=67890)


def test_five_wrong_pins_lock_and_the_count_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = KeyStore(path)
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"right")
    assert [store.pins.check(1, b"wrong") for _ in range(4)] == [PinCheck.WRONG] * 4
    store.close()
    store = KeyStore(path)
    assert store.pins.check(1, b"wrong") is PinCheck.LOCKED
    assert store.pins.check(1, b"right") is PinCheck.LOCKED
    assert store.pins.locked(1)
    store.pins.unlock(1)
    assert store.pins.check(1, b"right") is PinCheck.RIGHT


def test_a_right_pin_forgets_the_wrong_ones() -> None:
    store = KeyStore()
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"right")
    for _ in range(3):
        assert [store.pins.check(1, b"wrong") for _ in range(4)] == [PinCheck.WRONG] * 4
        assert store.pins.check(1, b"right") is PinCheck.RIGHT


def test_a_new_pair_keeps_the_pin_unless_a_new_one_is_given() -> None:
    store = KeyStore()
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"old")
    store.put_pairs(1, {Use.SIGN: OTHER})
    assert store.pins.check(1, b"old") is PinCheck.RIGHT
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"new")
    assert store.pins.check(1, b"old") is PinCheck.WRONG
