"""Known defects of a clinic's data: whose doctor, which slot, whose account, when somebody left, and what for."""

from dataclasses import replace

from simulators.his.behaviour import Behaviour
from simulators.his.clinic_behaviour import ClinicBehaviour
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
HOSPITAL, BOTH = ("hospital",), ("pharmacy", "hospital")
DUTY_DOCTOR = ("9999", "值班医师")
FETCHING_A_REPORT = "01303"
"""businessType of something that nobody does here (取报告)."""


def _on_duty(_code: str, _name: str) -> tuple[str, str]:
    return DUTY_DOCTOR


def _always(_asked: bool) -> bool:
    return True


def _as_of_now(_left_at: str, now: str) -> str:
    return now


def _as_ordered(_way_out: str) -> str:
    return "1"


CLINIC_MUTANTS = (
    Mutant(
        name="purpose-mixed-up",
        english="the voucher centre is told that everybody fetches a report",
        chinese="解码用码业务类型一律填取报告",
        shown_by="businessType 01303 whatever the cashier does",
        behaviour=replace(RIGHT, business=lambda _: FETCHING_A_REPORT),
        kinds=BOTH,
    ),
    Mutant(
        name="first-insurance-taken",
        english="the first insurance that 1101 names is taken, whether it has ended or not",
        chinese="险种取参保信息首条，不看参保状态",
        shown_by="insutype and insuplc_admdvs of an insurance whose psn_insu_stas is 3: refused",
        behaviour=replace(RIGHT, heeds_status=False),
        kinds=BOTH,
    ),
    Mutant(
        name="lines-joined",
        english="two orders of the same goods are uploaded as one line",
        chinese="同一项目的多条医嘱合并为一条明细上传",
        shown_by="one row of feedetail where two lines were ordered",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(joins_lines=True)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="fees-in-newest-visit",
        english="fees are uploaded into the patient's newest visit, not into the one where they were ordered",
        chinese="费用上传到该患者最近一次就诊，而非开单的就诊",
        shown_by="2204 and 2207 with the mdtrt_id of another registration than the record's",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(newest_visit=True)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="doctor-on-duty-for-all",
        english="every line of fees is sent as ordered by the doctor on duty",
        chinese="费用明细的开单医师一律填值班医师",
        shown_by="bilg_dr_codg of 2204 and 2301 is not that of the slot or of the admission",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(ordered_by=_on_duty)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="first-slot-for-all",
        english="everybody is registered and charged for the day's first slot, whichever they have locked",
        chinese="不论锁定哪个号源，均按当日首个号源挂号收费",
        shown_by="2201 with another department, doctor or fee than the locked slot's",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(heeds_choice=False)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="account-used-for-fees",
        english="fees and stays are paid from the account although the patient did not want that",
        chinese="门诊缴费、住院结算不按要求一律使用个人账户",
        shown_by="acct_used_flag 1 in 2207 of fees and in 2304 where use_account is false",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(account_of_fees=_always)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="refunds-visit-with-fees",
        english="a registration is refunded while fees of its visit are paid",
        chinese="就诊已有缴费仍办理退号",
        shown_by="2208 of a registration whose fees are settled, where has-fees is due",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(heeds_paid_fees=False)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="discharged-when-settled",
        english="a stay is settled as if it had ended when it was settled",
        chinese="出院时间填为结算时间",
        shown_by="dscg_time of 2303 and 2304 is not the time of the discharge",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(left=_as_of_now)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="way-out-always-ordered",
        english="everybody is discharged as the doctor ordered, whatever the ward says",
        chinese="离院方式一律填医嘱离院",
        shown_by="dscg_way 1 in the 2402 of somebody who was transferred",
        behaviour=replace(RIGHT, clinic=ClinicBehaviour(way_out=_as_ordered)),
        kinds=HOSPITAL,
    ),
)
