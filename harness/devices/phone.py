"""The driver of a phone: have a person show a code, answer a payment prompt, read the account's notices and bills.

phone = PhoneDriver("http://127.0.0.1:8001")
shown = phone.show("P001", channel="alipay")
phone.confirm("P001", "143709")
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from harness.devices.http import HttpClient, Reply
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.money import Fen, parse_yuan

DEFAULT_CHANNEL = "nhsa-app"
"""The national app."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A code on a phone's screen: its PNG, its digits and its times, nanoseconds since 1970 on the bench's clock."""

    picture: bytes
    digits: str
    issued_ns: int
    expires_ns: int


@dataclass(frozen=True, kw_only=True)
class PromptOnScreen:
    """The payment prompt that waits for its answer; `waiting` counts it and those behind it."""

    id: str
    amount: Fen
    account: Fen
    institution: str
    expires_ns: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class NoticeOnScreen:
    """One notice of a movement of the personal account; `amount` is negative when it came back to the account."""

    amount: Fen
    balance: Fen
    setl_id: str
    kind: str
    at: str


@dataclass(frozen=True, kw_only=True)
class BillOnScreen:
    """One line of a channel's bills page; what came back has negative amounts and names what it `reverses`."""

    setl_id: str
    reverses: str
    institution: str
    total: Fen
    fund: Fen
    account: Fen
    own: Fen
    at: str


class PhoneDriver:
    """The phones at `address`. Every call raises Refused, BenchError or PeerViolation when it does not succeed."""

    def __init__(self, address: str, *, tls: ClientTls = NOTHING_SAID) -> None:
        self._http = HttpClient(address, party="the phone", tls=tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def show(
        self,
        person_id: str,
        *,
        channel: str = DEFAULT_CHANNEL,
        kind: str = "voucher",
        format: str = "qr",  # noqa: A002 - the phone's own word
        fresh: bool = False,
    ) -> Shown:
        """What the person holds under the scanner.

        `kind` is voucher or pay, `format` qr, barcode or both; `fresh` has the app refresh first.
        Raises Refused when it shows none: 409 when the person has no voucher, 503 when the centre cannot be reached.
        """
        path = f"{_person(person_id)}/code.png"
        query = {"channel": channel, "kind": kind, "format": format, "fresh": str(int(fresh))}
        reply = self._http.get(path, query)
        if reply.status != HTTPStatus.OK:
            self._http.read_json(f"GET {path}", reply)
        return self._shown(f"GET {path}", reply)

    def prompt(self, person_id: str) -> PromptOnScreen | None:
        """The payment prompt on the person's screen, if there is one."""
        path = f"{_person(person_id)}/prompt"
        reply = self._http.get(path)
        content = self._http.read_json(f"GET {path}", reply)
        if content == {}:
            return None
        try:
            return PromptOnScreen(
                id=content["promptId"],
                amount=parse_yuan(content["amount"]),
                account=parse_yuan(content["accountAmount"]),
                institution=content["institutionName"],
                expires_ns=content["expires_ns"],
                waiting=content["waiting"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.nonsense(f"GET {path}", reply) from error

    def confirm(self, person_id: str, password: str) -> str:
        """Type the payment password; the centre's result: confirmed or wrong-password.

        Raises Refused (409) when no prompt waits, or none any longer.
        """
        return self._answer(person_id, {"password": password})

    def decline(self, person_id: str) -> str:
        """Decline the payment; the centre's result: declined. Raises Refused as `confirm` does."""
        return self._answer(person_id, {"decline": True})

    def notices(self, person_id: str) -> list[NoticeOnScreen]:
        """The account's notices, newest first."""
        path = f"{_person(person_id)}/notices"
        reply = self._http.get(path)
        content = self._http.read_json(f"GET {path}", reply)
        try:
            return [_notice(row) for row in content]
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.nonsense(f"GET {path}", reply) from error

    def bills(self, person_id: str, *, channel: str) -> list[BillOnScreen]:
        """A channel's bills page, newest first. Raises Refused (409) for a channel that has none."""
        path = f"{_person(person_id)}/bills.json"
        reply = self._http.get(path, {"channel": channel})
        content = self._http.read_json(f"GET {path}", reply)
        try:
            return [_bill(row) for row in content]
        except (KeyError, TypeError, ValueError) as error:
            raise self._http.nonsense(f"GET {path}", reply) from error

    def _answer(self, person_id: str, answer: dict[str, Any]) -> str:
        return str(self._http.post_json(f"{_person(person_id)}/confirm", answer).get("result", ""))

    def _shown(self, request: str, reply: Reply) -> Shown:
        try:
            return Shown(
                picture=reply.body,
                digits=reply.headers["x-code"],
                issued_ns=int(reply.headers["x-issued-ns"]),
                expires_ns=int(reply.headers["x-expires-ns"]),
            )
        except (KeyError, ValueError) as error:
            raise self._http.nonsense(request, reply) from error


def _person(person_id: str) -> str:
    return f"/people/{quote(person_id, safe='')}"


def _bill(row: dict[str, Any]) -> BillOnScreen:
    return BillOnScreen(
        setl_id=row["setlId"],
        reverses=row["reverses"],
        institution=row["institutionName"],
        total=parse_yuan(row["total"]),
        fund=parse_yuan(row["fund"]),
        account=parse_yuan(row["account"]),
        own=parse_yuan(row["own"]),
        at=row["at"],
    )


def _notice(row: dict[str, Any]) -> NoticeOnScreen:
    return NoticeOnScreen(
        amount=parse_yuan(row["amount"]),
        balance=parse_yuan(row["balance"]),
        setl_id=row["setlId"],
        kind=row["kind"],
        at=row["at"],
    )
