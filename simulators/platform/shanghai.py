"""Shanghai's front machine before the same platform: every message is put into the institution interface's words.

There is no sign-in in that protocol; each operator is signed in with their first message of a day. A settlement
(SI12) names the application number (jssqxh) of its pre-settlement (SI11); a refund (SK01) names the total of what it
refunds. Application numbers live in memory, so that a pre-settlement does not outlive a restart.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping

from fixtures.population import institutions
from harness.wire import shanghai as wire
from harness.wire.fields import is_array, is_object
from harness.wire.gateway import GatewayProblem, error_of
from harness.wire.institution import amount, decode, encode
from harness.wire.msgid import CODE_IN_MSGID
from harness.wire.voucher_messages import QR_QUERY, CentreReply
from simulators.platform.desk import Desk
from simulators.platform.dispatch import Dispatcher

AskCentre = Callable[[Mapping[str, object]], Awaitable[CentreReply | None]]
"""Asks the voucher centre to decode; None when there is no answer."""
FIRST_OWN_NUMBER, OWN_NUMBERS = 900_000_000, 100_000_000
"""Of the msgid under which an operator is signed in: no second of a day begins so."""


class FrontMachine:
    """Answers the messages of one case."""

    def __init__(self, desk: Desk, dispatcher: Dispatcher, ask_centre: AskCentre) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._ask_centre = ask_centre
        self._signed_in: dict[tuple[str, str, str], str] = {}
        self._applications: dict[str, bytes] = {}

    async def answer(self, raw: bytes) -> bytes:
        """The answer to a message. Raises AbandonedError when the case ended meanwhile."""
        try:
            message = decode(raw)
        except ValueError:
            return self._turned_away({}, "no-json")
        infno = wire.infno_of(message)
        if not infno:
            return self._turned_away(message, "type-unknown", str(message.get("xxlxm") or ""))
        if infno == QR_QUERY:
            return await self._decoded(message)
        if (refused := self._refusal(message, infno)) is not None:
            return refused
        request = await self._signed(wire.to_national(message, self._more(message)))
        answer = decode(await self._dispatcher.answer(encode(request), called=None))
        reply = wire.reply_from_national(message, answer, now=self._desk.now())
        if message["xxlxm"] == wire.PRE_SETTLE and reply["xxfhm"] == wire.DONE:
            number = f"JS{message['msgid']}"
            self._applications[number] = _digest(message)
            reply["xxnr"] = {**wire.content(reply), "jssqxh": number}
        return encode(reply)

    def _refusal(self, message: Mapping[str, object], infno: str) -> bytes | None:
        told = wire.content(message)
        if message["xxlxm"] == wire.SETTLE:
            number = str(told.get("jssqxh") or "")
            if self._applications.get(number) != _digest(message):
                return self._turned_away(message, "application-unknown", number)
        if infno == "2103":
            original = self._desk.ledger.settlement(str(told.get("translsh") or ""))
            stated = str(told.get("totalexpense") or "")
            if original is not None and not _same(stated, original.total_fen):
                return self._turned_away(message, "expense-disagrees", stated)
        return None

    def _more(self, message: Mapping[str, object]) -> dict[str, str]:
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
            envelope = {name: value for name, value in request.items() if name not in {"input", "insuplc_admdvs"}}
            sign_in = {
                **envelope,
                "infno": "9001",
                "msgid": f"{code[:CODE_IN_MSGID]}{now:%Y%m%d}{own}",
                "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
                "input": {"signIn": {"opter_no": operator, "mac": "", "ip": "0.0.0.0"}},  # none is known
            }
            answer = decode(await self._dispatcher.answer(encode(sign_in), called=None))
            output = answer.get("output")
            signed = output.get("signinoutb") if is_object(output) else None
            if not is_object(signed):
                return request
            self._signed_in[key] = str(signed["sign_no"])
        return {**request, "sign_no": self._signed_in[key]}

    async def _decoded(self, message: Mapping[str, object]) -> bytes:
        found = await self._ask_centre(wire.to_national(message, {}))
        if found is None:
            return self._turned_away(message, "centre-unavailable")
        answer = {"code": found.code, "message": found.message, "data": found.data}
        return encode(wire.reply_from_national(message, answer, now=self._desk.now()))

    def _turned_away(self, message: Mapping[str, object], why: str, what: str = "") -> bytes:
        code, text = error_of(self._desk.profile.gateway, GatewayProblem(why=why, what=what))
        self._desk.event("gateway-refused", code=code, why=why, text=text)
        return encode(
            wire.reply_from_national(message, {"infcode": -1, "warn_msg": code, "err_msg": text}, now=self._desk.now())
        )


def _digest(message: Mapping[str, object]) -> bytes:
    """What SI11 and SI12 must have in common."""
    told = {key: value for key, value in wire.content(message).items() if key not in {"jssqxh", "jzrq"}}
    rows = told.get("mxs")
    lines = [row for row in rows if is_object(row)] if is_array(rows) else []
    told["mxs"] = [{key: value for key, value in row.items() if key != "fyrq"} for row in lines]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()


def _same(stated: str, fen: int) -> bool:
    try:
        return amount(stated) == fen
    except ValueError:
        return False
