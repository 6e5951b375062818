"""The key store: what it keeps, who may open an index, and that nothing acknowledged is ever lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.gm import PrivateKey
from simulators.encryption_machine.keystore import KeyStore, PinCheck, Space, SymmetricKey, Use
from simulators.encryption_machine.lmk import TEST_LMK
from simulators.encryption_machine.provision import PIN, populate

ONE, OTHER = PrivateKey(d=12345), PrivateKey(d=67890)
CHANGES = 1_000
WRITER = """
import sys
from pathlib import Path
from harness.gm import PrivateKey
from simulators.encryption_machine.keystore import KeyStore, Use
store = KeyStore(Path(sys.argv[1]))
print("open", flush=True)
for number in range(1, int(sys.argv[2]) + 1):
    key = PrivateKey(d=1_000_000 + number)
    key.__dict__["public"] = key.public
    store.put_pairs(number % 100, {Use.SIGN: key, Use.ENCRYPT: key}, label=str(number).encode())
    print(number, flush=True)
"""


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


def test_five_wrong_pins_lock_and_the_count_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = KeyStore(path)
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"right")
    assert [store.check_pin(1, b"wrong") for _ in range(4)] == [PinCheck.WRONG] * 4
    store.close()
    store = KeyStore(path)
    assert store.check_pin(1, b"wrong") is PinCheck.LOCKED
    assert store.check_pin(1, b"right") is PinCheck.LOCKED
    assert store.locked(1)
    store.unlock(1)
    assert store.check_pin(1, b"right") is PinCheck.RIGHT


def test_a_right_pin_forgets_the_wrong_ones() -> None:
    store = KeyStore()
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"right")
    for _ in range(3):
        assert [store.check_pin(1, b"wrong") for _ in range(4)] == [PinCheck.WRONG] * 4
        assert store.check_pin(1, b"right") is PinCheck.RIGHT


def test_a_new_pair_keeps_the_pin_unless_a_new_one_is_given() -> None:
    store = KeyStore()
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"old")
    store.put_pairs(1, {Use.SIGN: OTHER})
    assert store.check_pin(1, b"old") is PinCheck.RIGHT
    store.put_pairs(1, {Use.SIGN: ONE}, pin=b"new")
    assert store.check_pin(1, b"old") is PinCheck.WRONG


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


def test_another_process_sees_a_change_at_its_next_call(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    one, other = KeyStore(path), KeyStore(path)
    one.put_pairs(1, {Use.SIGN: ONE})
    seen = other.pair(1, Use.SIGN)
    assert seen is not None
    assert seen.private == ONE
    one.put_pairs(1, {Use.SIGN: OTHER})
    seen = other.pair(1, Use.SIGN)
    assert seen is not None
    assert seen.private == OTHER
    one.destroy(1)
    assert other.pair(1, Use.SIGN) is None


def test_what_is_done_together_is_there_whole_or_not_at_all() -> None:
    store = KeyStore()
    store.put_pairs(1, {Use.SIGN: ONE})

    def fail_on_the_way() -> None:
        with store.together():
            store.put_pairs(1, {Use.SIGN: OTHER})
            store.put_pairs(2, {Use.SIGN: OTHER})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_on_the_way()
    pair = store.pair(1, Use.SIGN)
    assert pair is not None
    assert pair.private == ONE
    assert store.indexes() == [1]


def test_a_dump_puts_everything_back() -> None:
    store = KeyStore()
    populate(store, seed=7)
    before, kept = store.describe(), store.dump()
    store.destroy(1)
    store.put_pairs(500, {Use.SIGN: ONE})
    store.lock(2)
    store.restore(kept)
    assert store.describe() == before


def test_a_file_that_is_no_key_store_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(BenchError, match="cannot be opened"):
        KeyStore(path)
    with pytest.raises(BenchError, match="cannot be opened"):
        KeyStore(tmp_path / "missing" / "keys.db")


def test_a_file_under_another_lmk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    KeyStore(path, master=b"another LMK here").close()
    with pytest.raises(BenchError, match="another LMK"):
        KeyStore(path)


def test_a_damaged_key_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = KeyStore(path)
    store.put_pairs(1, {Use.SIGN: ONE})
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE pairs SET wrapped = zeroblob(48)")
    database.close()
    with pytest.raises(BenchError, match="damaged"):
        KeyStore(path).pair(1, Use.SIGN)


def test_two_processes_change_keys_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    KeyStore(path).close()
    writers = [_writer(path, 150), _writer(path, 150)]
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        assert out.split()[-1] == b"150"
    assert KeyStore(path).changes == 300


@pytest.mark.parametrize("survive", [1, 250, 500])
def test_every_acknowledged_key_change_survives_kill_9(tmp_path: Path, survive: int) -> None:
    path = tmp_path / "keys.db"
    writer = _writer(path, CHANGES)
    assert writer.stdout is not None
    acknowledged = 0
    for line in writer.stdout:
        acknowledged = int(line) if line.strip().isdigit() else 0
        if acknowledged == survive:
            break
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    acknowledged = int(rest[-1]) if rest else acknowledged
    assert survive <= acknowledged < CHANGES
    store = KeyStore(path)
    assert store.changes in {acknowledged, acknowledged + 1}
    for number in range(max(1, acknowledged - 98), acknowledged + 1):
        pair = store.pair(number % 100, Use.SIGN)
        assert pair is not None
        assert pair.private.d in {1_000_000 + number, 1_000_000 + number + 100}
        assert store.label(number % 100) in {str(number).encode(), str(number + 100).encode()}
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    store.close()


def _writer(path: Path, changes: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(changes)], stdout=subprocess.PIPE)
