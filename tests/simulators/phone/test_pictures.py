"""Pictures of codes: what readers see in them, their geometry, and that the same digits give the same bytes."""

import io
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image

from simulators.phone.pictures import PictureFormat, Scale, picture

VOUCHER, PAY = "4241234567890123456712630000", "134567890123456789"
SCALE = Scale(qr_module=10, bar=2)
HELD = {
    PictureFormat.QR: {"QRCode"},
    PictureFormat.BARCODE: {"Code128"},
    PictureFormat.BOTH: {"QRCode", "Code128"},
}


def _read(png: bytes) -> set[tuple[str, str]]:
    return {(found.format.name, found.text) for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))}


@pytest.mark.parametrize("digits", [VOUCHER, PAY])
@pytest.mark.parametrize("held", PictureFormat)
def test_zxing_reads_the_digits(digits: str, held: PictureFormat) -> None:
    assert _read(picture(digits, held, SCALE)) == {(symbology, digits) for symbology in HELD[held]}


@pytest.mark.external
@pytest.mark.parametrize("held", PictureFormat)
def test_zbarimg_reads_the_digits(zbarimg: Callable[[bytes], set[str]], held: PictureFormat) -> None:
    names = {"QRCode": "QR-Code", "Code128": "CODE-128"}
    assert zbarimg(picture(VOUCHER, held, SCALE)) == {f"{names[symbology]}:{VOUCHER}" for symbology in HELD[held]}


@pytest.mark.parametrize("module", [1, 3, 10])
def test_a_qr_picture_is_version_1_with_four_quiet_modules(module: int) -> None:
    image = Image.open(io.BytesIO(picture(VOUCHER, PictureFormat.QR, Scale(qr_module=module, bar=2))))
    assert image.size == ((21 + 8) * module, (21 + 8) * module)
    assert image.convert("L").point(lambda v: 255 - v).getbbox() == (4 * module, 4 * module, 25 * module, 25 * module)


def test_the_qr_code_has_error_level_m() -> None:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture(VOUCHER, PictureFormat.QR, SCALE))))
    assert found.ec_level == "M"


@pytest.mark.parametrize("bar", [1, 2, 4])
def test_a_barcode_has_ten_quiet_modules_on_either_side(bar: int) -> None:
    image = Image.open(io.BytesIO(picture(VOUCHER, PictureFormat.BARCODE, Scale(qr_module=10, bar=bar)))).convert("L")
    bars = image.crop((0, 4 * bar, image.width, 5 * bar)).point(lambda v: 255 - v).getbbox()
    assert image.width == 209 * bar
    assert bars is not None
    assert (bars[0], bars[2]) == (10 * bar, 199 * bar)


def test_the_digits_stand_below_the_bars() -> None:
    def below(digits: str) -> bytes:
        image = Image.open(io.BytesIO(picture(digits, PictureFormat.BARCODE, SCALE))).convert("L")
        return image.crop((0, 4 * 2 + 48 * 2 + 1, image.width, image.height)).tobytes()

    assert min(below(VOUCHER)) == 0
    assert below(VOUCHER) != below(VOUCHER[:-1] + "1")


def test_the_same_digits_give_the_same_bytes_when_drawn_anew() -> None:
    first = picture(VOUCHER, PictureFormat.BOTH, SCALE)
    picture.cache_clear()
    assert picture(VOUCHER, PictureFormat.BOTH, SCALE) == first


def test_a_code_still_on_a_screen_is_not_drawn_again() -> None:
    assert picture(VOUCHER, PictureFormat.QR, SCALE) is picture(VOUCHER, PictureFormat.QR, SCALE)


@pytest.mark.parametrize("digits", ["42a4", "", "１２３４"])
def test_other_than_digits_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        picture(digits, PictureFormat.QR, SCALE)


@pytest.mark.parametrize(("module", "bar"), [(0, 2), (65, 2), (10, 0), (10, 17)])
def test_sizes_out_of_range_are_refused(module: int, bar: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        Scale(qr_module=module, bar=bar)
