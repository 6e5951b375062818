"""The voucher code and its token: read unchanged, asked about anew, used once, in time, by whom they were given to."""

import re
from collections.abc import Iterator

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    IDENTIFYING,
    PERSONAL,
    VOUCHER,
    by_of,
    code_of,
    id_numbers,
    is_repeat,
    masked,
    member,
    text,
    token_of,
    voucher_of,
)

ENDS_OF_READ = re.compile(rb"[\r\n\t]+")
"""What closes a scan on the line: the suffixes CR, LF, CRLF, TAB."""


@rule("token-bound")
def token_bound(history: CaseHistory) -> Iterator[Observation]:
    """A token is used by the institution it was issued to, for the person it stands for, while it is valid."""
    issued = {str(event["token"]): event for event in history.named("token-issued")}
    answered = {token_of(query): query for query in history.queries() if token_of(query)}
    id_of = id_numbers(history)
    for exchange in _by_voucher(history):
        if is_repeat(history, exchange):
            continue
        seq, token = exchange.request.seq, member(exchange, "mdtrt_cert_no")
        institution, psn_no = text(exchange.request.json.get("fixmedins_code")), member(exchange, "psn_no")
        event, query = issued.get(token), answered.get(token)
        if event is not None and event.seq < seq:
            owner, to, expires = str(event["id_no"]), str(event["institution"]), int(event["expires_ns"] or 0)
        elif query is not None and query.reply is not None and query.reply.seq < seq:
            owner, to = text(voucher_of(query).get("idNo")), text(query.request.json.get("orgId"))
            expires = 0
        else:
            yield Observation(seq=seq, expected="a token that the voucher centre issued", seen=masked(token))
            continue
        if to != institution:
            yield Observation(seq=seq, expected=f"a token issued to {institution}", seen=f"one issued to {to}")
        if psn_no and id_of.get(psn_no, owner) != owner:
            yield Observation(seq=seq, expected="the psn_no of the token's person", seen=f"another: {masked(psn_no)}")
        if expires and exchange.request.at_ns > expires:
            late = (exchange.request.at_ns - expires) // 1_000_000_000
            yield Observation(seq=seq, expected="a token that has not expired", seen=f"expired {late} s before")


def _by_voucher(history: CaseHistory) -> list[Exchange]:
    """The adapter's transactions that name a person by their e-voucher's token."""
    return [exchange for exchange in history.sent() if member(exchange, "mdtrt_cert_type") == VOUCHER]


@rule("code-asked-anew")
def code_asked_anew(history: CaseHistory) -> Iterator[Observation]:
    """Whoever identifies by code is asked for a scan each time, and no token is used but the one this scan gives."""
    for operation in _by_code(history):
        used = _transactions(history, operation)
        if not used:
            continue
        first = used[0].request.seq
        asked = [event.seq for event in operation.events if event.content.get("event") == "scan-please"]
        if not asked or asked[0] > first:
            yield Observation(seq=first, expected="scan-please before the first transaction", seen="no scan asked for")
            continue
        queries = [query for query in _queries(history, operation) if query.request.seq > asked[0]]
        if not queries or queries[0].request.seq > first:
            yield Observation(seq=first, expected="an ec.query of this purchase's own scan", seen="none")
            continue
        for exchange in used:
            own = {token_of(query) for query in queries if query.request.seq < exchange.request.seq} - {""}
            if member(exchange, "mdtrt_cert_no") not in own:
                yield Observation(
                    seq=exchange.request.seq,
                    expected="the token that this purchase's ec.query returned",
                    seen=f"{masked(member(exchange, 'mdtrt_cert_no'))}, from elsewhere",
                )


def _by_code(history: CaseHistory) -> list[Operation]:
    """The commands for which somebody identifies by a code."""
    return [operation for operation in history.doing(*IDENTIFYING) if by_of(operation) == "code"]


def _transactions(history: CaseHistory, operation: Operation) -> list[Exchange]:
    """What a command sent about its person, repeats of earlier transactions apart."""
    return [
        exchange
        for exchange in _by_voucher(history)
        if exchange.infno in PERSONAL and operation.spans(exchange.request.seq) and not is_repeat(history, exchange)
    ]


def _queries(history: CaseHistory, operation: Operation) -> list[Exchange]:
    return [query for query in history.queries() if operation.spans(query.request.seq)]


@rule("code-unchanged")
def code_unchanged(history: CaseHistory) -> Iterator[Observation]:
    """The code that is sent to the voucher centre is what the scanner's line carried, its suffix aside."""
    for query in history.queries():
        reads = _reads(history, query)
        if reads is not None and code_of(query) not in reads:
            lengths = " or ".join(sorted({str(len(read)) for read in reads})) or "none"
            code = code_of(query)
            near = ", part of what was read" if code and any(code in read for read in reads) else ", not what was read"
            yield Observation(
                seq=query.request.seq,
                expected=f"a code that the line carried since scan-please ({lengths} characters)",
                seen=f"{masked(code)}{near if reads else ', though nothing was read'}",
            )


def _reads(history: CaseHistory, query: Exchange) -> set[str] | None:
    """What may be taken for one scan since the last scan-please; None for a query outside a purchase."""
    operation = history.operation_at(query.request.seq)
    if operation is None:
        return None
    asked = [e.seq for e in operation.events if e.content.get("event") == "scan-please" and e.seq < query.request.seq]
    since = max(asked, default=operation.command.seq)
    frames = [scan.data for scan in history.scans if since < scan.seq < query.request.seq]
    whole = b"".join(frames)
    pieces = ENDS_OF_READ.split(whole) if ENDS_OF_READ.search(whole) else [whole, *frames]
    reads = {piece.decode("latin-1").strip() for piece in pieces} - {""}
    doubled = {read[: len(read) // 2] for read in reads if read[: len(read) // 2] * 2 == read}
    replaced = {piece.decode("ascii", errors="replace").strip() for piece in pieces} - {""}
    return reads | doubled | replaced


@rule("code-used-once")
def code_used_once(history: CaseHistory) -> Iterator[Observation]:
    """A scan serves one command: what an earlier one read is neither asked about nor used again."""
    purchases = _by_code(history)
    paid: dict[str, Operation] = {}
    for operation in purchases:
        tokens = {member(exchange, "mdtrt_cert_no") for exchange in _transactions(history, operation)}
        for query in _queries(history, operation):
            code, seq = code_of(query), query.request.seq
            before = [o for o in purchases if o.command.seq < operation.command.seq and _asked(history, o, code)]
            if before and code not in (_reads(history, query) or set()):
                yield Observation(seq=seq, expected="a scan of this purchase", seen=f"the scan of {before[-1].order}")
            if token_of(query) not in tokens:
                continue
            if paid.setdefault(code, operation) is not operation:
                yield Observation(
                    seq=seq, expected="a code that nobody has used", seen=f"the code of {paid[code].order}"
                )


def _asked(history: CaseHistory, operation: Operation, code: str) -> bool:
    return any(code_of(query) == code for query in _queries(history, operation))


@rule("expired-code-refused")
def expired_code_refused(history: CaseHistory) -> Iterator[Observation]:
    """A code that had expired when it was asked about leads to no transaction."""
    expiry: dict[str, int] = {}
    for event in history.named("code-issued", "code-shown"):
        digits, expires = str(event["digits"]), event["expires_ns"]
        if isinstance(expires, int) and expires:
            expiry[digits] = max(expires, expiry.get(digits, 0))
    for operation in _by_code(history):
        queries = _queries(history, operation)
        for place, query in enumerate(queries):
            end = queries[place + 1].request.seq if place + 1 < len(queries) else history.records[-1].seq
            expires = expiry.get(code_of(query))
            if expires is None or query.request.at_ns <= expires:
                continue
            late = (query.request.at_ns - expires) // 1_000_000_000
            for exchange in _transactions(history, operation):
                if query.request.seq < exchange.request.seq < end:
                    yield Observation(
                        seq=exchange.request.seq,
                        expected="no transaction: the code had expired",
                        seen=f"{exchange.infno}, with a code expired {late} s before it was asked about",
                    )
