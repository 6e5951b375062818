"""The day's reconciliation, in the institution interface and in Shanghai's protocol: good stories, then broken."""

from collections.abc import Callable
from typing import Any

from tests.harness.rules.breaking import Change, body, dropped
from tests.harness.rules.broken import Broken
from tests.harness.rules.stories import begun
from tests.harness.rules.tape_builder import AREA, TapeBuilder, to_fen, yuan

DAY = "2020-10-14"
GROUP = {"insutype": "310", "clr_type": "41", "clr_optins": AREA}
SUMS = {"medfee_sumamt": "25.00", "fund_pay_sumamt": "10.00", "acct_pay": "12.00", "cash_payamt": "3.00"}
BACK = {name: f"-{amount}" for name, amount in SUMS.items()}
COLLATED = {
    "totalexpense": "25.00",
    "fundpay": "10.00",
    "personpay": "15.00",
    "curaccountpay": "12.00",
    "hisaccountpay": "0.00",
    "mulaidpay": "0.00",
    "cashpay": "3.00",
}


def a_day() -> TapeBuilder:
    """Two people buy, one of them is refunded; the province wants a reconciliation with the totals."""
    tape = begun()
    profile = tape["hello"].content["hello"]["profile"]
    profile["statement_with_totals"] = True
    tape.purchase("A0001")
    tape.purchase("A0002", person=7)
    tape.refund("A0002")
    for order in ("A0001", "A0002"):
        tape[f"{order} 2102 reply"].content["output"]["setlinfo"] |= GROUP
    return tape


def totals(tape: TapeBuilder, send: Callable[[], None], *, statement: str) -> TapeBuilder:
    """The cashier asks for the totals; `send` is what the adapter does first."""
    tape.ask("totals", day=DAY)
    send()
    told = {"total": "25.00", "fund": "10.00", "account": "12.00", "cash": "3.00"}
    tape.answer("totals", "accepted", count=1, **told, statement=statement)
    return tape.end()


def stated(*, result: str = "000000", statement: str = "level") -> TapeBuilder:
    """3201 of the settlements, answered with a result, and of the refund."""
    tape = a_day()

    def send() -> None:
        for label, flag, sums, count, said in (
            ("settled", "0", {name: _twice(amount) for name, amount in SUMS.items()}, "2", result),
            ("refunded", "1", BACK, "1", "000000"),
        ):
            data = {
                **{name: GROUP[name] for name in ("insutype", "clr_type")},
                "setl_optins": AREA,
                "stmt_begndate": DAY,
                "stmt_enddate": DAY,
                **sums,
                "fixmedins_setl_cnt": count,
                "refd_setl_flag": flag,
            }
            tape.transaction(label, "3201", {"data": data})
            tape.granted(label, {"stmtinfo": {"setl_optins": AREA, "stmt_rslt": said}})

    return totals(tape, send, statement=statement)


def different() -> TapeBuilder:
    """The platform counts otherwise, and the adapter says so."""
    return stated(result="000101", statement="different")


def collated(*, code: str = "P001", result: str = "000000", statement: str = "level") -> TapeBuilder:
    """SL01 of everything."""
    tape = a_day()

    def send() -> None:
        told = {"daycollate": DAY, "daycount": "3", **COLLATED}
        tape.request("SL01", "platform", "/", {"xxlxm": "SL01", "xxnr": told})
        tape.reply("SL01", {"xxfhm": code, "fhxx": "", "xxnr": {"resultcollate": result}})

    tape.repeat("hello", after="A0002 refund expect", as_label="hello of Shanghai")
    tape["hello of Shanghai"].content["hello"]["profile"]["protocol"] = "shanghai"
    return totals(tape, send, statement=statement)


def warned() -> TapeBuilder:
    """Shanghai's warning P900, and the adapter says so."""
    return collated(code="P900", result="000101", statement="different")


def of_request(label: str, name: str, value: str) -> Change:
    """Another value in a 3201."""
    return body(f"{label} request", "input", "data", name, value=value)


def without(*labels: str) -> Change:
    """A message that was never sent."""
    return dropped(*[f"{label} {side}" for label in labels for side in ("request", "reply")])


def both_level(tape: TapeBuilder) -> None:
    """Whatever was answered, it counts as level."""
    tape["totals answer"].content["statement"] = "level"


def never_answered(tape: TapeBuilder) -> None:
    """The second message has no answer."""
    tape.drop("refunded reply")


def _twice(amount: str) -> str:
    return yuan(2 * to_fen(amount))


def _of(rule: str) -> Callable[[str, Callable[[], TapeBuilder], Any, str], Broken]:
    return lambda what, story, change, seen: Broken(rule, what, story, change, seen)


SUMMED, TOLD = _of("statement-as-booked"), _of("statement-told-as-answered")
BROKEN_STATEMENTS = (
    SUMMED("no refunds", stated, without("refunded"), "^a 3201 of refunds of insutype 310"),
    SUMMED("nothing", stated, without("settled", "refunded"), "^a 3201 of settlements of insutype 310"),
    SUMMED("refunds above zero", stated, of_request("refunded", "medfee_sumamt", "25.00"), "medfee_sumamt -25.00"),
    SUMMED("a fen too much", stated, of_request("settled", "acct_pay", "24.01"), 'acct_pay "24.01"'),
    SUMMED("the cash left out", stated, of_request("settled", "cash_payamt", "0.00"), "cash_payamt 6.00"),
    SUMMED("one too few", stated, of_request("settled", "fixmedins_setl_cnt", "1"), "fixmedins_setl_cnt 2"),
    SUMMED("another day", stated, of_request("settled", "stmt_begndate", "2020-10-13"), "2020-10-13"),
    SUMMED("until another day", stated, of_request("settled", "stmt_enddate", "2020-10-15"), "2020-10-15"),
    SUMMED("another insurance", stated, of_request("settled", "insutype", "390"), "^settlements of insutype 390"),
    SUMMED("another place", stated, of_request("refunded", "setl_optins", "630000"), "^refunds of .* 630000"),
    SUMMED("no flag", stated, of_request("settled", "refd_setl_flag", ""), "medfee_sumamt 25.00"),
    SUMMED("no SL01", collated, without("SL01"), "^an SL01 of 2020-10-14"),
    SUMMED("SL01 of another day", collated, body("SL01 request", "xxnr", "daycollate", value="2020-10-13"), "10-13"),
    SUMMED("SL01 nets its count", collated, body("SL01 request", "xxnr", "daycount", value="1"), "^daycount 3"),
    SUMMED("SL01 without cash", collated, body("SL01 request", "xxnr", "cashpay", value="0.00"), "^cashpay 3.00"),
    TOLD("a difference", different, both_level, "^statement different, the worst of 2"),
    TOLD("nothing", stated, body("totals answer", "statement", value=""), "^statement nothing"),
    TOLD("no answer", stated, never_answered, "^statement unknown"),
    TOLD("refused", stated, body("refunded reply", "infcode", value=-1), "^statement refused"),
    TOLD("P900", warned, both_level, "^statement different"),
    TOLD("all is well", stated, body("totals answer", "statement", value="different"), '^statement "different"'),
)
STATEMENT_STORIES = (stated, different, collated, warned)
