"""Calls to peers over TLS: what is trusted is read at the first of them, since most benches have none."""

import httpx

from harness.line.tls import ClientTls


class LateTls(httpx.AsyncBaseTransport):
    """The transport of calls to https:// addresses. A request raises ConfigError when files cannot be used."""

    def __init__(self, trust: ClientTls, limits: httpx.Limits) -> None:
        self._trust = trust
        self._limits = limits
        self._inner: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        if self._inner is None:
            self._inner = httpx.AsyncHTTPTransport(verify=self._trust.context(), trust_env=False, limits=self._limits)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Hang up."""
        if self._inner is not None:
            await self._inner.aclose()
