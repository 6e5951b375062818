"""The voucher centre as the adapter sees it: a scanned text goes in, an identity or a refusal comes out (ec.query)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.his.behaviour import Behaviour
from simulators.his.exchange import NoAnswerError, inner_object, post
from simulators.his.hello import Hello
from simulators.his.texts import CENTRE_REASONS, Reason

PHARMACY_PURCHASE = "02121"
OFFICE, OFFICE_NAME = "0001", "收银台"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a code belongs to, and the token that stands for them."""

    id_no: str
    name: str
    token: str


class CentreRefusedError(Exception):
    """The centre refused, or gave no answer."""

    def __init__(self, reason: Reason, code: str | None, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code
        self.message = message


class Centre:
    """Asks who a code belongs to. A lost answer is as good as a refusal: nothing is booked here."""

    def __init__(self, hello: Hello, behaviour: Behaviour) -> None:
        self._hello = hello
        self._caches = behaviour.caches_identities
        self._cache: dict[str, Identity] = {}

    def identify(self, code: str) -> Identity:
        """The identity behind a scanned text. Raises CentreRefusedError."""
        if self._caches and code in self._cache:
            return self._cache[code]
        identity = self._ask(code)
        if self._caches:
            self._cache[code] = identity
        return identity

    def _ask(self, code: str) -> Identity:
        hello = self._hello
        request = {
            "orgId": hello.institution,
            "transType": "ec.query",
            "data": {
                "orgId": hello.institution,
                "businessType": PHARMACY_PURCHASE,
                "operatorId": hello.operator,
                "operatorName": hello.operator_name,
                "officeId": OFFICE,
                "officeName": OFFICE_NAME,
                hello.profile.code_field: code,
            },
        }
        try:
            answer = post(
                hello.voucher_centre + hello.profile.voucher_path,
                json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode(),
                connect_s=hello.connect_s,
                reply_s=hello.reply_s,
            )
            return _identity(answer)
        except (NoAnswerError, ValueError) as error:
            raise CentreRefusedError(Reason.VOUCHER_CENTRE_UNAVAILABLE, None, "") from error


def _identity(answer: Mapping[str, object]) -> Identity:
    code = answer.get("code")
    if not isinstance(code, int | str) or code == "":
        raise ValueError("the answer has no code")
    if str(code) != "0":
        reason = CENTRE_REASONS.get(str(code), Reason.PLATFORM_REFUSED)
        raise CentreRefusedError(reason, str(code), str(answer.get("message") or ""))
    data = inner_object(answer.get("data"))
    found = [data.get(name) for name in ("idNo", "userName", "ecToken")]
    id_no, name, token = (value if isinstance(value, str) else "" for value in found)
    if not id_no or not token:
        raise ValueError("the identity is not complete")
    return Identity(id_no=id_no, name=name, token=token)
