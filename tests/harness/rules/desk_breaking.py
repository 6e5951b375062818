"""What goes wrong at a desk: stories of a doubt, of nonsense and of another day, each broken in one place."""

from tests.harness.rules import desk_stories, stories
from tests.harness.rules.breaking import Change, body, dropped, drug
from tests.harness.rules.broken import Broken
from tests.harness.rules.tape_builder import TapeBuilder


def accepted(label: str) -> Change:
    """An answer says that all is well."""

    def change(tape: TapeBuilder) -> None:
        tape[f"{label} answer"].content = {"id": tape[label].content["id"], "outcome": "accepted"}

    return change


def sold_in_doubt(tape: TapeBuilder) -> None:
    """Somebody else pays before the resolve that clears up."""
    first, last = tape.place("A0003"), tape.place("A0003 expect")
    sold = tape.entries[first : last + 1]
    del tape.entries[first : last + 1]
    at = tape.place("resolve")
    tape.entries[at:at] = sold


def refunded_in_doubt(tape: TapeBuilder) -> None:
    """The refund of another order goes out before the reversal."""
    content = tape["A0001 2601 request"].content
    tape.repeat(
        "A0001 2601 request",
        after="A0001 booked",
        as_label="refund",
        infno="2103",
        msgid=tape.next_msgid(),
        input={"data": {"setl_id": "S000009", "mdtrt_id": "M", "psn_no": content["input"]["data"]["psn_no"]}},
    )


def fourth_try(tape: TapeBuilder) -> None:
    """Once more in the same command, under a new msgid."""
    tape.repeat("try 3 2601 request", after="try 3 2601 request", as_label="try 4", msgid=tape.next_msgid())


def asked_first(tape: TapeBuilder) -> None:
    """Somebody is identified before the basket is looked at."""
    other = stories.good_purchase()
    at = tape.place("A0001") + 1
    tape.entries[at:at] = [other["A0001 query request"]]


def sold_again(tape: TapeBuilder) -> None:
    """The order is sold once more."""
    tape["A0001 again answer"].content = {**tape["A0001 answer"].content, "id": tape["A0001 again"].content["id"]}


def yesterdays_sign_in(tape: TapeBuilder) -> None:
    """Nobody signs in on the second day."""
    tape.drop(*(label for label in tape.labels() if label.startswith("sign-in anew")))


BROKEN_AT_THE_DESK = (
    Broken("unknown-resolved", "another order first", desk_stories.unknown_stays, sold_in_doubt, "another order"),
    Broken("unknown-resolved", "a refund first", stories.reply_lost, refunded_in_doubt, "^2103 P"),
    Broken(
        "resolve-tells-what-is-known",
        "accepted in vain",
        desk_stories.unknown_stays,
        accepted("resolve in vain"),
        "unknown: what came of 2102",
    ),
    Broken(
        "resolve-tells-what-is-known",
        "of a refund",
        desk_stories.refund_in_doubt,
        dropped("resolve 2601 reply"),
        "unknown: what came of 2103",
    ),
    Broken(
        "books-tell-what-is-known",
        "refused, they say",
        stories.reply_lost,
        body("books answer", "entries", 0, "state", value="refused"),
        "refused",
    ),
    Broken(
        "books-tell-what-is-known",
        "too sure",
        desk_stories.unknown_stays,
        body("books in doubt answer", "entries", 0, "state", value="reversed"),
        "2102 P.*: unknown",
    ),
    Broken(
        "books-tell-what-is-known",
        "too sure of a refund",
        desk_stories.refund_in_doubt,
        body("books in doubt answer", "entries", 0, "state", value="settled"),
        "2102 P.*: unknown",
    ),
    Broken(
        "books-tell-what-is-known",
        "too sure of a refusal",
        desk_stories.reversal_refused,
        body("books in doubt answer", "entries", 0, "state", value="settled"),
        "reversed or refused or unknown",
    ),
    Broken(
        "books-tell-what-is-known",
        "reversed, though refused",
        stories.declined,
        body("books answer", "entries", 0, "state", value="reversed"),
        "2102 P.*: refused",
    ),
    Broken(
        "books-tell-what-is-known",
        "left out",
        stories.declined,
        body("books answer", "entries", value=[]),
        "an entry of 2102",
    ),
    Broken("reversal-tried-three-times", "a fourth", desk_stories.unknown_stays, fourth_try, "3 reversals"),
    Broken(
        "basket-checked-first",
        "sold all the same",
        desk_stories.wrong_basket,
        body("A0001 answer", "reason", value="platform-refused"),
        "line 1 is not price times quantity",
    ),
    Broken("basket-checked-first", "asked first", desk_stories.wrong_total, asked_first, "nothing sent"),
    Broken(
        "nonsense-gets-an-error",
        "accepted",
        desk_stories.nonsense,
        accepted("dance"),
        "accepted",
    ),
    Broken("nonsense-gets-an-error", "sold again", desk_stories.order_again, sold_again, "A0001 is settled already"),
    Broken(
        "nonsense-gets-an-error",
        "not answered",
        desk_stories.nonsense,
        dropped("line 2 answer", "dance answer"),
        "scan-please",
    ),
    Broken(
        "refusal-tells-why",
        "not a word",
        desk_stories.platform_refuses,
        body("A0001 answer", "prompt", value="医保平台拒绝 / refused"),
        desk_stories.BUSY,
    ),
    Broken("signed-in-first", "yesterday's", desk_stories.next_day, yesterdays_sign_in, "not signed in"),
    Broken(
        "sign-in-told-as-answered",
        "refused, and done",
        stories.good_purchase,
        body("sign-in 9001 reply", "infcode", value=-1),
        "after a refusal",
    ),
    Broken(
        "sign-in-told-as-answered",
        "unheard, and done",
        stories.good_purchase,
        dropped("sign-in 9001 reply"),
        "no readable answer",
    ),
    Broken(
        "sign-in-told-as-answered",
        "not asked",
        stories.good_purchase,
        dropped("sign-in 9001 request", "sign-in 9001 reply"),
        "a 9001",
    ),
    Broken(
        "insured-as-told-now",
        "not asked",
        stories.two_purchases,
        dropped("A0002 1101 request", "A0002 1101 reply"),
        "a 1101 of this person",
    ),
    Broken(
        "insured-as-told-now",
        "of somebody else",
        stories.good_purchase,
        body("A0001 1101 reply", "output", "baseinfo", "psn_no", value="639999000000000099"),
        "a 1101 of this person",
    ),
    Broken("insured-as-told-now", "another kind", stories.good_purchase, drug("insutype", "399"), 'insutype "399"'),
    Broken(
        "insured-as-told-now",
        "another place",
        stories.good_purchase,
        body("A0001 2102 request", "insuplc_admdvs", value="649900"),
        '^insuplc_admdvs "649900"',
    ),
    Broken("outcome-as-expected", "no error", desk_stories.order_again, sold_again, "purchase: error"),
)
"""Everything that goes wrong at a desk."""
