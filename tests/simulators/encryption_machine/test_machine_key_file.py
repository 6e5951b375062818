"""The file of a key store: whose it is, whole changes, several processes, and nothing acknowledged is ever lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.gm import PrivateKey
from simulators.encryption_machine.keys import Use
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.provision import populate

ONE, OTHER = PrivateKey(d=12345), PrivateKey(d=67890)
CHANGES = 1_000_000
"""More than a writer can have made and told of before anybody reads, so that it is killed at its work."""
WRITER = """
import sys
from pathlib import Path
from harness.gm import PrivateKey
from simulators.encryption_machine.keys import Use
from simulators.encryption_machine.keystore import KeyStore
store = KeyStore(Path(sys.argv[1]))
print("open", flush=True)
for number in range(1, int(sys.argv[2]) + 1):
    key = PrivateKey(d=1_000_000 + number)
    key.__dict__["public"] = key.public
    store.put_pairs(number % 100, {Use.SIGN: key, Use.ENCRYPT: key}, label=str(number).encode())
    print(number, flush=True)
"""


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
    store.pins.lock(2)
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
