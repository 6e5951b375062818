"""What messages, log and prompts of each defective adapter say that those of the right one do not."""

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from simulators.his.mutants_content import CONTENT_MUTANTS

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

ID_NO = "639999198503127031"
CODE = b"4241234567890123456701630000"
BANDAGE = {"code": "XP000003", "name": "医用纱布", "price": "0.99", "quantity": "7", "amount": "6.93", "level": "03"}


@pytest.fixture
def mutant(start: Any, request: pytest.FixtureRequest) -> "Adapter":
    """The mutant that the test is named after, signed in."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    adapter: Adapter = start("--mutant", name)
    adapter.do("sign-in")
    return adapter


def buy_a_bandage(adapter: "Adapter") -> None:
    """A purchase of something that no fund pays."""
    adapter.scans = [CODE + b"\r"]
    answer = adapter.do("purchase", order="A0001", lines=[BANDAGE], total="6.93", use_account=True)
    assert answer["outcome"] == "accepted"


def sold(systems: "Systems", name: str) -> list[str]:
    """A member of the lines of 2102."""
    return [line[name] for line in systems.sent("2102")[0]["input"]["drugdetail"]]


def test_one_code_for_all(mutant: "Adapter", systems: "Systems") -> None:
    buy_a_bandage(mutant)
    assert sold(systems, "med_list_codg") == sold(systems, "medins_list_codg") == ["XP000001"]


def test_level_a_for_all(mutant: "Adapter", systems: "Systems") -> None:
    buy_a_bandage(mutant)
    assert sold(systems, "chrgitm_lv") == ["01"]


def test_answers_own_number(mutant: "Adapter") -> None:
    assert mutant.buy()["mdtrt_id"] == "A0001"


def test_invoice_of_its_own(mutant: "Adapter", systems: "Systems") -> None:
    mutant.buy()
    assert systems.sent("2102")[0]["input"]["druginfo"]["invono"] == "ZA0001"


def test_chronic_disease_claimed(mutant: "Adapter", systems: "Systems") -> None:
    mutant.buy()
    assert systems.sent("2101")[0]["input"]["druginfo"]["dise_codg"] == "M03900"


def test_looks_people_up(mutant: "Adapter", systems: "Systems") -> None:
    mutant.do("totals", day="2020-10-14")
    assert systems.sent("1101") == []
    mutant.buy()
    mutant.do("totals", day="2020-10-14")
    assert systems.sent("1101")[1]["input"]["data"]["mdtrt_cert_no"] == ID_NO


def test_sent_in_utc(mutant: "Adapter", systems: "Systems") -> None:
    mutant.buy()
    assert {request["inf_time"] for request in systems.requests if "infno" in request} == {"2020-10-14 00:30:00"}


def test_fees_of_yesterday(mutant: "Adapter", systems: "Systems") -> None:
    mutant.buy()
    assert sold(systems, "fee_ocur_time") == ["2020-10-13 08:30:00"]
    assert systems.sent("2102")[0]["input"]["druginfo"]["begntime"] == "2020-10-14 08:30:00"


def test_begun_yesterday(mutant: "Adapter", systems: "Systems") -> None:
    mutant.buy()
    assert systems.sent("2102")[0]["input"]["druginfo"]["begntime"] == "2020-10-13 08:30:00"
    assert sold(systems, "fee_ocur_time") == ["2020-10-14 08:30:00"]


def test_logs_most_of_id_number(mutant: "Adapter") -> None:
    mutant.buy()
    assert f"{ID_NO[:16]}**" in mutant.log()


def test_logs_id_number_encoded(mutant: "Adapter") -> None:
    mutant.buy()
    assert b64encode(ID_NO.encode()).decode() in mutant.log()


def test_id_number_in_prompt(mutant: "Adapter", systems: "Systems") -> None:
    systems.refusals["2102"] = [("密码错误", "981020")]
    assert mutant.buy()["prompt"].endswith(ID_NO)


def test_every_one_of_a_pharmacy_is_tested_here() -> None:
    due = {mutant.name for mutant in CONTENT_MUTANTS if "pharmacy" in mutant.kinds}
    assert due <= {name.removeprefix("test_").replace("_", "-") for name in globals()}
