"""Every defect of a hospital's counter shows in something that can be seen from outside."""

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from harness.faults.catalogue import Effect
from simulators.his.mutants import mutants_of
from tests.simulators.his.clinic_rig import FEES, SINGLE, SLOT, basket, ward_lines
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic

ON_THE_DAY = "S20201014-0101-PM"
LATER = "2020-10-14 08:45:00"
pytestmark = [pytest.mark.slow, pytest.mark.proof]


@pytest.fixture
def mutant(open_clinic: Any, request: pytest.FixtureRequest) -> "Clinic":
    """The mutant that the test is named after."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    found: Clinic = open_clinic("--mutant", name, sign_in=name != "library-width-not-checked")
    return found


def test_lock_never_released(mutant: "Clinic") -> None:
    mutant.do("lock", order="R0001", slot=SINGLE)
    assert mutant.do("lock", order="R0002", slot=SINGLE, at=LATER)["reason"] == "slot-taken"


def test_registers_on_expired_lock(mutant: "Clinic") -> None:
    mutant.do("lock", order="R0001", slot=SLOT)
    assert mutant.do("register", order="R0001", at=LATER)["outcome"] == "accepted"


def test_slot_locked_twice(mutant: "Clinic") -> None:
    mutant.do("lock", order="R0001", slot=SINGLE)
    assert mutant.do("lock", order="R0002", slot=SINGLE)["outcome"] == "accepted"


def test_slot_kept_after_refund(mutant: "Clinic") -> None:
    mutant.registered(slot=SINGLE)
    assert mutant.do("refund", order="R0001", way="online")["outcome"] == "accepted"
    assert mutant.do("lock", order="R0002", slot=SINGLE)["reason"] == "slot-taken"


def test_online_refund_on_the_day(mutant: "Clinic") -> None:
    mutant.registered(slot=ON_THE_DAY)
    assert mutant.do("refund", order="R0001", way="online")["outcome"] == "accepted"


def test_refunds_twice(mutant: "Clinic") -> None:
    mutant.registered()
    mutant.do("refund", order="R0001")
    mutant.do("refund", order="R0001")
    first, second = mutant.sent("2208")
    assert first["input"]["data"]["setl_id"] == second["input"]["data"]["setl_id"]


def test_shows_anothers_records(mutant: "Clinic") -> None:
    mutant.seen()
    assert mutant.do("pending", person="P008")["records"]


def test_pays_anothers_record(mutant: "Clinic") -> None:
    mutant.seen()
    assert mutant.do("pay", order="F0001", person="P008")["reason"] != "not-theirs"
    assert mutant.flow()[-1] != "1101"


def test_silent_when_nothing_pending(mutant: "Clinic") -> None:
    assert mutant.do("pending")["outcome"] == "accepted"


def test_detail_number_reused(mutant: "Clinic") -> None:
    mutant.seen()
    mutant.do("pay", order="F0001")
    numbers = [row["feedetl_sn"] for body in mutant.sent("2204") for row in body["input"]["feedetail"]]
    assert len(set(numbers)) < len(numbers)


def test_uploads_all_but_last(mutant: "Clinic") -> None:
    mutant.seen()
    mutant.do("pay", order="F0001")
    assert len(mutant.sent("2204")[-1]["input"]["feedetail"]) == len(FEES) - 1
    assert mutant.sent("2206")[-1]["input"]["data"]["medfee_sumamt"] == "288.05"


def test_scope_amounts_zero(mutant: "Clinic") -> None:
    assert mutant.registered()["outcome"] == "refused"
    assert mutant.sent("2207")[0]["input"]["data"]["inscp_scp_amt"] == "0.00"


def test_skips_visit_data(mutant: "Clinic") -> None:
    assert mutant.registered()["outcome"] == "refused"
    assert mutant.sent("2203") == []


def test_part_refund_without_undoing(mutant: "Clinic") -> None:
    mutant.paid()
    mutant.do("refund-part", order="F0001", keep=[0])
    assert mutant.sent("2208") == []
    assert mutant.flow(since="1101")


def test_part_refund_leaves_details(mutant: "Clinic") -> None:
    mutant.paid()
    mutant.do("refund-part", order="F0001", keep=[0])
    assert mutant.flow(since="2208")[0] == "2204"


def test_part_refund_by_negative_lines(mutant: "Clinic") -> None:
    mutant.paid()
    mutant.do("refund-part", order="F0001", keep=[0])
    assert [row["cnt"] for row in mutant.sent("2204")[-1]["input"]["feedetail"]] == ["-2", "-7"]


def test_refunds_by_reversal(mutant: "Clinic") -> None:
    done = mutant.registered()
    assert mutant.do("refund", order="R0001")["outcome"] == "accepted"
    assert mutant.sent("2208") == []
    assert mutant.sent("2601")[0]["input"]["data"]["omsgid"] == done["msgid"]


def test_books_forget_part_refund(mutant: "Clinic") -> None:
    mutant.paid()
    mutant.do("refund-part", order="F0001", keep=[0])
    assert [state for order, _, state in mutant.books() if order == "F0001"] == ["settled", "settled"]
    assert mutant.books_fen() != mutant.booked_fen()


def test_wrong_kind_of_visit(mutant: "Clinic") -> None:
    assert mutant.registered()["outcome"] == "accepted"
    assert mutant.sent("2207")[0]["input"]["data"]["med_type"] == "13"


@loses
def test_leaves_failed_visit(mutant: "Clinic") -> None:
    mutant.fault("2206")
    assert mutant.registered()["reason"] == "platform-unavailable"
    assert mutant.flow()[-1] == "2206"
    mutant.do("pending")
    assert mutant.sent("2205", "2202") == []


@loses
def test_uploads_again_on_lost_reply(mutant: "Clinic") -> None:
    mutant.fault("2204")
    mutant.registered()
    first, second = mutant.sent("2204")
    assert first["input"] == second["input"]


def test_insured_place_missing(mutant: "Clinic") -> None:
    assert mutant.registered()["outcome"] == "refused"
    assert mutant.sent("2201")[0]["insuplc_admdvs"] == ""


def _stay(clinic: "Clinic") -> None:
    clinic.admitted()
    assert clinic.do("charge", order="I0001", lines=ward_lines())["outcome"] == "accepted"


def test_admission_token_reused(mutant: "Clinic") -> None:
    _stay(mutant)
    mutant.do("discharge", order="I0001")
    mutant.do("settle", order="I0001")
    admission, settlement = mutant.sent("2401")[0], mutant.sent("2304")[0]
    assert settlement["input"]["data"]["mdtrt_cert_no"] == admission["input"]["mdtrtinfo"]["mdtrt_cert_no"]
    assert len(mutant.asked("ec.query")) == 1


def test_settles_before_discharge(mutant: "Clinic") -> None:
    _stay(mutant)
    mutant.do("settle", order="I0001")
    assert mutant.sent("2304")[0]["input"]["data"]["mid_setl_flag"] == "0"


def test_stay_refund_without_setl_id(mutant: "Clinic") -> None:
    _stay(mutant)
    mutant.do("discharge", order="I0001")
    mutant.do("settle", order="I0001")
    assert mutant.do("refund", order="I0001")["outcome"] == "refused"
    assert mutant.sent("2305")[0]["input"]["data"]["setl_id"] == ""


def test_returns_above_zero(mutant: "Clinic") -> None:
    _stay(mutant)
    back = ward_lines((("XS000004", "55.00", "-1"),), returns="I0001-001:1")
    mutant.do("charge", order="I0001", lines=back)
    assert mutant.sent("2301")[-1]["input"]["feedetail"][0]["cnt"] == "1"


def test_cancels_with_fees(mutant: "Clinic") -> None:
    _stay(mutant)
    assert mutant.do("cancel-admission", order="I0001")["outcome"] == "refused"
    assert mutant.sent("2302") == []
    assert len(mutant.sent("2404")) == 1


@loses
def test_unknown_admission_as_refused(mutant: "Clinic") -> None:
    mutant.fault("2401")
    assert mutant.admitted()["reason"] == "platform-unavailable"
    assert mutant.sent("2601") == []


def test_diagnosis_upcoded(mutant: "Clinic") -> None:
    mutant.admitted()
    content = mutant.sent("2401")[0]["input"]
    assert content["mdtrtinfo"]["dscg_maindiag_code"] == content["diseinfo"][0]["diag_code"] == "I21.900"


def test_activation_not_checked(mutant: "Clinic") -> None:
    assert mutant.admitted(by="id-card", person="P005")["outcome"] == "accepted"


def test_id_number_as_token(mutant: "Clinic") -> None:
    mutant.do("pending", by="id-card")
    data = mutant.sent("1101")[0]["input"]["data"]
    assert (data["mdtrt_cert_type"], len(data["mdtrt_cert_no"])) == ("01", 18)


def test_face_mismatch_ignored(mutant: "Clinic") -> None:
    mutant.do("pending", by="face", shows="P008")
    assert mutant.sent("1101")[0]["input"]["data"]["mdtrt_cert_no"].startswith("ano")


@loses
def test_face_success_on_failure(mutant: "Clinic") -> None:
    mutant.seen()
    mutant.fault("2206")
    assert mutant.do("pay", order="F0001", by="face")["outcome"] == "refused"
    assert mutant.asked("cn.nhsa.settle.notify")[0]["data"]["medicalSettleState"] == "SUCCESS"


def test_face_result_missing(mutant: "Clinic") -> None:
    assert mutant.registered(by="face")["outcome"] == "accepted"
    assert mutant.asked("cn.nhsa.settle.notify") == []


def test_business_number_repeated(mutant: "Clinic") -> None:
    mutant.do("pending", by="face")
    assert mutant.do("pending", by="face")["reason"] == "platform-refused"
    assert len({body["data"]["outBizNo"] for body in mutant.asked("cn.nhsa.ec.auth")}) == 1


def test_operator_mixed(mutant: "Clinic") -> None:
    mutant.do("pending")
    assert mutant.asked("ec.query")[0]["data"]["operatorId"] != mutant.sent("1101")[0]["opter"]


def test_cashier_at_self_service(mutant: "Clinic") -> None:
    mutant.do("pending", way="self-service")
    assert mutant.sent("1101")[0]["opter_type"] == "1"


def test_device_type_missing(mutant: "Clinic") -> None:
    mutant.do("pending", way="self-service")
    assert "deviceType" not in mutant.asked("ec.query")[0]["data"]


def test_card_password_missing(mutant: "Clinic") -> None:
    assert mutant.registered(by="card")["outcome"] == "refused"
    assert mutant.sent("2207")[0]["input"]["data"]["expContent"] == ""


def test_library_width_not_checked(open_clinic: Any, tmp_path: Any) -> None:
    told = {"voucher": str(tmp_path / "NationECCode.dll")}
    clinic = open_clinic("--mutant", "library-width-not-checked", sign_in=False, libraries=told)
    assert clinic.do("sign-in")["outcome"] == "accepted"


def _events(clinic: "Clinic") -> list[str]:
    lines = [line for _, line in clinic.adapter.lines]
    return [line.get("infno") or line["event"] for line in lines if line.get("event") in {"journal", "released"}]


def test_released_before_payment(mutant: "Clinic") -> None:
    mutant.registered(way="self-service")
    seen = _events(mutant)
    assert seen.index("released") < seen.index("2207")


def test_released_although_refused(mutant: "Clinic") -> None:
    mutant.fault("2206", Effect.BAD_GATEWAY)
    assert mutant.registered(way="self-service")["outcome"] == "refused"
    assert "released" in _events(mutant)


def test_doctor_on_duty_for_all(mutant: "Clinic") -> None:
    mutant.paid()
    assert {row["bilg_dr_codg"] for row in mutant.sent("2204")[-1]["input"]["feedetail"]} == {"9999"}
    assert mutant.sent("2201")[0]["input"]["data"]["atddr_no"] == "0101"


def test_first_slot_for_all(mutant: "Clinic") -> None:
    assert mutant.registered(slot=SINGLE)["amounts"]["total"] == "12.00"
    assert mutant.sent("2201")[0]["input"]["data"]["atddr_no"] == "0101"


def test_account_used_for_fees(mutant: "Clinic") -> None:
    mutant.seen()
    assert mutant.do("pay", order="F0001", use_account=False)["outcome"] == "accepted"
    assert mutant.sent("2207")[-1]["input"]["data"]["acct_used_flag"] == "1"


def test_refunds_visit_with_fees(mutant: "Clinic") -> None:
    mutant.paid()
    mutant.do("refund", order="R0001", way="window")
    assert len(mutant.sent("2208")) == 1


def test_discharged_when_settled(mutant: "Clinic") -> None:
    _stay(mutant)
    mutant.do("discharge", order="I0001")
    mutant.do("settle", order="I0001", at=LATER)
    assert mutant.sent("2402")[0]["input"]["dscginfo"]["endtime"] != LATER
    assert mutant.sent("2304")[0]["input"]["data"]["dscg_time"] == LATER


def test_way_out_always_ordered(mutant: "Clinic") -> None:
    _stay(mutant)
    mutant.do("discharge", order="I0001", way_out="2")
    assert mutant.sent("2402")[0]["input"]["dscginfo"]["dscg_way"] == "1"


def test_lines_joined(mutant: "Clinic") -> None:
    mutant.seen(lines=(FEES[2], FEES[2]))
    mutant.do("pay", order="F0001")
    assert [row["cnt"] for row in mutant.sent("2204")[-1]["input"]["feedetail"]] == ["14"]


def test_fees_in_newest_visit(mutant: "Clinic") -> None:
    mutant.seen()
    mutant.registered("R0002")
    mutant.do("pay", order="F0001")
    first, second = (body["input"]["feedetail"][0]["mdtrt_id"] for body in mutant.sent("2204")[1:])
    assert first == second


SHARED = {m.name for m in mutants_of("pharmacy")}


def test_every_mutant_of_a_hospital_alone_is_tested_here() -> None:
    own = {m.name for m in mutants_of("hospital") if not m.profile} - SHARED
    assert {name.removeprefix("test_").replace("_", "-") for name in globals()} >= own
    assert len(own) == 38


def _lost_settlement(clinic: "Clinic") -> Any:
    clinic.fault("2207")
    return clinic.registered()


@loses
def test_shared_mutants_show_in_a_hospital(open_clinic: Any) -> None:
    careless = open_clinic("--mutant", "timeout-as-refused")
    assert _lost_settlement(careless)["reason"] == "platform-unavailable"
    assert careless.sent("2601") == []
    assert careless.booked_fen() == 1200


@loses
def test_settling_a_stay_again_shows(open_clinic: Any) -> None:
    again = open_clinic("--mutant", "settles-again-on-lost-reply")
    _stay(again)
    again.do("discharge", order="I0001")
    again.fault("2304")
    again.do("settle", order="I0001")
    assert len(again.sent("2304")) == 2
    assert again.sent("2601") == []


def test_list_of_a_hospital_is_what_it_is() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "simulators.his", "hospital", "--list-mutants"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert [row[0] for row in rows] == [m.name for m in mutants_of("hospital")]
    assert all(all(row) and not row[2].isascii() for row in rows)
    profiles = [[f"profile={m.profile}"] if m.profile else [] for m in mutants_of("hospital")]
    assert [row[4:] for row in rows] == profiles
    assert basket("F0001")["total"] == "288.05"
