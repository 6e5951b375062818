"""The platform's calls to the voucher centre: whose token is this, and does the person confirm the payment?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import msgspec

from fixtures.population import Institution, Person
from harness.money import Fen, format_yuan
from harness.wire.voucher_messages import (
    PAY_CONFIRM_PATH,
    RESIDENT_ID,
    TOKEN_CHECK_PATH,
    CentreReply,
    parse_reply,
    return_codes,
)

NOT_ACTIVATED = "not-activated"
"""The id of the return code for somebody whose voucher does not identify them."""
JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What came of a request to confirm a payment."""

    result: str
    """confirmed, declined, wrong-password, not-answered, token-invalid; for an ID card also not-activated."""
    channel: str = ""
    """The channel (chnlId) whose code paid; empty for other certificates, and where the centre does not say."""


class CentreUnavailableError(Exception):
    """The centre gave no answer, or none that can be read."""


class VoucherCentreClient:
    """The voucher centre at `address`; `confirm_s` real seconds are waited while a person confirms."""

    def __init__(self, client: Callable[[], httpx.AsyncClient], address: str, *, confirm_s: int) -> None:
        self._client = client
        self._address = address
        self._confirm_s = confirm_s

    async def belongs(self, token: str, person: Person, institution: Institution) -> bool:
        """Whether a token lives and is this person's at this institution. Raises CentreUnavailableError."""
        answer = await self._check(token, institution, id_no=person.id_no, name=person.name)
        return answer.accepted and answer.data.get("flag") == "1"

    async def owner(self, token: str, institution: Institution) -> str | None:
        """The ID number of a token's person (own design of our centre). Raises CentreUnavailableError."""
        answer = await self._check(token, institution, id_no="", name="")
        known = answer.accepted and answer.data.get("flag") == "1"
        return str(answer.data.get("idNo") or "") or None if known else None

    async def confirm(
        self, payer: str | Person, institution: Institution, *, amount: Fen, account: Fen, msgid: str
    ) -> Confirmation:
        """Have the holder of a token, or of an ID card, confirm with the voucher password.

        Returns when they have answered or their time is over. Raises CentreUnavailableError.
        """
        by_card = isinstance(payer, Person)
        who = {"idNo": payer.id_no, "userName": payer.name} if isinstance(payer, Person) else {"ecToken": payer}
        request = {
            **who,
            "orgId": institution.code,
            "amount": format_yuan(amount),
            "accountAmount": format_yuan(account),
            "institutionName": institution.name,
            "msgid": msgid,
        }
        answer = await self._ask(PAY_CONFIRM_PATH, request, timeout=httpx.Timeout(10, read=self._confirm_s))
        if answer.accepted:
            channel = answer.data.get("chnlId", "")
            return Confirmation(
                result=str(answer.data.get("result", "")), channel=channel if isinstance(channel, str) else ""
            )
        if not by_card:
            return Confirmation(result="token-invalid")
        not_activated = answer.code == return_codes()[NOT_ACTIVATED].code
        return Confirmation(result=NOT_ACTIVATED if not_activated else "")

    async def _check(self, token: str, institution: Institution, *, id_no: str, name: str) -> CentreReply:
        request = {
            "ecToken": token,
            "idType": RESIDENT_ID,
            "idNo": id_no,
            "userName": name,
            "orgId": institution.code,
        }
        return await self._ask(TOKEN_CHECK_PATH, request, timeout=httpx.Timeout(10))

    async def _ask(self, path: str, request: Mapping[str, str], *, timeout: httpx.Timeout) -> CentreReply:
        if not self._address:
            raise CentreUnavailableError("no voucher centre is connected")
        content = msgspec.json.encode(request)
        try:
            answer = await self._client().post(
                self._address + path, content=content, headers=JSON_HEADERS, timeout=timeout
            )
            answer.raise_for_status()
            return parse_reply(msgspec.json.decode(answer.content))
        except (httpx.HTTPError, ValueError) as error:
            raise CentreUnavailableError(f"{type(error).__name__}: {error}") from error
