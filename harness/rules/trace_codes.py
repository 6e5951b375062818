"""Trace codes (追溯码): a settlement lists what was scanned off the packs. Only where the province asks for them."""

from collections import Counter
from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SETTLEMENTS, as_object, operation_of, request_input, shown, text
from harness.rules.visit_details import ordered_rows
from harness.wire.institution import TRACE_NODE


@rule("trace-codes-as-scanned")
def trace_codes_as_scanned(history: CaseHistory) -> Iterator[Observation]:
    """A settlement lists the trace codes that were scanned off the packs of its lines: each once, and no other."""
    for exchange in history.sent(*SETTLEMENTS):
        seq, operation = exchange.request.seq, operation_of(history, exchange)
        asked = as_object(history.hello_at(seq).get("profile")).get("trace_codes")
        if operation is None or not isinstance(asked, list) or exchange.infno[:4] not in asked:
            continue
        rows = ordered_rows(history, operation)
        if rows is None:
            continue
        scanned = Counter(text(code) for row in rows for code in _listed(row.get("trace_codes")))
        entries = map(as_object, _listed(request_input(exchange).get(TRACE_NODE)))
        listed = Counter(text(entry.get("drug_trac_codg")) for entry in entries)
        if listed != scanned:
            missing, beyond = sorted(scanned - listed), sorted(listed - scanned)
            yield Observation(
                seq=seq,
                expected=f"the {scanned.total()} trace codes that were scanned off the packs",
                seen=f"{listed.total()} codes; missing {shown(missing)}, beyond {shown(beyond)}",
            )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
