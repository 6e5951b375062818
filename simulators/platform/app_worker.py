"""One worker process of a platform; `app_workers` starts it, nobody starts it by hand."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

from harness.bench.settings import read_settings
from harness.line.http_connection import Connection
from simulators.kit.gate_worker import Gone, main, worker_context
from simulators.kit.http_party import HttpParty
from simulators.platform.app import Platform
from simulators.platform.settings import PlatformSettings


class PlatformPart:
    """The platform of this process; its own port is known to nobody."""

    def __init__(self, gone: Gone) -> None:
        self._gone = gone
        self._platform: Platform | None = None
        self._party: HttpParty | None = None

    async def prepare(self, orders: Mapping[str, Any]) -> None:
        """Open the shared ledger."""

        def party(*parts: Any, **options: Any) -> HttpParty:  # noqa: ANN401 - HttpParty's
            self._party = HttpParty(*parts, **options)
            return self._party

        chosen = read_settings(PlatformSettings, orders["settings"], where="worker")
        self._platform = Platform(worker_context(orders), chosen, part=orders["number"], party=party)
        self._platform.connect(orders["peers"])
        await self._platform.start()

    async def adopt(self, door: str, connection: socket.socket) -> None:
        """Serve a connection until it ends."""
        del door  # there is but one
        assert self._party is not None
        try:
            protocol = self._party.protocol()
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection, ssl=self._party.tls_context
            )
        except OSError:
            connection.close()
        else:
            taped: Connection = protocol.taped  # type: ignore[attr-defined]  # every protocol of a front door has it
            await taped.gone.wait()
        self._gone(1)

    def told(self, message: Mapping[str, Any]) -> None:
        """A new case, or where voucher centre and phone are."""
        assert self._platform is not None
        match message:
            case {"reset": True}:
                self._platform.begin_again()
            case {"peers": peers}:
                self._platform.connect(peers)

    async def stop(self) -> None:
        """Close the doors and the ledger."""
        if self._platform is not None:
            await self._platform.stop()


if __name__ == "__main__":
    main(PlatformPart)
