"""What messages, log and prompts must not say: a good story, broken in one place, and what the rule then sees."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from tests.harness.rules import hospital_stories, stories
from tests.harness.rules.breaking import Change, body, drug, line, logged, moved, several
from tests.harness.rules.broken import Broken
from tests.harness.rules.stories import good_purchase
from tests.harness.rules.tape_builder import TapeBuilder

TODAY, YESTERDAY, LATER = "2020-10-14", "2020-10-13 08:30:00", "2020-10-14 09:00:00"
STALE = "2019-01-01 00:00:00"
OWN_TIME = "2026-03-01 12:00:00"


def with_own_clock() -> TapeBuilder:
    """A purchase by an adapter that says its machine's time, years after the bench's."""
    tape = good_purchase()
    tape["hello ready"].content["ready"]["clock"] = "own"
    for entry in tape.entries:
        if isinstance(entry.content, dict) and "inf_time" in entry.content:
            _set_times(entry.content, OWN_TIME)
        elif isinstance(entry.content, dict) and "do" in entry.content:
            entry.content["at"] = OWN_TIME
            if "day" in entry.content:
                entry.content["day"] = OWN_TIME[:10]
    return tape


def _set_times(node: Any, moment: str) -> None:
    for name, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name in {"inf_time", "begntime", "fee_ocur_time"}:
            node[name] = moment
        else:
            _set_times(value, moment)


def lines(change: Callable[[list[dict[str, Any]]], object]) -> Change:
    """What is done to the lines of the pre-settlement and of the settlement."""

    def changed(tape: TapeBuilder) -> None:
        for infno in ("2101", "2102"):
            change(tape[f"A0001 {infno} request"].content["input"]["drugdetail"])

    return changed


def split_in_two(rows: list[dict[str, Any]]) -> None:
    """A line of two packs becomes two of one."""
    (row,) = rows
    rows[:] = [{**row, "feedetl_sn": f"A0001-{n}", "cnt": "1", "det_item_fee_sumamt": "12.50"} for n in (1, 2)]


def with_a_return(rows: list[dict[str, Any]]) -> None:
    """A line too many, and one below zero that makes up for it."""
    (row,) = rows
    rows += [{**row, "feedetl_sn": "A0001-2"}, {**row, "cnt": "-2", "det_item_fee_sumamt": "-25.00"}]


def at_the_ward(infno: str, node: str, field: str, value: str, label: str = "") -> Change:
    """A field of a stay's message; of every row where the node has rows."""

    def change(tape: TapeBuilder) -> None:
        found = tape[f"{label or 'I0001'} {infno} request"].content["input"][node]
        for row in found if isinstance(found, list) else [found]:
            row[field] = value

    return change


def prompted(said: Callable[[TapeBuilder], str]) -> Change:
    """The cashier reads something of a person."""

    def change(tape: TapeBuilder) -> None:
        tape["A0001 answer"].content["prompt"] += f" {said(tape)}"

    return change


def pried(tape: TapeBuilder) -> None:
    """The platform is asked about the customer again, by an ID number that nobody presented, when they have gone."""
    copy = tape.repeat("A0001 1101 request", after="totals", msgid=tape.next_msgid())
    copy.content["input"]["data"] |= {"mdtrt_cert_type": "02", "mdtrt_cert_no": id_of(tape)}
    copy.channel = "platform.http#98"


def id_of(tape: TapeBuilder) -> str:
    """The customer's ID number."""
    return tape.sales["A0001"].person.id_no


def in_address(tape: TapeBuilder) -> None:
    """An ID number as a query of the address."""
    request = tape["A0001 1101 request"]
    path = request.start.split(" ")[1]
    request.start = f"POST {path}?id={id_of(tape)} HTTP/1.1"


def name_of(tape: TapeBuilder) -> str:
    """The customer's name."""
    return tape.sales["A0001"].person.name


def _encoded(text: str) -> str:
    return b64encode(json.dumps({"id": text}).encode()).decode()


BROKEN_CONTENT = (
    Broken("basket-as-rung-up", "another drug", good_purchase, line("med_list_codg", "XP000002"), "^med_list_codg.*2"),
    Broken(
        "basket-as-rung-up", "another own code", good_purchase, line("medins_list_codg", "XP000002"), "^medins_list"
    ),
    Broken("basket-as-rung-up", "another level", good_purchase, line("chrgitm_lv", "02"), '^.."02", "XP000001"'),
    Broken("basket-as-rung-up", "quantity split", good_purchase, lines(split_in_two), '"1", "12.5"'),
    Broken("basket-as-rung-up", "a line below zero", good_purchase, lines(with_a_return), '"-2", "-25"'),
    Broken(
        "details-as-ordered",
        "another item",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "med_list_codg", value="XS000009"),
        "^med_list_codg.*XS000009",
    ),
    Broken(
        "details-as-ordered",
        "another level",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "chrgitm_lv", value="03"),
        '^.."03", "XS000001"',
    ),
    Broken(
        "details-as-ordered",
        "another item at the ward",
        hospital_stories.stay,
        body("I0001 charge 2301 request", "input", "feedetail", 1, "medins_list_codg", value="XS000009"),
        "^medins_list_codg.*XS000009",
    ),
    Broken("invoice-names-order", "another", good_purchase, drug("invono", "Z1", "2102"), '^invono "Z1"'),
    Broken(
        "invoice-names-order",
        "of a visit",
        hospital_stories.fees_paid,
        body("F0001 2207 request", "input", "data", "invono", value="R0001"),
        '^invono "F0001"',
    ),
    Broken(
        "nothing-made-up", "a chronic disease", good_purchase, drug("dise_codg", "M03900"), "^2101 without dise_codg"
    ),
    Broken("nothing-made-up", "a prescription", good_purchase, line("rx_circ_flag", "1"), '^rx_circ_flag "1"'),
    Broken(
        "nothing-made-up", "a doctor", good_purchase, line("bilg_dr_codg", "D1", "2102"), "^2102 without bilg_dr_codg"
    ),
    Broken(
        "nothing-made-up",
        "a disease of a visit",
        hospital_stories.registration,
        body("R0001 2203 request", "input", "mdtrtinfo", "dise_codg", value="M03900"),
        "^2203 without dise_codg",
    ),
    Broken(
        "nothing-made-up",
        "an approval",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "hosp_appr_flag", value="1"),
        "^2204 without hosp_appr_flag",
    ),
    Broken(
        "answer-names-what-was-booked",
        "another visit",
        good_purchase,
        body("A0001 answer", "mdtrt_id", value="M9"),
        '^mdtrt_id "M9"',
    ),
    Broken(
        "answer-names-what-was-booked",
        "another person",
        good_purchase,
        body("A0001 answer", "psn_no", value="639999000000000008"),
        "^psn_no 6399…",
    ),
    Broken(
        "answer-names-what-was-booked",
        "another message",
        stories.refunded,
        body("A0001 refund answer", "msgid", value="M9"),
        '^msgid "M9"',
    ),
    Broken(
        "answer-names-what-was-booked",
        "another order",
        hospital_stories.fees_paid,
        body("F0001 answer", "order", value="R0001"),
        '^order "R0001"',
    ),
    Broken(
        "result-shown-at-terminal",
        "somebody else",
        hospital_stories.registration_by_face,
        body("R0001 notify request", "data", "idNo", value="639999195306077166"),
        "^idNo of whose face",
    ),
    Broken(
        "result-shown-at-terminal",
        "long ago",
        hospital_stories.registration_by_face,
        body("R0001 notify request", "data", "setlTime", value=STALE),
        "^setlTime 2020-10-14",
    ),
    Broken(
        "result-shown-at-terminal",
        "another settlement",
        hospital_stories.registration_by_face,
        body("R0001 notify request", "data", "medicalSettleNo", value="X1"),
        '^medicalSettleNo "X1"',
    ),
    Broken(
        "attended-as-told",
        "ordered by another doctor",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "bilg_dr_codg", value="0999"),
        '^bilg_dr_codg "0999"',
    ),
    Broken(
        "attended-as-told",
        "diagnosed by another doctor",
        hospital_stories.registration,
        body("R0001 2203 request", "input", "diseinfo", 0, "dise_dor_name", value="某医师"),
        "^2203 dise_dor_name",
    ),
    Broken(
        "attended-as-told",
        "fees of another ward",
        hospital_stories.stay,
        body("I0001 charge 2301 request", "input", "feedetail", 1, "bilg_dept_codg", value="99"),
        "^2301 bilg_dept_codg",
    ),
    Broken(
        "attended-as-told",
        "from another bed",
        hospital_stories.stay,
        at_the_ward("2402", "dscginfo", "dscg_bed", "0999"),
        '^2402 dscg_bed "0312"',
    ),
    Broken(
        "attended-as-told",
        "left when it was settled",
        hospital_stories.stay,
        several(
            at_the_ward("2303", "data", "dscg_time", "2020-10-14 11:30:00"),
            at_the_ward("2304", "data", "dscg_time", "2020-10-14 11:30:00"),
        ),
        "^2304 dscg_time .*, of the discharge",
    ),
    Broken(
        "visit-of-the-order",
        "uploaded into another visit",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "mdtrt_id", value="V9999"),
        '^mdtrt_id "V9999"',
    ),
    Broken(
        "visit-of-the-order",
        "another's stay is settled",
        hospital_stories.stay,
        at_the_ward("2304", "data", "mdtrt_id", "V9999"),
        "^2304 of V0001",
    ),
    Broken(
        "purpose-as-asked",
        "a report is fetched",
        good_purchase,
        body("A0001 query request", "data", "businessType", value="01303"),
        '^businessType "01303"',
    ),
    Broken(
        "purpose-as-asked",
        "admitted, it says",
        hospital_stories.registration_by_face,
        body("R0001 check request", "data", "businessType", value="01103"),
        "^businessType 01101",
    ),
    Broken(
        "answer-names-what-was-booked",
        "paid once more",
        stories.refunded,
        body("A0001 refund answer", "amounts", "total", value="25.00"),
        "^total 25.00",
    ),
    Broken(
        "result-shown-at-terminal",
        "a registration called a settlement",
        hospital_stories.registration_by_face,
        body("R0001 notify request", "data", "bizType", value="settle"),
        '^bizType "settle"',
    ),
    Broken("identified-as-presented", "when they have gone", good_purchase, pried, "nobody was asked to identify"),
    Broken(
        "visit-as-told",
        "another diagnosis",
        hospital_stories.stay,
        at_the_ward("2401", "mdtrtinfo", "dscg_maindiag_code", "I21.900", "I0001 admit"),
        '^dscg_maindiag_code "I21.900"',
    ),
    Broken(
        "visit-as-told",
        "a diagnosis more",
        hospital_stories.stay,
        at_the_ward("2402", "diseinfo", "diag_code", "I21.900"),
        '^2402 diag_code "K35.800"',
    ),
    Broken(
        "visit-as-told",
        "another ward",
        hospital_stories.stay,
        at_the_ward("2401", "mdtrtinfo", "adm_dept_codg", "99", "I0001 admit"),
        "^2401 adm_dept_codg",
    ),
    Broken(
        "visit-as-told",
        "died, it says",
        hospital_stories.stay,
        at_the_ward("2402", "dscginfo", "dscg_way", "5"),
        '^dscg_way "5"',
    ),
    Broken(
        "visit-as-told",
        "another doctor",
        hospital_stories.registration,
        body("R0001 2201 request", "input", "data", "atddr_no", value="0999"),
        '^2201 atddr_no "0101"',
    ),
    Broken(
        "sent-when-it-says",
        "eight hours behind",
        good_purchase,
        body("A0001 2102 request", "inf_time", value="2020-10-14 00:30:00"),
        "00:30:00",
    ),
    Broken(
        "sent-when-it-says", "ahead", good_purchase, body("A0001 1101 request", "inf_time", value=LATER), "09:00:00"
    ),
    Broken(
        "sent-when-it-says",
        "own clock never set",
        with_own_clock,
        body("A0001 1101 request", "inf_time", value=STALE),
        "by a clock that is right",
    ),
    Broken(
        "sent-when-it-says",
        "own clock goes back",
        with_own_clock,
        body("A0001 2102 request", "inf_time", value="2026-03-01 11:00:00"),
        "^inf_time 2026-03-01 12:00:00, by a clock that is right",
    ),
    Broken(
        "sent-when-it-says",
        "own clock stands still",
        with_own_clock,
        several(*(body(label, "at", value="2026-03-01 13:00:00") for label in ("A0001", "totals"))),
        "2026-03-01 13:00:00, by a clock that is right",
    ),
    Broken(
        "sent-when-it-says",
        "own clock goes back where nobody asks anything",
        with_own_clock,
        several(
            moved("A0001 2102 request", after="totals answer"), body("A0001 2102 request", "inf_time", value=STALE)
        ),
        "not before 2026-03-01 12:00:00",
    ),
    Broken(
        "totals-agree",
        "the day that an own clock does not have",
        with_own_clock,
        body("totals", "day", value=TODAY),
        "^0 settlements",
    ),
    Broken(
        "totals-agree",
        "an own clock puts a settlement on another day",
        with_own_clock,
        body("A0001 2102 request", "inf_time", value="2026-02-28 23:59:59"),
        "^0 settlements",
    ),
    Broken("times-of-the-deed", "fees of yesterday", good_purchase, line("fee_ocur_time", YESTERDAY), "2020-10-13"),
    Broken("times-of-the-deed", "fees to come", good_purchase, line("fee_ocur_time", LATER), "09:00:00"),
    Broken("times-of-the-deed", "long ago", good_purchase, drug("begntime", "0001-01-01 00:00:00"), "0001"),
    Broken("times-of-the-deed", "for ever", good_purchase, drug("begntime", "9999-12-31 23:59:59"), "9999"),
    Broken("times-of-the-deed", "begun last year", good_purchase, drug("begntime", STALE), "2019"),
    Broken(
        "times-of-the-deed",
        "identified last year",
        good_purchase,
        body("A0001 1101 request", "input", "data", "begntime", value=STALE),
        "^1101 begntime from 2020-10-14",
    ),
    Broken("times-of-the-deed", "fees by another clock", with_own_clock, line("fee_ocur_time", LATER), "2020-10-14"),
    Broken(
        "times-of-the-deed",
        "visit before its registration",
        hospital_stories.registration,
        several(
            body("R0001 2201 request", "input", "data", "begntime", value=YESTERDAY),
            body("R0001 2203 request", "input", "mdtrtinfo", "begntime", value=YESTERDAY),
        ),
        "^2201 begntime from 2020-10-14 to 2020-10-16",
    ),
    Broken(
        "times-of-the-deed",
        "visit after its slot",
        hospital_stories.registration,
        body("R0001 2201 request", "input", "data", "begntime", value="2020-10-17 08:00:00"),
        "2020-10-17",
    ),
    Broken(
        "times-of-the-deed",
        "another day in 2203",
        hospital_stories.registration,
        body("R0001 2203 request", "input", "mdtrtinfo", "begntime", value="2020-10-15 08:30:00"),
        "as in 2201",
    ),
    Broken(
        "times-of-the-deed",
        "a doctor's order of last year",
        hospital_stories.fees_paid,
        body("F0001 2204 request", "input", "feedetail", 0, "fee_ocur_time", value=STALE),
        "^2204 fee_ocur_time",
    ),
    Broken(
        "times-of-the-deed",
        "fees before the stay",
        hospital_stories.stay,
        at_the_ward("2301", "feedetail", "fee_ocur_time", YESTERDAY, "I0001 charge"),
        "^2301 fee_ocur_time",
    ),
    Broken(
        "times-of-the-deed",
        "admitted yesterday",
        hospital_stories.stay,
        at_the_ward("2401", "mdtrtinfo", "begntime", YESTERDAY, "I0001 admit"),
        "^2401 begntime",
    ),
    Broken(
        "times-of-the-deed",
        "discharge to come",
        hospital_stories.stay,
        at_the_ward("2402", "dscginfo", "endtime", LATER),
        "^2402 endtime",
    ),
    Broken(
        "no-personal-data-in-log", "two digits masked", good_purchase, logged(lambda t: id_of(t)[:16] + "**"), "^16 dig"
    ),
    Broken(
        "no-personal-data-in-log",
        "too little masked",
        good_purchase,
        logged(lambda t: f"{id_of(t)[:8]}**{id_of(t)[10:]}"),
        "^16 digits",
    ),
    Broken(
        "no-personal-data-in-log",
        "in groups",
        good_purchase,
        logged(lambda t: " ".join(id_of(t)[at : at + 6] for at in (0, 6, 12))),
        "^18 digits",
    ),
    Broken("no-personal-data-in-log", "Base64", good_purchase, logged(lambda t: _encoded(id_of(t))), "ID .* Base64"),
    Broken("no-personal-data-in-log", "hex", good_purchase, logged(lambda t: id_of(t).encode().hex()), "ID .* hex"),
    Broken(
        "no-personal-data-in-log",
        "escaped name",
        good_purchase,
        logged(lambda t: json.dumps(name_of(t))),
        "name in esc",
    ),
    Broken("no-personal-data-in-log", "address", good_purchase, in_address, "ID number in the address"),
    Broken("no-personal-data-in-prompt", "ID number", stories.declined, prompted(id_of), "^an ID number: 6399…"),
    Broken(
        "no-personal-data-in-prompt", "most of it", stories.declined, prompted(lambda t: id_of(t)[4:]), "^14 digits"
    ),
    Broken("no-personal-data-in-prompt", "code", stories.declined, prompted(lambda t: t.sales["A0001"].digits), "code"),
)
"""Everything that is said and must not be."""
