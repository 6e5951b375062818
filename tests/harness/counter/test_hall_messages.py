"""A hall's answers on the counter port: what is right is read, what is wrong is the adapter's fault by name."""

import json
from typing import Any

import pytest

from harness.counter.answers import insurance_of, proof_of, screen_of, tier_of
from harness.counter.hall import Insurance, Proof, TierChange
from harness.counter.messages import Answer, parse_line
from harness.errors import PeerViolation
from harness.money import Fen

ROW = {
    "insutype": "310",
    "name": "职工基本医疗保险",
    "status": "1",
    "place": "639900",
    "since": "2010-01-01",
    "balance": "12.50",
}
PROOF = {"no": "ZM1", "insutype": "310", "from": "2010-01", "to": "2020-09", "months": 129, "check": "89AB"}


def answered(outcome: str = "accepted", **members: Any) -> Answer:
    line = json.dumps({"id": 1, "outcome": outcome, **members}).encode()
    answer = parse_line(line)
    assert isinstance(answer, Answer)
    return answer


def test_insurance_proof_tier_and_screen_are_read() -> None:
    row = Insurance(
        insutype="310",
        name="职工基本医疗保险",
        status="1",
        place="639900",
        since="2010-01-01",
        balance=Fen(1250),
    )
    assert insurance_of(answered(insurances=[ROW])).insurances == (row,)
    read = Proof(number="ZM1", insutype="310", since="2010-01", until="2020-09", months=129, check="89AB")
    assert proof_of(answered(proof=PROOF)).proof == read
    change = tier_of(answered(**{"from": "1", "to": "2", "year": "2020"})).tier
    assert change == TierChange(before="1", after="2", year="2020")
    assert screen_of(answered(screen={})).what == ""
    assert screen_of(answered(screen={"what": "proof", "proof": PROOF})).what == "proof"


def test_a_refusal_has_its_reason() -> None:
    refused = answered("refused", reason="not-identified", prompt="未核验 / not identified")
    for read in (insurance_of, proof_of, tier_of):
        assert read(refused).reason == "not-identified"


@pytest.mark.parametrize(
    ("read", "members", "field"),
    [
        (insurance_of, {"insurances": [{**ROW, "balance": 12.5}]}, "insurances[0].balance"),
        (insurance_of, {}, "insurances"),
        (proof_of, {"proof": {**PROOF, "check": ""}}, "proof.check"),
        (proof_of, {"proof": {**PROOF, "months": "129"}}, "proof.months"),
        (tier_of, {"from": "1", "to": "2"}, "year"),
        (screen_of, {"screen": []}, "screen"),
    ],
)
def test_a_wrong_answer_names_the_field(read: object, members: dict[str, Any], field: str) -> None:
    assert callable(read)
    with pytest.raises(PeerViolation, match=field.replace("[", r"\[").replace("]", r"\]")):
        read(answered(**members))
