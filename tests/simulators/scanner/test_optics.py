"""The optics on real pictures, some of them made or read by other libraries."""

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFilter, ImageOps

from harness.errors import ConfigError
from simulators.scanner.optics import MAX_BYTES, BadPicture, Optics, Sighting, Symbology, Unreadable, parse_formats
from tests.simulators.scanner_rig import DIGITS, barcode, barcode_image, both, png, qr, qr_image

OPTICS = Optics(formats=tuple(Symbology))


def jpeg(image: Image.Image) -> bytes:
    stored = io.BytesIO()
    image.save(stored, "JPEG")
    return stored.getvalue()


def giant(width: int, height: int) -> bytes:
    """A tiny file that claims to be a giant picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_qr_code() -> None:
    assert OPTICS.read(qr()) == Sighting(symbology=Symbology.QR, data=DIGITS.encode(), text=DIGITS)


def test_a_barcode() -> None:
    assert OPTICS.read(barcode()) == Sighting(symbology=Symbology.CODE128, data=DIGITS.encode(), text=DIGITS)


def test_a_picture_of_both_is_one_sighting() -> None:
    seen = OPTICS.read(both())
    assert isinstance(seen, Sighting)
    assert seen.text == DIGITS


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png(mode: str) -> None:
    grey = qr_image()
    image = grey.convert("I").point(lambda v: v * 257, "I").convert("I;16") if mode == "I;16" else grey.convert(mode)
    seen = OPTICS.read(png(image))
    assert isinstance(seen, Sighting)
    assert seen.text == DIGITS


def test_dark_on_transparent_lies_on_white() -> None:
    grey = qr_image()
    page = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    page.putalpha(ImageOps.invert(grey))
    assert isinstance(OPTICS.read(png(page)), Sighting)


def test_a_jpeg_and_a_rotated_picture() -> None:
    assert isinstance(OPTICS.read(jpeg(qr_image())), Sighting)
    assert isinstance(OPTICS.read(png(qr_image().rotate(30, expand=True, fillcolor=255))), Sighting)


def test_leading_zeros_and_text_stay() -> None:
    for text in ("0000000000000000000000000012", "医保电子凭证"):
        seen = OPTICS.read(qr(text))
        assert isinstance(seen, Sighting)
        assert (seen.text, seen.data) == (text, text.encode())


def test_dark_mode_needs_the_setting() -> None:
    dark = png(ImageOps.invert(qr_image()))
    assert isinstance(OPTICS.read(dark), Unreadable)
    assert isinstance(Optics(formats=tuple(Symbology), invert=True).read(dark), Sighting)


def test_only_the_symbologies_that_are_set() -> None:
    optics = Optics(formats=(Symbology.CODE128,))
    assert isinstance(optics.read(qr()), Unreadable)
    assert isinstance(optics.read(barcode()), Sighting)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (300, 300), 255),
        qr_image(box_size=2).filter(ImageFilter.GaussianBlur(4)),
        barcode_image().crop((0, 0, 200, 150)),
    ],
    ids=["blank", "out of focus", "half a barcode"],
)
def test_what_nobody_can_read_is_a_no_read(image: Image.Image) -> None:
    assert isinstance(OPTICS.read(png(image)), Unreadable)


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (b"", "empty"),
        (b"no picture at all", "no PNG or JPEG"),
        (b"GIF89a" + b"\0" * 100, "no PNG or JPEG"),
        (qr()[:20], "picture"),
        (qr()[:200], "damaged"),
        (giant(5000, 5000), "pixels"),
        (giant(60_000, 60_000), "picture"),
        (giant(300, 300), "damaged"),
        (b"x" * (MAX_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(picture: bytes, why: str) -> None:
    with pytest.raises(BadPicture, match=why):
        OPTICS.read(picture)


def test_formats_are_named_when_wrong() -> None:
    assert parse_formats("qr, code128") == (Symbology.QR, Symbology.CODE128)
    with pytest.raises(ConfigError) as error:
        parse_formats("qr,ean")
    assert "code128" in error.value.remedy


@pytest.mark.external
@pytest.mark.parametrize("picture", [qr(), barcode()])
def test_another_reader_agrees(picture: bytes, tmp_path: Path) -> None:
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg is not installed")
    path = tmp_path / "picture.png"
    path.write_bytes(picture)
    told = subprocess.run(["zbarimg", "--raw", "-q", str(path)], capture_output=True, check=True)
    seen = OPTICS.read(picture)
    assert isinstance(seen, Sighting)
    assert told.stdout.decode().strip() == seen.text
