"""Shanghai's front machine before the same platform: every message is put into the institution interface's words.

There is no sign-in in that protocol; each operator is signed in with their first message of a day. A settlement names
the application number (jssqxh) of its pre-settlement; a refund (SK01) names the total of what it refunds. The front
machine has the card reader of its institution (S000), and tells from the books what became of a message (SI91) and
whether a day is level (SL01).
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from fixtures.population import institutions
from harness.wire import shanghai as wire
from harness.wire.fields import FieldProblem, is_array, is_object
from harness.wire.gateway import GatewayProblem, error_of
from harness.wire.institution import SIGN_IN, amount, check, decode, encode
from harness.wire.msgid import CODE_IN_MSGID
from harness.wire.voucher_messages import QR_QUERY, CentreReply
from simulators.platform.desk import Desk
from simulators.platform.dispatch import LONGEST, Dispatcher
from simulators.platform.ledger import KeptOutError, LockedError
from simulators.platform.refusals import RefusedError
from simulators.platform.shanghai_applications import Applications
from simulators.platform.shanghai_queries import collated, fate_of

Message = Mapping[str, object]
AskCentre = Callable[[Message], Awaitable[CentreReply | None]]
"""Asks the voucher centre to decode; None when there is no answer."""
AskReader = Callable[[str], Awaitable[Message | None]]
"""Asks the card reader of an institution (code) for a card; None when there is no answer."""
FIRST_OWN_NUMBER, OWN_NUMBERS = 900_000_000, 100_000_000
"""Of the msgid under which an operator is signed in: no second of a day begins so."""
REFUNDS = ("2103", "2208", "2305")
NO_CARD_REASONS = ("no-card", "cancelled", "card-pulled-out")
"""Why the reader has no card; for anything else it is the reader that fails."""


class FrontMachine:
    """Answers the messages of one case."""

    def __init__(self, desk: Desk, dispatcher: Dispatcher, ask_centre: AskCentre, ask_reader: AskReader) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._ask_centre = ask_centre
        self._ask_reader = ask_reader
        self._signed_in: dict[tuple[str, str, str], str] = {}
        self._applications = Applications()
        self._under_way: list[str] = []
        """The msgids that are worked on."""

    async def answer(self, raw: bytes) -> bytes:
        """The answer to a message. Raises AbandonedError when the case ended meanwhile."""
        since: float | None = None
        while True:
            try:
                return await self._answered(raw)
            except KeptOutError:  # of what is read here before anything is done; the dispatcher sees to its own
                pass
            try:
                since = await self._desk.ledger.readable(since)
            except LockedError as error:
                self._desk.event("out-of-order", problem=error.problem, cause=error.cause, remedy=error.remedy)
                message = decode(raw)
                return self._refused(message if is_object(message) else {}, RefusedError("busy"))
            self._desk.still_here()

    async def _answered(self, raw: bytes) -> bytes:
        if len(raw) > LONGEST:
            return self._refused({}, RefusedError("request-too-long", most=LONGEST, seen=len(raw)))
        try:
            message = _finite(decode(raw))
            assert is_object(message)
        except (ValueError, RecursionError):
            return self._turned_away({}, "no-json")
        kind, infno = wire.kind_of(message), wire.infno_of(message)
        if infno == QR_QUERY:
            return await self._decoded(message)
        if kind == wire.CARD_READ:
            return await self._card_read(message)
        if infno:
            return await self._transacted(message, infno)
        if kind in {wire.QUERY, wire.COLLATE}:
            return self._told(message)
        return self._turned_away(message, "type-unknown", str(message.get("xxlxm") or ""))

    # --- what the platform does ---

    async def _transacted(self, message: Message, infno: str) -> bytes:
        kind = wire.kind_of(message)
        named = False
        if not self._is_known(message):
            named = kind in wire.CONFIRMS.values()
            if named and not self._applications.take(message):
                return self._turned_away(message, "application-unknown", _text(message, "jssqxh"))
            if infno in REFUNDS and (stated := self._wrong_total(message)) is not None:
                return self._turned_away(message, "expense-disagrees", stated)
        request = wire.to_national(message, self._more(message))
        profile = self._desk.profile
        problems = check(infno, request, insuplc_required=profile.insuplc_required, form=profile.form)
        done, msgid = False, str(message.get("msgid") or "")
        self._under_way.append(msgid)
        try:
            if problems:
                return self._invalid(message, wire.in_message(infno, problems))
            reply = await self._dispatched(message, request)
            done = reply["xxfhm"] == wire.DONE
        finally:
            self._under_way.remove(msgid)
            if named and done:
                self._applications.use(message)
            elif named:
                self._applications.free(message)
        if done and kind in wire.CONFIRMS:
            reply["xxnr"] = {**wire.content(reply), "jssqxh": self._applications.give(message)}
        return encode(reply)

    async def _dispatched(self, message: Message, request: dict[str, object]) -> dict[str, object]:
        answer = decode(await self._dispatcher.answer(encode(await self._signed(request)), called=None))
        return wire.reply_from_national(message, answer, now=self._desk.now())

    def _is_known(self, message: Message) -> bool:
        """Whether the books have an answer to this msgid: then it is that, or a refusal, whatever it says."""
        msgid = message.get("msgid")
        return isinstance(msgid, str) and self._desk.ledger.answer(msgid) is not None

    def _wrong_total(self, message: Message) -> str | None:
        """The total that a refund states, where the settlement is this institution's and has another."""
        original, stated = self._desk.ledger.settlement(_text(message, "translsh")), _text(message, "totalexpense")
        if original is None or original.institution != message.get("jgdm") or _same(stated, original.total_fen):
            return None
        return stated

    def _more(self, message: Message) -> dict[str, str]:
        profile, code = self._desk.profile, str(message.get("jgdm") or "")
        names = {one.code: one.name for one in institutions()}
        return {
            "recer_sys_code": profile.recer_sys_code,
            "signtype": profile.signtype,
            "fixmedins_name": names.get(code, code),
        }

    async def _signed(self, request: dict[str, object]) -> dict[str, object]:
        """The request with the sign-in number of its operator and day."""
        code, operator = (str(request.get(name) or "") for name in ("fixmedins_code", "opter"))
        now = self._desk.now()
        key = (code, operator, f"{now:%Y%m%d}")
        if key not in self._signed_in:
            own = FIRST_OWN_NUMBER + int(hashlib.sha256(operator.encode()).hexdigest(), 16) % OWN_NUMBERS
            sign_in = {
                **self._sign_in_of(request),
                "msgid": f"{code[:CODE_IN_MSGID]}{now:%Y%m%d}{own}",
                "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            }
            answer = decode(await self._dispatcher.answer(encode(sign_in), called=None))
            output = answer.get("output")
            signed = output.get("signinoutb") if is_object(output) else None
            if not is_object(signed):
                return request
            self._signed_in[key] = str(signed["sign_no"])
        return {**request, "sign_no": self._signed_in[key]}

    def _sign_in_of(self, request: Message) -> dict[str, object]:
        """A sign-in with the envelope of a request."""
        envelope = {name: value for name, value in request.items() if name not in {"input", "insuplc_admdvs"}}
        sign_in = {"opter_no": str(request.get("opter") or ""), "mac": "", "ip": "0.0.0.0"}  # none is known
        return {**envelope, "infno": SIGN_IN, "input": {"signIn": sign_in}}

    # --- what the front machine does itself ---

    async def _decoded(self, message: Message) -> bytes:
        found = await self._ask_centre(wire.to_national(message, {}))
        self._desk.still_here()
        if found is None:
            return self._turned_away(message, "centre-unavailable")
        answer = {"code": found.code, "message": found.message, "data": found.data}
        return encode(wire.reply_from_national(message, answer, now=self._desk.now()))

    async def _card_read(self, message: Message) -> bytes:
        if (refused := self._unfit(message)) is not None:
            return refused
        found = await self._ask_reader(str(message["jgdm"]))
        self._desk.still_here()
        if found is not None and str(found.get("code")) == "0":
            return self._reply(message, wire.DONE, "", {"cardinfo": str(found.get("cardInfo") or "")})
        why = str(found.get("reason") or "") if found is not None else ""
        text = str(found.get("message") or "") if found is not None else "读卡器无应答"
        return self._reply(message, wire.NO_CARD if why in NO_CARD_REASONS else wire.NO_READER, text, {})

    def _told(self, message: Message) -> bytes:
        if (refused := self._unfit(message)) is not None:
            return refused
        desk, code, told = self._desk, str(message["jgdm"]), wire.content(message)
        if wire.kind_of(message) == wire.QUERY:
            found = fate_of(desk, code, told, under_way=frozenset(self._under_way))
            return self._reply(message, wire.DONE, "", found)
        return self._reply(message, *collated(desk, code, told))

    def _unfit(self, message: Message) -> bytes | None:
        """The refusal of a message that no transaction checks: of its envelope and members, or of its institution."""
        kind, told = wire.kind_of(message), wire.content(message)
        signed = self._sign_in_of(wire.envelope_of(message, self._more(message)))
        problems = [*wire.in_message(SIGN_IN, check(SIGN_IN, signed, form=self._desk.profile.form))]
        problems += wire.problems_of(kind, told) if kind != wire.CARD_READ else ()
        if problems:
            return self._invalid(message, problems)
        try:
            self._desk.institution(message["jgdm"])
        except RefusedError as error:
            return self._refused(message, error)
        return None

    def _invalid(self, message: Message, problems: Sequence[FieldProblem]) -> bytes:
        """The refusal of a message that names every wrong member."""
        listed = "；".join(str(problem) for problem in problems)
        error = RefusedError("request-invalid", count=len(problems), problems=listed, brief=_members(problems))
        return self._refused(message, error)

    def _refused(self, message: Message, error: RefusedError) -> bytes:
        msgid, kind = str(message.get("msgid") or ""), wire.kind_of(message)
        self._desk.event("refused", msgid=msgid, infno=kind, code=error.code, why=error.why, text=error.text)
        return self._reply(message, error.code, error.err_msg, {})

    def _turned_away(self, message: Message, why: str, what: str = "") -> bytes:
        code, text = error_of(self._desk.profile.gateway, GatewayProblem(why=why, what=what))
        self._desk.event("gateway-refused", code=code, why=why, text=text)
        return self._reply(message, code, text, {})

    def _reply(self, message: Message, code: str, text: str, told: Message) -> bytes:
        return encode(wire.reply_with(message, code, text, told, now=self._desk.now()))


def _members(problems: Sequence[FieldProblem]) -> str:
    """The wrong members alone, by where they stand; of rows once."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        place, _, name = re.sub(r"\[\d+\]", "", problem.path).rpartition(".")
        if name not in (names := places.setdefault(place, [])):
            names.append(name)
    return "；".join(f"{place}: {'、'.join(names)}" if place else "、".join(names) for place, names in places.items())


def _finite(value: object) -> object:
    """A message that can be written again: what is no number to the decoder (1.5e1) becomes text."""
    if is_object(value):
        return {name: _finite(inner) for name, inner in value.items()}
    if is_array(value):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) and not value.is_finite() else value


def _text(message: Message, name: str) -> str:
    """A member of the content as text; empty without it."""
    found = wire.content(message).get(name)
    return "" if found is None else str(found)


def _same(stated: str, fen: int) -> bool:
    try:
        return amount(stated) == fen
    except ValueError:
        return False
