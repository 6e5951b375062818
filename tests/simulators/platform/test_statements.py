"""3201 to 3204 with 9101 and 9102: reconciliation of totals and details, differences each way, clearing."""

import asyncio
import base64
import dataclasses
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.people_register import Insurance, register_records
from fixtures.population import Institution, Person, people
from harness.clock import BEIJING
from harness.money import Fen, format_yuan
from harness.wire.institution import amount, check_reply
from harness.wire.institution_statement import ResultLine, StatementLine, read_result, write_upload
from harness.wire.msgid import make_msgid
from simulators.platform.ledger import Ledger, Settlement
from simulators.platform.settings import PlatformSettings
from tests.simulators.hospital_rig import HOSPITAL, rows_of_lines, sample
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import AREA, purchase

DAY = "2020-10-14"
NOON = datetime(2020, 10, 14, 12, tzinfo=BEIJING)
PATIENTS = tuple(
    person
    for person in people()
    if person.insutype in {"310", "390"}
    and person.insured_place == AREA
    and register_records()[person.id_no].insurance is Insurance.VALID
)
VISIT_LINES = (("XS000001", "15.00", "1"), ("XS000002", "80.00", "1"))
LEVEL, CENTRE, INSTITUTION, DIFFERENT = "000000", "000101", "000102", "000103"


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office()
    for org in (PHARMACY, HOSPITAL):
        opened.sign_in(org)
    yield opened
    opened.close()


def line_of(output: dict[str, Any]) -> StatementLine:
    """What a HIS writes down of a settlement or refund."""
    info = output["setlinfo"]
    return StatementLine(
        setl_id=info["setl_id"],
        mdtrt_id=info["mdtrt_id"],
        psn_no=info["psn_no"],
        total=amount(info["medfee_sumamt"]),
        fund=amount(info["fund_pay_sumamt"]),
        account=amount(info["acct_pay"]),
        refund_flag="1" if amount(info["medfee_sumamt"]) < 0 else "0",
    )


def keys_of(output: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {"data": {name: output["setlinfo"][name] for name in ("setl_id", "mdtrt_id", "psn_no")}}


def buy(office: Office, person: Person, order: int) -> dict[str, Any]:
    return office.done("2102", purchase(person, f"A{order:06d}"), PHARMACY)


def visit(office: Office, person: Person, order: int) -> dict[str, Any]:
    """2201, 2203, 2204, 2206, 2207."""
    card = {
        "psn_no": person.psn_no,
        "insutype": person.insutype,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": person.id_no,
    }
    registration, description = sample("2201"), sample("2203")
    data = {**registration["data"], **card, "ipt_otp_no": f"OP{order:06d}"}  # type: ignore[dict-item]  # an object
    mdtrt_id = office.done("2201", {"data": data}, HOSPITAL)["data"]["mdtrt_id"]
    keys = {"mdtrt_id": mdtrt_id, "psn_no": person.psn_no}
    info = {**description["mdtrtinfo"], **keys, "med_type": "11"}  # type: ignore[dict-item]  # an object
    office.done("2203", {**description, "mdtrtinfo": info}, HOSPITAL)
    office.done("2204", {"feedetail": rows_of_lines(keys, VISIT_LINES, batch="B1")}, HOSPITAL)
    bill = {
        **card,
        "mdtrt_id": mdtrt_id,
        "med_type": "11",
        "medfee_sumamt": "95.00",
        "psn_setlway": "01",
        "chrg_bchno": "B1",
        "acct_used_flag": "1",
    }
    before = office.done("2206", {"data": bill}, HOSPITAL)["setlinfo"]
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    return office.done("2207", {"data": {**bill, **{name: before[name] for name in names}}}, HOSPITAL)


def totals(
    lines: list[StatementLine], *, clr_type: str, insutype: str = "", begin: str = DAY, end: str = DAY
) -> dict[str, object]:
    """The input that 3201 and 3202 share, from a HIS's own lines."""
    sums = [format_yuan(Fen(sum(getattr(line, name) for line in lines))) for name in ("total", "fund", "account")]
    cash = Fen(sum(line.total - line.fund - line.account for line in lines))
    return {
        "insutype": insutype or "310",
        "clr_type": clr_type,
        "setl_optins": "639900",
        "stmt_begndate": begin,
        "stmt_enddate": end,
        "medfee_sumamt": sums[0],
        "fund_pay_sumamt": sums[1],
        "acct_pay": sums[2],
        "cash_payamt": format_yuan(cash),
        "fixmedins_setl_cnt": str(len(lines)),
    }


def result_of_totals(office: Office, org: Institution, data: dict[str, object]) -> str:
    answer = office.call("3201", {"data": data}, org)
    assert check_reply("3201", answer) == ()
    return str(answer["output"]["stmtinfo"]["stmt_rslt"])


def upload(office: Office, org: Institution, content: bytes) -> str:
    data = {"in": base64.b64encode(content).decode(), "filename": "day.zip", "fixmedins_code": org.code}
    return str(office.done("9101", {"fsUploadIn": data}, org)["fsUploadOut"]["file_qury_no"])


def result_of_details(
    office: Office, org: Institution, lines: list[StatementLine], data: dict[str, object]
) -> list[ResultLine]:
    number = upload(office, org, write_upload(lines))
    answer = office.call("3202", {"data": {**data, "file_qury_no": number}}, org)
    assert answer["infcode"] == 0, answer["err_msg"]
    assert check_reply("3202", answer) == ()
    wanted = {"file_qury_no": answer["output"]["fileinfo"]["file_qury_no"], "fixmedins_code": org.code}
    file = office.done("9102", {"fsDownloadIn": {**wanted, "filename": "plc"}}, org)["fsDownloadOut"]
    return list(read_result(base64.b64decode(file["out"])))


def test_while_a_long_file_is_compared_others_are_served(office: Office) -> None:
    lines = [
        StatementLine(setl_id=f"S{n}", mdtrt_id=f"M{n}", psn_no="P", total=Fen(100), fund=Fen(0), account=Fen(0))
        for n in range(1000)
    ]
    data = {**totals(lines, clr_type="41"), "file_qury_no": upload(office, PHARMACY, write_upload(lines))}
    wanted = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": PATIENTS[0].id_no}}
    requests = [office.request("3202", {"data": data}, PHARMACY), office.request("1101", wanted, HOSPITAL)]
    answered: list[int] = []

    async def ask(number: int) -> None:
        assert office.platform._current is not None
        answer = await office.platform._current[1].answer(requests[number], called=None)
        assert b'"infcode":0' in answer
        answered.append(number)

    async def both() -> None:
        await asyncio.gather(ask(0), ask(1))

    office.runner.run(both())
    assert answered == [1, 0]


def test_of_the_books_the_days_are_read_that_are_compared_and_no_later_ones(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line_of(buy(office, PATIENTS[0], 1))]
    office.clock.step(seconds=86_400)
    office.sign_in(PHARMACY)
    buy(office, PATIENTS[0], 2)
    read: list[int] = []

    def settled(books: Ledger, institution: str, *, since_ns: int, until_ns: int) -> list[Settlement]:
        found = whole(books, institution, since_ns=since_ns, until_ns=until_ns)
        read.append(len(found))
        return found

    whole = Ledger.settled
    monkeypatch.setattr(Ledger, "settled", settled)
    assert result_of_totals(office, PHARMACY, totals(lines, clr_type="41")) == LEVEL
    assert read == [1]


# --- totals ---------------------------------------------------------------------------------------------


def test_a_day_with_a_refund_and_a_reversal_is_level(office: Office) -> None:
    first, second, third = (buy(office, PATIENTS[0], n) for n in range(3))
    back = office.done("2103", keys_of(second), PHARMACY)
    reversal = {"omsgid": third["setlinfo"]["medins_setl_id"], "oinfno": "2102", "psn_no": PATIENTS[0].psn_no}
    office.done("2601", {"data": reversal}, PHARMACY)
    lines = [line_of(output) for output in (first, second, back)]
    assert result_of_totals(office, PHARMACY, totals(lines, clr_type="41")) == LEVEL
    assert result_of_details(office, PHARMACY, lines, totals(lines, clr_type="41")) == []
    reversed_too = [*lines, line_of(third)]
    assert result_of_totals(office, PHARMACY, totals(reversed_too, clr_type="41")) == INSTITUTION


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, LEVEL),
        ({"medfee_sumamt": "44.97"}, CENTRE),
        ({"fixmedins_setl_cnt": "0"}, CENTRE),
        ({"medfee_sumamt": "44.99"}, INSTITUTION),
        ({"acct_pay": "31.62"}, INSTITUTION),
        ({"fund_pay_sumamt": "13.38", "acct_pay": "31.60"}, DIFFERENT),
        ({"insutype": "390"}, INSTITUTION),
        ({"clr_type": "11"}, INSTITUTION),
        ({"setl_optins": "630100"}, INSTITUTION),
        ({"stmt_begndate": "2020-10-13", "stmt_enddate": "2020-10-13"}, INSTITUTION),
        ({"stmt_begndate": "2020-10-01", "stmt_enddate": "2020-10-31"}, LEVEL),
        ({"stmt_begndate": "0001-01-01", "stmt_enddate": "9999-12-31"}, LEVEL),
        ({"stmt_begndate": "9999-12-30", "stmt_enddate": "9999-12-31"}, INSTITUTION),
        ({"refd_setl_flag": "0"}, LEVEL),
        ({"refd_setl_flag": "1"}, INSTITUTION),
    ],
)
def test_totals_say_who_has_more(office: Office, change: dict[str, object], code: str) -> None:
    lines = [line_of(buy(office, PATIENTS[0], 1))]
    assert result_of_totals(office, PHARMACY, {**totals(lines, clr_type="41"), **change}) == code


def test_a_refund_counts_on_its_own_day(office: Office) -> None:
    output = buy(office, PATIENTS[0], 1)
    office.clock.step(seconds=24 * 3600)
    for org in (PHARMACY, HOSPITAL):
        office.sign_in(org)
    back = office.done("2103", keys_of(output), PHARMACY)
    for day, lines in ((DAY, [line_of(output)]), ("2020-10-15", [line_of(back)])):
        assert result_of_totals(office, PHARMACY, totals(lines, clr_type="41", begin=day, end=day)) == LEVEL
    both = [line_of(output), line_of(back)]
    assert result_of_details(office, PHARMACY, both, totals(both, clr_type="41", end="2020-10-15")) == []


def test_days_in_the_wrong_order_are_refused(office: Office) -> None:
    data = totals([], clr_type="41", begin="2020-10-15")
    assert office.call("3201", {"data": data}, PHARMACY)["warn_msg"] == "981063"


# --- details --------------------------------------------------------------------------------------------


def test_each_kind_of_difference_has_its_line(office: Office) -> None:
    outputs = [buy(office, PATIENTS[0], n) for n in range(4)]
    lines = [line_of(output) for output in outputs]
    ours = [
        lines[0],
        dataclasses.replace(lines[1], total=Fen(lines[1].total + 1)),
        lines[3],
        lines[3],
        dataclasses.replace(lines[0], setl_id="S0", content="门诊"),
    ]
    found = result_of_details(office, PHARMACY, ours, totals(ours, clr_type="41"))
    assert [(line.setl_id, line.code, line.memo) for line in found] == [
        (lines[1].setl_id, DIFFERENT, "medfee_sumamt不一致"),
        (lines[3].setl_id, INSTITUTION, "医药机构记录重复"),
        ("S0", INSTITUTION, "中心无此记录"),
        (lines[2].setl_id, CENTRE, "医药机构无此记录"),
    ]
    assert found[0].total == lines[1].total, "the platform's own amount"
    assert found[3].msgid == outputs[2]["setlinfo"]["medins_setl_id"], "what 2601 would reverse"
    assert found[2].content == "门诊"


def test_a_refund_under_the_first_settlements_number_is_understood(office: Office) -> None:
    output = buy(office, PATIENTS[0], 1)
    back = office.done("2103", keys_of(output), PHARMACY)
    lines = [line_of(output), dataclasses.replace(line_of(back), setl_id=output["setlinfo"]["setl_id"])]
    assert result_of_details(office, PHARMACY, lines, totals(lines, clr_type="41")) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip", "no ZIP"),
        (write_upload([]), ""),
    ],
)
def test_a_file_must_be_what_the_request_says(office: Office, content: bytes, said: str) -> None:
    lines = [line_of(buy(office, PATIENTS[0], 1))]
    number = upload(office, PHARMACY, content)
    answer = office.call("3202", {"data": {**totals(lines, clr_type="41"), "file_qury_no": number}}, PHARMACY)
    assert answer["warn_msg"] == ("981061" if said else "981062")
    if said:
        assert said in answer["err_msg"]
    else:
        for name in ("medfee_sumamt: 44.98≠0.00", "fund_pay_sumamt", "fixmedins_setl_cnt: 1≠0"):
            assert name in answer["err_msg"]


def test_the_cash_is_what_the_file_leaves(office: Office) -> None:
    lines = [line_of(buy(office, PATIENTS[0], 1))]
    number = upload(office, PHARMACY, write_upload(lines))
    data = {**totals(lines, clr_type="41"), "file_qury_no": number}
    wrong = office.call("3202", {"data": {**data, "cash_payamt": "0.01"}}, PHARMACY)
    assert (wrong["warn_msg"], "cash_payamt: 0.01≠0.00" in wrong["err_msg"]) == ("981062", True)
    assert office.call("3202", {"data": data}, PHARMACY)["infcode"] == 0


def test_a_reversal_counts_although_the_clock_was_set_back(office: Office) -> None:
    office.clock.step(seconds=55_800)  # midnight
    office.sign_in(PHARMACY)
    output = buy(office, PATIENTS[0], 1)
    office.clock.step(seconds=-60)
    office.sign_in(PHARMACY)
    reversal = {"omsgid": output["setlinfo"]["medins_setl_id"], "oinfno": "2102", "psn_no": PATIENTS[0].psn_no}
    office.done("2601", {"data": reversal}, PHARMACY)
    for day in (DAY, "2020-10-15"):
        assert result_of_totals(office, PHARMACY, totals([], clr_type="41", begin=day, end=day)) == LEVEL


def test_files_are_ones_own_and_for_some_days(office: Office) -> None:
    number = upload(office, PHARMACY, b"x")
    wanted = {"fsDownloadIn": {"file_qury_no": number, "filename": "plc", "fixmedins_code": HOSPITAL.code}}
    assert office.call("9102", wanted, HOSPITAL)["warn_msg"] == "981059"
    assert office.call("9102", wanted, PHARMACY)["warn_msg"] == "981057"
    office.clock.step(seconds=8 * 24 * 3600)
    office.sign_in(PHARMACY)
    wanted["fsDownloadIn"]["fixmedins_code"] = PHARMACY.code
    assert office.call("9102", wanted, PHARMACY)["warn_msg"] == "981060"


def test_bytes_may_be_an_array_signed_or_not(office: Office) -> None:
    for spelled in ([80, 75, 255], [80, 75, -1]):
        data: dict[str, object] = {"in": spelled, "filename": "day.zip", "fixmedins_code": PHARMACY.code}
        number = office.done("9101", {"fsUploadIn": data}, PHARMACY)["fsUploadOut"]["file_qury_no"]
        wanted = {"file_qury_no": number, "fixmedins_code": PHARMACY.code}
        file = office.done("9102", {"fsDownloadIn": wanted}, PHARMACY)["fsDownloadOut"]
        assert base64.b64decode(file["out"]) == b"PK\xff"
    unusable: tuple[object, ...] = ([256], ["80"], [True], "no base64!", {})
    for wrong in unusable:
        data = {"in": wrong, "filename": "day.zip", "fixmedins_code": PHARMACY.code}
        answer = office.call("9101", {"fsUploadIn": data}, PHARMACY)
        assert (answer["warn_msg"], "input.fsUploadIn.in" in answer["err_msg"]) == ("981003", True)


# --- clearing -------------------------------------------------------------------------------------------


def test_a_month_is_applied_for_once_with_the_platforms_sums(office: Office) -> None:
    line = line_of(buy(office, PATIENTS[0], 1))
    data = {
        "clr_type": "41",
        "clr_way": "1",
        "setlym": "202010",
        "medfee_sumamt": format_yuan(line.total),
        "fund_appy_sum": format_yuan(line.fund),
        "begndate": "2020-10-01",
        "enddate": "2020-10-31",
    }
    wrong = office.call("3203", {"data": {**data, "medfee_sumamt": "1.00", "fund_appy_sum": "1.00"}}, PHARMACY)
    assert wrong["warn_msg"] == "981066"
    assert "medfee_sumamt" in wrong["err_msg"]
    assert "fund_appy_sum" in wrong["err_msg"]
    assert office.call("3203", {"data": {**data, "setlym": "202011"}}, PHARMACY)["warn_msg"] == "981064"
    event = office.done("3203", {"data": data}, PHARMACY)["data"]["clr_appy_evt_id"]
    assert office.call("3203", {"data": data}, PHARMACY)["warn_msg"] == "981065"
    withdrawal = {"data": {"clr_appy_evt_id": event}}
    assert office.call("3204", withdrawal, HOSPITAL)["warn_msg"] == "981067"
    office.done("3204", withdrawal, PHARMACY)
    assert office.call("3204", withdrawal, PHARMACY)["warn_msg"] == "981067"
    office.done("3203", {"data": data}, PHARMACY)


# --- a full day -----------------------------------------------------------------------------------------


def work_a_day(office: Office, count: int) -> dict[str, dict[str, list[StatementLine]]]:
    """So many purchases, visits and refunds; what the institutions have in their books, by clr_type and insutype."""
    draw = random.Random(7)
    books: dict[str, dict[str, list[StatementLine]]] = {
        clr_type: {insutype: [] for insutype in ("310", "390")} for clr_type in ("41", "11")
    }
    for n in range(count):
        person = draw.choice(PATIENTS)
        what = draw.random()
        org, clr_type, undo, infno = (
            (PHARMACY, "41", "2103", "2102") if what < 0.6 else (HOSPITAL, "11", "2208", "2207")
        )
        output = (buy if clr_type == "41" else visit)(office, person, n)
        lines = books[clr_type][person.insutype]
        fate = draw.random()
        if fate < 0.02:
            msgid = output["setlinfo"]["medins_setl_id"]
            reversal = {"omsgid": msgid, "oinfno": infno, "psn_no": person.psn_no}
            office.done("2601", {"data": reversal}, org)
            continue
        lines.append(line_of(output))
        if fate < 0.12:
            lines.append(line_of(office.done(undo, keys_of(output), org)))
    return books


def compare_a_day(office: Office, count: int) -> None:
    books = work_a_day(office, count)
    for clr_type, org in (("41", PHARMACY), ("11", HOSPITAL)):
        for insutype, lines in books[clr_type].items():
            data = totals(lines, clr_type=clr_type, insutype=insutype)
            assert result_of_totals(office, org, data) == LEVEL
        every = [line for lines in books[clr_type].values() for line in lines]
        assert result_of_details(office, org, every, totals(every, clr_type=clr_type)) == []
    lines = books["41"]["310"]
    draw = random.Random(11)
    chosen = draw.sample(range(len(lines)), 7)
    lost, changed = set(chosen[:4]), set(chosen[4:])
    planted = {lines[at].setl_id: CENTRE for at in lost} | {lines[at].setl_id: DIFFERENT for at in changed}
    theirs = [
        dataclasses.replace(line, account=Fen(line.account + 1)) if at in changed else line
        for at, line in enumerate(lines)
        if at not in lost
    ]
    for extra in range(3):
        theirs.append(dataclasses.replace(lines[extra], setl_id=f"HIS{extra}"))
        planted[f"HIS{extra}"] = INSTITUTION
    every = [*theirs, *books["41"]["390"]]
    assert result_of_totals(office, PHARMACY, totals(theirs, clr_type="41")) != LEVEL
    found = result_of_details(office, PHARMACY, every, totals(every, clr_type="41"))
    assert len(found) == len(planted) == 10
    assert {line.setl_id: line.code for line in found} == planted
    assert sum(office.ledger.totals().values()) == 0


def test_some_hundred_transactions_are_level_and_ten_differences_are_found(office: Office) -> None:
    compare_a_day(office, 150)


def test_a_visit_and_its_answers_survive_the_end_of_the_process(tmp_path: Path) -> None:
    settings = PlatformSettings(token_check=False, ledger=str(tmp_path / "books.db"))
    first = open_office(settings)
    first.sign_in(HOSPITAL)
    settled = visit(first, PATIENTS[0], 1)
    card = {"mdtrt_cert_type": "02", "mdtrt_cert_no": PATIENTS[0].id_no}
    who = {"psn_no": PATIENTS[0].psn_no, "insutype": PATIENTS[0].insutype}
    data = {**sample("2201")["data"], **who, **card, "ipt_otp_no": "AGAIN"}  # type: ignore[dict-item]  # an object
    registration = first.request("2201", {"data": data}, HOSPITAL)
    answer = first.answer(registration)
    second = open_office(settings)  # the first one ended without a word
    second.sign_nos = first.sign_nos
    assert second.answer(registration) == answer, "a repeated msgid gets its first answer"
    back = second.call("2208", keys_of(settled), HOSPITAL, msgid=make_msgid(HOSPITAL.code, at=NOON, seq=1))
    assert back["infcode"] == 0, back["err_msg"]
    assert sum(second.ledger.totals().values()) == 0
    for office in (first, second):
        office.close()


@pytest.mark.slow
def test_a_full_day_is_level_and_ten_differences_are_found(office: Office) -> None:
    office.seconds = 2
    compare_a_day(office, 5_000)
