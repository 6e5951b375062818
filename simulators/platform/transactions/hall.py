"""What a government hall's terminal asks besides 1101: 9801 proof of contributions, 9802 change of tier, 9803 check.

Own design: the national interface has none of them. A change of tier is done once under its msgid, like a booking.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from fixtures.contributions import check_value, contribution_of, month_before, tiers
from fixtures.population import Person
from harness.money import Fen
from simulators.platform.call import Call
from simulators.platform.centre import CentreUnavailableError
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.confirm import MOCK, identified
from simulators.platform.transactions.person import ID_CARD, SOCIAL_CARD

RESIDENT = "390"
"""insutype of residents, the only ones with tiers."""
PROOF, TIER, COUNT = "hall-proof", "hall-tier", "hall-count"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that was issued; `check` is in the hands of whoever holds the paper."""

    number: str
    psn_no: str
    insutype: str
    since: str
    until: str
    months: int
    check: str


class TierKept(msgspec.Struct, frozen=True, kw_only=True):
    """A person's tier, and the year of its last change; empty for none."""

    tier: str
    changed: str = ""


async def prove(desk: Desk, call: Call) -> bytes:
    """9801. Raises RefusedError."""
    person = await identified(desk, call, call.node("data"))
    contribution, until = contribution_of(person), month_before(call.at.date())
    issued: list[Proof] = []

    def work() -> Mapping[str, object]:
        number = f"ZM{call.at:%Y%m%d}{_next(desk, PROOF):08d}"
        months = contribution.months_until(until)
        check = check_value(
            number=number,
            psn_no=person.psn_no,
            insutype=person.insutype,
            since=contribution.since,
            until=until,
            months=months,
        )
        proof = Proof(
            number=number,
            psn_no=person.psn_no,
            insutype=person.insutype,
            since=contribution.since,
            until=until,
            months=months,
            check=check,
        )
        desk.ledger.keep(PROOF, number, msgspec.json.encode(proof))
        issued.append(proof)
        return {"proof": {"proof_no": number, "psn_no": person.psn_no, **_told(proof), "check_value": proof.check}}

    reply = await changed(desk, call, work)
    for proof in issued:
        desk.event("proof-issued", proof=proof.number, msgid=call.msgid, psn_no=person.psn_no, check=proof.check)
    return reply


async def check_proof(desk: Desk, call: Call) -> bytes:
    """9803. A paper that is not ours is not genuine; nothing else is told of it."""
    asked = call.node("data")
    kept = desk.ledger.kept(PROOF, str(asked["proof_no"]))
    proof = msgspec.json.decode(kept, type=Proof) if kept is not None else None
    if proof is None or proof.check != str(asked["check_value"]).upper():
        return desk.accepted(call, {"proof": {"genuine": "0"}})
    return desk.accepted(call, {"proof": {"genuine": "1", **_told(proof)}})


async def change_tier(desk: Desk, call: Call) -> bytes:
    """9802. Raises RefusedError: an employee, no such tier, the same one, changed this year, not confirmed."""
    info = call.node("data")
    person = await identified(desk, call, info)
    _changeable(desk, call, person, str(info["tier"]))
    await _confirmed(desk, call, info, person)
    done: list[dict[str, str]] = []

    def work() -> Mapping[str, object]:
        before = _changeable(desk, call, person, str(info["tier"]))
        after = TierKept(tier=str(info["tier"]), changed=f"{call.at:%Y}")
        desk.ledger.keep(TIER, person.psn_no, msgspec.json.encode(after))
        change = {
            "change_no": f"DC{call.at:%Y%m%d}{_next(desk, TIER):08d}",
            "psn_no": person.psn_no,
            "from_tier": before.tier,
            "to_tier": after.tier,
            "year": after.changed,
        }
        done.append(change)
        return {"change": change}

    reply = await changed(desk, call, work)
    for change in done:
        desk.event(
            "tier-changed",
            change=change["change_no"],
            msgid=call.msgid,
            psn_no=person.psn_no,
            id_no=person.id_no,
            from_tier=change["from_tier"],
            to_tier=change["to_tier"],
            year=change["year"],
        )
    return reply


def _changeable(desk: Desk, call: Call, person: Person, wanted: str) -> TierKept:
    """The tier now, which may be changed to the wanted one. Raises RefusedError."""
    if person.insutype != RESIDENT:
        raise RefusedError("tier-residents-only")
    if wanted not in tiers():
        raise RefusedError("tier-unknown", tier=wanted)
    kept = desk.ledger.kept(TIER, person.psn_no)
    now = msgspec.json.decode(kept, type=TierKept) if kept else TierKept(tier=contribution_of(person).tier)
    if now.changed == f"{call.at:%Y}":
        raise RefusedError("tier-changed-this-year", year=now.changed)
    if now.tier == wanted:
        raise RefusedError("tier-same", tier=wanted)
    return now


async def _confirmed(desk: Desk, call: Call, info: Mapping[str, object], person: Person) -> None:
    """Have the person confirm what the new tier costs a year; nothing is paid. Raises RefusedError."""
    if call.signtype == MOCK:
        return
    if info["mdtrt_cert_type"] == SOCIAL_CARD:
        raise RefusedError("card-type-unsupported", mdtrt_cert_type=SOCIAL_CARD)
    tier = tiers()[str(info["tier"])]
    named = replace(call.institution, name=f"居民医保缴费档次变更为{tier.name}（年缴费）")  # what the prompt says
    payer = person if info["mdtrt_cert_type"] == ID_CARD else str(info["mdtrt_cert_no"])
    try:
        confirmation = await desk.centre.confirm(payer, named, amount=tier.year, account=Fen(0), msgid=call.msgid)
    except CentreUnavailableError as error:
        desk.still_here()
        raise RefusedError("centre-unavailable") from error
    desk.still_here()
    match result := confirmation.result:
        case "confirmed":
            return
        case "wrong-password":
            raise RefusedError(result, what="电子凭证")
        case "declined" | "not-answered" | "token-invalid" | "not-activated":
            raise RefusedError(result)
        case _:
            raise RefusedError("centre-unavailable")


def _next(desk: Desk, what: str) -> int:
    """The next number of a kind of paper; only inside `ledger.writing`."""
    kept = desk.ledger.kept(COUNT, what)
    number = int(kept or b"0") + 1
    desk.ledger.keep(COUNT, what, str(number).encode())
    return number


def _told(proof: Proof) -> dict[str, object]:
    return {
        "insutype": proof.insutype,
        "from_month": proof.since,
        "to_month": proof.until,
        "months": str(proof.months),
    }
