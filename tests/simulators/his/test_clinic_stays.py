"""Stays in hospital at the reference adapter: admission, fees and returns, discharge, settlement, refunds."""

from typing import TYPE_CHECKING

import pytest

from harness.faults.catalogue import Effect
from simulators.platform.visits import State
from tests.simulators.his.clinic_rig import visits_at, ward_lines
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic

BED_BACK = (("XS000004", "55.00", "-1"),)


def stay(clinic: "Clinic") -> None:
    """In hospital, with fees."""
    assert clinic.admitted()["outcome"] == "accepted"
    charged = clinic.do("charge", order="I0001", lines=ward_lines())
    assert (charged["batch"], charged["count"]) == ("I0001-001", 2)


def test_stay_from_admission_to_refund(clinic: "Clinic") -> None:
    stay(clinic)
    assert clinic.do("charge", order="I0001", lines=ward_lines(BED_BACK, returns="I0001-001:1"))["count"] == 1
    assert clinic.do("discharge", order="I0001", way_out="1")["outcome"] == "accepted"
    assert clinic.do("settle", order="I0001", use_account=True)["amounts"]["total"] == "3055.00"
    assert clinic.flow() == ["1101", "2401", "2301", "2301", "2402", "1101", "2303", "2304"]
    returned = clinic.sent("2301")[1]["input"]["feedetail"][0]
    assert (returned["cnt"], returned["det_item_fee_sumamt"]) == ("-1", "-55.00")
    assert returned["init_feedetl_sn"] == clinic.sent("2301")[0]["input"]["feedetail"][0]["feedetl_sn"]
    assert "settled already" in clinic.do("settle", order="I0001")["error"]
    assert clinic.do("refund", order="I0001")["amounts"]["total"] == "-3055.00"
    assert clinic.sent("2305")[0]["input"]["data"]["setl_id"]
    assert clinic.do("settle", order="I0001")["outcome"] == "accepted", "its details are there to be settled again"
    clinic.agree()


def test_settlement_wants_discharge_and_a_fresh_code(clinic: "Clinic") -> None:
    stay(clinic)
    assert clinic.do("settle", order="I0001")["reason"] == "not-discharged"
    assert clinic.flow()[-1] == "2301"
    clinic.do("discharge", order="I0001")
    assert clinic.do("settle", order="I0001", person="P008")["reason"] == "not-theirs"
    assert clinic.flow()[-1] == "1101"
    clinic.do("settle", order="I0001")
    admission = clinic.sent("2401")[0]["input"]["mdtrtinfo"]["mdtrt_cert_no"]
    assert clinic.sent("2304")[0]["input"]["data"]["mdtrt_cert_no"] != admission


def test_interim_settlement_and_the_rest(clinic: "Clinic") -> None:
    stay(clinic)
    assert clinic.do("settle", order="I0001", interim=True)["amounts"]["total"] == "3110.00"
    assert clinic.sent("2304")[0]["input"]["data"]["mid_setl_flag"] == "1"
    clinic.do("charge", order="I0001", lines=ward_lines((("XS000002", "80.00", "1"),)))
    clinic.do("discharge", order="I0001")
    assert clinic.do("settle", order="I0001")["amounts"]["total"] == "80.00"
    assert clinic.do("cancel-admission", order="I0001")["reason"] == "has-fees"
    clinic.agree()


@loses
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY])
def test_admission_in_doubt_is_reversed(clinic: "Clinic", effect: Effect) -> None:
    clinic.fault("2401", effect)
    assert clinic.admitted()["reason"] == "platform-unavailable"
    reversal = clinic.sent("2601")[0]["input"]["data"]
    assert (reversal["omsgid"], reversal["oinfno"]) == (clinic.sent("2401")[0]["msgid"], "2401")
    assert [visit.state for visit in visits_at(clinic.bench)] in ([], [State.CANCELLED])
    assert clinic.admitted()["outcome"] == "accepted"


@loses
def test_admission_that_stays_in_doubt_is_resolved(clinic: "Clinic") -> None:
    clinic.fault("2401")
    for nth in (1, 2, 3):
        clinic.fault("2601", Effect.BAD_GATEWAY, nth=nth)
    unknown = clinic.admitted()
    assert (unknown["outcome"], unknown["msgid"]) == ("unknown", clinic.sent("2401")[0]["msgid"])
    assert clinic.do("resolve")["outcome"] == "accepted"
    assert [visit.state for visit in visits_at(clinic.bench)] == [State.CANCELLED]


def test_somebody_in_hospital_is_not_admitted_again(clinic: "Clinic") -> None:
    clinic.admitted()
    assert clinic.admitted("I0002")["reason"] == "platform-refused"
    assert "in use" in clinic.admitted("I0001")["error"]


@loses
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY])
def test_upload_in_doubt_is_withdrawn(clinic: "Clinic", effect: Effect) -> None:
    clinic.admitted()
    clinic.fault("2301", effect)
    assert clinic.do("charge", order="I0001", lines=ward_lines())["reason"] == "platform-unavailable"
    sent = [row["feedetl_sn"] for row in clinic.sent("2301")[0]["input"]["feedetail"]]
    assert [row["feedetl_sn"] for row in clinic.sent("2302")[0]["input"]["data"]] == sent
    assert clinic.do("charge", order="I0001", lines=ward_lines())["outcome"] == "accepted"
    clinic.do("discharge", order="I0001")
    assert clinic.do("settle", order="I0001")["amounts"]["total"] == "3110.00"


@loses
def test_upload_that_stays_in_doubt_is_unknown(clinic: "Clinic") -> None:
    clinic.admitted()
    clinic.fault("2301")
    for nth in (1, 2, 3):
        clinic.fault("2302", Effect.BAD_GATEWAY, nth=nth)
    unknown = clinic.do("charge", order="I0001", lines=ward_lines())
    assert (unknown["outcome"], unknown["msgid"]) == ("unknown", clinic.sent("2301")[0]["msgid"])
    assert clinic.do("resolve")["outcome"] == "accepted"
    assert visits_at(clinic.bench)[0].details == {}


@loses
@pytest.mark.parametrize(("infno", "do"), [("2402", "discharge"), ("2404", "cancel-admission")])
def test_what_books_nothing_is_sent_again(clinic: "Clinic", infno: str, do: str) -> None:
    clinic.admitted()
    clinic.fault(infno)
    assert clinic.do(do, order="I0001")["outcome"] == "accepted"
    assert len(clinic.sent(infno)) == 2


@loses
def test_settlement_in_doubt_is_reversed(clinic: "Clinic") -> None:
    stay(clinic)
    clinic.do("discharge", order="I0001")
    clinic.fault("2304")
    assert clinic.do("settle", order="I0001")["reason"] == "platform-unavailable"
    assert clinic.sent("2601")[0]["input"]["data"]["oinfno"] == "2304"
    clinic.agree()
    assert clinic.do("settle", order="I0001")["outcome"] == "accepted"
    assert [state for _, _, state in clinic.books()] == ["reversed", "settled"]


def test_cancelled_admission_leaves_nothing(clinic: "Clinic") -> None:
    stay(clinic)
    assert clinic.do("cancel-admission", order="I0001")["outcome"] == "accepted"
    assert clinic.flow()[-2:] == ["2302", "2404"]
    assert "no stay" in clinic.do("charge", order="I0001", lines=ward_lines())["error"]
    assert clinic.admitted()["outcome"] == "accepted"


@pytest.mark.parametrize("returns", ["", "I0001-001:0", "I0001-001:3", "I0001-009:1", "nonsense"])
def test_return_names_a_line_that_there_is(clinic: "Clinic", returns: str) -> None:
    stay(clinic)
    assert "batch:line" in clinic.do("charge", order="I0001", lines=ward_lines(BED_BACK, returns=returns))["error"]
