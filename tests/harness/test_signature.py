"""A certificate and its signature: both or neither, whatever happens, and no byte of either can be changed."""

import errno
import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BenchError
from harness.gm import PrivateKey, Signature
from harness.gm.pem import fingerprint, public_key_to_pem
from harness.signature import CERTIFICATE, SIGNATURE, Seal, SealState, digests, read_signature, spelled, write_signature

KEY, OTHER = PrivateKey(d=0x1234567), PrivateKey(d=0x7654321)


def content(key: PrivateKey = KEY, **more: Any) -> dict[str, Any]:
    """The least that a certificate holds."""
    signer = {"public_key": public_key_to_pem(key.public).decode(), "fingerprint": fingerprint(key.public)}
    return {"liantiao-certificate": 1, "signed": "2026-01-02T03:04:05+08:00", "signer": signer, "x": "联调", **more}


def sealed(stored: bytes, key: PrivateKey = KEY) -> Seal:
    """The stored certificate with a signature by this key."""
    return Seal(stored=stored, signature=key.sign(stored, form=Signature.DER))


SHOWN = public_key_to_pem(KEY.public).decode()
STORED = spelled(content())
SEAL = sealed(STORED)


def test_it_comes_back(tmp_path: Path) -> None:
    assert read_signature(tmp_path) is None
    assert write_signature(tmp_path, content(), KEY) == tmp_path / CERTIFICATE
    seal = read_signature(tmp_path)
    assert seal is not None
    assert (seal.state, seal.content) == (SealState.HOLDS, content())
    assert seal.signing is not None
    assert seal.signing.key == KEY.public
    assert sorted(path.name for path in tmp_path.iterdir()) == [CERTIFICATE, SIGNATURE], "no draft is left"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_no_byte_of_the_certificate_can_be_changed() -> None:
    for place in range(len(STORED)):
        changed = bytearray(STORED)
        changed[place] ^= 1 << (place % 8)
        assert Seal(stored=bytes(changed), signature=SEAL.signature).state is not SealState.HOLDS, place


def test_no_byte_of_the_signature_can_be_changed() -> None:
    assert SEAL.signature is not None
    for place in range(len(SEAL.signature)):
        changed = bytearray(SEAL.signature)
        changed[place] ^= 1 << (place % 8)
        assert Seal(stored=STORED, signature=bytes(changed)).state is SealState.BROKEN, place


@given(st.data())
def test_no_cut_no_addition_and_no_garbage_holds(data: st.DataObject) -> None:
    assert SEAL.signature is not None
    parts = [STORED, SEAL.signature]
    which = data.draw(st.integers(0, 1))
    size = data.draw(st.integers(0, len(parts[which])))
    more = data.draw(st.binary(max_size=80))
    parts[which] = data.draw(st.sampled_from([parts[which][:size] + more, more + parts[which][size:]]))
    if parts == [STORED, SEAL.signature]:
        return
    assert Seal(stored=parts[0], signature=parts[1]).state is not SealState.HOLDS


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"liantiao-certificate": 2}, SealState.STRANGE),
        ({"liantiao-certificate": True}, SealState.DAMAGED),
        ({"liantiao-certificate": "1"}, SealState.DAMAGED),
        ({"signed": 7}, SealState.DAMAGED),
        ({"signed": "yesterday"}, SealState.DAMAGED),
        ({"signed": "2026-01-02T03:04:05"}, SealState.DAMAGED),
        ({"signer": "me"}, SealState.DAMAGED),
        ({"signer": {"public_key": "x", "fingerprint": "x"}}, SealState.DAMAGED),
        ({"signer": {"public_key": 5}}, SealState.DAMAGED),
        ({"signer": {**content()["signer"], "fingerprint": fingerprint(OTHER.public)}}, SealState.DAMAGED),
        ({"signer": {**content()["signer"], "public_key": SHOWN.replace("\n", "\r\n")}}, SealState.DAMAGED),
        ({"signer": content(OTHER)["signer"]}, SealState.BROKEN),
    ],
)
def test_a_certificate_that_is_none_does_not_hold_though_it_is_signed(more: dict[str, Any], state: SealState) -> None:
    assert sealed(spelled(content(**more))).state is state


@pytest.mark.parametrize(
    "stored",
    [b"", b"[]", b"{}", b"[" * 9999, b"\xff" + STORED, STORED.replace(b'"x": ', b'"signed": "", "x": ')],
)
def test_what_cannot_be_read_does_not_hold(stored: bytes) -> None:
    assert sealed(stored).state is SealState.DAMAGED


def test_one_of_the_two_alone_is_nothing_and_is_replaced(tmp_path: Path) -> None:
    for name in (CERTIFICATE, SIGNATURE):
        write_signature(tmp_path, content(OTHER), OTHER)
        (tmp_path / name).unlink()
        seal = read_signature(tmp_path)
        assert seal is not None
        assert seal.state is SealState.HALF
        write_signature(tmp_path, content(), KEY)
        seal = read_signature(tmp_path)
        assert seal is not None
        assert seal.state is SealState.HOLDS
        for path in tmp_path.iterdir():
            path.unlink()


def test_nothing_is_written_over_a_signature(tmp_path: Path) -> None:
    write_signature(tmp_path, content(), KEY)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(BenchError, match="is signed already"):
        write_signature(tmp_path, content(OTHER), OTHER)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("call", ["mkstemp", "fsync", "fchmod", "link"])
@pytest.mark.parametrize("nth", [0, 1])
def test_a_disk_that_fails_leaves_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int) -> None:
    module = tempfile if call == "mkstemp" else os
    calls = iter(range(9))
    sound = getattr(module, call)

    def failing(*args: Any, **more: Any) -> Any:
        if next(calls) == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return sound(*args, **more)

    monkeypatch.setattr(module, call, failing)
    if call == "link":  # a file system without links is asked for a rename instead
        monkeypatch.setattr(Path, "rename", lambda *_: failing_rename())
    with pytest.raises(BenchError, match=r"No space left on device\. The run is not signed"):
        write_signature(tmp_path, content(), KEY)
    assert list(tmp_path.iterdir()) == []


def failing_rename() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    write_signature(tmp_path, content(), KEY)
    seal = read_signature(tmp_path)
    assert seal is not None
    assert seal.state is SealState.HOLDS
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="not signed"):
        write_signature(tmp_path / "nowhere", content(), KEY)


def test_of_many_who_sign_at_once_one_does(tmp_path: Path) -> None:
    keys = [PrivateKey(d=number) for number in range(2, 10)]
    barrier = threading.Barrier(len(keys))
    done: list[PrivateKey] = []

    def sign(key: PrivateKey) -> None:
        barrier.wait()
        try:
            write_signature(tmp_path, content(key), key)
        except BenchError:
            return
        done.append(key)

    threads = [threading.Thread(target=sign, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal = read_signature(tmp_path)
    assert seal is not None
    assert seal.signing is not None
    assert (seal.state, [seal.signing.key]) == (SealState.HOLDS, [key.public for key in done])
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", [CERTIFICATE, SIGNATURE])
@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(os.mkfifo, id="pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="endless"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="link to nothing"),
        pytest.param(lambda path: path.symlink_to(path.name), id="link to itself"),
        pytest.param(lambda path: path.write_bytes(b"0" * (17 << 20)), id="too long"),
        pytest.param(lambda path: path.touch(), id="empty"),
    ],
)
def test_what_is_no_small_plain_file_is_not_waited_for_and_never_holds(
    tmp_path: Path, name: str, put: Callable[[Path], object]
) -> None:
    write_signature(tmp_path, content(), KEY)
    (tmp_path / name).unlink()
    put(tmp_path / name)
    seal = read_signature(tmp_path)
    assert seal is not None
    assert seal.state is not SealState.HOLDS


def test_a_link_elsewhere_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / CERTIFICATE).symlink_to(victim)
    (folder / SIGNATURE).symlink_to(victim)
    with pytest.raises(BenchError, match="is signed already"):
        write_signature(folder, content(), KEY)
    (folder / SIGNATURE).unlink()
    write_signature(folder, content(), KEY)
    assert victim.read_text() == "mine"
    assert not (folder / CERTIFICATE).is_symlink()


def test_digests_are_of_plain_files_only(tmp_path: Path) -> None:
    (tmp_path / "tape.bin").write_bytes(b"abc")
    os.mkfifo(tmp_path / "cases.jsonl")
    (tmp_path / "other").write_bytes(b"x")
    assert digests(tmp_path) == {
        "tape.bin": {"bytes": 3, "sm3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
        "cases.jsonl": {"bytes": -1, "sm3": ""},
    }


def test_a_certificate_is_plain_utf8_json() -> None:
    assert json.loads(STORED.decode()) == content()
    assert "联调".encode() in STORED
