"""The money at the end of a load: the platform's books against what its callers were told, to the fen.

What was booked is read from the tape of a virtual platform (`booked` events), or asked for by 5203 (settlement query),
which works with a real one, too. A settlement that nobody acknowledged, one that was booked twice, an amount that
differs and one that was acknowledged and not booked are findings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.line.record import Record
from harness.load.results import Check
from harness.money import Fen, format_yuan

SHOWN = 3
"""How many offenders a sentence names."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """How a total is paid, in fen."""

    total: int
    fund: int
    account: int
    cash: int

    @property
    def adds_up(self) -> bool:
        """Whether the parts make the total."""
        return self.fund + self.account + self.cash == self.total


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A settlement as its caller was told of it; `asked` is the basket's total in fen."""

    msgid: str
    psn_no: str
    setl_id: str
    mdtrt_id: str
    amounts: Split
    asked: int


@dataclass(frozen=True, kw_only=True)
class Booked:
    """A line of the platform's books; `reverses` names the settlement that it undoes."""

    setl_id: str
    msgid: str
    infno: str
    amounts: Split
    reverses: str | None


def booked_on_tape(records: Iterable[Record], *, since: int = 0) -> list[Booked]:
    """What the platform booked, from its events on the tape."""
    found = []
    for record in records:
        if record.seq < since or record.name != "booked":
            continue
        event = record.event
        amounts = (event[f"{part}_fen"] for part in ("total", "fund", "account", "cash"))
        total, fund, account, cash = (int(str(amount)) for amount in amounts)
        found.append(
            Booked(
                setl_id=str(event["setl_id"]),
                msgid=str(event["msgid"]),
                infno=str(event["infno"]),
                amounts=Split(total=total, fund=fund, account=account, cash=cash),
                reverses=None if event["reverses"] is None else str(event["reverses"]),
            )
        )
    return found


def added_up(acknowledged: Sequence[Acknowledged]) -> Check:
    """Whether every acknowledged split makes the total of its basket."""
    wrong = [a.msgid for a in acknowledged if not a.amounts.adds_up or a.amounts.total != a.asked]
    return Check(
        name="amounts-add-up",
        good=not wrong,
        text=f"{len(wrong)} of {len(acknowledged)} acknowledged settlements do not add up{_named(wrong)}"
        if wrong
        else f"all {len(acknowledged)} acknowledged settlements add up to their basket",
        figures={"acknowledged": len(acknowledged), "wrong": len(wrong)},
    )


def books_against(
    acknowledged: Sequence[Acknowledged], booked: Sequence[Booked], *, undone: frozenset[str] = frozenset()
) -> Check:
    """The books against what was acknowledged; `undone` are the msgids that were reversed after an unknown outcome."""
    reversed_ids = {line.reverses for line in booked if line.reverses is not None}
    standing: dict[str, list[Booked]] = {}
    for line in booked:
        if line.reverses is None and line.setl_id not in reversed_ids:
            standing.setdefault(line.msgid, []).append(line)
    told = {a.msgid: a for a in acknowledged}
    missing = [msgid for msgid in told if msgid not in standing]
    doubled = [msgid for msgid, lines in standing.items() if len(lines) > 1]
    differing = [m for m, a in told.items() if m in standing and standing[m][0].amounts != a.amounts]
    stray = [msgid for msgid in standing if msgid not in told]
    reverted = [msgid for msgid in told if msgid in undone]
    books = sum(line.amounts.total for line in booked)
    said = sum(a.amounts.total for a in acknowledged)
    problems = [
        f"{len(found)} {what}{_named(found)}"
        for found, what in (
            (missing, "acknowledged and not on the books"),
            (doubled, "booked twice"),
            (differing, "booked with other amounts than acknowledged"),
            (stray, "on the books and acknowledged to nobody"),
            (reverted, "acknowledged and reversed"),
        )
        if found
    ]
    if books != said:
        problems.append(f"the books hold {_yuan(books)}, {_yuan(said)} were acknowledged")
    return Check(
        name="books",
        good=not problems,
        text="; ".join(problems)
        or f"the books hold {_yuan(books)} in {len(standing)} settlements, exactly what was acknowledged",
        figures={
            "acknowledged": len(told),
            "booked": sum(len(lines) for lines in standing.values()),
            "reversed": len(reversed_ids),
            "acknowledged_fen": said,
            "booked_fen": books,
        },
    )


def queried_against(acknowledged: Sequence[Acknowledged], answers: Sequence[Split | None], *, unanswered: int) -> Check:
    """What 5203 says of each acknowledged settlement; None stands for one that it does not know."""
    pairs = list(zip(acknowledged, answers, strict=True))
    wrong = [a.setl_id for a, seen in pairs if seen != a.amounts]
    said = sum(a.amounts.total for a in acknowledged)
    books = sum(seen.total for seen in answers if seen is not None)
    return Check(
        name="query",
        good=not wrong,
        text=f"5203 disagrees about {len(wrong)} of {len(pairs)} settlements{_named(wrong)}"
        + (f"; {unanswered} of them were not answered" if unanswered else "")
        if wrong
        else f"5203 gives each of {len(pairs)} settlements as it was acknowledged, {_yuan(said)} in all",
        figures={"asked": len(pairs), "wrong": len(wrong), "acknowledged_fen": said, "queried_fen": books},
    )


def _named(found: Sequence[str]) -> str:
    if not found:
        return ""
    return f" ({', '.join(found[:SHOWN])}{', …' if len(found) > SHOWN else ''})"


def _yuan(fen: int) -> str:
    return f"{format_yuan(Fen(fen))} yuan"
