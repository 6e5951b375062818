"""Trace codes (追溯码, drug_trac_info) where the profile asks for them: goods have one, and a pack is settled once.

Every line of goods has at least one code, every code belongs to a line of the settlement, and a code that a settlement
in force holds is not settled again (assumed: no public source says when a province refuses one). A pack that is sold in
parts (trdn_flag 1) may come again, as long as all that hold it are parts. What was refunded or reversed gives its codes
back.
"""

from collections.abc import Iterator, Sequence

import msgspec

from harness.wire.fields import is_absent
from harness.wire.institution import TRACE_NODE
from simulators.platform.benefits import Line
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.fees import rows_of
from simulators.platform.ledger import Settlement
from simulators.platform.refusals import RefusedError

CODE, CODES = "trace-code", "trace-codes-of"
"""Kinds of documents: who holds a code, by the code; the codes of a settlement, by setl_id."""
PART = "1"
"""trdn_flag of a pack that is sold in parts (拆零)."""
SHOWN = 5
"""How many codes a refusal names."""


class Traced(msgspec.Struct, frozen=True, array_like=True):
    """One entry: a code, the detail that it belongs to, whether its pack is sold in parts."""

    code: str
    detail: str
    part: bool


class Holders(msgspec.Struct, frozen=True, array_like=True):
    """The settlements that have had a code, by setl_id, and whether the last one had a part of the pack."""

    part: bool
    setl_ids: tuple[str, ...]


_ENCODER = msgspec.json.Encoder()
_HOLDERS, _TRACED = msgspec.json.Decoder(Holders), msgspec.json.Decoder(list[Traced])


def require_traced(desk: Desk, call: Call, lines: Sequence[Line]) -> list[Traced]:
    """The trace codes of a settlement of these lines, empty where the province asks for none. Raises RefusedError."""
    profile = desk.profile
    if call.infno[:4] not in profile.trace_codes:
        return []
    node = call.data.get(TRACE_NODE)
    found = [
        Traced(str(row["drug_trac_codg"]), str(row["feedetl_sn"]), row.get("trdn_flag") == PART)
        for row in (() if is_absent(node) else rows_of(node))
    ]
    sold, traced = {line.sn for line in lines}, {one.detail for one in found}
    if unknown := sorted(traced - sold):
        raise RefusedError("trace-detail-unknown", feedetl_sn=_named(unknown))
    goods = [line.sn for line in lines if line.item.code.startswith(profile.trace_goods)]
    if missing := [sn for sn in goods if sn not in traced]:
        raise RefusedError("trace-code-missing", feedetl_sn=_named(missing))
    if used := [*_repeated(found), *_held(desk, found)]:
        raise RefusedError("trace-code-used", codes=_named(list(dict.fromkeys(used))))
    return found


def hold(desk: Desk, found: Sequence[Traced], setl_id: str) -> None:
    """A settlement has been booked: its packs are sold. Only inside `ledger.writing`."""
    if not found:
        return
    ledger = desk.ledger
    for one in found:
        others = _in_force(desk, one.code, but=setl_id) if one.part else ()
        ledger.keep(CODE, _key(one.code), _ENCODER.encode(Holders(one.part, (*others, setl_id))))
    ledger.keep(CODES, setl_id, _ENCODER.encode(found))


def hold_again(desk: Desk, first: Settlement) -> None:
    """The undoing of a settlement is itself reversed. Raises RefusedError when a pack has been sold again since."""
    kept = desk.ledger.kept(CODES, first.setl_id)
    if kept is None:
        return
    found = _TRACED.decode(kept)
    if used := list(_held(desk, found, but=first.setl_id)):
        raise RefusedError("trace-code-used", codes=_named(used))
    hold(desk, found, first.setl_id)


def _repeated(found: Sequence[Traced]) -> Iterator[str]:
    """Codes that come twice in one settlement and are not parts for different lines."""
    seen: dict[str, Traced] = {}
    for one in found:
        before = seen.setdefault(one.code, one)
        if before is not one and not (before.part and one.part and before.detail != one.detail):
            yield one.code


def _held(desk: Desk, found: Sequence[Traced], *, but: str = "") -> Iterator[str]:
    """Codes that a settlement in force holds, other than parts of packs that are sold in parts."""
    for one in found:
        kept = desk.ledger.kept(CODE, _key(one.code))
        if kept is None or (one.part and _HOLDERS.decode(kept).part):
            continue
        if _in_force(desk, one.code, but=but):
            yield one.code


def _in_force(desk: Desk, code: str, *, but: str) -> tuple[str, ...]:
    kept = desk.ledger.kept(CODE, _key(code))
    holders = () if kept is None else _HOLDERS.decode(kept).setl_ids
    return tuple(setl_id for setl_id in holders if setl_id != but and desk.ledger.in_force(setl_id))


def _key(code: str) -> str:
    """A code as a key of documents: in JSON's spelling, since not every database takes every character."""
    return _ENCODER.encode(code).decode()


def _named(values: Sequence[str]) -> str:
    more = f" … ({len(values)})" if len(values) > SHOWN else ""
    return "、".join(values[:SHOWN]) + more
