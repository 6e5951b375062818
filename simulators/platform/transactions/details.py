"""2204 and 2301 upload details of fees (费用明细), 2205 and 2302 withdraw those that are not settled."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from harness.money import Fen
from simulators.platform.benefit_tables import table_of
from simulators.platform.benefits import Line, LineSplit, split_line
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.fees import priced, refuse_repeated, rows_of
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import line_output
from simulators.platform.visits import Detail, Kind, Visit, keep, moved, visit_here

ALL = "0000"
"""chrg_bchno of 2205, and feedetl_sn of 2302, that stands for all that is unsettled."""


async def upload(desk: Desk, call: Call) -> bytes:
    """2204 and 2301. All details of a message are taken, or none. Raises RefusedError."""
    rows = rows_of(call.data["feedetail"])
    if len({(row["mdtrt_id"], row["psn_no"]) for row in rows}) > 1:
        raise RefusedError("details-of-several-visits")
    lines = priced(desk, rows, returns=call.infno == "2301")

    def work() -> dict[str, object]:
        visit = visit_here(desk, call, rows[0]["mdtrt_id"], rows[0]["psn_no"])
        after = moved(visit, call.infno)
        known = [line.sn for line in lines if line.sn in visit.details]
        if known:
            raise RefusedError("detail-known", feedetl_sn="、".join(known))
        new = {line.sn: _detail(row, line, visit.uploads + 1) for row, line in zip(rows, lines, strict=True)}
        details = {**visit.details, **new}
        if visit.kind is Kind.OUTPATIENT:
            _refuse_wrong_batches(details, {detail.batch for detail in new.values()})
        _refuse_wrong_returns(details, [sn for sn, detail in new.items() if detail.amount_fen < 0 or detail.returns])
        keep(desk.ledger, replace(after, details=details, uploads=visit.uploads + 1))
        return {"result": [line_output(desk.writer, _split(desk, line)) for line in lines]}

    return await changed(desk, call, work)


async def withdraw_batch(desk: Desk, call: Call) -> bytes:
    """2205. Raises RefusedError when no unsettled detail is there to withdraw."""
    info = call.node("data")

    def work() -> None:
        visit = visit_here(desk, call, info["mdtrt_id"], info["psn_no"])
        after = moved(visit, call.infno)
        batch = str(info["chrg_bchno"])
        gone = [detail.sn for detail in visit.unsettled if batch in {ALL, detail.batch}]
        if not gone:
            raise RefusedError("nothing-to-withdraw", batch=batch)
        keep(desk.ledger, _without(after, gone))

    return await changed(desk, call, work)


async def withdraw_details(desk: Desk, call: Call) -> bytes:
    """2302. All details of a message go, or none. Raises RefusedError that names those which cannot."""
    rows = rows_of(call.data["data"])
    if len({(row["mdtrt_id"], row["psn_no"]) for row in rows}) > 1:
        raise RefusedError("details-of-several-visits")
    numbers = [str(row["feedetl_sn"]) for row in rows]
    refuse_repeated(numbers)

    def work() -> None:
        visit = visit_here(desk, call, rows[0]["mdtrt_id"], rows[0]["psn_no"])
        after = moved(visit, call.infno)
        free = [detail.sn for detail in visit.unsettled]
        gone = free if numbers == [ALL] else numbers
        if not gone:
            raise RefusedError("nothing-to-withdraw", batch=ALL)
        if missing := [sn for sn in gone if sn not in free]:
            raise RefusedError("details-not-free", feedetl_sn="、".join(missing))
        keep(desk.ledger, _without(after, gone))

    return await changed(desk, call, work)


def netted(desk: Desk, details: Sequence[Detail]) -> list[Line]:
    """Details as lines that a benefit rule splits: what was returned is taken off the line it came from."""
    table = table_of(desk.profile.name)
    found: dict[str, Line] = {}
    for detail in sorted(details, key=lambda one: bool(one.returns)):  # a return may have come before its line
        first = found.get(detail.returns) if detail.returns else None
        if first is None:
            found[detail.sn] = Line(
                sn=detail.sn,
                item=table.item_for(detail.code, level=detail.level or None),
                amount=Fen(detail.amount_fen),
                price=Decimal(detail.price),
                count=Decimal(detail.count),
            )
        else:
            found[detail.returns] = Line(
                sn=first.sn,
                item=first.item,
                amount=Fen(first.amount + detail.amount_fen),
                price=first.price,
                count=first.count + Decimal(detail.count),
            )
    return list(found.values())


def _detail(row: Mapping[str, object], line: Line, upload_number: int) -> Detail:
    return Detail(
        sn=line.sn,
        batch=str(row["chrg_bchno"]),
        upload=upload_number,
        code=line.item.code,
        level=line.item.level,
        amount_fen=line.amount,
        price=format(line.price, "f"),
        count=format(line.count, "f"),
        disease=str(row.get("dise_codg") or ""),
        returns=str(row.get("init_feedetl_sn") or ""),
    )


def _split(desk: Desk, line: Line) -> LineSplit:
    table = table_of(desk.profile.name)
    if line.amount >= 0:
        return split_line(line, table)
    taken = split_line(
        Line(sn=line.sn, item=line.item, amount=Fen(-line.amount), price=line.price, count=-line.count), table
    )
    return LineSplit(
        line=line,
        own_pay=Fen(-taken.own_pay),
        over_limit=Fen(-taken.over_limit),
        paid_first=Fen(-taken.paid_first),
        in_scope=Fen(-taken.in_scope),
    )


def _refuse_wrong_batches(details: Mapping[str, Detail], touched: set[str]) -> None:
    for batch in sorted(touched):
        mine = [detail for detail in details.values() if detail.batch == batch]
        if any(detail.setl_id for detail in mine):
            raise RefusedError("batch-settled", batch=batch)
        if len({detail.disease for detail in mine}) > 1:
            raise RefusedError("batch-diseases", batch=batch)


def _refuse_wrong_returns(details: Mapping[str, Detail], returns: Sequence[str]) -> None:
    wrong = []
    for sn in returns:
        back = details[sn]
        first = details.get(back.returns)
        fits = (
            first is not None
            and back.amount_fen < 0 < first.amount_fen
            and not first.setl_id
            and (first.code, Decimal(first.price)) == (back.code, Decimal(back.price))
        )
        if not fits:
            wrong.append(sn)
            continue
        assert first is not None
        both = [first, *(other for other in details.values() if other.returns == first.sn)]
        if sum(part.amount_fen for part in both) < 0 or sum(Decimal(part.count) for part in both) < 0:
            wrong.append(sn)
    if wrong:
        raise RefusedError("return-disagrees", feedetl_sn="、".join(wrong))


def _without(visit: Visit, gone: Sequence[str]) -> Visit:
    left = {sn: detail for sn, detail in visit.details.items() if sn not in set(gone)}
    orphans = [detail.sn for detail in left.values() if detail.returns and detail.returns not in left]
    if orphans:
        raise RefusedError("return-left", feedetl_sn="、".join(orphans))
    return replace(visit, details=left)
