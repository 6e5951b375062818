"""Answers to somebody else's message are nobody's answer; those that repeat nothing are taken as they are."""

import pytest

from simulators.his.echo import require_message, require_own, require_person

REFUND = {"data": {"setl_id": "S1", "psn_no": "1"}}
VISIT = {"data": {"psn_no": "1", "ipt_otp_no": "OP1"}}
DETAILS = {"feedetail": [{"feedetl_sn": "D1"}, {"feedetl_sn": "D2"}]}
PROOF = {"data": {"psn_no": "1"}}


def setlinfo(**members: str) -> dict[str, object]:
    return {"setlinfo": members}


@pytest.mark.parametrize(
    ("infno", "content", "output"),
    [
        ("2102", {}, setlinfo(medins_setl_id="M1")),
        ("2102", {}, setlinfo(medins_setl_id="")),
        ("2102", {}, setlinfo(setl_id="S9")),
        ("2102", {}, {}),
        ("2102", {}, {"setlinfo": "no object"}),
        ("2103", REFUND, setlinfo(medins_setl_id="M1", setl_id="S2")),
        ("2208", REFUND, setlinfo(medins_setl_id="M0", setl_id="S1")),
        ("2201", VISIT, {"data": {"psn_no": "1", "ipt_otp_no": "OP1", "mdtrt_id": "V1"}}),
        ("2201", VISIT, {"data": {"mdtrt_id": "V1"}}),
        ("2204", DETAILS, {"result": [{"feedetl_sn": "D2"}, {"feedetl_sn": "D1"}]}),
        ("2301", DETAILS, {"result": [{"det_item_fee_sumamt": "1.00"}]}),
        ("9801", PROOF, {"proof": {"psn_no": "1"}}),
        ("9802", {}, {"change": {"psn_no": "1"}}),
    ],
)
def test_an_answer_that_repeats_what_was_asked_or_nothing_is_ones_own(
    infno: str, content: dict[str, object], output: dict[str, object]
) -> None:
    require_own(infno, "M1", content, output)


@pytest.mark.parametrize(
    ("infno", "content", "output", "what"),
    [
        ("2102", {}, setlinfo(medins_setl_id="M0"), "message M0"),
        ("2207", {}, setlinfo(medins_setl_id="M0", setl_id="S1"), "message M0"),
        ("2102", {}, {"setlinfo": {"medins_setl_id": 7}}, "message 7"),
        ("2102", {}, {"setlinfo": {"medins_setl_id": ["M1"]}}, "message"),
        ("2208", REFUND, setlinfo(medins_setl_id="M0", setl_id="S9"), "message M0"),
        ("2201", VISIT, {"data": {"psn_no": "2", "ipt_otp_no": "OP1"}}, "another registration"),
        ("2201", VISIT, {"data": {"psn_no": "1", "ipt_otp_no": "OP2"}}, "another registration"),
        ("2204", DETAILS, {"result": [{"feedetl_sn": "D1"}, {"feedetl_sn": "D9"}]}, "other details"),
        ("9802", PROOF, {"change": {"psn_no": "2"}}, "another person"),
    ],
)
def test_an_answer_to_another_message_is_none(
    infno: str, content: dict[str, object], output: dict[str, object], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        require_own(infno, "M1", content, output)


def test_an_envelope_that_repeats_a_message_id_must_repeat_this_one() -> None:
    require_message("M1", {"msgid": "M1"})
    require_message("M1", {})
    with pytest.raises(ValueError, match="message M0"):
        require_message("M1", {"msgid": "M0"})


def test_the_person_told_is_the_person_identified() -> None:
    person = {"baseinfo": {"certno": "A", "psn_cert_type": "01"}}
    require_person("A", person)
    require_person("", person)
    require_person("B", {"baseinfo": {"certno": "passport", "psn_cert_type": "03"}})
    with pytest.raises(ValueError, match="another person"):
        require_person("B", person)
