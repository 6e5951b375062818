"""Known defects of the day's reconciliation: what is summed up for the platform, and what is made of its answer."""

from dataclasses import replace
from datetime import date, timedelta

from simulators.his.behaviour import Behaviour
from simulators.his.mutant import Mutant
from simulators.his.statement_behaviour import StatementBehaviour

RIGHT = Behaviour()
BOTH = ("pharmacy", "hospital")
PROFILE = "unnamed-newer"
LEVEL, DIFFERENT = "level", "different"


def _statement(behaviour: StatementBehaviour) -> Behaviour:
    return replace(RIGHT, statement=behaviour)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _differences_as_level(compared: str) -> str:
    return LEVEL if compared == DIFFERENT else compared


STATEMENT_MUTANTS = (
    Mutant(
        name="statement-without-refunds",
        english="the day's reconciliation leaves out what was refunded",
        chinese="对总账漏报退费",
        shown_by="no 3201 with refd_setl_flag 000001 after a refund",
        behaviour=_statement(StatementBehaviour(states_refunds=False)),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="statement-refunds-above-zero",
        english="a reconciliation states refunds with sums above zero",
        chinese="对总账退费金额符号错误",
        shown_by="sums above zero in a 3201 with refd_setl_flag 000001",
        behaviour=_statement(StatementBehaviour(refunded=lambda fen: fen)),
        profile=PROFILE,
    ),
    Mutant(
        name="statement-of-yesterday",
        english="the day before is compared in the place of the day that was asked for",
        chinese="对总账日期填为前一日",
        shown_by="stmt_begndate and stmt_enddate of 3201 are the day before",
        behaviour=_statement(StatementBehaviour(day=_day_before)),
        profile=PROFILE,
    ),
    Mutant(
        name="difference-as-level",
        english="a reconciliation counts as level whenever it was answered, whatever the result",
        chinese="对总账结果不一致仍视为平账",
        shown_by="statement level, though stmt_rslt is none of level books",
        behaviour=_statement(StatementBehaviour(told=_differences_as_level)),
        profile=PROFILE,
    ),
    Mutant(
        name="warning-as-level",
        english="Shanghai's P900, the warning that a day is not level, counts as success",
        chinese="上海对账返回P900（不平警告）仍视为平账",
        shown_by="statement level, though SL01 was answered P900",
        behaviour=_statement(StatementBehaviour(told=_differences_as_level)),
        kinds=BOTH,
        profile="shanghai",
    ),
)
