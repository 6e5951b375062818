"""The optics on real pictures, some of them made or read by other libraries."""

import io
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from harness.errors import ConfigError
from simulators.scanner.optics import (
    MAX_BYTES,
    BadPicture,
    EngineName,
    LightPath,
    Optics,
    Several,
    Sighting,
    Symbology,
    Unreadable,
    parse_formats,
    zbar,
)
from simulators.scanner.optics.engines import Found
from simulators.scanner.optics.reader import SEVERAL, UNEQUAL
from tests.simulators.scanner_rig import DIGITS, barcode, barcode_image, both, png, qr, qr_image

OPTICS = Optics(formats=(Symbology.QR, Symbology.CODE128))


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
    assert isinstance(Optics(formats=(Symbology.QR, Symbology.CODE128), invert=True).read(dark), Sighting)


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


def side_by_side(*images: Image.Image) -> Image.Image:
    page = Image.new("L", (sum(image.width for image in images) + 40, max(image.height for image in images)), 255)
    left = 0
    for image in images:
        page.paste(image, (left, (page.height - image.height) // 2))
        left += image.width + 40
    return page


OTHER = DIGITS[::-1]


def test_two_codes_in_view_the_first_is_one_of_them() -> None:
    seen = OPTICS.read(png(side_by_side(qr_image(), qr_image(OTHER))))
    assert isinstance(seen, Sighting)
    assert seen.text in {DIGITS, OTHER}


@pytest.mark.parametrize("text", [DIGITS, OTHER])
def test_two_codes_in_view_the_one_in_the_middle(text: str) -> None:
    beside = OTHER if text == DIGITS else DIGITS
    optics = Optics(formats=(Symbology.QR,), several=Several.CENTRE)
    seen = optics.read(png(side_by_side(qr_image(beside), qr_image(text), Image.new("L", (330, 10), 255))))
    assert isinstance(seen, Sighting)
    assert seen.text == text


def test_two_codes_in_view_none_is_a_no_read_unless_they_say_the_same() -> None:
    optics = Optics(formats=(Symbology.QR, Symbology.CODE128), several=Several.NONE)
    assert optics.read(png(side_by_side(qr_image(), qr_image(OTHER)))) == Unreadable(why=SEVERAL)
    assert isinstance(optics.read(both()), Sighting)


@pytest.mark.parametrize(
    ("symbology", "made", "text", "aim"),
    [
        (Symbology.EAN13, zxingcpp.BarcodeFormat.EAN13, "6901234567892", "]E0"),
        (Symbology.EAN8, zxingcpp.BarcodeFormat.EAN8, "96385074", "]E4"),
        (Symbology.UPC_A, zxingcpp.BarcodeFormat.UPCA, "036000291452", "]E0"),
        (Symbology.CODE39, zxingcpp.BarcodeFormat.Code39, "CODE39", "]A0"),
        (Symbology.DATA_MATRIX, zxingcpp.BarcodeFormat.DataMatrix, DIGITS, "]d1"),
        (Symbology.PDF417, zxingcpp.BarcodeFormat.PDF417, DIGITS, "]L2"),
        (Symbology.AZTEC, zxingcpp.BarcodeFormat.Aztec, DIGITS, "]z0"),
    ],
)
def test_a_code_of_another_kind_is_read_only_when_it_is_on(
    symbology: Symbology, made: Any, text: str, aim: str
) -> None:
    code = zxingcpp.create_barcode(text, made)
    picture = png(Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=4))))
    assert isinstance(Optics(formats=(Symbology.QR, Symbology.CODE128)).read(picture), Unreadable)
    seen = Optics(formats=(symbology,)).read(picture)
    assert isinstance(seen, Sighting)
    assert (seen.text, seen.symbology, seen.aim) == (text, symbology, aim)


def test_the_identifiers_of_the_codes_that_phones_show() -> None:
    codes = OPTICS.read(qr()), OPTICS.read(barcode())
    assert [code.aim for code in codes if isinstance(code, Sighting)] == ["]Q1", "]C0"]


@dataclass
class Unsteady:
    """A decoder that misreads at one look and not at the other."""

    texts: list[str]

    def first(self, image: Image.Image) -> Found | None:
        text = self.texts.pop(0)
        sighting = Sighting(symbology=Symbology.CODE128, data=text.encode(), text=text)
        return Found(sighting=sighting, x=0, y=0)

    def every(self, image: Image.Image) -> list[Found]:
        found = self.first(image)
        return [] if found is None else [found]


@pytest.mark.parametrize("path", [LightPath(), LightPath(module_px=2.5, noise=3)])
def test_a_barcode_is_believed_when_two_looks_agree(path: LightPath, monkeypatch: pytest.MonkeyPatch) -> None:
    optics = Optics(formats=(Symbology.CODE128,), path=path)
    monkeypatch.setattr(optics, "_engine", Unsteady(["1", "2"]))
    assert optics.read(barcode()) == Unreadable(why=UNEQUAL)
    monkeypatch.setattr(optics, "_engine", Unsteady(["1", "1"]))
    assert isinstance(optics.read(barcode()), Sighting)
    believing = Optics(formats=(Symbology.CODE128,), path=path, twice=False)
    monkeypatch.setattr(believing, "_engine", Unsteady(["1", "2"]))
    assert isinstance(believing.read(barcode()), Sighting)


def test_through_a_light_path() -> None:
    for picture, size in ((qr(), 4.0), (barcode(), 2.5), (both(), 4.0)):
        path = LightPath(module_px=size, tilt=20, blur=0.3, noise=5, hand=8)
        seen = Optics(formats=(Symbology.QR, Symbology.CODE128), path=path).read(picture)
        assert isinstance(seen, Sighting)
        assert seen.text == DIGITS
    for spoilt in (LightPath(blur=1), LightPath(glare=20), LightPath(occlusion=0.3), LightPath(brightness=0)):
        assert isinstance(Optics(formats=tuple(Symbology), path=spoilt).read(qr()), Unreadable)


def test_the_order_of_looks_does_not_matter() -> None:
    path = LightPath(noise=75, hand=8)
    pictures = [qr(f"{number:028d}") for number in range(12)]
    there = [Optics(formats=(Symbology.QR,), path=path, seed=3).read(picture) for picture in pictures]
    optics = Optics(formats=(Symbology.QR,), path=path, seed=3)
    back = [optics.read(picture) for picture in reversed(pictures)]
    assert there == back[::-1]
    assert len({type(view) for view in there}) == 2, "some must be read and some not, or this shows nothing"


def test_a_torn_screen_shows_one_of_two_codes_or_none() -> None:
    optics = Optics(formats=(Symbology.QR,), path=LightPath(tearing=0.95))
    new, old = optics.open(qr()), optics.open(qr(OTHER))
    for tearing, texts in ((0.95, {DIGITS}), (0.05, {OTHER}), (0.5, set[str]())):
        optics.path = LightPath(tearing=tearing)
        seen = optics.look(new, before=old)
        assert {seen.text} == texts if isinstance(seen, Sighting) else not texts


@pytest.mark.parametrize("name", EngineName)
def test_every_engine_reads_a_clean_code(name: EngineName) -> None:
    if name is EngineName.BUDGET and not zbar.available():
        pytest.skip("libzbar is not installed")
    optics = Optics(formats=(Symbology.QR, Symbology.CODE128), name=name)
    for picture in (qr(), barcode()):
        seen = optics.read(picture)
        assert isinstance(seen, Sighting)
        assert seen.data == DIGITS.encode()


def test_premium_reads_what_standard_does_not() -> None:
    path = LightPath(module_px=6, contrast=0.05, noise=3)
    assert isinstance(Optics(formats=(Symbology.QR,), path=path).read(qr()), Unreadable)
    assert isinstance(Optics(formats=(Symbology.QR,), path=path, name=EngineName.PREMIUM).read(qr()), Sighting)
