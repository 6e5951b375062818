"""From the bytes of a request to the bytes of its answer: envelope, sign-in, idempotence by msgid, transaction.

A msgid whose request was understood and signed in is answered once: the same request again gets the first answer, even
a refusal, and leaves `replayed`; other content is refused. Setting `repeated_msgid` has it refused, too, or done once
more, one after the other, which leaves `processed-again` (module `attempts`). "Same"
means transaction, institution and input; time and sign-in may differ. While the first is under way, the second waits
for its answer. Answers of what changes something (`DURABLE`) are remembered in the ledger, for every process that
serves and for the time after a restart, those of the others in memory (the last `REMEMBERED`). Only what has no answer
yet may be refused for its inf_time, and that refusal is not remembered: with the right time the msgid is taken.

Nothing leaves before all that it may tell of has been flushed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from harness.clock import BEIJING
from harness.errors import SimulatorDefect
from harness.money import Fen
from harness.wire.fields import FieldProblem, has_nul, is_absent
from harness.wire.institution import (
    PERSON,
    PRE_SETTLE,
    QUERY,
    SIGN_IN,
    SIGN_OUT,
    TRANSACTIONS,
    check,
    content,
    decode,
    form_problems,
)
from harness.wire.local_codes import to_national
from harness.wire.msgid import CODE_TIME
from simulators.platform.attempts import key_of, next_attempt
from simulators.platform.benefit_tables import table_of
from simulators.platform.call import Call, digest_of, spell
from simulators.platform.desk import AbandonedError, Desk
from simulators.platform.dispatch_quick import surely_well_formed
from simulators.platform.disturbed import clock_is_ahead, take_up
from simulators.platform.ledger import KeptOutError, LockedError, TakenError
from simulators.platform.refusals import RefusedError
from simulators.platform.settings import RepeatedMsgid
from simulators.platform.staff import register_of, require_registered
from simulators.platform.transactions.details import upload, withdraw_batch, withdraw_details
from simulators.platform.transactions.directory import check_benefits, query_dictionary, query_institution
from simulators.platform.transactions.exchange import download_file, upload_file
from simulators.platform.transactions.hall import change_tier, check_proof, prove
from simulators.platform.transactions.inpatient import (
    admit,
    cancel_admission,
    cancel_discharge,
    change_admission,
    discharge,
)
from simulators.platform.transactions.outpatient import cancel_registration, register, visit_data
from simulators.platform.transactions.person import query_person
from simulators.platform.transactions.query import query_settlement
from simulators.platform.transactions.settle import pre_settle, settle
from simulators.platform.transactions.sign_in import sign_in, sign_out, valid_sign_in
from simulators.platform.transactions.statements import (
    apply_for_clearing,
    compare_details,
    compare_totals,
    withdraw_clearing,
)
from simulators.platform.transactions.undo import refund, reverse
from simulators.platform.transactions.visit_settle import pre_settle_visit, settle_visit

Handler = Callable[[Desk, Call], Awaitable[bytes]]
HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "9001": sign_in,
        "9002": sign_out,
        "1101": query_person,
        "2101": pre_settle,
        "2102": settle,
        "2103": refund,
        "2601": reverse,
        "5203": query_settlement,
        "1201": query_institution,
        "1901": query_dictionary,
        "2001": check_benefits,
        "2201": register,
        "2202": cancel_registration,
        "2203": visit_data,
        "2203A": visit_data,
        "2204": upload,
        "2205": withdraw_batch,
        "2206": pre_settle_visit,
        "2206A": pre_settle_visit,
        "2207": settle_visit,
        "2207A": settle_visit,
        "2208": refund,
        "2301": upload,
        "2302": withdraw_details,
        "2303": pre_settle_visit,
        "2304": settle_visit,
        "2305": refund,
        "2401": admit,
        "2402": discharge,
        "2403": change_admission,
        "2404": cancel_admission,
        "2405": cancel_discharge,
        "3201": compare_totals,
        "3202": compare_details,
        "3203": apply_for_clearing,
        "3204": withdraw_clearing,
        "9101": upload_file,
        "9102": download_file,
        "9801": prove,
        "9802": change_tier,
        "9803": check_proof,
    }
)
QUERIES = frozenset(
    {PERSON, PRE_SETTLE, QUERY, "1201", "1901", "2001", "2206", "2206A", "2303", "3201", "9102", "9803"}
)
"""Transactions that change nothing."""
BOOKING = frozenset(HANDLERS) - QUERIES - {SIGN_IN, SIGN_OUT}
"""Transactions that keep their answer and flush it themselves (`Desk.book` with `announce`, `documents.changed`)."""
DURABLE = BOOKING | {SIGN_IN, SIGN_OUT}
"""Transactions whose answers are remembered in the ledger."""
LONGEST = 8 << 20
"""Bytes of a request that are looked at; a day's statement file of 9101 is far below."""
SKEW_S = 300
"""Seconds that a platform whose clock is ahead tolerates, where it has no `inf_time_tolerance_s`."""
NUL = b"u0000"
"""In a request only if one of its texts may have the character U+0000, which no ledger takes."""
REMEMBERED = 10_000
TRIES = 5
"""How often a transaction is begun when another process is faster; it finds then what that one left."""


class Dispatcher:
    """Answers the requests of one case."""

    handlers: Mapping[str, Handler] = HANDLERS

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._form = desk.profile.form
        self._answers: OrderedDict[str, tuple[bytes, bytes]] = OrderedDict()
        self._under_way: dict[str, tuple[bytes, asyncio.Future[bytes]]] = {}
        self._again = desk.settings.repeated_msgid is RepeatedMsgid.PROCESS_AGAIN

    async def answer(self, raw: bytes, *, called: str | None) -> bytes:
        """The answer to a request; `called` is the transaction that its path names, None when the path takes any.

        Raises AbandonedError when the case ended meanwhile: then nobody is to be answered.
        """
        received = self._desk.now()
        body: Mapping[str, object] = {}
        since: float | None = None
        while True:
            try:
                body = _decoded(raw)
                if codes := self._desk.profile.cert_type_codes:
                    body = to_national(body, codes)
                call = self._understood(body, called, received)
                if NUL in raw:
                    _refuse_nul(body, call.data)
                self._refuse_stale(call, body)
                return await self._answer(call)
            except RefusedError as error:
                return self._refused(error, body, received)
            except KeptOutError:  # nothing was done: what was done would have been answered
                pass
            try:
                since = await self._desk.ledger.readable(since)
            except LockedError as error:
                return self._not_taken_up(error, body, received)
            self._desk.still_here()

    def abandon(self) -> None:
        """The case is over: whoever waits for another's answer gets none."""
        for _, under_way in self._under_way.values():
            under_way.cancel()

    def _understood(self, body: Mapping[str, object], called: str | None, received: datetime) -> Call:
        named = body.get("infno")
        infno = called or named
        if not isinstance(infno, str) or infno not in TRANSACTIONS or isinstance(named, dict | list):
            raise RefusedError("unknown-transaction", infno=named)
        required, form = self._desk.profile.insuplc_required, self._form
        quick = form.msgid == CODE_TIME and surely_well_formed(infno, body, insuplc_required=required)
        problems = form_problems(body, form) if quick else check(infno, body, insuplc_required=required, form=form)
        if problems:
            listed = "；".join(str(problem) for problem in problems)
            raise RefusedError("request-invalid", count=len(problems), problems=listed, brief=_fields(problems))
        data = content(body)
        code = str(body["fixmedins_code"])
        call = Call(
            infno=infno,
            msgid=str(body["msgid"]),
            institution=self._desk.institution(code),
            operator=str(body["opter"]),
            area=str(body["mdtrtarea_admvs"]),
            insured_place=str(body.get("insuplc_admdvs") or ""),
            signtype=str(body.get("signtype") or ""),
            sign_no=str(body.get("sign_no") or ""),
            data=data,
            digest=digest_of(infno, code, data),
            at=received,
        )
        self._desk.ledger.require_readable()
        if infno != SIGN_IN:
            valid_sign_in(self._desk, call)
        if self._desk.settings.staff_register:
            require_registered(register_of(self._desk.settings.staff_register), call)
        return call

    def _refuse_stale(self, call: Call, body: Mapping[str, object]) -> None:
        """Refuse what was sent too far from now (`inf_time_tolerance_s`); not what has its answer, or is under way."""
        most, now, due = self._desk.settings.inf_time_tolerance_s, call.at, clock_is_ahead(call.infno)
        if due is not None:
            most = most or SKEW_S
            now += timedelta(seconds=2 * most)
        if not most or (not self._again and self._is_known(call.msgid)):
            return
        said = datetime.fromisoformat(str(body["inf_time"])).replace(tzinfo=BEIJING)
        if abs((now - said).total_seconds()) > most:
            if due is not None:
                due.done = True
            raise RefusedError("inf-time-stale", said=body["inf_time"], now=spell(now), most=most)

    def _is_known(self, msgid: str) -> bool:
        known = msgid in self._answers or msgid in self._under_way
        return known or self._desk.ledger.answer(msgid) is not None

    async def _answer(self, call: Call) -> bytes:
        if self._again:
            return await self._answered_anew(call)
        known = self._answers.get(call.msgid)
        if known is not None:
            return self._replayed(call, *known)
        if (first := self._desk.ledger.answer(call.msgid)) is not None:
            return await self._first_answer(call, *first)
        if call.msgid in self._under_way:
            digest, under_way = self._under_way[call.msgid]
            self._require_same(call, digest)
            try:
                reply = await asyncio.shield(under_way)
            except asyncio.CancelledError:
                if under_way.cancelled():
                    raise AbandonedError from None
                raise
            return self._replayed(call, digest, reply)
        return await self._answered_first(call)

    async def _answered_anew(self, call: Call) -> bytes:
        """The answer of a platform that does not look for a first one: once another with this msgid has its own."""
        while (under_way := self._under_way.get(call.msgid)) is not None:
            self._require_same(call, under_way[0])
            await asyncio.wait([under_way[1]])
            self._desk.still_here()
        if (known := self._answers.get(call.msgid)) is not None:
            self._require_same(call, known[0])
            self._desk.event("processed-again", msgid=call.msgid, infno=call.infno)
        return await self._answered_first(call)

    def _numbered(self, call: Call) -> Call:
        """A call with the number of its attempt, where each counts. Raises RefusedError for other content."""
        if not self._again:
            return call
        attempt = next_attempt(self._desk.ledger, call.msgid)
        if attempt > 1 and (first := self._desk.ledger.answer(call.msgid)) is not None:
            self._require_same(call, first[0])
            self._desk.event("processed-again", msgid=call.msgid, infno=call.infno)
        return msgspec.structs.replace(call, attempt=attempt)

    async def _answered_first(self, call: Call) -> bytes:
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._under_way[call.msgid] = (call.digest, done)
        try:
            reply = await self._handled(call)
            if not done.done():
                done.set_result(reply)
        except KeptOutError as error:  # whoever waits for this answer begins again, too
            if not done.done():
                done.set_exception(error)
                done.exception()
            raise
        finally:
            del self._under_way[call.msgid]
            done.cancel()
        return reply

    async def _handled(self, call: Call) -> bytes:
        if call.infno in DURABLE:
            try:
                return await self._kept(call)
            except LockedError as error:
                return self._not_taken_up(error, {"msgid": call.msgid, "infno": call.infno}, call.at, call=call)
        try:
            take_up(call.infno)
            reply = await self.handlers[call.infno](self._desk, call)
        except RefusedError as error:
            reply = self._refused_call(error, call)
        self._answers[call.msgid] = (call.digest, reply)
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        await self._safe()
        return reply

    async def _kept(self, call: Call) -> bytes:
        """The answer that the ledger remembers: ours, or that of another process which was faster."""
        for _ in range(TRIES):
            call = self._numbered(call)
            try:
                refusal = None
                take_up(call.infno)
                reply = await self.handlers[call.infno](self._desk, call)
                if call.infno in BOOKING:
                    return reply
            except TakenError:
                if not self._again and (first := self._desk.ledger.answer(call.msgid)) is not None:
                    return await self._first_answer(call, *first)
                continue
            except RefusedError as error:
                refusal = error
            await self._desk.ledger.turn()
            with self._desk.ledger.writing():
                key = key_of(call.msgid, call.attempt)
                first = self._desk.ledger.answer(key)
                if first is None:
                    if refusal is not None:
                        reply = self._refused_call(refusal, call)
                    self._desk.ledger.keep_answer(key, call.institution.code, call.digest, reply)
            if first is not None and self._again:
                continue
            if first is not None:
                return await self._first_answer(call, *first)
            await self._safe()
            return reply
        raise SimulatorDefect(
            f"Message {call.msgid} could not be booked: its keys are taken, and not by itself.",
            cause="a transaction that numbers its bookings outside of its own transaction of the ledger",
            remedy="report this with the run's folder",
        )

    def _not_taken_up(
        self, error: LockedError, body: Mapping[str, object], received: datetime, *, call: Call | None = None
    ) -> bytes:
        """The answer while nobody can write, or read: nothing was done or remembered, and the msgid may come again."""
        self._desk.event("out-of-order", problem=error.problem, cause=error.cause, remedy=error.remedy)
        return self._refused(RefusedError("busy"), body, received, call=call)

    async def _first_answer(self, call: Call, digest: bytes, reply: bytes) -> bytes:
        """The answer in the ledger, which another process may have left a moment ago."""
        self._require_same(call, digest)
        await self._safe(others=True)
        return self._replayed(call, digest, reply)

    async def _safe(self, *, others: bool = False) -> None:
        await self._desk.ledger.flushed(others=others)
        self._desk.still_here()

    def _replayed(self, call: Call, digest: bytes, reply: bytes) -> bytes:
        self._require_same(call, digest)
        if self._desk.settings.repeated_msgid is RepeatedMsgid.REFUSE:
            raise RefusedError("msgid-repeated", msgid=call.msgid)
        self._desk.event("replayed", msgid=call.msgid, infno=call.infno)
        return reply

    def _require_same(self, call: Call, digest: bytes) -> None:
        if call.digest != digest:
            raise RefusedError("msgid-reused", msgid=call.msgid)

    def _refused_call(self, error: RefusedError, call: Call) -> bytes:
        return self._refused(error, {"msgid": call.msgid, "infno": call.infno}, call.at, call=call)

    def _refused(
        self, error: RefusedError, body: Mapping[str, object], received: datetime, *, call: Call | None = None
    ) -> bytes:
        msgid, infno = (str(body.get(field) or "") for field in ("msgid", "infno"))
        self._desk.event("refused", msgid=msgid, infno=infno, code=error.code, why=error.why, text=error.text)
        area = call.area if call else body.get("mdtrtarea_admvs")
        signtype = call.signtype if call else body.get("signtype")
        return self._desk.writer.refused(
            error,
            area="" if is_absent(area) else str(area),
            signtype="" if is_absent(signtype) else str(signtype),
            received=received,
            now=self._desk.now(),
        )


def _decoded(raw: bytes) -> Mapping[str, object]:
    """A request's object. Raises RefusedError."""
    if len(raw) > LONGEST:
        raise RefusedError("request-too-long", most=LONGEST, seen=len(raw))
    try:
        return decode(raw)
    except ValueError as error:
        raise RefusedError("no-json", why=error) from error


def _refuse_nul(*parts: object) -> None:
    if any(has_nul(part) for part in parts):
        raise RefusedError("no-json", why="a text with U+0000")


def _fields(problems: Sequence[FieldProblem]) -> str:
    """The wrong fields alone, by the object that they are in."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        place, _, name = problem.path.removeprefix("input.").rpartition(".")
        if name not in (names := places.setdefault(place, [])):
            names.append(name)
    return "；".join(f"{place}: {'、'.join(names)}" if place else "、".join(names) for place, names in places.items())


def open_accounts(desk: Desk) -> None:
    """Give every person, and every mutual-aid account, its opening balance, unless it is open already."""
    with desk.ledger.writing():
        for person in desk.population:
            desk.ledger.open_account(person.psn_no, Fen(person.balance_fen))
        for aid in table_of(desk.profile.name).mutual_aid:
            desk.ledger.open_mutual_aid(aid.name, Fen(aid.opening_fen))
