"""From the bytes of a request to the bytes of its answer: envelope, sign-in, idempotence by msgid, transaction.

A msgid whose request was understood and signed in is answered once: the same request again gets the first answer, even
a refusal, and leaves `replayed`; other content under the same msgid is refused. "Same" means transaction, institution
and input; time and sign-in may differ. While the first is under way, the second waits for its answer. Answers of 2102,
2103 and 2601 are remembered in the ledger, those of the others in memory (the last `REMEMBERED`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from harness.money import Fen
from harness.wire.fields import is_absent
from harness.wire.institution import REFUND, REVERSE, SETTLE, SIGN_IN, TRANSACTIONS, check, content, decode
from simulators.platform.call import Call, digest_of
from simulators.platform.desk import AbandonedError, Desk
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.person import query_person
from simulators.platform.transactions.query import query_settlement
from simulators.platform.transactions.settle import pre_settle, settle
from simulators.platform.transactions.sign_in import sign_in, sign_out, valid_sign_in
from simulators.platform.transactions.undo import refund, reverse

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
    }
)
DURABLE = frozenset({SETTLE, REFUND, REVERSE})
REMEMBERED = 10_000


class Dispatcher:
    """Answers the requests of one case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answers: dict[str, tuple[bytes, bytes]] = {}
        self._under_way: dict[str, tuple[bytes, asyncio.Future[bytes]]] = {}

    async def answer(self, raw: bytes, *, called: str | None) -> bytes:
        """The answer to a request; `called` is the transaction that its path names, None when the path takes any.

        Raises AbandonedError when the case ended meanwhile: then nobody is to be answered.
        """
        received = self._desk.now()
        body: Mapping[str, object] = {}
        try:
            try:
                body = decode(raw)
            except ValueError as error:
                raise RefusedError("no-json", why=error) from error
            return await self._answer(self._understood(body, called, received))
        except RefusedError as error:
            return self._refused(error, body, received)

    def abandon(self) -> None:
        """The case is over: whoever waits for another's answer gets none."""
        for _, under_way in self._under_way.values():
            under_way.cancel()

    def _understood(self, body: Mapping[str, object], called: str | None, received: datetime) -> Call:
        infno = called or body.get("infno")
        if not isinstance(infno, str) or infno not in TRANSACTIONS:
            raise RefusedError("unknown-transaction", infno=infno)
        problems = check(infno, body, insuplc_required=self._desk.profile.insuplc_required)
        if problems:
            listed = "；".join(str(problem) for problem in problems)
            raise RefusedError("request-invalid", count=len(problems), problems=listed)
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
        if infno != SIGN_IN:
            valid_sign_in(self._desk, call)
        return call

    async def _answer(self, call: Call) -> bytes:
        known = self._answers.get(call.msgid) or self._desk.ledger.answer(call.msgid)
        if known is not None:
            return self._replayed(call, *known)
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
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._under_way[call.msgid] = (call.digest, done)
        try:
            reply = await self._handled(call)
            if not done.done():
                done.set_result(reply)
        finally:
            del self._under_way[call.msgid]
            done.cancel()
        return reply

    async def _handled(self, call: Call) -> bytes:
        try:
            reply = await HANDLERS[call.infno](self._desk, call)
        except RefusedError as error:
            reply = self._refused(error, {"msgid": call.msgid, "infno": call.infno}, call.at, call=call)
            if call.infno in DURABLE:
                with self._desk.ledger.writing():
                    self._desk.ledger.keep_answer(call.msgid, call.digest, reply)
                await self._desk.ledger.flushed()
                self._desk.still_here()
        if call.infno not in DURABLE:
            self._answers[call.msgid] = (call.digest, reply)
            if len(self._answers) > REMEMBERED:
                del self._answers[next(iter(self._answers))]
        return reply

    def _replayed(self, call: Call, digest: bytes, reply: bytes) -> bytes:
        self._require_same(call, digest)
        self._desk.event("replayed", msgid=call.msgid, infno=call.infno)
        return reply

    def _require_same(self, call: Call, digest: bytes) -> None:
        if call.digest != digest:
            raise RefusedError("msgid-reused", msgid=call.msgid)

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


def open_accounts(desk: Desk) -> None:
    """Give every person of the population an account with the opening balance, unless it is there already."""
    with desk.ledger.writing():
        for person in desk.population:
            desk.ledger.open_account(person.psn_no, Fen(person.balance_fen))
