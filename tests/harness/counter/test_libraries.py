"""Stand-in libraries: a header that other readers of PE files agree on, and every mistake of an installer."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from harness.counter.libraries import FILES, Libraries, Library, stand_in


def machine(path: Path) -> int:
    """The machine field, read as the PE format describes it."""
    content = path.read_bytes()
    (at,) = struct.unpack_from("<I", content, 0x3C)
    assert content[:2] == b"MZ"
    assert content[at : at + 4] == b"PE\0\0"
    (found,) = struct.unpack_from("<H", content, at + 4)
    return int(found)


@pytest.mark.parametrize(("bits", "expected"), [(32, 0x014C), (64, 0x8664)])
def test_both_widths_say_what_they_are(tmp_path: Path, bits: int, expected: int) -> None:
    libraries = Libraries(tmp_path / "new")
    libraries.fit(bits)
    assert {machine(Path(path)) for path in libraries.paths.values()} == {expected}
    assert {Path(path).name for path in libraries.paths.values()} == set(FILES.values())


def test_one_can_be_wrong_missing_or_cut(tmp_path: Path) -> None:
    libraries = Libraries(tmp_path)
    libraries.fit(64)
    libraries.install(Library.VOUCHER, bits=32)
    voucher, settlement = (Path(libraries.paths[library]) for library in Library)
    assert (machine(voucher), machine(settlement)) == (0x014C, 0x8664)
    libraries.cut(Library.VOUCHER)
    with pytest.raises(AssertionError):
        machine(voucher)
    libraries.remove(Library.VOUCHER)
    libraries.remove(Library.VOUCHER)
    assert not voucher.exists()


def test_there_is_no_third_width() -> None:
    with pytest.raises(KeyError):
        stand_in(16)


@pytest.mark.external
@pytest.mark.skipif(shutil.which("file") is None, reason="needs file(1)")
@pytest.mark.parametrize(("bits", "said"), [(32, "PE32 "), (64, "PE32+")])
def test_file_knows_them(tmp_path: Path, bits: int, said: str) -> None:
    (tmp_path / "x.dll").write_bytes(stand_in(bits))
    told = subprocess.run(["file", "-b", str(tmp_path / "x.dll")], capture_output=True, text=True, check=True).stdout
    assert told.startswith(said)
    assert "DLL" in told
