"""Libraries of the wrong width, cut short, missing: the adapter says so and sends nothing."""

from pathlib import Path
from typing import Any

import pytest

from harness.counter.libraries import Libraries, Library
from simulators.his.libraries import unfit, width_of


@pytest.mark.parametrize("bits", [32, 64])
def test_width_is_read_from_the_header(tmp_path: Path, bits: int) -> None:
    libraries = Libraries(tmp_path)
    libraries.fit(bits)
    assert [width_of(Path(path)) for path in libraries.paths.values()] == [bits, bits]
    assert unfit(libraries.paths, bits) == ""
    assert "NationECCode.dll" in unfit(libraries.paths, 96 - bits)


@pytest.mark.parametrize("size", [0, 1, 2, 0x3C, 0x40, 0x82, 0x85])
def test_cut_library_is_none(tmp_path: Path, size: int) -> None:
    libraries = Libraries(tmp_path)
    libraries.fit(64)
    libraries.cut(Library.SETTLEMENT, size=size)
    assert width_of(Path(libraries.paths["settlement"])) is None
    assert "HeaSecReadInfo.dll" in unfit(libraries.paths, 64)


def test_text_is_no_library(tmp_path: Path) -> None:
    path = tmp_path / "x.dll"
    path.write_bytes(b"MZ" + b"\xff" * 200)
    assert width_of(path) is None


@pytest.mark.parametrize(("installed", "own"), [(32, 64), (64, 32)])
def test_wrong_width_ends_the_sign_in(open_clinic: Any, tmp_path: Path, installed: int, own: int) -> None:
    libraries = Libraries(tmp_path / "libraries")
    libraries.fit(own)
    libraries.install(Library.SETTLEMENT, bits=installed)
    clinic = open_clinic("--bits", str(own), sign_in=False, libraries=libraries.paths)
    assert clinic.adapter.lines[-1][1]["ready"]["bits"] == own
    refused = clinic.do("sign-in")
    assert refused["reason"] == "library-mismatch"
    for word in ("HeaSecReadInfo.dll", f"{installed}位", f"{own}位", f"{installed} bits"):
        assert word in refused["prompt"]
    assert clinic.bodies("platform") == []
    libraries.install(Library.SETTLEMENT, bits=own)
    assert clinic.do("sign-in")["outcome"] == "accepted"


def test_missing_library_ends_the_sign_in(open_clinic: Any, tmp_path: Path) -> None:
    libraries = Libraries(tmp_path / "libraries")
    libraries.fit(64)
    libraries.remove(Library.VOUCHER)
    clinic = open_clinic(sign_in=False, libraries=libraries.paths)
    assert clinic.do("sign-in")["reason"] == "library-mismatch"
    assert clinic.bodies("platform") == []
