"""zbar through ctypes: against its own command-line tool, and where there is none."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from harness.errors import ConfigError
from simulators.scanner.optics import EngineName, Optics, Sighting, Symbology, Unreadable, zbar
from tests.simulators.scanner_rig import DIGITS, barcode_image, png, qr, qr_image

BOTH = (Symbology.QR, Symbology.CODE128)


@pytest.fixture
def _zbar() -> None:
    if not zbar.available():
        pytest.skip("libzbar is not installed")


@pytest.mark.usefixtures("_zbar")
def test_only_what_is_on_is_read() -> None:
    assert [sighting.symbology for sighting, _ in zbar.scan(qr_image(), BOTH)] == [Symbology.QR]
    assert zbar.scan(qr_image(), (Symbology.CODE128,)) == []
    assert zbar.scan(barcode_image(), (Symbology.QR,)) == []
    assert zbar.scan(Image.new("L", (1, 1)), BOTH) == []


@pytest.mark.usefixtures("_zbar")
def test_dark_mode_needs_the_setting() -> None:
    dark = png(ImageOps.invert(qr_image()))
    assert isinstance(Optics(formats=BOTH, name=EngineName.BUDGET).read(dark), Unreadable)
    assert isinstance(Optics(formats=BOTH, name=EngineName.BUDGET, invert=True).read(dark), Sighting)


@pytest.mark.usefixtures("_zbar")
def test_a_symbology_that_zbar_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="data-matrix"):
        Optics(formats=(Symbology.QR, Symbology.DATA_MATRIX), name=EngineName.BUDGET)


def test_without_zbar_the_engine_is_refused_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zbar, "_library", lambda: None)
    with pytest.raises(ConfigError) as error:
        Optics(formats=BOTH, name=EngineName.BUDGET)
    assert "libzbar0" in error.value.remedy
    assert "standard" in error.value.remedy


@pytest.mark.external
@pytest.mark.usefixtures("_zbar")
def test_the_tool_of_zbar_agrees(tmp_path: Path) -> None:
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg is not installed")
    (tmp_path / "code.png").write_bytes(qr())
    told = subprocess.run(
        ["zbarimg", "--raw", "-q", str(tmp_path / "code.png")], capture_output=True, check=True, text=True
    )
    ((sighting, _),) = zbar.scan(qr_image(), BOTH)
    assert told.stdout.strip() == sighting.text == DIGITS
