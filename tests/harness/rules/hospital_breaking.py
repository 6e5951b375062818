"""What goes wrong at a hospital's counter: a good story, broken in one place, and what the rule then sees."""

from tests.harness.rules import hospital_stories as stories
from tests.harness.rules.breaking import Change, body, dropped, moved, repeated, several
from tests.harness.rules.broken import Broken
from tests.harness.rules.tape_builder import TapeBuilder


def data(label: str, field: str, value: object) -> Change:
    """A field of a request's data node."""
    return body(f"{label} request", "input", "data", field, value=value)


def detail(label: str, field: str, value: object, row: int = 0) -> Change:
    """A field of a row of feedetail."""
    return body(f"{label} request", "input", "feedetail", row, field, value=value)


def first_token_again(tape: TapeBuilder) -> None:
    """The stay is settled with the token of its admission."""
    token = tape["I0001 admit token-issued"].content["token"]
    for infno in ("2303", "2304"):
        tape[f"I0001 {infno} request"].content["input"]["data"]["mdtrt_cert_no"] = token


def sent_although(story_label: str, infno: str, *, before: str) -> Change:
    """A transaction goes out where nothing may."""

    def change(tape: TapeBuilder) -> None:
        tape.repeat("sign-in 9001 request", after=before, as_label=story_label, infno=infno)
        tape[story_label].channel = "platform.http#99"

    return change


BROKEN_AT_HOSPITALS = (
    Broken(
        "visit-in-order",
        "visit of nobody",
        stories.registration,
        data("R0001 2206", "mdtrt_id", "V9999"),
        "V9999",
    ),
    Broken(
        "visit-in-order",
        "no visit data",
        stories.registration,
        dropped("R0001 2203 request", "R0001 2203 reply"),
        "2203 before 2206",
    ),
    Broken(
        "visit-in-order",
        "no details",
        stories.registration,
        dropped("R0001 2204 request", "R0001 2204 reply"),
        "2204 of its batch",
    ),
    Broken(
        "visit-in-order",
        "after its end",
        stories.registration_refused,
        lambda tape: tape.repeat("R0001 2206 request", after="R0001 2202 reply", msgid=tape.next_msgid()),
        "cancelled",
    ),
    Broken(
        "kind-of-visit", "an emergency", stories.registration, data("R0001 2207", "med_type", "13"), "med_type 11 or"
    ),
    Broken(
        "kind-of-visit",
        "an emergency stay",
        stories.stay,
        body("I0001 admit 2401 request", "input", "mdtrtinfo", "med_type", value="22"),
        "2401 med_type 21",
    ),
    Broken(
        "settles-after-discharge",
        "no discharge",
        stories.stay,
        dropped("I0001 2402 request", "I0001 2402 reply"),
        "2402 before",
    ),
    Broken(
        "settles-after-discharge",
        "interim afterwards",
        stories.stay,
        data("I0001 2304", "mid_setl_flag", "1"),
        "interim",
    ),
    Broken(
        "settles-after-discharge",
        "sent, then refused",
        stories.settled_too_early,
        sent_although("early", "2303", before="I0001 early"),
        "nothing sent",
    ),
    Broken(
        "details-once",
        "a number again",
        stories.fees_paid,
        detail("F0001 2204", "feedetl_sn", "R0001-001"),
        "R0001-001",
    ),
    Broken(
        "details-once",
        "twice in one message",
        stories.fees_paid,
        detail("F0001 2204", "feedetl_sn", "R0001-002", 1),
        "twice in one message",
    ),
    Broken(
        "details-as-ordered",
        "another quantity",
        stories.fees_paid,
        detail("F0001 2204", "cnt", "3"),
        "as ordered",
    ),
    Broken(
        "details-as-ordered",
        "another fee",
        stories.registration,
        detail("R0001 2204", "det_item_fee_sumamt", "21.00"),
        "as ordered",
    ),
    Broken("details-as-ordered", "not kept", stories.refunded_in_part, detail("F0001 part 2204", "cnt", "1"), "as ord"),
    Broken("details-as-ordered", "at the ward", stories.stay, detail("I0001 charge 2301", "pric", "12.60"), "as order"),
    Broken(
        "details-cover-settlement",
        "a line missing",
        stories.fees_paid,
        several(
            body("F0001 2204 request", "input", "feedetail", 1, drop=True),
            body("F0001 2204 reply", "output", "result", 1, drop=True),
        ),
        r"medfee_sumamt 25\.00",
    ),
    Broken(
        "details-cover-settlement",
        "uploads in doubt",
        stories.fees_paid,
        dropped("F0001 2204 reply"),
        "in doubt",
    ),
    Broken("scope-as-uploaded", "zero", stories.registration, data("R0001 2207", "inscp_scp_amt", "0.00"), "scp_amt: "),
    Broken(
        "undone-leaves-nothing",
        "visit left open",
        stories.registration_refused,
        dropped("R0001 2202 request", "R0001 2202 reply"),
        "stays open",
    ),
    Broken(
        "undone-leaves-nothing",
        "details left",
        stories.refunded_online,
        dropped("R0001 refund 2205 request", "R0001 refund 2205 reply"),
        "details left",
    ),
    Broken(
        "undone-leaves-nothing",
        "refunded, visit open",
        stories.refunded_online,
        dropped("R0001 refund 2202 request", "R0001 refund 2202 reply"),
        "stays open",
    ),
    Broken(
        "admission-undone",
        "details left",
        stories.admission_cancelled,
        dropped("I0001 2302 request", "I0001 2302 reply"),
        "2302 before 2404",
    ),
    Broken(
        "admission-undone",
        "not undone",
        stories.admission_cancelled,
        dropped("I0001 2404 request", "I0001 2404 reply"),
        "an accepted 2404",
    ),
    Broken(
        "partial-refund-in-order",
        "old one stands",
        stories.refunded_in_part,
        dropped("F0001 part 2208 request", "F0001 part 2208 reply"),
        "2208 before 2205",
    ),
    Broken(
        "partial-refund-in-order",
        "details stay",
        stories.refunded_in_part,
        dropped("F0001 part 2205 request", "F0001 part 2205 reply"),
        "2205 before 2204",
    ),
    Broken(
        "slot-locked-once",
        "once too often",
        stories.full_slot,
        body("R0002 lock answer", "outcome", value="accepted"),
        "no place left",
    ),
    Broken(
        "lock-ends",
        "paid all the same",
        stories.lock_expired,
        body("R0001 answer", "outcome", value="accepted"),
        "registered",
    ),
    Broken(
        "lock-ends",
        "something sent",
        stories.lock_expired,
        sent_although("late", "1101", before="R0001"),
        "lock-expired",
    ),
    Broken(
        "slots-as-held",
        "never offered again",
        stories.lock_expired,
        body("slots after answer", "slots", 0, "free", value=2),
        "3 places",
    ),
    Broken(
        "slots-as-held",
        "refunded, not offered",
        stories.refunded_online,
        body("slots after answer", "slots", 0, "free", value=2),
        "3 places",
    ),
    Broken(
        "slots-as-held",
        "still offered",
        stories.registration,
        body("slots after answer", "slots", 0, "free", value=3),
        "2 places",
    ),
    Broken(
        "online-refund-in-time",
        "on the day",
        stories.refund_at_window,
        body("R0001 refund", "way", value="online"),
        "refund-at-window on 2020-10-14",
    ),
    Broken(
        "online-refund-in-time",
        "refused in time",
        stories.refund_at_window,
        lambda tape: [
            tape[label].content["slots"][1].update(day="2020-10-15")
            for label in tape.labels()
            if label == "slots answer"
        ],
        "an online refund on",
    ),
    Broken(
        "pending-own-only",
        "another's",
        stories.fees_of_another,
        lambda tape: tape["pending other answer"].content.update(
            outcome="accepted", records=[{"order": "F0001", "total": "35.05"}]
        ),
        "another's",
    ),
    Broken(
        "pending-own-only", "not shown", stories.fees_paid, body("pending answer", "records", value=[]), "F0001, wh"
    ),
    Broken(
        "pending-own-only",
        "nobody identified",
        stories.fees_paid,
        dropped("pending query request", "pending query reply"),
        "nobody",
    ),
    Broken(
        "pending-own-only",
        "another total",
        stories.fees_paid,
        body("pending answer", "records", 0, "total", value="35.06"),
        r"35\.05",
    ),
    Broken(
        "nothing-pending-prompt",
        "an empty list",
        stories.fees_paid,
        lambda tape: tape["pending after answer"].content.update(outcome="accepted", records=[], reason=""),
        "an empty list",
    ),
    Broken(
        "nothing-pending-prompt",
        "not said",
        stories.fees_paid,
        body("pending after answer", "prompt", value="请稍候 / please wait"),
        "a prompt that there is no record",
    ),
    Broken(
        "settled-with-own-person",
        "another pays",
        stories.fees_of_another,
        body("F0001 other answer", "outcome", value="accepted"),
        "another person's",
    ),
    Broken(
        "identified-as-presented",
        "an ID number as a token",
        stories.registration_by_id_card,
        data("R0001 2207", "mdtrt_cert_type", "01"),
        "mdtrt_cert_type 02",
    ),
    Broken(
        "identified-as-presented",
        "another number",
        stories.registration_by_card,
        data("R0001 2201", "mdtrt_cert_no", "T63990008"),
        "by card gave",
    ),
    Broken(
        "identified-as-presented",
        "the answer to another code",
        stories.registration,
        body("R0001 query reply", "data", "ecQrCode", value="4240000000000000000000000000"),
        "by code gave",
    ),
    Broken(
        "library-asked-as-told",
        "another operator",
        stories.registration,
        body("R0001 query request", "data", "operatorId", value="C9"),
        "C9",
    ),
    Broken(
        "library-asked-as-told",
        "another institution",
        stories.registration_by_face,
        body("R0001 auth request", "orgId", value="P63999900002"),
        "P63999900002",
    ),
    Broken(
        "fresh-code-at-discharge",
        "the admission's",
        stories.stay,
        first_token_again,
        "since the settlement was asked for",
    ),
    Broken(
        "id-card-needs-activation",
        "sent all the same",
        stories.id_card_not_activated,
        sent_although("active?", "1101", before="R0001 card reply"),
        "not-activated",
    ),
    Broken(
        "face-mismatch-authorises-nothing",
        "sent all the same",
        stories.face_mismatch,
        sent_although("face?", "1101", before="R0001 check reply"),
        "not accepted",
    ),
    Broken(
        "result-shown-at-terminal",
        "not told",
        stories.registration_by_face,
        dropped("R0001 notify request", "R0001 notify reply"),
        "one cn.nhsa.settle.notify",
    ),
    Broken(
        "result-shown-at-terminal",
        "another amount",
        stories.registration_by_face,
        body("R0001 notify request", "data", "acctAmt", value="11.00"),
        r"acctAmt 12\.00",
    ),
    Broken(
        "result-shown-at-terminal",
        "failed, it says",
        stories.registration_by_face,
        body("R0001 notify request", "data", "medicalSettleState", value="FAIL"),
        "SUCCESS",
    ),
    Broken(
        "way-in-envelope",
        "as a cashier",
        stories.registration_at_machine,
        body("R0001 2207 request", "opter_type", value="1"),
        "opter_type 2",
    ),
    Broken(
        "way-in-envelope",
        "no deviceType",
        stories.registration_at_machine,
        body("R0001 query request", "data", "deviceType", drop=True),
        "SelfService",
    ),
    Broken(
        "released-after-settlement",
        "too early",
        stories.registration_at_machine,
        moved("R0001 released", after="R0001 2206 reply"),
        "an accepted settlement before",
    ),
    Broken(
        "released-after-settlement", "twice", stories.registration_at_machine, repeated("R0001 released"), "2 times"
    ),
    Broken("released-after-settlement", "not", stories.registration_at_machine, dropped("R0001 released"), "0 times"),
    Broken(
        "released-after-settlement",
        "refused",
        stories.registration_at_machine,
        body("R0001 answer", "outcome", value="refused"),
        "nothing: refused",
    ),
    Broken(
        "released-after-settlement",
        "at the window",
        stories.registration,
        lambda tape: tape.repeat("R0001 scan-please", after="R0001 2207 reply", event="released", what="slip"),
        "nothing released here",
    ),
    Broken(
        "library-refused",
        "used all the same",
        stories.wrong_library,
        body("sign-in wrong answer", "outcome", value="accepted"),
        "NationECCode",
    ),
    Broken(
        "library-refused",
        "not named",
        stories.wrong_library,
        body("sign-in wrong answer", "prompt", value="错误 / error"),
        "names",
    ),
    Broken(
        "library-refused",
        "something sent",
        stories.wrong_library,
        sent_although("sent", "9001", before="sign-in wrong"),
        "nothing sent",
    ),
    Broken(
        "password-asked",
        "a card without its password",
        stories.registration_by_card,
        data("R0001 2207", "expContent", ""),
        "proof of a card's password",
    ),
    Broken(
        "password-asked",
        "an ID card without it",
        stories.registration_by_id_card,
        dropped("R0001 payment-confirmed"),
        "booked without one",
    ),
    Broken(
        "pre-settlement-comes-first",
        "of a visit",
        stories.registration,
        dropped("R0001 2206 request", "R0001 2206 reply"),
        "2206",
    ),
    Broken(
        "refund-cites-original",
        "of nothing",
        stories.refunded_online,
        data("R0001 refund 2208", "setl_id", "S9"),
        "S9",
    ),
    Broken(
        "outcome-agrees-with-books",
        "refunded is missing",
        stories.refunded_in_part,
        body("F0001 part answer", "refunded", drop=True),
        "refunded: S",
    ),
)
"""Everything that goes wrong at a hospital."""
