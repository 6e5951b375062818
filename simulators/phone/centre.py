"""The phone's calls to the voucher centre: a code for a person in a channel, and the answer to a payment prompt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from fixtures.population import Person
from harness.clock import NS
from harness.wire import voucher_messages as messages
from harness.wire.voucher import password_proof
from simulators.phone.codes import Code
from simulators.phone.inbox import read_moment


class CentreRefusalError(Exception):
    """The centre answered, and said no: its code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    @property
    def not_activated(self) -> bool:
        """Whether it says that the person has no voucher."""
        return self.code == messages.return_codes()["not-activated"].code

    @property
    def member_not_bound(self) -> bool:
        """Whether it says that somebody is not of the person's family account."""
        return self.code == messages.return_codes()["member-not-bound"].code


class CentreUnavailableError(Exception):
    """The centre gave no answer, or none that can be read; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the centre says to an answer; `attempts_left` when the same prompt may be answered again."""

    result: str
    attempts_left: int


class Centre:
    """The voucher centre at `address`, as a phone sees it."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self._client = client
        self._address = address.rstrip("/")

    async def fetch_code(self, person: Person, chnl: str, *, now_ns: int, member: Person | None = None) -> Code:
        """A new code, one's own or a bound member's.

        Its refresh time counts from `now_ns`, the phone's own clock; its validity is the centre's word.

        Raises CentreRefusalError or CentreUnavailableError.
        """
        request = {
            "transType": messages.QRCODE,
            "idNo": person.id_no,
            "idType": messages.RESIDENT_ID,
            "userName": person.name,
            "chnlId": chnl,
        }
        if member is not None:
            request["memberIdNo"] = member.id_no
        data = await self._ask(messages.QRCODE_PATH, request)
        try:
            issued_ns = read_moment(data.get("issuedAt"), "issuedAt")
            return Code(
                digits=_digits(data),
                issued_ns=issued_ns,
                refresh_ns=now_ns + _seconds(data, "refreshSeconds") * NS,
                expires_ns=issued_ns + _seconds(data, "validSeconds") * NS,
            )
        except ValueError as error:
            raise CentreUnavailableError(f"its code cannot be used: {error}") from error

    async def members(self, person: Person, chnl: str) -> tuple[str, ...]:
        """The ID numbers of the members of a person's family account. Raises like `fetch_code`."""
        request = {
            "transType": messages.FAMILY,
            "idNo": person.id_no,
            "userName": person.name,
            "chnlId": chnl,
            "action": "list",
        }
        found = (await self._ask(messages.FAMILY_PATH, request)).get("members")
        rows = found if isinstance(found, list) else []
        return tuple(str(row.get("memberIdNo") or "") for row in rows if isinstance(row, dict))

    async def answer(self, prompt_id: str, password: str | None) -> Verdict:
        """Answer a prompt with the proof of a password, or decline (None).

        Raises CentreRefusalError or CentreUnavailableError.
        """
        request: dict[str, object] = {"promptId": prompt_id}
        if password is None:
            request["declined"] = True
        else:
            request["proof"] = password_proof(prompt_id, password)
        data = await self._ask(messages.PAY_ANSWER_PATH, request)
        left = data.get("attemptsLeft", 0)
        return Verdict(result=str(data.get("result", "")), attempts_left=left if isinstance(left, int) else 0)

    async def _ask(self, path: str, request: Mapping[str, object]) -> Mapping[str, object]:
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": "application/json;charset=UTF-8"}
        try:
            answer = await self._client.post(self._address + path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise CentreUnavailableError(f"it gave no answer ({type(error).__name__})") from error
        try:
            reply = messages.parse_reply(json.loads(answer.content.decode(answer.charset_encoding or "utf-8")))
        except (ValueError, LookupError) as error:
            raise CentreUnavailableError(
                f"it answered HTTP {answer.status_code} and no message that can be read"
            ) from error
        if not reply.accepted:
            raise CentreRefusalError(reply.code, reply.message)
        return reply.data


def _digits(data: Mapping[str, object]) -> str:
    digits = data.get("ecQrCode")
    if not isinstance(digits, str) or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"ecQrCode must be digits, not {digits!r}")
    return digits


def _seconds(data: Mapping[str, object], field: str) -> int:
    value = data.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{field} must be a whole number of seconds, not {value!r}")
    return value
