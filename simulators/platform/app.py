"""The platform's doors: one path for each transaction (the profile's), one that takes any, and the back door's state.

In faults a message is called by its transaction: 2102, 9001, …
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from functools import partial

import httpx
import msgspec
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError
from harness.faults.catalogue import ON_PLATFORM
from harness.line.http_connection import connection_of
from harness.line.record import JsonValue
from harness.wire import shanghai
from harness.wire.institution import decode
from harness.wire.profile import load_profile
from harness.wire.voucher_messages import (
    PUSH_BILL_PATH,
    PUSH_NOTICE_PATH,
    QR_QUERY,
    QR_QUERY_PATH,
    CentreReply,
    parse_reply,
)
from simulators.kit.faulty import due_fault
from simulators.kit.http_party import PEER_TIMEOUT_S, HttpParty
from simulators.kit.quick_paths import answer, whole_body
from simulators.platform.bills import Bills
from simulators.platform.call import Writer
from simulators.platform.centre import JSON_HEADERS, VoucherCentreClient
from simulators.platform.desk import AbandonedError, Desk
from simulators.platform.dispatch import Dispatcher, open_accounts
from simulators.platform.disturbed import serving
from simulators.platform.gateway import Gateway, TurnedAwayError
from simulators.platform.insurance_office import InsuranceOffice
from simulators.platform.ledger import Ledger
from simulators.platform.mutants import office_for
from simulators.platform.settings import AmountsAs, Durability, PlatformSettings
from simulators.platform.shanghai import FrontMachine
from simulators.platform.staff import register_of


class _Named(msgspec.Struct):
    """All of a request that faults go by."""

    infno: str = ""
    xxlxm: str = ""
    xxnr: dict[str, object] = {}


_NAMED = msgspec.json.Decoder(_Named)


class Platform:
    """The platform as a device of a bench; `part` numbers it, from 0, where several processes are one platform."""

    def __init__(
        self,
        context: SimulatorContext,
        settings: PlatformSettings,
        *,
        part: int | None = None,
        party: Callable[..., HttpParty] = HttpParty,
    ) -> None:
        self._context = context
        self._settings = settings
        self._office = office_for(settings.mutant)
        if settings.staff_register:
            register_of(settings.staff_register)  # which says what is wrong with it before anybody asks
        self._profile = load_profile(context.profile)
        self._called = {path: infno for infno, path in self._profile.paths.items()}
        self._gateway = (
            None
            if self._profile.plain
            else Gateway(self._profile, name=context.name, clock=context.clock, tape=context.tape)
        )
        self._peers: Mapping[str, str] = {}
        self._ledger: Ledger | None = None
        self._case = 0
        self._current: tuple[Desk, Dispatcher] | None = None
        self._paths: Mapping[str, str | None] = {**self._called, self._profile.any_path: None}
        self._front: FrontMachine | None = None
        self._part = part
        self._said = ""
        self._content_type = f"application/json;charset={self._profile.charset_out.upper()}".encode()
        self._party = party(
            context,
            self._serve,
            name_of=self._name_of,
            state=self.state,
            reset=self._reset,
            own_effects=ON_PLATFORM,
            back_routes=InsuranceOffice(lambda: self._current[0] if self._current else None).routes(),
        )

    async def start(self) -> Endpoints:
        """Open the ledger and both doors. Raises BenchError when the ledger's file cannot be used."""
        self.open_books()
        return await self._party.start()

    def open_books(self) -> None:
        """Open the ledger without the doors. Raises BenchError."""
        # On a bench each booking is committed by itself: two devices of one loop may share a file.
        together = not self._context.clock.steppable
        full = self._settings.durability is Durability.FULL
        self._ledger = Ledger(
            self._settings.ledger,
            full=full,
            together=together,
            shared=self._part is not None,
            patience_s=self._settings.lock_patience_s,
        )
        self._current = self._new_case(self._ledger)

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where voucher centre and phone are."""
        self._peers = dict(peers)
        if self._ledger is not None:
            self._current = self._new_case(self._ledger)

    async def reset(self, *, seed: int) -> None:
        """Close all books and open new ones, in a file, too; whoever still waits is hung up on."""
        del seed  # nothing is drawn at random here
        if self._ledger is not None:
            self._abandon()
            self._ledger.clear()
            self.begin_again()
            await self._ledger.flushed()  # other programs on these books, and a restart, find them new

    def begin_again(self) -> None:
        """A new case begins on the books as they are; whoever still waits is hung up on."""
        if self._ledger is None:
            return
        self._abandon()
        self._current = self._new_case(self._ledger)
        if self._gateway is not None:
            self._gateway.forget()
        self._party.renumber()

    async def stop(self) -> None:
        """Close both doors and the ledger."""
        self._abandon()
        await self._party.stop()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    async def _reset(self, seed: int) -> None:
        await self.reset(seed=seed)

    def _abandon(self) -> None:
        self._case += 1
        if self._current is not None:
            self._current[1].abandon()

    def _new_case(self, ledger: Ledger) -> tuple[Desk, Dispatcher]:
        case = self._case
        amounts = self._settings.amounts
        as_numbers = amounts is AmountsAs.NUMBER or (
            amounts is AmountsAs.PROFILE and self._profile.amounts_as == AmountsAs.NUMBER
        )
        desk = self._office.desk(
            name=self._context.name,
            settings=self._settings,
            profile=self._profile,
            clock=self._context.clock,
            tape=self._context.tape,
            ledger=ledger,
            writer=Writer(self._profile, amounts_as_numbers=as_numbers, part=self._part or 0),
            centre=VoucherCentreClient(
                lambda: self._party.client, self._peers.get("voucher-centre", ""), confirm_s=self._settings.confirm_s
            ),
            notify=partial(self._to_phone, PUSH_NOTICE_PATH),
            bills=Bills(partial(self._to_phone, PUSH_BILL_PATH)),
            over=lambda: self._case != case,
        )
        open_accounts(desk)
        dispatcher = self._office.dispatcher(desk)
        if self._profile.protocol == shanghai.SHANGHAI:
            self._front = FrontMachine(desk, dispatcher, self._ask_centre, self._ask_reader)
        return desk, dispatcher

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. No routing framework stands here: it would cost as much as a settlement's rules."""
        path = scope["path"]
        if path not in self._paths:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
            return
        if scope["method"] != "POST":
            await PlainTextResponse("Method Not Allowed", 405, {"allow": "POST"})(scope, receive, send)
            return
        assert self._current is not None
        status = 200
        body = await whole_body(receive)
        try:
            if (fault := due_fault(scope)) is None:
                reply = await self._replied(scope, body)
            else:
                with serving(fault):
                    reply = await self._replied(scope, body)
        except TurnedAwayError as error:
            status, reply = error.status, error.body
        except AbandonedError:
            connection = connection_of(scope)
            connection.abort()
            await connection.gone.wait()
            return
        except BenchError as error:
            self._out_of_order(error)
            await PlainTextResponse("Service Unavailable", 503)(scope, receive, send)
            return
        except Exception:
            await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
            raise
        await answer(send, reply, content_type=self._content_type, status=status)

    def _out_of_order(self, error: BenchError) -> None:
        """The ledger cannot be used: said once in the log, however many ask, until it says something else."""
        self._context.tape.event(self._context.name, "out-of-order", problem=error.problem)
        if str(error) != self._said:
            self._said = str(error)
            print(error, file=sys.stderr, flush=True)

    async def _replied(self, scope: Scope, body: bytes) -> bytes:
        """The answer to a request, by way of the province's gateway, if it has one. Raises TurnedAwayError."""
        assert self._current is not None
        gateway, dispatcher, called = self._gateway, self._current[1], self._paths[scope["path"]]
        if gateway is None:
            return await dispatcher.answer(body, called=called)
        body = gateway.let_in(scope["headers"], body)
        if self._front is not None:
            return gateway.let_out(await self._front.answer(body))
        return gateway.let_out(await dispatcher.answer(body, called=called))

    async def _ask_centre(self, query: Mapping[str, object]) -> CentreReply | None:
        """Have the voucher centre decode, where the province's platform does so; None without an answer."""
        try:
            answer = await self._party.client.post(
                self._peers.get("voucher-centre", "") + QR_QUERY_PATH,
                content=msgspec.json.encode(query),
                headers=JSON_HEADERS,
            )
            return parse_reply(answer.raise_for_status().json())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    async def _ask_reader(self, institution: str) -> Mapping[str, object] | None:
        """Have the card reader read, where the province's front machine does so; None without an answer."""
        try:
            answer = await self._party.client.post(
                self._peers.get("terminal", "") + shanghai.READ_CARD_PATH,
                content=msgspec.json.encode({"orgId": institution}),
                headers=JSON_HEADERS,
                timeout=httpx.Timeout(10, read=self._settings.confirm_s),
            )
            return decode(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    def _name_of(self, path: str, body: bytes) -> str:
        if path in self._called:
            return self._called[path]
        try:
            named = _NAMED.decode(body)
            return named.infno or _in_shanghai(named) or path
        except (msgspec.DecodeError, RecursionError):
            return path

    async def _to_phone(self, path: str, message: Mapping[str, object]) -> bool:
        if "phone" not in self._peers:
            return False
        try:
            async with asyncio.timeout(PEER_TIMEOUT_S):  # that of the client is for each piece of an answer
                answer = await self._party.client.post(
                    self._peers["phone"] + path, content=msgspec.json.encode(message), headers=JSON_HEADERS
                )
        except (httpx.HTTPError, TimeoutError):
            return False
        return answer.is_success

    def state(self) -> Mapping[str, JsonValue]:
        """What stands in the books, for the back door."""
        if self._ledger is None or self._current is None:
            return {}
        return {
            "profile": self._profile.name,
            "paths": {infno: path for path, infno in self._called.items()},
            **self._current[0].state(),
        }


def _in_shanghai(named: _Named) -> str:
    """The transaction of a message of that protocol; SE01 and what is no transaction keep their own names."""
    found = shanghai.infno_of({"xxlxm": named.xxlxm, "xxnr": named.xxnr})
    return named.xxlxm if found in {QR_QUERY, ""} else found
