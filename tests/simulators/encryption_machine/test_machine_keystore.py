"""The key store: what it keeps, and what it shows."""

from pathlib import Path

from harness.gm import PrivateKey
from simulators.encryption_machine.keys import Space, SymmetricKey, Use
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.lmk import TEST_LMK
from simulators.encryption_machine.provision import PIN, populate

ONE, OTHER = PrivateKey(d=12345), PrivateKey(d=67890)


def test_an_index_holds_a_sign_pair_and_an_encrypt_pair() -> None:
    store = KeyStore()
    store.put_pairs(5, {Use.SIGN: ONE, Use.ENCRYPT: OTHER}, label=b"bank")
    sign, encrypt = store.pair(5, Use.SIGN), store.pair(5, Use.ENCRYPT)
    assert sign is not None
    assert encrypt is not None
    assert (sign.private, encrypt.private) == (ONE, OTHER)
    assert store.pair(6, Use.SIGN) is None
    assert store.label(5) == b"bank"
    assert store.indexes() == [5]


def test_private_keys_stand_in_the_file_under_the_lmk_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = KeyStore(path)
    store.put_pairs(1, {Use.SIGN: PrivateKey(d=int.from_bytes(b"Q" * 32) % 2**255)}, pin=b"a-secret-pin")
    store.put_symmetric(Space.KEK, 1, SymmetricKey(type="000", value=b"W" * 16))
    store.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Q" * 16 not in stored
    assert b"W" * 16 not in stored
    assert b"a-secret-pin" not in stored
    assert TEST_LMK not in stored


def test_the_same_seed_makes_the_same_keys() -> None:
    one, same, other = KeyStore(), KeyStore(), KeyStore()
    populate(one, seed=1)
    populate(same, seed=1)
    populate(other, seed=2)
    assert one.describe() == same.describe()
    assert one.describe() != other.describe()


def test_common_indexes_have_one_pair_and_separate_ones_two() -> None:
    store = KeyStore()
    populate(store, seed=7)
    assert store.pair(1, Use.SIGN) == store.pair(1, Use.ENCRYPT)
    assert store.pair(11, Use.SIGN) != store.pair(11, Use.ENCRYPT)


def test_symmetric_keys_and_keks_have_their_own_indexes() -> None:
    store = KeyStore()
    store.put_symmetric(Space.KEK, 1, SymmetricKey(type="000", value=b"k" * 16))
    store.put_symmetric(Space.KEY, 1, SymmetricKey(type="109", value=b"d" * 16))
    kek, key = store.symmetric(Space.KEK, 1), store.symmetric(Space.KEY, 1)
    assert kek is not None
    assert key is not None
    assert (kek.value, key.value) == (b"k" * 16, b"d" * 16)
    assert store.destroy_symmetric(Space.KEK, 1)
    assert store.symmetric(Space.KEK, 1) is None


def test_a_description_shows_no_key_material() -> None:
    store = KeyStore()
    populate(store, seed=7)
    text = str(store.describe())
    for index in store.indexes():
        for use in Use:
            pair = store.pair(index, use)
            assert pair is not None
            assert f"{pair.private.d:064X}" not in text
    assert PIN.decode() not in text
