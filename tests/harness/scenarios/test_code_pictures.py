"""The pictures of codes: read by the decoder in use and by another one; the same bytes each time."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from harness.scenarios.code_pictures import CODE128, QR, code_picture, plain_picture

TEXTS = ["7", "0000001234567890123456789012", "98765432109876543210987654321098765432109876543210"]


def opened(png: bytes) -> Image.Image:
    """The picture."""
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("symbology", [QR, CODE128])
@pytest.mark.parametrize("text", TEXTS)
def test_a_code_is_read_again(text: str, symbology: str) -> None:
    (found,) = zxingcpp.read_barcodes(opened(code_picture(text, symbology)))
    assert found.text == text
    assert code_picture(text, symbology) == code_picture.__wrapped__(text, symbology)


@pytest.mark.external
@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed")
@pytest.mark.parametrize("symbology", [QR, CODE128])
def test_another_decoder_reads_the_same(symbology: str, tmp_path: Path) -> None:
    file = tmp_path / "code.png"
    file.write_bytes(code_picture(TEXTS[1], symbology))
    said = subprocess.run(["zbarimg", "--quiet", "--raw", str(file)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == TEXTS[1]


def test_a_plain_screen_holds_none() -> None:
    assert zxingcpp.read_barcodes(opened(plain_picture())) == []


@pytest.mark.parametrize(("text", "symbology"), [("", QR), ("1", "aztec")])
def test_what_cannot_be_shown_is_refused(text: str, symbology: str) -> None:
    with pytest.raises(ValueError, match="shows some text"):
        code_picture(text, symbology)
