"""Lines of goods and fees: as the counter port told them, against what is sent of them. No rule lives here."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.rules.transactions import shown, text
from harness.rules.visits import plain

Row = Mapping[str, Any]
MONEY = (("price", "pric"), ("quantity", "cnt"), ("amount", "det_item_fee_sumamt"))
"""A line's money and count, as the counter port and as the interface has them."""
CODE, LEVEL = "code", "level"
CODES = ("med_list_codg", "medins_list_codg")
"""A line's code on the wire: the catalogue's and the institution's own; the counter port has one for both."""
LEVEL_SENT = "chrgitm_lv"


def wrong_lines(told: Sequence[Row], sent: Sequence[Row], *, how: str) -> Iterator[tuple[str, str]]:
    """What was due and what was sent instead, in words: nothing when the same lines were sent, in whatever order.

    `how` says where the lines come from, e.g. `rung up`. A line that was told without a code or level may have any; one
    that is sent without a level has the catalogue's.
    """
    wanted, seen = [_money(row, 0) for row in told], [_money(row, 1) for row in sent]
    if sorted(wanted) != sorted(seen):
        yield f"price, quantity, amount as {how}: {shown(sorted(wanted))}", shown(sorted(seen))
        return
    coded, right = all(CODE in row for row in told), True
    codes = [(text(row.get(CODE)), *_money(row, 0)) for row in told]
    for name in CODES if coded else ():
        missing, beyond = _apart(codes, [(text(row.get(name)), *_money(row, 1)) for row in sent])
        if beyond:
            right = False
            yield f"{name}, price, quantity, amount as {how}: {shown(missing)}", f"{name} {shown(beyond)}"
    if right and all(LEVEL in row for row in told):
        levels = [(text(row[LEVEL]), text(row.get(CODE)), *_money(row, 0)) for row in told]
        named = [row for row in sent if text(row.get(LEVEL_SENT))]
        missing, beyond = _apart(
            levels, [(text(r[LEVEL_SENT]), text(r.get(CODES[0])) if coded else "", *_money(r, 1)) for r in named]
        )
        if beyond:
            yield f"{LEVEL_SENT}, code, price, quantity, amount as {how}: {shown(missing)}", shown(beyond)


def _money(row: Row, side: int) -> tuple[str, ...]:
    return tuple(plain(row.get(names[side])) for names in MONEY)


def _apart(
    wanted: list[tuple[str, ...]], seen: list[tuple[str, ...]]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What of the one is not in the other, and the other way round."""
    one, other = Counter(wanted), Counter(seen)
    return sorted((one - other).elements()), sorted((other - one).elements())
