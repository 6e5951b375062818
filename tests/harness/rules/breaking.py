"""Ways to break a good story in one place; each is a function that changes a tape in the making."""

from collections.abc import Callable
from typing import Any

from tests.harness.rules.tape_builder import Entry, TapeBuilder

Change = Callable[[TapeBuilder], object]


def body(label: str, *path: str | int, value: object = None, drop: bool = False) -> Change:
    """Change one member of a record's content."""

    def change(tape: TapeBuilder) -> None:
        node: Any = tape[label].content
        for step in path[:-1]:
            node = node[step]
        if drop:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return change


def dropped(*labels: str) -> Change:
    """Take records away."""
    return lambda tape: tape.drop(*labels)


def moved(label: str, *, after: str) -> Change:
    """Put a record somewhere else."""
    return lambda tape: tape.move(label, after=after)


def repeated(label: str, **changes: Any) -> Change:
    """Put a changed copy of a record behind it."""
    return lambda tape: tape.repeat(label, after=label, **changes)


def replaced(label: str, content: bytes) -> Change:
    """Other bytes."""

    def change(tape: TapeBuilder) -> None:
        tape[label].content = content

    return change


def several(*changes: Change) -> Change:
    """One thing after another."""

    def change(tape: TapeBuilder) -> None:
        for one in changes:
            one(tape)

    return change


def drug(field: str, value: object, *infnos: str) -> Change:
    """A field of druginfo in the requests of A0001."""
    chosen = infnos or ("2101", "2102")
    return several(*(body(f"A0001 {i} request", "input", "druginfo", field, value=value) for i in chosen))


def line(field: str, value: object, *infnos: str) -> Change:
    """A field of the first line of drugdetail in the requests of A0001."""
    chosen = infnos or ("2101", "2102")
    return several(*(body(f"A0001 {i} request", "input", "drugdetail", 0, field, value=value) for i in chosen))


def setlinfo(field: str, value: object, *infnos: str) -> Change:
    """A field of setlinfo in the answers of A0001."""
    chosen = infnos or ("2101", "2102")
    return several(*(body(f"A0001 {i} reply", "output", "setlinfo", field, value=value) for i in chosen))


def booked_twice(tape: TapeBuilder) -> None:
    """The lost reply is answered with another settlement."""
    tape.repeat("A0001 2102 request", after="A0001 booked", msgid=tape.next_msgid())
    again = tape["A0001 2102 request again"].content["msgid"]
    tape.repeat("A0001 booked", after="A0001 2102 request again", msgid=again, setl_id="S000099")


def booked_by_the_first(tape: TapeBuilder) -> None:
    """The pre-settlement itself books."""
    tape["A0001 booked"].content["msgid"] = tape["A0001 2101 request"].content["msgid"]


def used_again(tape: TapeBuilder) -> None:
    """The second purchase goes on with the first one's token, and asks nobody."""
    token = tape.sales["A0001"].token
    tape.drop("A0002 query request", "A0002 query reply")
    for infno in ("1101", "2101", "2102"):
        node = "data" if infno == "1101" else "druginfo"
        tape[f"A0002 {infno} request"].content["input"][node]["mdtrt_cert_no"] = token


def leftover_asked(tape: TapeBuilder) -> None:
    """The second purchase asks about the first one's digits, which nobody scanned for it."""
    tape["A0002 query request"].content["data"]["ecQrCode"] = tape.sales["A0001"].digits


def paid_twice(tape: TapeBuilder) -> None:
    """One code pays two orders."""
    digits = tape.sales["A0001"].digits
    tape["A0002 scan"].content = digits.encode() + b"\r"
    tape["A0002 query request"].content["data"]["ecQrCode"] = digits


def code_cut(tape: TapeBuilder) -> None:
    """The last digit is lost within the adapter."""
    data = tape["A0001 query request"].content["data"]
    data["ecQrCode"] = data["ecQrCode"][:-1]


def scanned_too_early(tape: TapeBuilder) -> None:
    """What was on the line before the scan was asked for is used."""
    tape.move("A0001 scan-please", after="A0001 scan")


def asked_late(tape: TapeBuilder) -> None:
    """The code is asked about two minutes after it was shown."""
    later = tape.place("A0001 query request")
    for entry in tape.entries[later:]:
        entry.at_ns += 120_000_000_000


def token_grown_old(tape: TapeBuilder) -> None:
    """The settlement comes an hour after the token."""
    for entry in tape.entries[tape.place("A0001 2102 journal") :]:
        entry.at_ns += 3600_000_000_000


def logged(entry: Callable[[TapeBuilder], str]) -> Change:
    """The log holds something of a person."""

    def change(tape: TapeBuilder) -> None:
        tape["adapter-log"].content["text"] += f"read {entry(tape)}\n"

    return change


def log_in_two_pieces(tape: TapeBuilder) -> None:
    """An ID number in the counter port's own log frames, cut in the middle."""
    secret = tape.sales["A0001"].person.id_no.encode()
    for number, piece in enumerate((secret[:9], secret[9:] + b"\n")):
        tape.entries.insert(
            tape.place("adapter-log"),
            Entry(label=f"log {number}", at_ns=tape.now_ns, channel="counter.log", content=piece),
        )


def case_problem(blame: str) -> Change:
    """Something broke the case."""

    def change(tape: TapeBuilder) -> None:
        tape.repeat("case-end", after="adapter-log", as_label="problem")
        tape["problem"].event = "problem"
        tape["problem"].content = {"blame": blame, "problem": "it said nonsense", "cause": "", "remedy": ""}

    return change


def spoken_unverified(tape: TapeBuilder) -> None:
    """The platform showed a certificate whose time is over, and was spoken to."""
    tape.event("platform", "tls-not-verified", certificate="tls-expired", channel="platform.http#1")
    tape.move("tls-not-verified", after="A0001 query request")


def reversal_forgotten(tape: TapeBuilder) -> None:
    """Nobody reverses: the adapter just refuses."""
    tape.drop("A0001 2601 journal", "A0001 2601 request", "A0001 2601 booked", "A0001 2601 notice", "A0001 2601 reply")


def resolve_forgotten(tape: TapeBuilder) -> None:
    """The unknown outcome stays unknown."""
    del tape.entries[tape.place("resolve") : tape.place("adapter-log")]


def never_answered(tape: TapeBuilder) -> None:
    """The purchase has no answer."""
    tape.drop("A0001 answer")


def settled_before_reversal(tape: TapeBuilder) -> None:
    """The order is bought again while the first settlement is in doubt."""
    first = tape.place("A0001 first 2601 journal")
    reversal = tape.entries[first : tape.place("A0001 first 2601 reply") + 1]
    del tape.entries[first : tape.place("A0001 first 2601 reply") + 1]
    end = tape.place("A0001 answer")
    tape.entries[end:end] = reversal


def refund_refused_but_booked(tape: TapeBuilder) -> None:
    """The refund is booked, and the cashier is told that it was refused."""
    tape["A0001 refund answer"].content = {
        "id": tape["A0001 refund answer"].content["id"],
        "outcome": "refused",
        "reason": "platform-refused",
        "prompt": "拒绝 / refused",
    }
