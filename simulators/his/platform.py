"""The platform as the adapter sees it: transactions of the institution interface, each with one of three outcomes.

Accepted: a well-formed answer with infcode 0. Refused: a well-formed answer with another. Unknown: anything else, a
time-out, HTTP 5xx, an empty or cut body, a reset; the platform may or may not have acted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from simulators.his.behaviour import Behaviour
from simulators.his.exchange import NoAnswerError, inner_object, post
from simulators.his.hello import Hello
from simulators.his.journal import Journal
from simulators.his.log import Log

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
        stamp = "".join(filter(str.isdigit, sender.at))
        number = journal.next_number(sender.at)
        msgid = behaviour.msgid(self._hello.institution, stamp, number)
        if stands_for:
            content = _with_original(content, behaviour.omsgid(stands_for, msgid))
        body = json.dumps(self._envelope(infno, msgid, content, sender), ensure_ascii=False, separators=(",", ":"))

        def write() -> None:
            with journal.transaction():
                journal.write(msgid=msgid, number=number, infno=infno, order=sender.order, at=sender.at, content=body)
                written(msgid)
            self._announce(msgid, infno)

        if behaviour.write_ahead:
            write()
        result, answer = self._send(infno, msgid, body, parse)
        if not behaviour.write_ahead:
            write()
        with journal.transaction():
            journal.finish(msgid, result=result.kind.value, answer=answer)
            finished(result)
        self._log.write(sender.at, f"{infno} {msgid} {result.kind.value} {result.code}".rstrip())
        return result

    def _send(
        self, infno: str, msgid: str, body: str, parse: Callable[[Mapping[str, object]], T]
    ) -> tuple[Result[T], str]:
        hello = self._hello
        path = hello.profile.paths.get(infno, hello.profile.any_path)
        try:
            answer = post(hello.platform + path, body.encode(), connect_s=hello.connect_s, reply_s=hello.reply_s)
            return self._read(msgid, answer, parse), json.dumps(answer, ensure_ascii=False, default=str)
        except (NoAnswerError, ValueError) as error:
            return Result(kind=Kind.UNKNOWN, msgid=msgid, message=str(error)), ""

    def _read(self, msgid: str, answer: Mapping[str, object], parse: Callable[[Mapping[str, object]], T]) -> Result[T]:
        try:
            infcode = int(str(answer["infcode"]))
        except (KeyError, ValueError) as error:
            raise ValueError("the answer has no infcode") from error
        if infcode == 0:
            return Result(kind=Kind.ACCEPTED, msgid=msgid, value=parse(inner_object(answer.get("output"))))
        code = answer.get(self._hello.profile.refusal_code_in) or infcode
        return Result(kind=Kind.REFUSED, msgid=msgid, message=str(answer.get("err_msg") or ""), code=str(code))

    def _envelope(self, infno: str, msgid: str, content: Mapping[str, object], sender: Sender) -> dict[str, object]:
        hello, profile = self._hello, self._hello.profile
        as_text = profile.input_as == "string"
        return {
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
            "opter_type": "1",
            "opter": hello.operator,
            "opter_name": hello.operator_name,
            "inf_time": sender.at,
            "fixmedins_code": hello.institution,
            "fixmedins_name": hello.institution_name,
            "sign_no": sender.sign_no,
            "input": json.dumps(content, ensure_ascii=False, separators=(",", ":")) if as_text else content,
        }


def _with_original(content: Mapping[str, object], omsgid: str) -> dict[str, object]:
    data = content["data"]
    assert isinstance(data, dict)
    return {"data": {**data, "omsgid": omsgid}}
