"""One institution, one code, issued by the national platform."""

import pytest

from harness.scenarios.centre_stage import CentreStage
from harness.wire import voucher_calls as calls

ONE_CODE = ["NX-ONE-CODE"]


@pytest.mark.case("voucher/institution-code", title="An institution's one code 一单位一码", requirements=ONE_CODE)
def test_institution_code(stage: CentreStage) -> None:
    """The same each time, another for another institution, and it leads back."""
    for institution in (stage.table.institution, stage.table.other_institution, stage.table.institution):
        code = str(stage.ask(calls.own_code(institution)).data["orgCode"])
        assert stage.ask(calls.owner_of_code(code)).data["orgId"] == institution


@pytest.mark.case("voucher/institution-unknown", title="No such institution 机构不存在", requirements=ONE_CODE)
def test_institution_unknown(stage: CentreStage) -> None:
    """Who is no institution has no code, and a code of nobody leads nowhere."""
    stage.ask(calls.own_code("P00000000000"), "invalid-request")
    stage.ask(calls.owner_of_code("org0000000000000000000000000"), "unknown")
    stage.still_serves()


@pytest.mark.case(
    "voucher/institution-code-scanned", title="It identifies nobody 机构码不是凭证", requirements=ONE_CODE
)
def test_institution_code_scanned(stage: CentreStage) -> None:
    """An institution's code before the scanner is another kind of code."""
    code = str(stage.ask(calls.own_code(stage.table.institution)).data["orgCode"])
    stage.decode(code, "wrong-kind")
    stage.still_serves()
