"""Trace codes (追溯码) of what is sold: those that were scanned off the packs, as a settlement lists them."""

from collections.abc import Iterable
from decimal import Decimal

from simulators.his.behaviour import Behaviour
from simulators.his.hello import Profile
from simulators.his.sale import SaleLine

NODE = "drug_trac_info"
WHOLE, PART = "0", "1"
"""trdn_flag: a whole pack, or part of one (拆零)."""
BY_PACK, BY_UNIT = "2", "1"
"""min_prcunt_type (assumed codes)."""


def trace_members(
    infno: str, sold: Iterable[tuple[str, SaleLine]], profile: Profile, behaviour: Behaviour
) -> dict[str, object]:
    """What the input of a settlement has beyond the rest: one entry a pack, of each line by its feedetl_sn.

    Nothing where the province does not ask, or nothing that was sold has a code.
    """
    if infno not in profile.trace_codes:
        return {}
    entries = [entry for number, line in sold for entry in _entries(number, line)]
    return {NODE: behaviour.traced(entries)} if entries else {}


def _entries(number: str, line: SaleLine) -> list[dict[str, str]]:
    codes = line.trace_codes if line.amount > 0 else ()
    opened = Decimal(line.quantity) % 1 != 0
    return [
        {
            "feedetl_sn": number,
            "drug_trac_codg": code,
            "trdn_flag": PART if opened and code == codes[-1] else WHOLE,
            "min_prcunt_type": BY_UNIT if opened and code == codes[-1] else BY_PACK,
        }
        for code in codes
    ]
