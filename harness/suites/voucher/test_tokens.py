"""Tokens: bound to person and institution, alive for their time, one for each identification."""

import pytest

from harness.scenarios.centre_stage import CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_messages import Identity

BOUND = ["NX-ONE-CODE"]


def _flag(stage: CentreStage, identity: Identity, **other: str) -> str:
    claims = {"id_no": identity.id_no, "name": identity.name, "institution": stage.table.institution, **other}
    return str(stage.ask(calls.check_token(identity.token, **claims)).data.get("flag"))


@pytest.mark.case("voucher/token", title="A token is its person's 令牌核验", requirements=BOUND)
def test_token(stage: CentreStage) -> None:
    """Confirmed for its person, with the name, as often as asked, also when the institution is not said."""
    identity = stage.identify(stage.holder("P001"))
    for _ in range(2):
        reply = stage.ask(calls.check_token(identity.token, id_no=identity.id_no, name=identity.name))
        assert (reply.data["flag"], reply.data["userName"]) == ("1", identity.name)
    assert _flag(stage, identity) == "1"


@pytest.mark.case("voucher/token-of-another", title="Another's token 他人令牌", requirements=BOUND)
@pytest.mark.parametrize("claim", ["institution", "id_no", "name"])
def test_token_of_another(stage: CentreStage, claim: str) -> None:
    """At another institution, for another person, under another name it is not confirmed."""
    identity = stage.identify(stage.holder("P001"))
    stage.identify(stage.holder("P002"))
    person = stage.person("P002")
    other = {"institution": stage.table.other_institution, "id_no": person.id_no, "name": person.name}
    assert _flag(stage, identity, **{claim: other[claim]}) == "0"
    assert _flag(stage, identity) == "1"


@pytest.mark.case("voucher/token-unknown", title="Nobody's token 伪造令牌", requirements=BOUND)
def test_token_unknown(stage: CentreStage) -> None:
    """An invented token, and a good one with its last character changed, are not confirmed."""
    identity = stage.identify(stage.holder("P001"))
    for token in ("639900ec" + "a" * 30, identity.token[:-1] + ("b" if identity.token[-1] == "a" else "a")):
        reply = stage.ask(calls.check_token(token, id_no=identity.id_no, name=identity.name))
        assert reply.data.get("flag") == "0"
    assert _flag(stage, identity) == "1"


@pytest.mark.case("voucher/token-expired", title="The end of a token 令牌到期", requirements=BOUND)
def test_token_expired(stage: CentreStage) -> None:
    """It lives to the last second of its time and ends with it."""
    identity = stage.identify(stage.holder("P001"))
    stage.step_clock(stage.terms.token_s - 1)
    assert _flag(stage, identity) == "1"
    stage.step_clock(1)
    assert _flag(stage, identity) == "0"
    assert _flag(stage, stage.identify(stage.holder("P001"))) == "1"


@pytest.mark.case("voucher/tokens-differ", title="Each scan its own token 每次一令牌", requirements=BOUND)
def test_tokens_differ(stage: CentreStage) -> None:
    """Two scans give two tokens, both alive; at two institutions each its own."""
    first, second = stage.identify(stage.holder("P001")), stage.identify(stage.holder("P001"))
    third = stage.identify(stage.holder("P001"), desk=stage.other_desk)
    assert len({first.token, second.token, third.token}) == 3
    assert _flag(stage, first) == _flag(stage, second) == "1"
    assert _flag(stage, third, institution=stage.table.other_institution) == "1"
    assert _flag(stage, third) == "0"


@pytest.mark.case("voucher/replay", title="The same request again 重放", requirements=["GS-DYNAMIC-QR"])
def test_replay(stage: CentreStage) -> None:
    """A decoding that is sent once more gives no second token, and the first one stays good."""
    call = calls.decode(stage.desk, stage.code(stage.holder("P001")), code_field=stage.terms.code_field)
    identity = stage.ask(call).identity()
    again = stage.ask(call, "used")
    assert not again.data.get("ecToken")
    assert _flag(stage, identity) == "1"
