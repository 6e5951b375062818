"""Personal data stays where it belongs: not in the adapter's log, not in what the cashier reads."""

from collections.abc import Iterator, Mapping

from fixtures.population import people
from harness.judge.counter_talk import COUNTER
from harness.judge.exchange import ADAPTER
from harness.judge.history import CaseHistory
from harness.line.record import Kind
from harness.rules.disclosure import part, whole
from harness.rules.limits import Limits, limits_of
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, masked, reply_output, social_card, text, voucher_of

LOG = f"{COUNTER}.log"
"""The channel on which the counter port records what the adapter logs."""
NAME, CODE, ID_NUMBER, OTHERS = "a name", "a voucher code", "an ID number", "an ID number of somebody else"
SHORTEST_CODE = 16
"""A scanned text of at least so many characters is a code; shorter ones prove nothing when a log holds them."""


@rule("no-personal-data-in-log")
def no_personal_data_in_log(history: CaseHistory) -> Iterator[Observation]:
    """Log and addresses hold no ID number or much of one, name, voucher code or token of anybody, encoded or not."""
    secrets, limits = _secrets(history), limits_of(history)
    yield from _in_addresses(history, secrets, limits)
    told = set()
    for pieces in _logs(history):
        logged = b"".join(data for _, data in pieces)
        for secret, kind in secrets.items() if logged else ():
            found = _disclosed(logged, secret, kind, limits)
            if found is None or secret in told:
                continue
            told.add(secret)
            place, what = found
            line = logged[:place].count(b"\n") + 1
            seen = f"{what} in line {line}" + (f": {masked(secret)}" if kind != NAME else "")
            yield Observation(seq=_piece_at(pieces, place), expected="no personal data in the log", seen=seen)


@rule("no-personal-data-in-prompt")
def no_personal_data_in_prompt(history: CaseHistory) -> Iterator[Observation]:
    """No prompt holds an ID number, nor much of one, or a voucher code, token or card's number."""
    secrets = {secret: kind for secret, kind in _secrets(history).items() if kind != NAME}
    limits = limits_of(history)
    for line in history.port:
        prompt = text(line.content.get("prompt")).encode() if not line.sent else b""
        for secret, kind in secrets.items() if prompt else ():
            found = _disclosed(prompt, secret, kind, limits)
            if found is not None:
                yield Observation(
                    seq=line.seq, expected="no personal data in a prompt", seen=f"{found[1]}: {masked(secret)}"
                )


def _in_addresses(history: CaseHistory, secrets: Mapping[str, str], limits: Limits) -> Iterator[Observation]:
    """Personal data in the path of a request, which every gateway on the way logs."""
    for exchange in history.exchanges:
        asked = exchange.path.encode(errors="ignore") if exchange.client == ADAPTER else b""
        held = secrets.items() if asked else ()
        found = [what for secret, kind in held if (what := _disclosed(asked, secret, kind, limits))]
        if found:
            yield Observation(
                seq=exchange.request.seq,
                expected="no personal data in an address, which gateways log",
                seen=f"{found[0][1]} in the address",
            )


def _disclosed(said: bytes, secret: str, kind: str, limits: Limits) -> tuple[int, str] | None:
    """Where a text holds a secret, and what of it; None where it does not."""
    found = whole(said, secret)
    if found is not None:
        place, how = found
        return place, f"{kind} in {how}" if how else kind
    rest = part(said, secret, limits) if kind == ID_NUMBER else None
    return None if rest is None else (rest[0], f"{rest[1]} digits of {kind}")


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
    found |= {person.id_no: OTHERS for person in people()} | dict.fromkeys(id_numbers, ID_NUMBER)
    found.pop("", None)
    return {secret: kind for secret, kind in sorted(found.items()) if kind != CODE or len(secret) >= SHORTEST_CODE}
