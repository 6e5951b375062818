"""The platform's doors: one path for each transaction (the profile's), one that takes any, and the back door's state.

In faults a message is called by its transaction: 2102, 9001, …
"""

from collections.abc import Awaitable, Callable, Mapping

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.line.http import connection_of
from harness.line.record import JsonValue
from harness.wire.institution import decode
from harness.wire.profile import load_profile
from harness.wire.voucher_messages import PUSH_NOTICE_PATH
from simulators.kit.http_party import HttpParty
from simulators.platform.call import Writer
from simulators.platform.centre import JSON_HEADERS, VoucherCentreClient
from simulators.platform.desk import AbandonedError, Desk
from simulators.platform.dispatch import Dispatcher, open_accounts
from simulators.platform.ledger import Ledger
from simulators.platform.settings import AmountsAs, Durability, PlatformSettings

JSON = "application/json;charset=UTF-8"


class Platform:
    """The platform as a device of a bench."""

    def __init__(self, context: SimulatorContext, settings: PlatformSettings) -> None:
        self._context = context
        self._settings = settings
        self._profile = load_profile(context.profile)
        self._called = {path: infno for infno, path in self._profile.paths.items()}
        self._peers: Mapping[str, str] = {}
        self._ledger: Ledger | None = None
        self._case = 0
        self._current: tuple[Desk, Dispatcher] | None = None
        routes = [Route(path, self._endpoint(infno), methods=["POST"]) for path, infno in self._called.items()]
        app = Starlette(routes=[*routes, Route(self._profile.any_path, self._endpoint(None), methods=["POST"])])
        self._party = HttpParty(context, app, name_of=self._name_of, state=self._state, reset=self._reset)

    async def start(self) -> Endpoints:
        """Open the ledger and both doors. Raises BenchError when the ledger's file cannot be used."""
        self._ledger = Ledger(self._settings.ledger, full=self._settings.durability is Durability.FULL)
        self._current = self._new_case(self._ledger)
        return await self._party.start()

    def connect(self, peers: Mapping[str, str]) -> None:
        """Learn where voucher centre and phone are."""
        self._peers = dict(peers)
        if self._ledger is not None:
            self._current = self._new_case(self._ledger)

    async def reset(self, *, seed: int) -> None:
        """Close all books and open new ones, in a file, too; whoever still waits is hung up on."""
        del seed  # nothing is drawn at random here
        if self._ledger is None:
            return
        self._abandon()
        self._ledger.clear()
        self._current = self._new_case(self._ledger)
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
        desk = Desk(
            name=self._context.name,
            settings=self._settings,
            profile=self._profile,
            clock=self._context.clock,
            tape=self._context.tape,
            ledger=ledger,
            writer=Writer(self._profile, amounts_as_numbers=as_numbers),
            centre=VoucherCentreClient(
                lambda: self._party.client, self._peers.get("voucher-centre", ""), confirm_s=self._settings.confirm_s
            ),
            notify=self._notify,
            over=lambda: self._case != case,
        )
        open_accounts(desk)
        return desk, Dispatcher(desk)

    def _endpoint(self, called: str | None) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            assert self._current is not None
            try:
                reply = await self._current[1].answer(await request.body(), called=called)
            except AbandonedError:
                connection = connection_of(request.scope)
                connection.abort()
                await connection.gone.wait()
                return Response(status_code=503)
            return Response(reply, media_type=JSON)

        return serve

    def _name_of(self, path: str, body: bytes) -> str:
        if path in self._called:
            return self._called[path]
        try:
            return str(decode(body).get("infno") or path)
        except ValueError:
            return path

    async def _notify(self, notice: Mapping[str, object]) -> bool:
        if "phone" not in self._peers:
            return False
        try:
            answer = await self._party.client.post(
                self._peers["phone"] + PUSH_NOTICE_PATH, content=msgspec.json.encode(notice), headers=JSON_HEADERS
            )
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _state(self) -> Mapping[str, JsonValue]:
        if self._ledger is None or self._current is None:
            return {}
        return {
            "profile": self._profile.name,
            "paths": {infno: path for path, infno in self._called.items()},
            **self._current[0].state(),
        }
