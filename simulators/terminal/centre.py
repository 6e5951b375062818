"""The terminal's calls to the voucher centre: what was held before it, cancel, and the answer to a prompt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from harness.wire import voucher_messages as messages
from harness.wire.voucher import password_proof

JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}


class CentreRefusalError(Exception):
    """The centre answered, and said no: its code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class CentreUnavailableError(Exception):
    """The centre gave no answer, or none that can be read; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the centre says to a typed password; `attempts_left` when the prompt stays."""

    result: str
    attempts_left: int


class Centre:
    """The voucher centre at `address`, as the terminal of one institution sees it; empty when there is none."""

    def __init__(self, client: httpx.AsyncClient, address: str, institution: str) -> None:
        self._client = client
        self._address = address.rstrip("/")
        self._institution = institution

    async def present(self, kind: str, text: str, **more: str) -> None:
        """Tell what a person holds before the terminal. Raises CentreRefusalError or CentreUnavailableError."""
        request = {"orgId": self._institution, "kind": kind, "text": text, **more}
        await self._ask(messages.TERMINAL_PRESENT_PATH, request)

    async def cancel(self) -> int:
        """Cancel was pressed; how many of the centre's calls that ended. Raises as `present`."""
        data = await self._ask(messages.TERMINAL_CANCEL_PATH, {"orgId": self._institution})
        return int(str(data.get("cancelled", 0)))

    async def answer(self, prompt_id: str, password: str | None) -> Verdict:
        """Answer a prompt with the proof of a password, or decline (None). Raises as `present`."""
        request: dict[str, object] = {"promptId": prompt_id}
        if password is None:
            request["declined"] = True
        else:
            request["proof"] = password_proof(prompt_id, password)
        data = await self._ask(messages.PAY_ANSWER_PATH, request)
        left = data.get("attemptsLeft", 0)
        return Verdict(result=str(data.get("result", "")), attempts_left=left if isinstance(left, int) else 0)

    async def library(self, request: Mapping[str, object], path: str) -> tuple[int, str, str]:
        """A call of the terminal library as it is: its code, its message, and the whole answer as text.

        Waits as long as the centre does; `path` is empty for the usual one. Raises CentreUnavailableError.
        """
        if not self._address:
            raise CentreUnavailableError("none is connected")
        address = self._address + (path or messages.QR_QUERY_PATH)
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._client.post(address, content=body, headers=JSON_HEADERS, timeout=None)
        except httpx.HTTPError as error:
            raise CentreUnavailableError(f"it gave no answer ({type(error).__name__})") from error
        try:
            text = answer.content.decode(answer.charset_encoding or "utf-8")
            reply = messages.parse_reply(json.loads(text))
        except (ValueError, LookupError, RecursionError) as error:
            raise CentreUnavailableError(
                f"it answered HTTP {answer.status_code} and nothing that can be read"
            ) from error
        return reply.code, reply.message, text

    async def asked(self, since: int) -> Mapping[str, object]:
        """What calls at the centre wait for here, once that has changed after state `since`. Raises as `present`."""
        query = {"orgId": self._institution, "since": str(since)}
        try:
            answer = await self._client.get(self._address + messages.TERMINAL_ASKED_PATH, params=query, timeout=None)
        except httpx.HTTPError as error:
            raise CentreUnavailableError(f"it gave no answer ({type(error).__name__})") from error
        return _data(answer)

    async def _ask(self, path: str, request: Mapping[str, object]) -> Mapping[str, object]:
        if not self._address:
            raise CentreUnavailableError("none is connected")
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._client.post(self._address + path, content=body, headers=JSON_HEADERS)
        except httpx.HTTPError as error:
            raise CentreUnavailableError(f"it gave no answer ({type(error).__name__})") from error
        return _data(answer)


def _data(answer: httpx.Response) -> Mapping[str, object]:
    try:
        reply = messages.parse_reply(json.loads(answer.content.decode(answer.charset_encoding or "utf-8")))
    except (ValueError, LookupError) as error:
        raise CentreUnavailableError(f"it answered HTTP {answer.status_code} and nothing that can be read") from error
    if not reply.accepted:
        raise CentreRefusalError(reply.code, reply.message)
    return reply.data
