"""Details of fees as they are sent: read, priced and compared with themselves; the same for a purchase and a visit."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from harness.money import Fen, format_yuan
from harness.wire.fields import is_array, is_object
from harness.wire.institution import amount, line_amount
from simulators.platform.benefit_tables import table_of
from simulators.platform.benefits import Line
from simulators.platform.desk import Desk
from simulators.platform.refusals import RefusedError


def rows_of(node: object) -> list[Mapping[str, object]]:
    """The rows of a list; the field tables have seen to it that they are objects."""
    assert is_array(node)
    return [row for row in node if is_object(row)]


def priced(desk: Desk, rows: Iterable[Mapping[str, object]], *, returns: bool = False) -> list[Line]:
    """The rows as lines. Raises RefusedError: an amount that is not above zero (unless `returns` allows counts and
    amounts below), an amount that is not price times count, or a number twice; every such line is named.
    """
    lines, below, wrong = [], [], []
    for row in rows:
        line = line_of(desk, row)
        returned = returns and line.amount < 0 and line.count < 0
        if line.price <= 0 or not (returned or (line.amount > 0 and line.count > 0)):
            below.append(line.sn)
        elif line_amount(line.price, line.count) != line.amount:
            wrong.append(f"{line.sn}: {line.price}×{line.count}≠{format_yuan(line.amount)}")
        lines.append(line)
    if below:
        raise RefusedError("amount-not-positive", where="、".join(below))
    if wrong:
        raise RefusedError("line-disagrees", lines="；".join(wrong))
    refuse_repeated(line.sn for line in lines)
    return lines


def line_of(desk: Desk, row: Mapping[str, object]) -> Line:
    """One row as a line."""
    level = row.get("chrgitm_lv") if desk.profile.level_on_line else None
    table = table_of(desk.profile.name)
    return Line(
        sn=str(row["feedetl_sn"]),
        item=table.item_for(str(row["med_list_codg"]), level=str(level) if level else None),
        amount=amount(row["det_item_fee_sumamt"]),
        price=Decimal(str(row["pric"])),
        count=Decimal(str(row["cnt"])),
    )


def refuse_repeated(numbers: Iterable[str]) -> None:
    """Raises RefusedError that names every number that occurs twice."""
    numbers = list(numbers)
    if len(set(numbers)) == len(numbers):
        return
    repeated = [sn for sn, count in Counter(numbers).items() if count > 1]
    if repeated:
        raise RefusedError("detail-repeated", feedetl_sn="、".join(repeated))


def require_sum(lines: Sequence[Line], stated: object) -> None:
    """Raises RefusedError unless the lines add up to medfee_sumamt."""
    details, total = Fen(sum(line.amount for line in lines)), amount(stated)
    if details != total:
        raise RefusedError("details-disagree", details=format_yuan(details), total=format_yuan(total))
