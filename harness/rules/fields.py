"""Fields of what the adapter sends: every wrong one is an observation of its own."""

from collections.abc import Iterable, Iterator, Mapping

from harness.judge.exchange import ADAPTER
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import QUERY_FIELDS, as_object
from harness.wire import institution, voucher_messages
from harness.wire.fields import FieldProblem
from harness.wire.profile import form_from

FRONT_DOORS = ("/fsi/", "/localcfc/")
"""Where the systems take JSON from an adapter."""
HARMLESS = frozenset(("required", "length"))
"""What can be said of a personal field without repeating its value."""
PERSONAL_FIELDS = frozenset(
    ("psn_no", "psn_name", "certno", "mdtrt_cert_no", "brdy", "idNo", "userName", "ecToken", "ecQrCode")
)
"""Fields whose value an observation must not repeat."""


@rule("fields-valid")
def fields_valid(history: CaseHistory) -> Iterator[Observation]:
    """Every request of the adapter is well formed: required fields, types, lengths, forms and code tables."""
    for exchange in history.exchanges:
        seq, path = exchange.request.seq, exchange.path
        if exchange.client != ADAPTER or not exchange.request.start.startswith("POST"):
            continue
        body = exchange.request.readable
        if not exchange.request.well_formed:
            due = path.startswith(FRONT_DOORS) or _takes_transactions(history, seq, path)
            if due and exchange.request.complete:
                yield Observation(seq=seq, expected=f"a JSON object in UTF-8 for {path}", seen="the body is none")
        elif exchange.infno:
            profile = as_object(history.hello_at(seq).get("profile"))
            required = profile.get("insuplc_required", True) is not False
            form = form_from(profile)
            problems = institution.check(exchange.infno, body, insuplc_required=required, form=form)
            yield from _observed(seq, exchange.infno, problems)
        elif _takes_transactions(history, seq, path) and "transType" not in body:
            yield Observation(seq=seq, expected=f"infno in the envelope for {path}", seen="nothing")
        elif body.get("transType") == voucher_messages.QR_QUERY:
            unknown = [name for name in as_object(body.get("data")) if name not in QUERY_FIELDS]
            field = unknown[0] if len(unknown) == 1 else voucher_messages.CODE_FIELD
            lengths = _operator_lengths(as_object(history.hello_at(seq).get("profile")))
            problems = voucher_messages.check(voucher_messages.QR_QUERY, body, code_field=field, lengths=lengths)
            yield from _observed(seq, voucher_messages.QR_QUERY, problems)


def _operator_lengths(profile: Mapping[str, object]) -> dict[str, int]:
    told = {"operatorId": profile.get("operator_length"), "operatorName": profile.get("operator_name_length")}
    return {name: most for name, most in told.items() if isinstance(most, int)}


def _takes_transactions(history: CaseHistory, seq: int, path: str) -> bool:
    return path.startswith("/fsi/") or path == as_object(history.hello_at(seq).get("profile")).get("any_path")


def _observed(seq: int, message: str, problems: Iterable[FieldProblem]) -> Iterator[Observation]:
    for problem in problems:
        personal = problem.path.rpartition(".")[2] in PERSONAL_FIELDS and problem.rule.value not in HARMLESS
        seen = "a value that is not repeated here" if personal else problem.seen
        yield Observation(seq=seq, expected=f"{message} {problem.path}: {problem.expected}", seen=seen)
