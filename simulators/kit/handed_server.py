"""A taped server that also serves connections which another process has accepted; for simulators with workers."""

import asyncio

from harness.line.http import TapedServer


class HandedServer(TapedServer):
    """A taped server that also serves connections which another process has accepted."""

    def protocol(self) -> asyncio.Protocol:
        """For such a connection; the server must have been started."""
        assert self._server is not None
        config = self._server.config
        made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn does
            config=config, server_state=self._server.server_state, app_state=self._server.lifespan.state
        )
        return made
