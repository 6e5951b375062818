"""Every mutant differs from the right adapter in something that can be seen from outside."""

import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from simulators.his.behaviour import Behaviour
from simulators.his.mutants import MUTANTS, behaviour_of, mutants_of
from simulators.his.mutants_content import CONTENT_MUTANTS
from simulators.his.mutants_desk import DESK_MUTANTS
from simulators.his.mutants_identification import IDENTIFICATION_MUTANTS
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

CODE = b"4241234567890123456701630000"


def mutant(start: Any, name: str, *, sign_in: bool = True) -> "Adapter":
    adapter: Adapter = start("--mutant", name)
    if sign_in:
        adapter.do("sign-in")
    return adapter


@loses
def test_time_out_as_refused(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    adapter = mutant(start, "timeout-as-refused")
    assert adapter.buy()["reason"] == "platform-unavailable"
    assert systems.sent("2601") == []
    assert systems.net_fen() == 2500


def test_gateway_timeout_as_refused(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["504-after", "502-after"]
    adapter = mutant(start, "gateway-timeout-as-refused")
    assert adapter.buy()["reason"] == "platform-refused"
    assert (systems.sent("2601"), systems.net_fen()) == ([], 2500)
    assert adapter.buy("A0002")["reason"] == "platform-unavailable"
    assert len(systems.sent("2601")) == 1, "a 502 it understands"


def test_takes_anothers_answer(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["of-another"]
    assert mutant(start, "takes-anothers-answer").buy()["outcome"] == "accepted"
    assert systems.sent("2601") == []


@loses
def test_settles_again_on_lost_reply(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    assert mutant(start, "settles-again-on-lost-reply").buy()["outcome"] == "accepted"
    assert len({r["msgid"] for r in systems.sent("2102")}) == 2
    assert systems.net_fen() == 5000


def test_settling_again_has_an_end(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["502"] * 5
    assert mutant(start, "settles-again-on-lost-reply").buy()["reason"] == "platform-unavailable"
    assert len(systems.sent("2102")) == 2


@loses
def test_new_msgid_in_reversal(start: Any, systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    mutant(start, "new-msgid-in-reversal").buy()
    reversal = systems.sent("2601")[0]
    assert reversal["input"]["data"]["omsgid"] == reversal["msgid"]
    assert systems.net_fen() == 2500


def test_float_money(start: Any, systems: "Systems") -> None:
    sold = mutant(start, "float-money").buy(lines=[("4.35", "3", "13.05")])
    assert sold["amounts"]["total"] == "13.02"


def test_cached_expired_code(start: Any, systems: "Systems") -> None:
    adapter = mutant(start, "cached-expired-code")
    adapter.buy()
    systems.centre_code = 980002
    assert adapter.buy("A0002")["outcome"] == "accepted"
    assert len(systems.sent("ec.query")) == 1


def test_ignores_password(start: Any, systems: "Systems") -> None:
    mutant(start, "ignores-password").buy()
    assert systems.sent("2102")[0]["signtype"] == "MOCK"


def test_drops_last_digit(start: Any, systems: "Systems") -> None:
    mutant(start, "drops-last-digit").buy()
    assert systems.sent("ec.query")[0]["data"]["ecQrCode"] == CODE.decode()[:-1]


def test_logs_id_number(start: Any) -> None:
    adapter = mutant(start, "logs-id-number")
    adapter.buy()
    assert "639999198503127031" in adapter.log()


def test_refund_without_original(start: Any, systems: "Systems") -> None:
    adapter = mutant(start, "refund-without-original")
    adapter.buy()
    assert adapter.do("refund", order="A0001")["outcome"] == "refused"
    assert systems.sent("2103")[0]["input"]["data"]["setl_id"] == "A0001"
    adapter.do("refund", order="A0009")
    assert len(systems.sent("2103")) == 2
    assert systems.sent("2601") == []
    assert [entry["state"] for entry in adapter.do("books")["entries"]] == ["settled", "refused"]


def test_skips_pre_settlement(start: Any, systems: "Systems") -> None:
    assert mutant(start, "skips-pre-settlement").buy()["outcome"] == "accepted"
    assert systems.sent("2101") == []


def test_journal_after_send(start: Any, systems: "Systems") -> None:
    adapter = mutant(start, "journal-after-send")
    systems.unjournalled.clear()
    assert adapter.buy()["outcome"] == "accepted"
    assert len(systems.unjournalled) == 3


def test_msgid_not_unique(start: Any, systems: "Systems") -> None:
    mutant(start, "msgid-not-unique").buy()
    sent = [r["msgid"] for r in systems.requests if "msgid" in r]
    assert len(sent) == 4
    assert len(set(sent)) == 1


def test_keeps_second_read(start: Any, systems: "Systems") -> None:
    adapter = mutant(start, "keeps-second-read")
    adapter.buy("A0001", (CODE + b"\r") * 2)
    adapter.scans = []
    assert adapter.buy("A0002", b"134567890123456789\r")["outcome"] == "accepted"
    assert [r["data"]["ecQrCode"] for r in systems.sent("ec.query")] == [CODE.decode()] * 2


def test_account_always_used(start: Any, systems: "Systems") -> None:
    assert mutant(start, "account-always-used").buy(use_account=False)["amounts"]["account"] == "12.50"


@loses
def test_forgets_unknown_at_restart(start: Any, systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 3}
    adapter = mutant(start, "forgets-unknown-at-restart")
    assert adapter.buy()["outcome"] == "unknown"
    adapter.kill()
    adapter.restart()
    assert adapter.do("resolve")["outcome"] == "accepted"
    assert adapter.do("books")["entries"][0]["state"] == "refused"
    assert systems.net_fen() == 2500


def test_no_prompt_to_activate(start: Any, systems: "Systems") -> None:
    systems.centre_code = 980003
    answer = mutant(start, "no-prompt-to-activate").buy()
    assert answer["reason"] == "not-activated"
    assert "激活" not in answer["prompt"]


def test_unsigned_session(start: Any, systems: "Systems") -> None:
    assert mutant(start, "unsigned-session", sign_in=False).buy()["outcome"] == "accepted"
    assert systems.sent("2102")[0]["sign_no"] == ""


def test_dies_of_refusal(start: Any, systems: "Systems") -> None:
    systems.centre_code = 980003
    adapter = mutant(start, "dies-of-refusal")
    with pytest.raises((AssertionError, EOFError, OSError, ValueError)):
        adapter.buy()


def test_amounts_not_told(start: Any) -> None:
    answer = mutant(start, "amounts-not-told").buy()
    assert answer["outcome"] == "accepted"
    assert "amounts" not in answer


def test_fund_left_out(start: Any) -> None:
    amounts = mutant(start, "fund-left-out").buy()["amounts"]
    assert (amounts["total"], amounts["fund"]) == ("25.00", "0.00")


def test_empty_prompts(start: Any, systems: "Systems") -> None:
    systems.centre_code = 980003
    assert mutant(start, "empty-prompts").buy()["prompt"] == ""


def test_garbled_prompts(start: Any, systems: "Systems") -> None:
    systems.centre_code = 980003
    prompt = mutant(start, "garbled-prompts").buy()["prompt"]
    assert "激活" in prompt.encode("latin-1").decode()


def test_msgid_too_short(start: Any, systems: "Systems") -> None:
    mutant(start, "msgid-too-short").buy()
    assert {len(r["msgid"]) for r in systems.requests if "msgid" in r} == {29}


def test_wrong_path() -> None:
    due = "/fsi/api/signInSignOutService/signIn"
    assert behaviour_of("wrong-path").path(due) == "/fsi/api/signinsignoutservice/signin"
    assert behaviour_of(None).path(due) == due


def test_totals_without_refunds(start: Any) -> None:
    adapter = mutant(start, "totals-without-refunds")
    adapter.buy()
    adapter.do("refund", order="A0001")
    assert adapter.do("totals", day="2020-10-14")["count"] == 1


def test_first_code_serves_all(start: Any, systems: "Systems") -> None:
    adapter = mutant(start, "first-code-serves-all")
    adapter.buy("A0001", CODE + b"\r")
    adapter.buy("A0002", b"4241234567890123456701630001\r")
    assert [r["data"]["ecQrCode"] for r in systems.sent("ec.query")] == [CODE.decode()] * 2


def test_purpose_mixed_up(start: Any, systems: "Systems") -> None:
    mutant(start, "purpose-mixed-up").buy()
    assert [r["data"]["businessType"] for r in systems.sent("ec.query")] == ["01303"]


def test_first_insurance_taken(start: Any, systems: "Systems") -> None:
    mutant(start, "first-insurance-taken").buy()
    (asked,) = systems.sent("2101")
    assert (asked["insuplc_admdvs"], asked["input"]["druginfo"]["insutype"]) == ("639901", "390")


def test_list_is_complete_and_tells_both_languages() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "simulators.his", "--list-mutants"], capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert [row[0] for row in rows] == [m.name for m in mutants_of("pharmacy")]
    profiles = {m.name: [f"profile={m.profile}"] if m.profile else [] for m in mutants_of("pharmacy")}
    assert all(row[4:] == profiles[row[0]] and len(row) >= 4 and all(row) for row in rows)
    assert all(row[2] and not row[2].isascii() for row in rows)
    tested = {name.removeprefix("test_").replace("_", "-").replace("time-out", "timeout") for name in globals()}
    elsewhere = {m.name for m in (*IDENTIFICATION_MUTANTS, *CONTENT_MUTANTS, *DESK_MUTANTS)}
    assert {row[0] for row in rows if not row[4:]} - elsewhere <= tested


def test_unknown_mutant_is_said_to_be_unknown() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "simulators.his", "--mutant", "none-such"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "float-money" in run.stderr


@pytest.mark.parametrize("name", [m.name for m in MUTANTS])
def test_mutant_has_one_defect_only(name: str) -> None:
    right = next(m for m in MUTANTS if m.name == name).behaviour
    changed = [f.name for f in fields(Behaviour) if getattr(right, f.name) != getattr(Behaviour(), f.name)]
    assert len(changed) == 1
