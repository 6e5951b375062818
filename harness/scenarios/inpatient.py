"""A stay in hospital (住院): admitted, charged, discharged, settled with a freshly shown code, perhaps refunded.

Requirement GS-INPATIENT.
"""

from dataclasses import replace

from harness.counter.basket import Line
from harness.counter.hospital import Admission
from harness.counter.outcome import Outcome
from harness.money import Fen
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper, serve
from harness.scenarios.registration import PATIENT

STAY = "I0001"
"""The order of the usual stay."""
WARD = Admission(
    dept_code="D03",
    dept_name="普通外科",
    bed="0312",
    diagnosis=("K35.800", "急性阑尾炎"),
    doctor=("DR0301", "医师丙"),
)
OPERATION = Line.priced("XS000005", "住院手术", price="1280.00", quantity="1")
BED = Line.priced("XS000004", "床位费", price="45.35", quantity="3")
BANDAGE = Line.priced("XP000003", "医用纱布", price="1.15", quantity="7", level="03")


def admit(stage: CounterStage, patient: Shopper = PATIENT, order: str = STAY) -> Outcome:
    """Admit somebody."""
    return serve(stage, stage.counter.admit(order, WARD, by=patient.by, way=patient.way), patient)


def admitted(stage: CounterStage, patient: Shopper = PATIENT, order: str = STAY) -> Shopper:
    """Somebody is admitted; returns them as they come back, with a fresh code."""
    stage.expect_accepted(admit(stage, patient, order))
    return patient.again()


def charged(stage: CounterStage, *lines: Line, order: str = STAY) -> str:
    """Fees of the stay are uploaded, the usual ones unless some are named; returns their batch."""
    outcome = stage.counter.charge(order, lines or (OPERATION, BED, BANDAGE))
    stage.expect_accepted(outcome)
    return outcome.batch or ""


def returned(line: Line, quantity: str, *, of: str) -> Line:
    """A return of so many of an earlier line, `of` being `batch:number`."""
    back = Line.priced(line.code, line.name, price=line.price, quantity=quantity, level=line.level)
    return replace(back, quantity=f"-{quantity}", amount=Fen(-back.amount), returns=of)


def discharged(stage: CounterStage, order: str = STAY, *, way_out: str = "1") -> None:
    """The stay ends; `way_out` is a dscg_way, 1 as the doctor ordered."""
    stage.expect_accepted(stage.counter.discharge(order, way_out=way_out))


def settle(
    stage: CounterStage, patient: Shopper, order: str = STAY, *, interim: bool = False, use_account: bool = True
) -> Outcome:
    """Settle the stay with whoever comes."""
    operation = stage.counter.settle(order, by=patient.by, way=patient.way, use_account=use_account, interim=interim)
    return serve(stage, operation, patient)


def ready_to_settle(stage: CounterStage, patient: Shopper = PATIENT) -> Shopper:
    """Somebody was admitted, charged and discharged; returns them as they come to the window."""
    patient = admitted(stage, patient)
    charged(stage)
    discharged(stage)
    return patient
