"""Outpatient fees (门诊缴费): a doctor orders, the patient sees what is pending, pays, and gets back part or all.

Requirements MY-OUTPATIENT-PAY and QH-FUND-SAFETY.
"""

from harness.counter.basket import Basket, Line
from harness.counter.outcome import Outcome
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper, serve
from harness.scenarios.registration import PATIENT, registered

BLOOD_COUNT = Line.priced("XS000002", "血细胞分析", price="80.00", quantity="1")
SCAN = Line.priced("XS000003", "X线计算机体层平扫", price="133.35", quantity="3", level="02")
BANDAGE = Line.priced("XP000003", "医用纱布", price="1.15", quantity="7", level="03")
VISIT, FEES = "R0001", "F0001"
"""The orders of the usual visit and of its fees."""


def usual_fees(order: str = FEES) -> Basket:
    """What a doctor orders: lines with amounts that floats get wrong."""
    return Basket.of(order, BLOOD_COUNT, SCAN, BANDAGE)


def ordered(stage: CounterStage, basket: Basket | None = None, *, visit: str = VISIT) -> None:
    """The doctor orders something at a visit."""
    stage.expect_accepted(stage.counter.fees(basket or usual_fees(), visit=visit))


def seen_by_doctor(stage: CounterStage, patient: Shopper = PATIENT) -> Shopper:
    """Somebody is registered for today and has fees to pay; returns them as they come back, with a fresh code."""
    registered(stage, VISIT, patient, in_days=0)
    ordered(stage)
    return patient.again()


def pending(stage: CounterStage, patient: Shopper) -> Outcome:
    """Ask what is pending."""
    return serve(stage, stage.counter.pending(by=patient.by, way=patient.way), patient)


def pay(stage: CounterStage, patient: Shopper, order: str = FEES, *, use_account: bool = True) -> Outcome:
    """Pay a pending record."""
    operation = stage.counter.pay(order, by=patient.by, way=patient.way, use_account=use_account)
    return serve(stage, operation, patient)


def paid(stage: CounterStage, patient: Shopper = PATIENT) -> Shopper:
    """Somebody was seen and has paid; returns them as they come back."""
    patient = seen_by_doctor(stage, patient)
    stage.expect_accepted(pay(stage, patient))
    return patient


def refund_part(
    stage: CounterStage, patient: Shopper, keep: tuple[int, ...], order: str = FEES, *, use_account: bool = True
) -> Outcome:
    """Take back all lines but those kept."""
    operation = stage.counter.refund_part(order, keep, by=patient.by, way=patient.way, use_account=use_account)
    return serve(stage, operation, patient)
