"""The voucher centre's library as the adapter sees it: who a code, a face or an ID card belongs to, or a refusal.

A lost answer is as good as a refusal: nothing is booked here. What waits for somebody at the terminal waits as long as
the counter's patience for a scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.his.behaviour import Behaviour
from simulators.his.exchange import NoAnswerError, inner_object
from simulators.his.hello import Hello
from simulators.his.shanghai_library import ask_library
from simulators.his.texts import CENTRE_REASONS, Reason

OFFICE, OFFICE_NAME = "0001", "收银台"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a code or a face belongs to, and the token that stands for them."""

    id_no: str
    name: str
    token: str


@dataclass(frozen=True, kw_only=True)
class IdCard:
    """Whose an ID card is, and whether their voucher is activated."""

    id_no: str
    name: str
    activated: bool


class CentreRefusedError(Exception):
    """The centre refused, or gave no answer."""

    def __init__(self, reason: Reason, code: str | None, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code
        self.message = message


class Centre:
    """Asks the library. Every call raises CentreRefusedError; `business` is a businessType."""

    def __init__(self, hello: Hello, behaviour: Behaviour) -> None:
        self._hello = hello
        self._operator = behaviour.centre_operator(hello.operator)
        self._business = behaviour.business
        self._caches = behaviour.caches_identities
        self._heeds_echo = behaviour.heeds_echo
        self._cache: dict[str, Identity] = {}

    def identify(self, code: str, business: str, *, device: str = "") -> Identity:
        """The identity behind a scanned text (ec.query); `device` is a deviceType."""
        if self._caches and code in self._cache:
            return self._cache[code]
        more = {"deviceType": device} if device else {}
        data = self._ask("ec.query", {**self._place(business), self._hello.profile.code_field: code, **more})
        if self._heeds_echo and data.get("ecQrCode") not in {None, "", code}:
            raise CentreRefusedError(Reason.VOUCHER_CENTRE_UNAVAILABLE, None, "")
        identity = _identity(data)
        if self._caches:
            self._cache[code] = identity
        return identity

    def begin_face(self, out_biz_no: str, business: str) -> str:
        """Begin a face check (cn.nhsa.ec.auth): its authNo."""
        data = self._ask("cn.nhsa.ec.auth", {**self._place(business), "outBizNo": out_biz_no})
        return _texts(data, "authNo")[0]

    def check_face(self, auth_no: str, out_biz_no: str, business: str) -> Identity:
        """Wait for the face (cn.nhsa.auth.check): whose it is."""
        asked = {**self._place(business), "authNo": auth_no, "outBizNo": out_biz_no}
        return _identity(self._ask("cn.nhsa.auth.check", asked, waits=True))

    def read_card(self, business: str, *, device: str = "") -> IdCard:
        """Wait for an ID card (cn.nhsa.cert.get)."""
        more = {"deviceType": device} if device else {}
        data = self._ask("cn.nhsa.cert.get", {**self._place(business), **more}, waits=True)
        id_no, name = _texts(data, "idNo", "userName")
        return IdCard(id_no=id_no, name=name, activated=data.get("activated") is True)

    def take_at_box(self, out_biz_no: str, business: str, *, device: str = "") -> Identity:
        """Wait for a code or a face at Alipay's box (iot.gain.ec.qrcode): whose it is."""
        more = {"deviceType": device} if device else {}
        asked = {**self._place(business), "gainWay": "ALL", "outBizNo": out_biz_no, **more}
        return _identity(self._ask("iot.gain.ec.qrcode", asked, waits=True))

    def tell_box(self, members: Mapping[str, str]) -> None:
        """Show the result of a settlement at the box (iot.medical.settle.notify)."""
        self._ask("iot.medical.settle.notify", members)

    def notify(self, members: Mapping[str, str]) -> None:
        """Show the result of a settlement at the terminal (cn.nhsa.settle.notify)."""
        place = {name: text for name, text in self._place("").items() if name != "businessType"}
        self._ask("cn.nhsa.settle.notify", {**place, "hospitalName": self._hello.institution_name, **members})

    def _place(self, business: str) -> dict[str, str]:
        hello = self._hello
        return {
            "orgId": hello.institution,
            "businessType": self._business(business),
            "operatorId": self._operator,
            "operatorName": hello.operator_name,
            "officeId": OFFICE,
            "officeName": OFFICE_NAME,
        }

    def _ask(self, trans_type: str, data: Mapping[str, str], *, waits: bool = False) -> Mapping[str, object]:
        hello = self._hello
        request = {"orgId": hello.institution, "transType": trans_type, "data": data}
        try:
            answer = ask_library(hello, request, reply_s=hello.reply_s + (hello.wait_s if waits else 0))
            return _data(answer)
        except (NoAnswerError, ValueError) as error:
            raise CentreRefusedError(Reason.VOUCHER_CENTRE_UNAVAILABLE, None, "") from error


def _data(answer: Mapping[str, object]) -> Mapping[str, object]:
    code = answer.get("code")
    if not isinstance(code, int | str) or code == "":
        raise ValueError("the answer has no code")
    if str(code) != "0":
        reason = CENTRE_REASONS.get(str(code), Reason.PLATFORM_REFUSED)
        raise CentreRefusedError(reason, str(code), str(answer.get("message") or ""))
    return inner_object(answer.get("data"))


def _identity(data: Mapping[str, object]) -> Identity:
    name = data.get("userName")
    id_no, token = _texts(data, "idNo", "ecToken")
    return Identity(id_no=id_no, name=name if isinstance(name, str) else "", token=token)


def _texts(data: Mapping[str, object], *names: str) -> list[str]:
    found = [data.get(name) for name in names]
    texts = [value for value in found if isinstance(value, str) and value]
    if len(texts) != len(names):
        raise CentreRefusedError(Reason.VOUCHER_CENTRE_UNAVAILABLE, None, "")
    return texts
