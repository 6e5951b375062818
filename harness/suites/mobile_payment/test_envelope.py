"""The envelope: whatever is wrong with a seal is refused for that, and nothing comes of the message."""

import pytest

from harness.scenarios.mobile_forgeries import BROKEN, FORGERIES
from harness.scenarios.mobile_orders import POOR, begun, placed, standing, upload_of, uploaded
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing, encode
from harness.wire.mobile_payment.answers import PAY, UPLOAD

SAFE = ["QH-FUND-SAFETY"]


@pytest.mark.case("mobile-payment/forgery", title="A seal that is wrong 报文签名加密错误", requirements=SAFE)
@pytest.mark.parametrize("name", list(FORGERIES))
def test_forgery(stage: MobileStage, name: str) -> None:
    """A payment under a wrong seal pays nothing; under the right one it is placed."""
    order = uploaded(stage)
    forgery = FORGERIES[name]
    # The last member is a number and one is beyond ASCII, so that every way to spell the string is another one.
    data = {"ward": "门诊", **order.payment, "bed": 7}
    stage.say(PAY, forgery.make(stage.forger(PAY), data), *forgery.refused_as)
    assert standing(stage, order) is Standing.UNDER_WAY
    placed(stage, order)


@pytest.mark.case("mobile-payment/no-envelope", title="A body that is no envelope 非报文", requirements=SAFE)
@pytest.mark.parametrize("name", list(BROKEN))
def test_no_envelope(stage: MobileStage, name: str) -> None:
    """Refused in the centre's own words, and the next good message is served."""
    body, reasons = BROKEN[name]
    stage.say(UPLOAD, body, *reasons)
    uploaded(stage)


def _sent_once(stage: MobileStage) -> tuple[dict[str, object], bytes, str]:
    """An upload, the bytes in which it went, and the order that came of it."""
    data = upload_of(stage, stage.person(POOR))
    raw = encode(stage.centre.sealed(UPLOAD, data))
    first = stage.centre.read(stage.line.begin(stage.centre.path_of(UPLOAD), raw).answer())
    stage.expect()
    return data, raw, str(first.data["payOrdId"])


@pytest.mark.case("mobile-payment/replayed", title="The same bytes again 报文重放", requirements=SAFE)
def test_replayed(stage: MobileStage) -> None:
    """Within the tolerance they are the same submission, done once."""
    data, raw, order = _sent_once(stage)
    again = stage.centre.read(stage.line.begin(stage.centre.path_of(UPLOAD), raw).answer())
    stage.expect()
    assert again.data["payOrdId"] == order
    assert stage.ask(UPLOAD, data).told["payOrdId"] == order


@pytest.mark.case("mobile-payment/replayed-late", title="The same bytes much later 超时重放", requirements=SAFE)
def test_replayed_late(stage: MobileStage) -> None:
    """Beyond the tolerance they are refused for their time; the same content, sealed anew, is the same submission."""
    data, raw, order = _sent_once(stage)
    stage.step_clock(stage.variant.tolerance_s + 1)
    stage.say(UPLOAD, raw, "timestamp-away")
    assert stage.ask(UPLOAD, data).told["payOrdId"] == order


@pytest.mark.case("mobile-payment/within-tolerance", title="A clock a little off 时钟偏差容忍", requirements=SAFE)
@pytest.mark.parametrize("way", ["behind", "ahead"])
def test_within_tolerance(stage: MobileStage, way: str) -> None:
    """A minute less than what is tolerated is still served."""
    order = uploaded(stage)
    forger = stage.forger(PAY)
    off = max(0, stage.variant.tolerance_s - 60) * 1_000_000_000
    now_ns = forger.now_ns + (off if way == "ahead" else -off)
    envelope = forger.sealed(order.payment, now_ns=now_ns)
    stage.centre.read(stage.line.post_json(stage.centre.path_of(PAY), envelope))
    stage.expect()
    assert standing(stage, order) is Standing.UNDER_WAY


@pytest.mark.case("mobile-payment/sealed-refusal", title="Refusals are sealed, too 拒绝应答签名", requirements=SAFE)
def test_sealed_refusal(stage: MobileStage) -> None:
    """What is refused is refused under the centre's own seal, or plainly as agreed."""
    order = begun(stage)
    stage.ask(PAY, {**order.payment, "orgBizSer": "other"}, "state")
    assert standing(stage, order) is Standing.UNDER_WAY
