"""Alipay's IoT box: a registration paid there as a good story, broken in one place, and what the rule then sees."""

from tests.harness.rules import hospital_stories
from tests.harness.rules.breaking import Change, body, dropped, several
from tests.harness.rules.broken import Broken
from tests.harness.rules.tape_builder import TapeBuilder

NUMBER = "P6399990000120201014000000001"
SCAN, RESULT = "R0001 check", "R0001 notify"


def paid_at_the_box() -> TapeBuilder:
    """What a face did at the terminal, a scan does at the box, and the box shows how it ended."""
    tape = hospital_stories.registration_by_face()
    tape.drop("R0001 auth request", "R0001 auth reply")
    for entry in tape.entries:
        if isinstance(entry.content, dict) and entry.content.get("by") == "face":
            entry.content["by"] = "iot-box"
    scan, result = tape[f"{SCAN} request"].content, tape[f"{RESULT} request"].content
    scan["transType"], result["transType"] = "iot.gain.ec.qrcode", "iot.medical.settle.notify"
    del scan["data"]["authNo"]
    scan["data"] |= {"gainWay": "ALL", "outBizNo": NUMBER}
    paid = result["data"]
    insured = int(paid["hifAmt"].replace(".", "")) + int(paid["acctAmt"].replace(".", ""))
    result["data"] = {
        "bizType": "register",
        "medicalSettleState": paid["medicalSettleState"],
        "totalFee": paid["totalFee"],
        "selfFee": paid["ownAmt"],
        "medicalFee": f"{insured // 100}.{insured % 100:02d}",
        "outBizNo": NUMBER,
    }
    return tape


def told(name: str, value: str) -> Change:
    """Another member of the result."""
    return body(f"{RESULT} request", "data", name, value=value)


def scan_refused(tape: TapeBuilder) -> None:
    """The centre refused the scan; the adapter goes on all the same."""
    tape[f"{SCAN} reply"].content.update({"code": 980025, "success": False, "data": {}})


SHOWN = "result-shown-at-terminal"
BROKEN_AT_THE_BOX = (
    Broken(SHOWN, "box not told", paid_at_the_box, dropped(f"{RESULT} request", f"{RESULT} reply"), "^one iot.medical"),
    Broken(SHOWN, "box told it failed", paid_at_the_box, told("medicalSettleState", "FAIL"), "^medicalSettleState S"),
    Broken(SHOWN, "the fund's part only", paid_at_the_box, told("medicalFee", "0.00"), '^medicalFee "0.00"'),
    Broken(SHOWN, "another total", paid_at_the_box, told("totalFee", "1.00"), '^totalFee "1.00"'),
    Broken(SHOWN, "another own part", paid_at_the_box, told("selfFee", "1.00"), '^selfFee "1.00"'),
    Broken(SHOWN, "another scan", paid_at_the_box, told("outBizNo", "1"), '^outBizNo "1"'),
    Broken(
        "face-mismatch-authorises-nothing",
        "the box's scan was refused",
        paid_at_the_box,
        several(scan_refused),
        "the face or scan was not accepted",
    ),
    Broken(
        "identified-as-presented",
        "the box's scan was refused",
        paid_at_the_box,
        several(scan_refused),
        "though nobody was identified",
    ),
    Broken(
        "library-asked-as-told",
        "the box of another institution",
        paid_at_the_box,
        body(f"{RESULT} request", "orgId", value="P63999900002"),
        '^orgId "P63999900002"',
    ),
)
