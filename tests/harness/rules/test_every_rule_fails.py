"""Every rule is shown to fail: a good story, broken in one place, and what the rule then sees."""

import re

import pytest

from harness.judge.plan import load_plan
from harness.rules.registry import Observation, all_rules
from tests.harness.rules import stories
from tests.harness.rules.box_breaking import BROKEN_AT_THE_BOX
from tests.harness.rules.breaking import (
    asked_late,
    body,
    booked_by_the_first,
    booked_twice,
    case_problem,
    code_cut,
    dropped,
    drug,
    leftover_asked,
    line,
    log_in_two_pieces,
    logged,
    moved,
    never_answered,
    paid_twice,
    refund_refused_but_booked,
    repeated,
    replaced,
    resolve_forgotten,
    reversal_forgotten,
    scanned_too_early,
    setlinfo,
    settled_before_reversal,
    several,
    spoken_unverified,
    token_grown_old,
    used_again,
)
from tests.harness.rules.broken import Broken
from tests.harness.rules.content_breaking import BROKEN_CONTENT
from tests.harness.rules.desk_breaking import BROKEN_AT_THE_DESK
from tests.harness.rules.hospital_breaking import BROKEN_AT_HOSPITALS
from tests.harness.rules.statement_breaking import BROKEN_STATEMENTS
from tests.harness.rules.stories import good_purchase, refunded, reply_lost, two_purchases, unknown_then_resolved
from tests.harness.rules.tape_builder import OTHER_PHARMACY, TapeBuilder, yuan

TRACED = ["8001", "8002"]


def traced_purchase() -> TapeBuilder:
    """A purchase where the province asks for trace codes."""
    tape = good_purchase()
    tape["hello"].content["hello"]["profile"]["trace_codes"] = ["2102"]
    tape["A0001"].content["lines"][0]["trace_codes"] = TRACED
    entries = [{"feedetl_sn": "A0001-1", "drug_trac_codg": code} for code in TRACED]
    tape["A0001 2102 request"].content["input"]["drug_trac_info"] = entries
    return tape


BROKEN = (
    Broken("account-used-as-asked", "flag turned", good_purchase, drug("acct_used_flag", "0"), "use_account is true"),
    Broken(
        "account-used-as-asked",
        "account taken",
        stories.account_not_used,
        drug("acct_used_flag", "1", "2102"),
        "acct_used_flag 0",
    ),
    Broken(
        "certificate-verified",
        "spoken to whoever answers",
        good_purchase,
        spoken_unverified,
        "platform.http#1, where the certificate was one whose time is over",
    ),
    Broken(
        "activation-is-prompted",
        "no word of it",
        stories.not_activated,
        body("A0001 answer", "prompt", value="凭证无效 / invalid"),
        "激活",
    ),
    Broken("adapter-answers-every-command", "silence", good_purchase, never_answered, "no answer"),
    Broken("answers-complete", "no such outcome", good_purchase, body("A0001 answer", "outcome", value="fine"), "fine"),
    Broken("answers-complete", "no reason", stories.wrong_kind, body("A0001 answer", "reason", drop=True), "reason"),
    Broken(
        "answers-complete",
        "an amount missing",
        good_purchase,
        body("A0001 answer", "amounts", "cash", drop=True),
        "cash",
    ),
    Broken("answers-complete", "no setl_id", good_purchase, body("A0001 answer", "setl_id", drop=True), "setl_id"),
    Broken("basket-as-rung-up", "another price", good_purchase, line("pric", "12.05"), "12.05"),
    Broken("basket-as-rung-up", "another total", good_purchase, drug("medfee_sumamt", "25.01"), "25.01"),
    Broken(
        "books-agree",
        "settled here, reversed there",
        reply_lost,
        body("books answer", "entries", 0, "state", value="settled"),
        "reversed",
    ),
    Broken("books-agree", "an order unknown here", good_purchase, body("books answer", "entries", value=[]), "no such"),
    Broken(
        "books-agree",
        "an order unknown there",
        good_purchase,
        lambda tape: (
            tape["books answer"]
            .content["entries"]
            .append({**tape["books answer"].content["entries"][0], "order": "A0009", "msgid": "X", "setl_id": "Y"})
        ),
        "A0009",
    ),
    Broken(
        "books-agree",
        "another amount",
        good_purchase,
        body("books answer", "entries", 0, "cash", value="3.01"),
        r"3\.01",
    ),
    Broken(
        "books-agree",
        "a settlement without its number",
        good_purchase,
        body("books answer", "entries", 0, "setl_id", value=None),
        "^setl_id nothing",
    ),
    Broken(
        "books-agree",
        "still unknown after resolve",
        unknown_then_resolved,
        body("books answer", "entries", 0, "state", value="unknown"),
        "unknown",
    ),
    Broken("case-holds", "an assertion", good_purchase, case_problem("assertion"), "nonsense"),
    Broken("code-asked-anew", "an old token", two_purchases, used_again, "ec.query"),
    Broken(
        "code-asked-anew",
        "another's token",
        two_purchases,
        lambda tape: body("A0002 2101 request", "input", "druginfo", "mdtrt_cert_no", value=tape.sales["A0001"].token)(
            tape
        ),
        "from elsewhere",
    ),
    Broken("code-asked-anew", "no scan asked for", good_purchase, dropped("A0001 scan-please"), "scan-please"),
    Broken("code-unchanged", "last digit lost", good_purchase, code_cut, "part of what was read"),
    Broken("code-unchanged", "from before scan-please", good_purchase, scanned_too_early, "nothing was read"),
    Broken("code-used-once", "a leftover", two_purchases, leftover_asked, "the scan of A0001"),
    Broken("code-used-once", "paid twice", two_purchases, paid_twice, "the code of A0001"),
    Broken(
        "confirmed-amount-is-booked",
        "other amount shown",
        good_purchase,
        body("A0001 prompt", "amount_fen", value=2400),
        r"24\.00",
    ),
    Broken("envelope-as-told", "other operator", good_purchase, body("A0001 2101 request", "opter", value="C9"), "C9"),
    Broken(
        "envelope-as-told",
        "wrong MAC",
        good_purchase,
        body("sign-in 9001 request", "input", "signIn", "mac", value="00-00-00-00-00-00"),
        "mac",
    ),
    Broken("expired-code-refused", "two minutes old", good_purchase, asked_late, "60 s before"),
    Broken(
        "fields-valid",
        "required field missing",
        good_purchase,
        body("A0001 2102 request", "input", "druginfo", "insutype", drop=True),
        r"druginfo\.insutype",
    ),
    Broken("fields-valid", "not in its code table", good_purchase, drug("med_type", "99"), "med_type"),
    Broken(
        "fields-valid",
        "not in its code table, ec.query",
        good_purchase,
        body("A0001 query request", "data", "businessType", value="02999"),
        "businessType",
    ),
    Broken("fields-valid", "no JSON", good_purchase, replaced("A0001 2101 request", b"infno=2101"), "a JSON object"),
    Broken(
        "fields-valid",
        "no infno",
        good_purchase,
        body("A0001 1101 request", "infno", drop=True),
        "infno in the envelope",
    ),
    Broken("journal-before-send", "never", good_purchase, dropped("A0001 2102 journal"), "never journalled"),
    Broken(
        "journal-before-send",
        "afterwards",
        good_purchase,
        moved("A0001 2102 journal", after="A0001 2102 reply"),
        "afterwards",
    ),
    Broken("journal-before-send", "reversal", reply_lost, dropped("A0001 2601 journal"), "2601"),
    Broken(
        "money-conserved", "a fen lost", good_purchase, body("A0001 booked", "balance_fen", value=198799), r"1987\.99"
    ),
    Broken("money-conserved", "parts", good_purchase, body("A0001 booked", "cash_fen", value=301), "fund"),
    Broken("money-identities", "parts of an answer", good_purchase, setlinfo("psn_cash_pay", "3.01"), "psn_part_amt ="),
    Broken(
        "money-identities", "parts of a total", good_purchase, setlinfo("medfee_sumamt", "25.10"), "medfee_sumamt ="
    ),
    Broken("money-identities", "funds", good_purchase, setlinfo("hifp_pay", "9.99"), "sum of the funds"),
    Broken(
        "money-identities", "a float in a request", good_purchase, drug("medfee_sumamt", 25.000000000000004), "0004"
    ),
    Broken("money-identities", "three decimals", good_purchase, line("det_item_fee_sumamt", "25.001"), r"25\.001"),
    Broken("money-identities", "a float's price", good_purchase, line("pric", 12.500000000000002), "0002"),
    Broken(
        "money-identities", "lines that do not add up", good_purchase, line("det_item_fee_sumamt", "24.99"), "add up"
    ),
    Broken(
        "money-identities",
        "account taken although not used",
        good_purchase,
        drug("acct_used_flag", "0"),
        "acct_used_flag is 0",
    ),
    Broken(
        "money-identities",
        "a float at the counter",
        good_purchase,
        body("totals answer", "cash", value="3.0000000000000004"),
        "cash",
    ),
    Broken(
        "money-identities",
        "parts at the counter",
        good_purchase,
        body("A0001 answer", "amounts", "cash", value="4.00"),
        "total = fund",
    ),
    Broken("msgid-form", "short", good_purchase, body("A0001 2101 request", "msgid", value="P1"), "2 characters"),
    Broken(
        "msgid-form",
        "no date",
        good_purchase,
        body("A0001 2101 request", "msgid", value="P63999900001202013140830000001"),
        "20201314083000",
    ),
    Broken(
        "msgid-form",
        "another's code",
        good_purchase,
        body("A0001 2101 request", "msgid", value=f"{OTHER_PHARMACY}202010140830000001"),
        OTHER_PHARMACY,
    ),
    Broken(
        "msgid-unique",
        "of another transaction",
        good_purchase,
        lambda tape: body("A0001 2102 request", "msgid", value=tape["A0001 2101 request"].content["msgid"])(tape),
        "again, for 2102",
    ),
    Broken(
        "msgid-unique",
        "other content",
        stories.bad_gateway,
        several(
            lambda t: t.repeat("A0001 2102 repeat request", after="A0001 2102 reply", as_label="x"),
            body("x", "input", value={}),
        ),
        "other content",
    ),
    Broken(
        "no-personal-data-in-log", "ID number", good_purchase, logged(lambda t: t.sales["A0001"].person.id_no), "ID"
    ),
    Broken("no-personal-data-in-log", "name", good_purchase, logged(lambda t: t.sales["A0001"].person.name), "a name"),
    Broken("no-personal-data-in-log", "code", good_purchase, logged(lambda t: t.sales["A0001"].digits), "code"),
    Broken("no-personal-data-in-log", "token", good_purchase, logged(lambda t: t.sales["A0001"].token), "token"),
    Broken("no-personal-data-in-log", "cut in two", good_purchase, log_in_two_pieces, "ID"),
    Broken("one-bill-a-settlement", "none", good_purchase, dropped("A0001 bill"), "0 bills"),
    Broken("one-bill-a-settlement", "two", good_purchase, repeated("A0001 bill"), "2 bills"),
    Broken("one-bill-a-settlement", "none of the refund", refunded, dropped("A0001 refund bill"), "0 bills"),
    Broken(
        "one-bill-a-settlement", "other parts", good_purchase, body("A0001 bill", "fund_fen", value=0), r"fund 10\.00"
    ),
    Broken("one-bill-a-settlement", "no amount", good_purchase, body("A0001 bill", "total_fen", drop=True), "total"),
    Broken(
        "one-bill-a-settlement", "in another channel", good_purchase, body("A0001 bill", "chnl", value="icbc"), "icbc"
    ),
    Broken(
        "one-bill-a-settlement",
        "of another institution",
        good_purchase,
        body("A0001 bill", "institution", value="别处"),
        "别处",
    ),
    Broken(
        "one-bill-a-settlement",
        "a refund as a payment",
        refunded,
        body("A0001 refund bill", "reverses", value=None),
        "takes back nothing",
    ),
    Broken("one-bill-a-settlement", "before it is booked", good_purchase, dropped("A0001 booked"), "a bill of nothing"),
    Broken(
        "one-bill-a-settlement",
        "of what was refused",
        stories.declined,
        several(repeated("A0001 prompt", setl_id="S9"), lambda tape: _as_bill(tape, "A0001 prompt again")),
        "a bill of nothing",
    ),
    Broken(
        "one-bill-a-settlement",
        "paid in a channel without bills",
        good_purchase,
        body("A0001 code-shown", "chnl", value="wechat"),
        "no code of a channel",
    ),
    Broken("one-notice-a-movement", "none", good_purchase, dropped("A0001 notice"), "0 notices"),
    Broken("one-notice-a-movement", "two", good_purchase, repeated("A0001 notice"), "2 notices"),
    Broken(
        "one-notice-a-movement", "balance", good_purchase, body("A0001 notice", "balance_fen", value=1), "balance 1 fen"
    ),
    Broken(
        "one-notice-a-movement",
        "of nothing",
        good_purchase,
        repeated("A0001 notice", setl_id="S9"),
        "a notice of nothing",
    ),
    Broken(
        "outcome-agrees-with-books",
        "accepted, not booked",
        good_purchase,
        dropped("A0001 booked", "A0001 notice"),
        "^0 ",
    ),
    Broken(
        "outcome-agrees-with-books",
        "not sent by the adapter",
        good_purchase,
        lambda tape: setattr(tape["A0001 2102 request"], "agent", "liantiao-platform"),
        "own 2102",
    ),
    Broken(
        "outcome-agrees-with-books",
        "another amount",
        good_purchase,
        body("A0001 answer", "amounts", "total", value="24.00"),
        r"24\.00",
    ),
    Broken(
        "outcome-agrees-with-books",
        "another setl_id",
        good_purchase,
        body("A0001 answer", "setl_id", value="S000077"),
        "S000077",
    ),
    Broken("outcome-agrees-with-books", "refused, booked", reply_lost, reversal_forgotten, "settlement S000001 stands"),
    Broken("outcome-agrees-with-books", "refused, refunded", refunded, refund_refused_but_booked, "the refund S000002"),
    Broken(
        "outcome-agrees-with-books",
        "refunded, not booked",
        refunded,
        dropped("A0001 refund booked", "A0001 refund notice"),
        "it stands",
    ),
    Broken("outcome-agrees-with-books", "left unknown", unknown_then_resolved, resolve_forgotten, "never resolved"),
    Broken(
        "outcome-as-expected",
        "outcome",
        good_purchase,
        body("A0001 expect", "outcomes", value=["refused"]),
        "^accepted",
    ),
    Broken(
        "outcome-as-expected",
        "reason",
        stories.wrong_kind,
        body("A0001 expect", "reasons", value=["code-used"]),
        "wrong-code-kind",
    ),
    Broken(
        "outcome-as-expected",
        "amounts",
        good_purchase,
        body("A0001 expect", "amounts", value={"cash": 0}),
        r"cash 0\.00",
    ),
    Broken("outcome-as-expected", "no answer", good_purchase, never_answered, "no answer at all"),
    Broken(
        "outcome-as-expected",
        "no such command",
        good_purchase,
        body("A0001 expect", "operation", value=99),
        "no such command",
    ),
    Broken(
        "password-asked", "booked all the same", good_purchase, dropped("A0001 payment-confirmed"), "booked without one"
    ),
    Broken(
        "password-asked",
        "somebody else confirmed",
        good_purchase,
        body("A0001 payment-confirmed", "id_no", value="639999000000000000"),
        "booked without one",
    ),
    Broken("password-asked", "MOCK", good_purchase, body("A0001 2102 request", "signtype", value="MOCK"), "MOCK"),
    Broken(
        "path-as-profiled",
        "to the path of another",
        good_purchase,
        lambda tape: setattr(tape["A0001 1101 request"], "start", "POST /fsi/api/reverseService/revsMethod HTTP/1.1"),
        "revsMethod",
    ),
    Broken("pre-settlement-books-nothing", "it does", good_purchase, booked_by_the_first, "S000001 booked"),
    Broken(
        "pre-settlement-comes-first",
        "skipped",
        good_purchase,
        dropped("A0001 2101 request", "A0001 2101 reply"),
        "none",
    ),
    Broken(
        "pre-settlement-comes-first", "refused", good_purchase, body("A0001 2101 reply", "infcode", value=-1), "none"
    ),
    Broken("pre-settlement-comes-first", "of other goods", good_purchase, line("cnt", "3", "2102"), "drugdetail"),
    Broken(
        "pre-settlement-comes-first", "of another person", good_purchase, drug("psn_no", "6399990", "2101"), "psn_no"
    ),
    Broken(
        "pre-settlement-equals-settlement",
        "booked otherwise",
        good_purchase,
        several(body("A0001 booked", "fund_fen", value=900), body("A0001 booked", "cash_fen", value=400)),
        r"cash 4\.00",
    ),
    Broken(
        "prompt-readable", "replaced", stories.declined, body("A0001 answer", "prompt", value="\ufffd\ufffd"), "ufffd|�"
    ),
    Broken(
        "prompt-readable", "Latin-1", stories.declined, body("A0001 answer", "prompt", value="å·²å–æ¶ˆ"), "readable"
    ),
    Broken("protocol-kept", "a violation", good_purchase, case_problem("PeerViolation"), "nonsense"),
    Broken(
        "refund-cites-original",
        "of nothing",
        refunded,
        body("A0001 refund 2103 request", "input", "data", "setl_id", value="S9"),
        "S9",
    ),
    Broken(
        "refund-cites-original",
        "of another institution",
        refunded,
        body("A0001 booked", "institution", value=OTHER_PHARMACY),
        OTHER_PHARMACY,
    ),
    Broken(
        "refund-cites-original",
        "taken back already",
        refunded,
        lambda tape: tape.repeat("A0001 refund 2103 request", after="A0001 refund booked", msgid=tape.next_msgid()),
        "already taken back",
    ),
    Broken(
        "refund-cites-original",
        "of another visit",
        refunded,
        body("A0001 refund 2103 request", "input", "data", "mdtrt_id", value="M9"),
        "M9",
    ),
    Broken("refusal-has-prompt", "none", stories.declined, body("A0001 answer", "prompt", value=""), "prompt"),
    Broken(
        "repeat-books-nothing", "twice", stories.bad_gateway, repeated("A0001 booked", setl_id="S000099"), "S000099"
    ),
    Broken(
        "reversal-names-original",
        "a new msgid",
        reply_lost,
        lambda tape: body(
            "A0001 2601 request",
            "input",
            "data",
            "omsgid",
            value=tape["A0001 2601 request"].content["msgid"],
        )(tape),
        "2601",
    ),
    Broken(
        "reversal-names-original",
        "a msgid of nothing",
        reply_lost,
        body("A0001 2601 request", "input", "data", "omsgid", value="P63999900001202010140830009999"),
        "9999",
    ),
    Broken(
        "reversal-names-original",
        "another number",
        reply_lost,
        body("A0001 2601 request", "input", "data", "oinfno", value="2103"),
        "oinfno 2102",
    ),
    Broken(
        "reversal-names-original",
        "another person",
        reply_lost,
        body("A0001 2601 request", "input", "data", "psn_no", value="639999000000000008"),
        "psn_no",
    ),
    Broken("settled-at-most-once", "again on a lost reply", reply_lost, booked_twice, "S000001 and S000099"),
    Broken(
        "signed-in-first",
        "not at all",
        good_purchase,
        dropped("sign-in 9001 request", "sign-in 9001 reply"),
        "not signed in",
    ),
    Broken(
        "signed-in-first", "refused", good_purchase, body("sign-in 9001 reply", "infcode", value=-1), "not signed in"
    ),
    Broken(
        "signed-in-first",
        "no sign_no",
        good_purchase,
        body("A0001 2101 request", "sign_no", value=""),
        "sign_no nothing",
    ),
    Broken("taken-back-at-most-once", "twice", refunded, repeated("A0001 refund booked", setl_id="S000099"), "S000099"),
    Broken(
        "taken-back-at-most-once",
        "in part",
        refunded,
        body("A0001 refund booked", "cash_fen", value=-1),
        "the negative",
    ),
    Broken(
        "token-bound",
        "never issued",
        good_purchase,
        drug("mdtrt_cert_no", "639900ec999999999999999999999999999999", "2102"),
        "a token that the voucher centre issued",
    ),
    Broken(
        "token-bound",
        "to another institution",
        good_purchase,
        body("A0001 token-issued", "institution", value=OTHER_PHARMACY),
        OTHER_PHARMACY,
    ),
    Broken("token-bound", "another person", good_purchase, drug("psn_no", "639999000000000008", "2102"), "person"),
    Broken("token-bound", "expired", good_purchase, token_grown_old, "expired 1800 s before"),
    Broken("totals-agree", "count", good_purchase, body("totals answer", "count", value=2), "^2 "),
    Broken(
        "totals-agree",
        "amounts",
        two_purchases,
        several(body("totals answer", "cash", value=yuan(601)), body("totals answer", "total", value=yuan(5001))),
        r"6\.01",
    ),
    Broken(
        "trace-codes-as-scanned",
        "one left out",
        traced_purchase,
        body("A0001 2102 request", "input", "drug_trac_info", 1, drop=True),
        r'^1 codes; missing \["8002"\]',
    ),
    Broken(
        "trace-codes-as-scanned",
        "all left out",
        traced_purchase,
        body("A0001 2102 request", "input", "drug_trac_info", drop=True),
        r'^0 codes; missing \["8001", "8002"\]',
    ),
    Broken(
        "trace-codes-as-scanned",
        "made up",
        traced_purchase,
        body("A0001 2102 request", "input", "drug_trac_info", 0, "drug_trac_codg", value="8999"),
        r'missing \["8001"\], beyond \["8999"\]',
    ),
    Broken(
        "trace-codes-as-scanned",
        "one twice",
        traced_purchase,
        body("A0001 2102 request", "input", "drug_trac_info", 0, "drug_trac_codg", value="8002"),
        r'missing \["8001"\], beyond \["8002"\]',
    ),
    Broken("unknown-resolved", "refused at once", reply_lost, reversal_forgotten, "neither"),
    Broken("unknown-resolved", "answered in doubt", reply_lost, dropped("A0001 2601 reply"), "^refused"),
    Broken(
        "unknown-resolved",
        "booked anew first",
        stories.reply_lost_then_bought_again,
        settled_before_reversal,
        "its order once more",
    ),
)


ALL = (*BROKEN, *BROKEN_CONTENT, *BROKEN_AT_THE_DESK, *BROKEN_AT_HOSPITALS, *BROKEN_AT_THE_BOX, *BROKEN_STATEMENTS)


@pytest.mark.parametrize(
    "broken",
    ALL,
    ids=lambda broken: f"{broken.rule}: {broken.what}",
)
def test_a_broken_story_is_found(broken: Broken) -> None:
    check = all_rules()[broken.rule].check
    tape = broken.story()
    assert list(check(tape.history())) == []
    broken.change(tape)
    found = list(check(tape.history()))
    assert any(re.search(broken.seen, said) for one in found for said in (one.expected, one.seen)), found
    assert all(0 <= one.seq < len(tape.entries) for one in found)
    assert not _personal(tape, found)


def test_every_rule_has_a_story_in_which_it_fails() -> None:
    at_a_counter = {name for plan in ("pharmacy", "hospital", "pharmacy-tls") for name in load_plan(plan).rules}
    assert at_a_counter <= {broken.rule for broken in ALL}


def _as_bill(tape: TapeBuilder, label: str) -> None:
    """A record becomes a bill."""
    tape[label].event = "bill"


def _personal(tape: TapeBuilder, found: list[Observation]) -> list[str]:
    said = " ".join(f"{one.expected} {one.seen}" for one in found)
    secrets = [
        secret
        for sale in tape.sales.values()
        for secret in (sale.person.id_no, sale.person.name, sale.person.psn_no, sale.digits, sale.token)
    ]
    return [secret for secret in secrets if secret and secret in said]
