"""What provinces do differently: each choice of the file changes what the platform does."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from harness.money import Fen
from harness.wire.fields import load_toml
from harness.wire.institution_statement import StatementLine
from simulators.platform import choices, files, reconciliation
from simulators.platform.choices import Choices, choices_from, choices_of
from simulators.platform.reconciliation import Difference, Verdict, result_line
from simulators.platform.transactions import sign_in, statements, undo, visit_settle
from tests.simulators.hospital_rig import HOSPITAL, Hospital
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1, P4 = PEOPLE["P001"], PEOPLE["P004"]
DEFAULT: Mapping[str, Any] = load_toml("institution/choices.toml")["default"]  # type: ignore[assignment]  # a table
USERS = (files, sign_in, statements, undo, visit_settle)


@pytest.fixture
def hospital(shared_rig: Rig) -> Hospital:
    reset_rig(shared_rig).sign_in(HOSPITAL.code)
    return Hospital(shared_rig)


def choose(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Choices:
    chosen = choices_from({**DEFAULT, **changed})
    for module in USERS:
        monkeypatch.setattr(module, "choices_of", lambda _: chosen)
    return chosen


def test_qinghai_has_the_defaults_and_a_file_cannot_say_what_is_not_offered() -> None:
    assert choices_of("qinghai") == choices_from(DEFAULT)
    for wrong in ({"statement_codes": "none"}, {"mutual_aid": "above"}, {"statement_count": "all"}):
        with pytest.raises(ValueError, match=r"none|mutual_aid|statement_count"):
            choices_from({**DEFAULT, **wrong})
    with pytest.raises(TypeError):
        choices_from({**DEFAULT, "unheard_of": 1})
    assert choices.Codes("long") is choices.Codes.LONG


@pytest.mark.parametrize(
    ("verdict", "greater", "long", "short"),
    [
        (Verdict.LEVEL, False, "000000", "0"),
        (Verdict.CENTRE_MORE, False, "000101", "1"),
        (Verdict.INSTITUTION_MORE, True, "000102", "2"),
        (Verdict.DIFFERENT, True, "000103", "1"),
        (Verdict.DIFFERENT, False, "000103", "2"),
    ],
)
def test_results_have_the_codes_of_their_family(verdict: Verdict, greater: bool, long: str, short: str) -> None:
    assert verdict.code(choices.Codes.LONG, centre_greater=greater) == long
    assert verdict.code(choices.Codes.SHORT, centre_greater=greater) == short


def test_result_lines_flag_refunds_short_or_long() -> None:
    line = StatementLine(setl_id="S", mdtrt_id="M", psn_no="P", total=Fen(-1), fund=Fen(0), account=Fen(-1))
    lost = Difference(verdict=Verdict.INSTITUTION_MORE, theirs=line, ours=None, why="")
    paid = dataclasses.replace(lost, theirs=dataclasses.replace(line, total=Fen(1)))
    for family, flags in (("short", ["1", "0"]), ("long", ["001", "000"])):
        chosen = choices_from({**DEFAULT, "refund_flag": family})
        assert [result_line(one, chosen).refund_flag for one in (lost, paid)] == flags


def test_a_cancellation_may_echo_the_settlement(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, cancellation="echo")
    settled = hospital.settle(P1, hospital.visit(P1))
    cancelled = hospital.done("2208", hospital.rig.keys(settled))
    assert cancelled["output"] == settled["output"]
    assert hospital.rig.balance(P1) == 200_000, "it is booked all the same"


def test_mutual_aid_may_stand_beside_the_account(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, mutual_aid="beside")
    info = hospital.settle(P4, hospital.visit(P4))["output"]["setlinfo"]
    assert (info["acct_pay"], info["acct_mulaid_pay"], info["psn_cash_pay"]) == ("0.00", "207.00", "0.00")
    data = {
        "insutype": "390",
        "clr_type": "11",
        "setl_optins": "639900",
        "stmt_begndate": "2020-10-14",
        "stmt_enddate": "2020-10-14",
        "medfee_sumamt": "295.00",
        "fund_pay_sumamt": info["fund_pay_sumamt"],
        "acct_pay": "0.00",
        "fixmedins_setl_cnt": "1",
    }
    assert hospital.done("3201", {"data": data})["output"]["stmtinfo"]["stmt_rslt"] == "000000"


def test_scope_visit_data_and_stays_may_be_left_unchecked(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, scope_amounts="ignore", visit_data=False, outpatient_in_hospital=True)
    keys = hospital.register(P1)
    hospital.upload(keys)
    hospital.admit(P1)
    data = {**hospital.settle_input(P1, keys)["data"], "inscp_scp_amt": "0.00"}
    hospital.done("2207", {"data": data})


def test_a_reversal_may_be_for_the_same_day_only(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, reversal_same_day=True)
    settled = hospital.settle(P1, hospital.visit(P1))
    hospital.rig.clock.step(seconds=24 * 3600)
    hospital.rig.sign_in(HOSPITAL.code)
    msgid = settled["output"]["setlinfo"]["medins_setl_id"]
    answer = hospital.call("2601", {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2207"}})
    assert answer["warn_msg"] == "981056"


def test_a_count_may_be_net_of_refunds(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = hospital.settle(P1, hospital.visit(P1))
    hospital.done("2208", hospital.rig.keys(settled))
    assert {name: DEFAULT[name] for name in ("statement_count", "statement_codes")} == {
        "statement_count": "lines",
        "statement_codes": "long",
    }
    data = dict.fromkeys(("medfee_sumamt", "fund_pay_sumamt", "acct_pay"), "0.00") | {
        "insutype": "310",
        "clr_type": "11",
        "setl_optins": "639900",
        "stmt_begndate": "2020-10-14",
        "stmt_enddate": "2020-10-14",
    }
    for chosen, count in (("lines", "2"), ("net", "0")):
        choose(monkeypatch, statement_count=chosen, statement_codes="short")
        answer = hospital.done("3201", {"data": {**data, "fixmedins_setl_cnt": count}})
        assert answer["output"]["stmtinfo"]["stmt_rslt"] == "0"
    assert reconciliation.CLEARING["2208"] == "11"


def test_an_operator_may_sign_in_from_anywhere(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, sign_in_place="any")
    hospital.done("9001", {"signIn": {"opter_no": "001", "mac": "", "ip": "192.0.2.1"}})


def test_a_cancellation_may_misspell_the_cash(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, pdn_cash_pay=True)
    settled = hospital.settle(P1, hospital.visit(P1), acct_used_flag="0")
    info = hospital.done("2208", hospital.rig.keys(settled))["output"]["setlinfo"]
    assert (info["psn_cash_pay"], info["pdn_cash_pay"]) == ("-185.00", "-185.00")
    choose(monkeypatch)
    again = hospital.settle(P1, hospital.visit(P1))
    assert "pdn_cash_pay" not in hospital.done("2208", hospital.rig.keys(again))["output"]["setlinfo"]
