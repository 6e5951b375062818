"""Codes: fresh ones identify their holder once and for a while; everything else identifies nobody."""

import pytest

from fixtures.channels import channel_ids
from harness.scenarios.centre_stage import APP, CentreStage
from harness.wire.voucher import parse_code

DYNAMIC = ["GS-DYNAMIC-QR"]
STRANGE = {
    "wechat-pay": "134567890123456789",
    "alipay-pay": "281234567890123456",
    "health-card": "A1B2C3D4E5F60718293A4B5C6D7E8F90:1",
    "open-platform": "opc1234567890123456789012345",
    "face-number": "ano1234567890123456789012345",
    "other-mark": "5241234567890123456789016300",
    "url": "https://example.com/x",
}
UNKNOWN = "4240000000000000000000630000"


@pytest.mark.case("voucher/fresh-code", title="A fresh code identifies its holder 展码解码", requirements=DYNAMIC)
def test_fresh_code(stage: CentreStage) -> None:
    """What the app shows, the cashier decodes: person, channel and the code itself."""
    holder = stage.holder("P001")
    code = stage.code(holder)
    parse_code(code)
    identity = stage.decode(code).identity()
    assert (identity.id_no, identity.name, identity.channel) == (holder.id_no, holder.name, holder.channel)
    assert identity.code == code


@pytest.mark.case(
    "voucher/same-everywhere",
    title="The same voucher in 18 channels 各渠道同一凭证",
    requirements=["NX-CHANNELS", "NX-ONE-CODE"],
)
def test_same_everywhere(stage: CentreStage) -> None:
    """Every channel shows the same person's one voucher, and the cashier sees which channel it was."""
    for channel in channel_ids():
        identity = stage.identify(stage.holder("P001", channel))
        assert identity.channel == channel
    stage.identify(stage.holder("P002"))


@pytest.mark.case("voucher/code-used", title="A code is spent once decoded 二维码已使用", requirements=DYNAMIC)
def test_code_used(stage: CentreStage) -> None:
    """A second decoding is refused, at another institution as well."""
    code = stage.code(stage.holder("P001"))
    stage.decode(code)
    stage.decode(code, "used")
    stage.decode(code, "used", desk=stage.other_desk)
    stage.still_serves()


@pytest.mark.case("voucher/code-expired", title="An old code is refused 二维码已过期", requirements=DYNAMIC)
def test_code_expired(stage: CentreStage) -> None:
    """From the end of its life a code identifies nobody; a new one does."""
    code = stage.code(stage.holder("P001"))
    stage.step_clock(stage.terms.validity_s + stage.terms.grace_s)
    stage.decode(code, "expired")
    stage.identify(stage.holder("P001"))


@pytest.mark.case("voucher/code-last-second", title="The last second of a code 有效期最后一秒", requirements=DYNAMIC)
def test_code_last_second(stage: CentreStage) -> None:
    """A code serves to the last second of its life."""
    code = stage.code(stage.holder("P001"))
    stage.step_clock(stage.terms.validity_s - 1)
    stage.decode(code)


@pytest.mark.case("voucher/rotation", title="The code changes with time 动态码轮换", requirements=DYNAMIC)
def test_rotation(stage: CentreStage) -> None:
    """Each refresh gives another code; of a row of them only those that still live are taken."""
    shown: list[str] = []
    for _ in range(4):
        shown.append(stage.code(stage.holder("P001")))
        stage.step_clock(stage.terms.refresh_s)
    assert len(set(shown)) == len(shown), "a code came twice"
    life_s = stage.terms.validity_s + stage.terms.grace_s
    for age, code in enumerate(reversed(shown), start=1):
        stage.decode(code, *(["expired"] if age * stage.terms.refresh_s >= life_s else []))
    stage.identify(stage.holder("P001"))


@pytest.mark.case("voucher/codes-differ", title="No two codes alike 码不重复", requirements=DYNAMIC)
def test_codes_differ(stage: CentreStage) -> None:
    """Two hundred codes of two people in two channels are two hundred different ones."""
    holders = [stage.holder(person, channel) for person in ("P001", "P002") for channel in (APP, "wechat")]
    codes = {stage.code(holder) for _ in range(50) for holder in holders}
    assert len(codes) == 50 * len(holders)


@pytest.mark.case("voucher/earlier-code", title="An earlier code that still lives 前一码未过期", requirements=DYNAMIC)
def test_earlier_code(stage: CentreStage) -> None:
    """Fetching a new code does not end the one before: both live out their time, each once."""
    first, second = stage.code(stage.holder("P001")), stage.code(stage.holder("P001"))
    stage.decode(first)
    stage.decode(second)
    stage.decode(first, "used")


@pytest.mark.case("voucher/wrong-kind", title="Another kind of code 非医保码", requirements=DYNAMIC)
@pytest.mark.parametrize("kind", list(STRANGE))
def test_wrong_kind(stage: CentreStage, kind: str) -> None:
    """Pay codes, health cards, other packages and texts are named as what they are not: 500159."""
    stage.decode(STRANGE[kind], "wrong-kind")
    stage.still_serves()


@pytest.mark.case("voucher/cut-code", title="A code that was not scanned whole 扫码不完整", requirements=DYNAMIC)
@pytest.mark.parametrize("length", [3, 27, 29])
def test_cut_code(stage: CentreStage, length: int) -> None:
    """Digits missing or one too many: it identifies nobody and is not spent."""
    code = stage.code(stage.holder("P001"))
    stage.decode((code + "0")[:length], "unknown", "wrong-kind")
    stage.decode(code)


@pytest.mark.case("voucher/unknown-code", title="Nobody's code 未发放的码", requirements=DYNAMIC)
def test_unknown_code(stage: CentreStage) -> None:
    """28 digits that nobody was given identify nobody; nor do those of a good code with one digit changed."""
    stage.decode(UNKNOWN, "unknown")
    code = stage.code(stage.holder("P001"))
    changed = code[:10] + str((int(code[10]) + 1) % 10) + code[11:]
    stage.decode(changed, "unknown")
    stage.decode(code)


@pytest.mark.case("voucher/two-people", title="Two people at once 两人同时", requirements=["NX-ONE-CODE"])
def test_two_people(stage: CentreStage) -> None:
    """Codes of two people, decoded crosswise at two institutions, each give their own holder."""
    first, second = stage.holder("P001"), stage.holder("P010")
    codes = [stage.code(first), stage.code(second)]
    other = stage.decode(codes[1], desk=stage.other_desk).identity()
    one = stage.decode(codes[0]).identity()
    assert (one.id_no, other.id_no) == (first.id_no, second.id_no)
    assert one.index_no != other.index_no
