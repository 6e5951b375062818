"""Visits (就诊) and what stands in them: documents of the ledger, their states, and what a settlement leaves in them.

A visit is opened by 2201 (outpatient) or 2401 (a stay in hospital) and moves by `TRANSITIONS`; what is not in that
table is refused. A detail is uploaded, settled (`setl_id`), unsettled again when its settlement is undone, withdrawn
(gone) while unsettled. Everything here is called inside `ledger.writing`, except reading.
"""

from enum import StrEnum
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from fixtures.population import Person
from harness.money import Fen
from simulators.platform.benefits import Per, Rule, Split, Used
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.ledger import Ledger, Settlement
from simulators.platform.refusals import RefusedError

VISIT, STAY, NUMBER, YEAR, COUNTER, ADMISSION = "visit", "stay", "visit-number", "year", "counter", "admission"
"""Kinds of documents: visits by mdtrt_id, the open stay of a psn_no, mdtrt_id by the institution's own number, what a
person has used of a year, counters, mdtrt_id by the msgid of 2401."""


NO_LIMIT = -1


class Kind(StrEnum):
    """Where somebody is treated."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"


class State(StrEnum):
    """What a visit has come to, as the refusals say it."""

    REGISTERED = "已挂号"
    ADMITTED = "在院"
    DISCHARGED = "已出院"
    SETTLED = "已结算"
    CANCELLED = "已撤销"


TRANSITIONS = {
    (State.REGISTERED, "2202"): State.CANCELLED,
    (State.REGISTERED, "2203"): State.REGISTERED,
    (State.REGISTERED, "2204"): State.REGISTERED,
    (State.REGISTERED, "2205"): State.REGISTERED,
    (State.REGISTERED, "2206"): State.REGISTERED,
    (State.REGISTERED, "2207"): State.REGISTERED,
    (State.ADMITTED, "2301"): State.ADMITTED,
    (State.ADMITTED, "2302"): State.ADMITTED,
    (State.ADMITTED, "2303"): State.ADMITTED,
    (State.DISCHARGED, "2303"): State.DISCHARGED,
    (State.ADMITTED, "2304"): State.ADMITTED,
    (State.DISCHARGED, "2304"): State.SETTLED,
    (State.ADMITTED, "2402"): State.DISCHARGED,
    (State.ADMITTED, "2403"): State.ADMITTED,
    (State.ADMITTED, "2404"): State.CANCELLED,
    (State.DISCHARGED, "2405"): State.ADMITTED,
}
"""(state, transaction): the state afterwards. 2203A, 2206A, 2207A go as those without the letter; undoing a settlement
(2208, 2305, 2601) brings back the state before it."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One detail of fees (费用明细); `upload` counts the visit's uploads, so that a number used again is told apart."""

    sn: str
    batch: str
    upload: int
    code: str
    level: str
    amount_fen: int
    price: str
    count: str
    disease: str = ""
    setl_id: str = ""
    returns: str = ""
    """The feedetl_sn of which this one, with an amount below zero, takes something back."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one settlement used: details by (sn, upload), and parts of deductible and ceilings, in fen."""

    details: list[tuple[str, int]]
    deductible_fen: int
    pooled_fen: int
    large_fen: int
    year: str
    """Key of the year's document; empty when the rule knows no year."""
    before: State
    after: State
    undone: bool = False
    most: tuple[int, int, int] = (NO_LIMIT, NO_LIMIT, NO_LIMIT)
    """What the year may hold of deductible and ceilings; `NO_LIMIT` for what another span than the year limits."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of a person at an institution."""

    mdtrt_id: str
    institution: str
    psn_no: str
    insutype: str
    kind: Kind
    number: str
    """The institution's own number: ipt_otp_no, or ipt_no of a stay."""
    state: State
    begun: str
    med_type: str = ""
    has_data: bool = False
    uploads: int = 0
    details: dict[str, Detail] = {}
    shares: dict[str, Share] = {}

    @property
    def unsettled(self) -> list[Detail]:
        """The details that no settlement in force holds, in the order of their upload."""
        return [detail for detail in self.details.values() if not detail.setl_id]

    @property
    def settled_in_force(self) -> bool:
        """Whether a settlement of this visit is in force."""
        return any(not share.undone for share in self.shares.values())

    def batch(self, number: str) -> list[Detail]:
        """The details of a batch."""
        return [detail for detail in self.details.values() if detail.batch == number]


_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Visit)
SHORT = 16 << 10
"""Up to which length a visit's document stays decoded for the next transaction on it."""
_NUMBERS = msgspec.json.Decoder(tuple[int, int, int])


def visit_here(desk: Desk, call: Call, mdtrt_id: object, psn_no: object) -> Visit:
    """A visit by its keys. Raises RefusedError when this institution has none of them."""
    kept = desk.ledger.kept(VISIT, str(mdtrt_id))
    visit = None if kept is None else _decoded(kept)
    if visit is None or (visit.institution, visit.psn_no) != (call.institution.code, psn_no):
        raise RefusedError("visit-unknown", mdtrt_id=mdtrt_id)
    return visit


def moved(visit: Visit, infno: str) -> Visit:
    """The visit after a transaction. Raises RefusedError when its state forbids it."""
    after = TRANSITIONS.get((visit.state, infno[:4]))
    if after is None:
        raise RefusedError("visit-state", mdtrt_id=visit.mdtrt_id, state=visit.state, infno=infno)
    return replace(visit, state=after)


def keep(ledger: Ledger, visit: Visit) -> None:
    """Keep a visit as it is now."""
    ledger.keep(VISIT, visit.mdtrt_id, _ENCODER.encode(visit))


def open_visit(
    desk: Desk, call: Call, *, kind: Kind, number: str, begun: str, person: Person, med_type: str = ""
) -> Visit:
    """A new visit under a new mdtrt_id. Raises RefusedError when the institution's number is in use."""
    own_key = f"{call.institution.code}/{kind}/{number}"
    if (other := desk.ledger.kept(NUMBER, own_key)) is not None:
        raise RefusedError("visit-number-taken", number=number, mdtrt_id=other.decode())
    n = int(desk.ledger.kept(COUNTER, VISIT) or b"0") + 1
    mdtrt_id = f"V{call.institution.admdvs}{call.at:%Y%m%d}{n:010d}"
    desk.ledger.keep(COUNTER, VISIT, str(n).encode())
    desk.ledger.keep(NUMBER, own_key, mdtrt_id.encode())
    state = State.REGISTERED if kind is Kind.OUTPATIENT else State.ADMITTED
    visit = Visit(
        mdtrt_id=mdtrt_id,
        institution=call.institution.code,
        kind=kind,
        number=number,
        begun=begun,
        state=state,
        psn_no=person.psn_no,
        insutype=person.insutype,
        med_type=med_type,
    )
    keep(desk.ledger, visit)
    return visit


def close_number(desk: Desk, visit: Visit) -> None:
    """Free the institution's own number of a cancelled visit."""
    desk.ledger.drop(NUMBER, f"{visit.institution}/{visit.kind}/{visit.number}")


def open_stay(desk: Desk, psn_no: str) -> str:
    """The mdtrt_id of the stay that a person is in hospital for; empty when there is none."""
    return (desk.ledger.kept(STAY, psn_no) or b"").decode()


# --- what settlements use and leave -----------------------------------------------------------------------


def year_key(visit: Visit, rule: Rule, year: int) -> str:
    """The document of a person's year under a rule; empty when the rule reaches no further than the visit."""
    if Per.YEAR not in {rule.deductible_per, rule.ceiling_per}:
        return ""
    return f"{visit.psn_no}/{year}/{rule.insutype}/{rule.span or rule.med_type}"


def used(desk: Desk, visit: Visit, rule: Rule, year: int) -> Used:
    """What is used already of a rule's deductible and ceilings."""
    shares = [share for share in visit.shares.values() if not share.undone]
    of_visit = tuple(sum(s) for s in zip(*[(s.deductible_fen, s.pooled_fen, s.large_fen) for s in shares], strict=True))
    spans = {
        Per.SETTLEMENT: (0, 0, 0),
        Per.VISIT: of_visit or (0, 0, 0),
        Per.YEAR: _of_year(desk.ledger, year_key(visit, rule, year)),
    }
    deductible, ceilings = spans[rule.deductible_per], spans[rule.ceiling_per]
    return Used(deductible=Fen(deductible[0]), pooled=Fen(ceilings[1]), large=Fen(ceilings[2]))


def settled(desk: Desk, visit: Visit, details: list[Detail], parts: Split, *, setl_id: str, after: State) -> None:
    """Keep a visit that a settlement has been booked for."""
    year = year_key(visit, parts.rule, local_year(desk))
    share = Share(
        details=[(detail.sn, detail.upload) for detail in details],
        deductible_fen=parts.deductible,
        pooled_fen=parts.pooled,
        large_fen=parts.large,
        year=year,
        before=visit.state,
        after=after,
        most=_most_of_year(parts.rule),
    )
    _apply(desk.ledger, share, 1)
    keep(desk.ledger, _with_share(visit, setl_id, share, state=after, hold=True))


def undone(desk: Desk, original: Settlement, *, again: bool = False) -> None:
    """A settlement of a visit is undone, or (`again`) its undoing is: its details are unsettled, or settled, again.

    Settlements of a pharmacy have no visit; then nothing is done. Raises RefusedError when the visit has gone on so far
    that its settlement cannot come back.
    """
    kept = desk.ledger.kept(VISIT, original.mdtrt_id)
    if kept is None:
        return
    visit = _decoded(kept)
    share = visit.shares[original.setl_id]
    if again:
        _require_as_then(desk.ledger, visit, share)
    state = _state_then(visit, *((share.before, share.after) if again else (share.after, share.before)))
    _apply(desk.ledger, share, 1 if again else -1)
    changed = replace(share, undone=not again)
    keep(desk.ledger, _with_share(visit, original.setl_id, changed, state=state, hold=again))


def local_year(desk: Desk) -> int:
    """The calendar year in Beijing."""
    return desk.now().year


def _state_then(visit: Visit, now: State, then: State) -> State:
    """The state after one step back or forth; a settlement that left the state alone does so again, until the last."""
    fits = visit.state not in {State.SETTLED, State.CANCELLED} if now is then else visit.state is now
    if not fits:
        raise RefusedError("visit-changed", mdtrt_id=visit.mdtrt_id)
    return visit.state if now is then else then


def _require_as_then(ledger: Ledger, visit: Visit, share: Share) -> None:
    """Raises RefusedError when a settlement cannot come back: its details, or those beside them, are others by now, or
    later settlements have taken what it had of the year's deductible or ceilings.
    """
    free = {(detail.sn, detail.upload): detail for detail in visit.unsettled}
    mine = set(share.details)
    beside: set[tuple[str, int]] = set()
    if mine <= free.keys():
        if visit.kind is Kind.OUTPATIENT:  # a batch is settled whole
            batches = {free[key].batch for key in mine}
            beside = {key for key, detail in free.items() if detail.batch in batches} - mine
        elif share.after is State.SETTLED:  # and so is what a stay has left
            beside = free.keys() - mine
    if beside or not mine <= free.keys():
        raise RefusedError("visit-changed", mdtrt_id=visit.mdtrt_id)
    parts = (share.deductible_fen, share.pooled_fen, share.large_fen)
    for part, now, most in zip(parts, _of_year(ledger, share.year), share.most, strict=True):
        if part and most != NO_LIMIT and now + part > most:
            raise RefusedError("year-used")


def _most_of_year(rule: Rule) -> tuple[int, int, int]:
    deductible = rule.deductible_fen if rule.deductible_per is Per.YEAR else NO_LIMIT
    if rule.ceiling_per is not Per.YEAR:
        return deductible, NO_LIMIT, NO_LIMIT
    return deductible, rule.fund_ceiling_fen, rule.large_ceiling_fen


def _decoded(body: bytes) -> Visit:
    return _decoded_before(body) if len(body) <= SHORT else _DECODER.decode(body)


_decoded_before = lru_cache(maxsize=64)(_DECODER.decode)


def _with_share(visit: Visit, setl_id: str, share: Share, *, state: State, hold: bool) -> Visit:
    mine = {sn for sn, _ in share.details}
    details = {
        sn: replace(detail, setl_id=setl_id if hold else "") if sn in mine else detail
        for sn, detail in visit.details.items()
    }
    return replace(visit, details=details, shares={**visit.shares, setl_id: share}, state=state)


def _apply(ledger: Ledger, share: Share, sign: int) -> None:
    if not share.year:
        return
    moved_by = (share.deductible_fen, share.pooled_fen, share.large_fen)
    now = [was + sign * part for was, part in zip(_of_year(ledger, share.year), moved_by, strict=True)]
    ledger.keep(YEAR, share.year, _ENCODER.encode(now))


def _of_year(ledger: Ledger, key: str) -> tuple[int, int, int]:
    kept = ledger.kept(YEAR, key) if key else None
    return (0, 0, 0) if kept is None else _NUMBERS.decode(kept)
