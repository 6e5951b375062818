"""The platform as the adapter sees it: transactions of the institution interface, each with one of three outcomes.

Accepted: a well-formed answer with infcode 0. Refused: a well-formed answer with another. Unknown: anything else, a
time-out, HTTP 5xx, an empty or cut body, a reset; the platform may or may not have acted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from simulators.his.behaviour import MSGID_FORMS, Behaviour
from simulators.his.behaviour import msgid as default_msgid
from simulators.his.echo import require_message, require_own
from simulators.his.exchange import EmptyAnswerError, NoAnswerError, StatusError, inner_object, post
from simulators.his.gateway import Sealing
from simulators.his.hello import Hello
from simulators.his.journal import Amounts, Journal
from simulators.his.log import Log
from simulators.his.shanghai import SIGN_IN, Shanghai

T = TypeVar("T")


class Kind(StrEnum):
    """How a transaction ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T]):
    """What came of a transaction; `value` when it was accepted, `message` (err_msg) and `code` when refused."""

    kind: Kind
    msgid: str
    value: T | None = None
    message: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Under what a transaction is sent."""

    at: str
    """The cashier's time, yyyy-MM-dd HH:mm:ss."""
    order: str
    sign_no: str
    insuplc: str = ""
    """The insured place (insuplc_admdvs), due with every psn_no."""
    opter_type: str = "1"
    """1 a cashier, 2 a self-service terminal, 3 a mobile one."""


class Platform:
    """Sends transactions, each journalled before it goes; `announce` tells the cashier's desk of each."""

    def __init__(
        self, hello: Hello, journal: Journal, behaviour: Behaviour, log: Log, announce: Callable[[str, str], None]
    ) -> None:
        self._hello = hello
        self._journal = journal
        self._behaviour = behaviour
        self._log = log
        self._announce = announce
        self._shanghai = (
            Shanghai(hello, behaviour.shanghai, paid=self._paid, kind_sent=self._kind_sent)
            if hello.profile.protocol == "shanghai"
            else None
        )

    def call(
        self,
        infno: str,
        content: Mapping[str, object],
        *,
        sender: Sender,
        parse: Callable[[Mapping[str, object]], T],
        written: Callable[[str], None] = lambda _: None,
        finished: Callable[[Result[T]], None] = lambda _: None,
        stands_for: str = "",
    ) -> Result[T]:
        """Send a transaction and wait for its end.

        `parse` makes a value of the output or raises ValueError. `written` is called in the journal's transaction that
        writes the msgid, `finished` in the one that writes the result. `stands_for` is the msgid that a reversal means.
        """
        behaviour, journal = self._behaviour, self._journal
        if self._shanghai is not None and infno == SIGN_IN:
            return self._signed_in(parse, finished)
        stamp = "".join(filter(str.isdigit, sender.at))
        number = journal.next_number(sender.at)
        msgid = self._msgid(stamp, number)
        if stands_for:
            content = _with_original(content, behaviour.omsgid(stands_for, msgid))
        body = json.dumps(self._message(infno, msgid, content, sender), ensure_ascii=False, separators=(",", ":"))

        def write() -> None:
            with journal.transaction():
                journal.write(msgid=msgid, number=number, infno=infno, order=sender.order, at=sender.at, content=body)
                written(msgid)
            self._announce(msgid, infno)

        if behaviour.write_ahead:
            write()
        result, answer = self._send(infno, msgid, body, sender, parse, content=content)
        if not behaviour.write_ahead:
            write()
        with journal.transaction():
            journal.finish(msgid, result=result.kind.value, answer=answer)
            finished(result)
        self._log.write(sender.at, f"{infno} {msgid} {result.kind.value} {result.code}".rstrip())
        return result

    def again(
        self,
        msgid: str,
        *,
        at: str,
        parse: Callable[[Mapping[str, object]], T],
        finished: Callable[[Result[T]], None] = lambda _: None,
    ) -> Result[T]:
        """Send what the journal holds under a msgid once more, as it was; the platform answers it as it did or does.

        `at` is the time of the repetition, for the gateway; what that turns away is as unknown as it was.
        """
        kept = self._journal.message(msgid)
        if kept is None:
            raise ValueError(f"nothing was sent under {msgid}")
        infno, _, body = kept
        sender = Sender(at=at, order="", sign_no="")
        number = self._journal.next_number(at)
        content = inner_object(json.loads(body).get("input"))
        result, answer = self._send(infno, msgid, body, sender, parse, content=content, again=number)
        with self._journal.transaction():
            self._journal.finish(msgid, result=result.kind.value, answer=answer)
            finished(result)
        self._log.write(at, f"{infno} {msgid} again {result.kind.value} {result.code}".rstrip())
        return result

    def _signed_in(
        self, parse: Callable[[Mapping[str, object]], T], finished: Callable[[Result[T]], None]
    ) -> Result[T]:
        """The cashier's day begins without a message, since the protocol has none for it."""
        value = parse({"signinoutb": {"sign_no": "-"}})
        result = Result(kind=Kind.ACCEPTED, msgid="", value=value)
        with self._journal.transaction():
            finished(result)
        return result

    def _paid(self, order: str, setl_id: str) -> Amounts:
        """How a settlement of an order was paid; the newest where none has this setl_id, nothing without any."""
        found = [settlement for settlement in self._journal.of_order(order) if settlement.setl_id]
        named = [settlement for settlement in found if settlement.setl_id == setl_id] or found
        return named[-1].amounts if named else Amounts(total=0, fund=0, account=0, cash=0)

    def _kind_sent(self, msgid: str) -> str:
        """The type of message that a msgid was sent under; empty when it was never sent."""
        kept = self._journal.message(msgid)
        return "" if kept is None else str(json.loads(kept[2]).get("xxlxm") or "")

    def _message(self, infno: str, msgid: str, content: Mapping[str, object], sender: Sender) -> dict[str, object]:
        if self._shanghai is None:
            return self._envelope(infno, msgid, content, sender)
        told = {"at": self._behaviour.sent_at(sender.at), "order": sender.order, "insuplc": sender.insuplc}
        return self._shanghai.message(infno, msgid, content, **told, opter_type=sender.opter_type)

    def _msgid(self, stamp: str, number: int) -> str:
        make = self._behaviour.msgid
        if make is default_msgid:
            make = MSGID_FORMS[self._behaviour.msgid_form(self._hello.profile.msgid_form)]
        return make(self._hello.institution, stamp, number)

    def _send(
        self,
        infno: str,
        msgid: str,
        body: str,
        sender: Sender,
        parse: Callable[[Mapping[str, object]], T],
        *,
        content: Mapping[str, object],
        again: int = 0,
    ) -> tuple[Result[T], str]:
        hello, profile = self._hello, self._hello.profile
        path = profile.any_path if profile.single_path else profile.paths.get(infno, profile.any_path)
        charset = self._behaviour.shanghai.charset(profile.charset_in)
        raw = body.encode(charset)
        seal = Sealing(profile=profile, at=sender.at, msgid=msgid, body=raw, again=again)
        try:
            answer = post(
                hello.platform + self._behaviour.path(path),
                raw,
                connect_s=hello.connect_s,
                reply_s=hello.reply_s,
                headers=self._behaviour.sealed(seal),
                charset=charset,
                trust=hello.trust,
            )
            if self._behaviour.heeds_echo:
                require_message(msgid, answer)
            read = self._shanghai.national(infno, sender.order, answer) if self._shanghai is not None else answer
            text = json.dumps(answer, ensure_ascii=False, default=str)
            if again and self._gateway_refused(read):
                message = "the gateway turned the repetition away"
                return Result(kind=Kind.UNKNOWN, msgid=msgid, message=message), text
            return self._read(infno, msgid, content, read, parse), text
        except (NoAnswerError, ValueError) as error:
            kind = Kind.REFUSED if self._taken_as_refusal(error) else Kind.UNKNOWN
            return Result(kind=kind, msgid=msgid, message=str(error)), ""

    def _taken_as_refusal(self, error: Exception) -> bool:
        """Never by the right adapter: nobody knows what became of a message without a proper answer."""
        match error:
            case EmptyAnswerError():
                return not self._behaviour.shanghai.empty_is_no_answer
            case StatusError():
                return error.status in self._behaviour.refusing_statuses
            case _:
                return False

    def _read(
        self,
        infno: str,
        msgid: str,
        content: Mapping[str, object],
        answer: Mapping[str, object],
        parse: Callable[[Mapping[str, object]], T],
    ) -> Result[T]:
        if self._gateway_refused(answer):
            message = str(answer.get("message") or "")
            return Result(kind=Kind.REFUSED, msgid=msgid, message=message, code=str(answer["code"]))
        try:
            infcode = int(str(answer["infcode"]))
        except (KeyError, ValueError) as error:
            raise ValueError("the answer has no infcode") from error
        if infcode == 0:
            output = inner_object(answer.get("output"))
            if self._behaviour.heeds_echo:
                require_own(infno, msgid, content, output)
            return Result(kind=Kind.ACCEPTED, msgid=msgid, value=parse(self._behaviour.answered(output)))
        code = answer.get(self._hello.profile.refusal_code_in) or infcode
        return Result(kind=Kind.REFUSED, msgid=msgid, message=str(answer.get("err_msg") or ""), code=str(code))

    def _gateway_refused(self, answer: Mapping[str, object]) -> bool:
        """Whether the gateway turned the request away, so that the platform never saw it."""
        profile = self._hello.profile
        gateway = profile.gateway
        expected = bool(profile.headers) or gateway.get("kind", "none") != "none" or bool(gateway.get("cainfo"))
        return expected and "infcode" not in answer and str(answer.get("code") or "0") != "0"

    def _envelope(self, infno: str, msgid: str, content: Mapping[str, object], sender: Sender) -> dict[str, object]:
        hello, profile = self._hello, self._hello.profile
        as_text = self._behaviour.input_as(profile.input_as) == "string"
        content = _in_own_codes(content, self._behaviour.own_codes(profile.cert_type_codes))
        envelope = {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": hello.admdvs,
            "insuplc_admdvs": sender.insuplc,
            "recer_sys_code": profile.recer_sys_code,
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": self._behaviour.signtype(infno, profile.signtype),
            "infver": profile.infver,
            "opter_type": sender.opter_type,
            "opter": hello.operator,
            "opter_name": hello.operator_name,
            "inf_time": self._behaviour.sent_at(sender.at),
            "fixmedins_code": hello.institution,
            "fixmedins_name": hello.institution_name,
            "sign_no": sender.sign_no,
            **self._behaviour.members(profile.envelope),
            "input": json.dumps(content, ensure_ascii=False, separators=(",", ":")) if as_text else content,
        }
        return {**envelope, "cainfo": self._behaviour.signed_envelope(profile.gateway, envelope)}


def _in_own_codes(content: Mapping[str, object], codes: Mapping[str, str]) -> Mapping[str, object]:
    """The input with the province's mdtrt_cert_type."""

    def spelt(node: object) -> object:
        if not codes or not isinstance(node, dict) or "mdtrt_cert_type" not in node:
            return node
        national = str(node["mdtrt_cert_type"])
        return {**node, "mdtrt_cert_type": codes.get(national, national)}

    return {name: spelt(node) for name, node in content.items()}


def _with_original(content: Mapping[str, object], omsgid: str) -> dict[str, object]:
    data = content["data"]
    assert isinstance(data, dict)
    return {"data": {**data, "omsgid": omsgid}}
