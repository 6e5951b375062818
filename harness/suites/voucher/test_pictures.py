"""What a phone shows: QR and barcode of the same digits, which the centre decodes."""

import io

import pytest
import zxingcpp
from PIL import Image

from harness.scenarios.centre_stage import CentreStage

DIGITS = ["NX-BARCODE-DIGITS"]
KINDS = {"qr": {"QRCode"}, "barcode": {"Code128"}, "both": {"QRCode", "Code128"}}


@pytest.mark.case("voucher/picture", title="QR, barcode and digits 二维码、条形码与数字", requirements=DIGITS)
@pytest.mark.parametrize("form", list(KINDS))
def test_picture(stage: CentreStage, form: str) -> None:
    """Every picture of a code holds the same 28 digits, and they identify their holder."""
    assert stage.phone is not None
    shown = stage.phone.show("P001", format=form, fresh=True)
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(shown.picture)))
    assert {code.format.name for code in found} == KINDS[form], "the picture holds other codes"
    assert {code.text for code in found} == {shown.digits}
    assert stage.decode(found[0].text).identity().id_no == stage.person("P001").id_no


@pytest.mark.case("voucher/picture-old", title="A screenshot 截图", requirements=["GS-DYNAMIC-QR", *DIGITS])
def test_picture_old(stage: CentreStage) -> None:
    """A picture that was kept identifies nobody once its code has expired; the next one does."""
    assert stage.phone is not None
    kept = stage.phone.show("P001", fresh=True)
    stage.step_clock(stage.terms.validity_s + stage.terms.grace_s)
    stage.decode(kept.digits, "expired")
    fresh = stage.phone.show("P001", fresh=True)
    assert fresh.digits != kept.digits
    stage.decode(fresh.digits)
