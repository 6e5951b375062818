"""Personal data stays where it belongs: not in the adapter's log."""

from collections.abc import Iterator

from fixtures.population import people
from harness.judge.history import COUNTER, CaseHistory
from harness.line.record import Kind
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, masked, reply_output, social_card, text, voucher_of

LOG = f"{COUNTER}.log"
"""The channel on which the counter port records what the adapter logs."""
NAME, CODE = "a name", "a voucher code"
SHORTEST_CODE = 16
"""A scanned text of at least so many characters is a code; shorter ones prove nothing when a log holds them."""


@rule("no-personal-data-in-log")
def no_personal_data_in_log(history: CaseHistory) -> Iterator[Observation]:
    """The adapter's log holds no ID number, name, voucher code or token of anybody."""
    secrets = _secrets(history)
    told = set()
    for pieces in _logs(history):
        logged = b"".join(data for _, data in pieces)
        for secret, kind in secrets.items():
            place = logged.find(secret.encode())
            if place < 0 or secret in told:
                continue
            told.add(secret)
            line = logged[:place].count(b"\n") + 1
            seen = f"{kind} in line {line}" + (f": {masked(secret)}" if kind != NAME else "")
            yield Observation(seq=_piece_at(pieces, place), expected="no personal data in the log", seen=seen)


def _logs(history: CaseHistory) -> Iterator[list[tuple[int, bytes]]]:
    """The log as it came, in pieces that are searched as one text, so that nothing hides in a cut."""
    yield [(r.seq, r.data) for r in history.records if r.kind is Kind.FRAME and r.channel == LOG]
    for event in history.named("adapter-log"):
        yield [(event.seq, text(event["text"]).encode())]


def _piece_at(pieces: list[tuple[int, bytes]], place: int) -> int:
    for seq, data in pieces:
        if place < len(data):
            return seq
        place -= len(data)
    return pieces[-1][0]


def _secrets(history: CaseHistory) -> dict[str, str]:
    """Every personal datum that appears on the tape, with its kind."""
    found: dict[str, str] = {}
    id_numbers, persons = set(), set()
    for event in history.events:
        id_numbers.add(text(event["id_no"]))
        persons.add(text(event["person"]))
        if event.name in {"code-issued", "code-shown", "code-refused", "good-read"}:
            found[text(event["digits"])] = CODE
        if event.name == "token-issued":
            found[text(event["token"])] = "a token"
    for scan in history.scans:
        found[scan.data.decode("latin-1").strip()] = CODE
    for query in history.queries():
        told = voucher_of(query)
        id_numbers.add(text(told.get("idNo")))
        found[text(told.get("userName"))] = NAME
        found[text(told.get("ecToken"))] = "a token"
    for exchange in history.exchanges:
        if exchange.path.endswith("/ReadCardBas"):
            _, id_no, number, serial, name, *_ = [*social_card(exchange), "", "", "", "", ""]
            id_numbers.add(id_no)
            found |= {number: "a card's number", serial: "a card's number", name: NAME}
    for exchange in history.sent("1101"):
        base = as_object(reply_output(exchange).get("baseinfo"))
        id_numbers.add(text(base.get("certno")))
        found[text(base.get("psn_name"))] = NAME
    for person in people():
        if person.id_no in id_numbers or person.id in persons or person.id_no in persons:
            id_numbers.add(person.id_no)
            found[person.name] = NAME
    found |= dict.fromkeys(id_numbers, "an ID number")
    found.pop("", None)
    return {secret: kind for secret, kind in sorted(found.items()) if kind != CODE or len(secret) >= SHORTEST_CODE}
