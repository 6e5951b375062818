"""A light HTTP client for drivers: one kept connection, JSON in and out, errors by who is to blame.

    with HttpClient("http://127.0.0.1:8001", party="the phone") as client:
        client.get_json("/people/P001/prompt")

Over https:// the party's certificate is checked, see `harness.line.tls`. Unreachable or silent parties are a
BenchError, an answer that says no is a Refused, nonsense is a PeerViolation.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from harness.errors import BenchError, ConfigError, PeerViolation
from harness.line.tls import NOTHING_SAID, ClientTls, why_not_trusted

TIMEOUT_S = 15.0
USER_AGENT = "liantiao-bench"
"""How requests of the bench itself are told apart on the tape from those of the adapter under test."""
HTTPS_PORT = 443
SHOWN = 200
"""How many characters of a strange answer an error quotes."""


class Refused(BenchError):
    """The party answered, and said no: `http_status` and `answer` are what it said."""

    def __init__(self, party: str, request: str, status: int, answer: Mapping[str, Any]) -> None:
        self.http_status = status
        self.answer = dict(answer)
        super().__init__(
            f"{party} refused {request} with HTTP {status}: {self.answer.get('error', self.answer)}",
            cause="it is not in the state that the request needs, or the request is wrong",
            remedy="see what it says; its back door's /state and /events tell more",
        )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests to one party, one after another; not to be shared by threads."""

    def __init__(
        self, address: str, *, party: str, timeout_s: float = TIMEOUT_S, tls: ClientTls = NOTHING_SAID
    ) -> None:
        parts = urlsplit(address)
        secured = parts.scheme == "https"
        try:
            port = parts.port or (HTTPS_PORT if secured else None)
        except ValueError:
            port = None
        if parts.scheme not in {"http", "https"} or not parts.hostname or port is None:
            raise ConfigError(
                f"{address!r} is no address of {party}.",
                cause="a slip of the pen, or an address of another kind of line",
                remedy="write it as http://HOST:PORT or https://HOST:PORT",
            )
        self.address = f"{parts.scheme}://{parts.netloc}"
        self._party = party
        self._connection = (
            http.client.HTTPSConnection(parts.hostname, port, timeout=timeout_s, context=tls.context())
            if secured
            else http.client.HTTPConnection(parts.hostname, port, timeout=timeout_s)
        )
        self._used = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        self._connection.close()
        self._used = False

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """What the party answers to a GET, whatever the status. Raises BenchError without an answer."""
        return self._request("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def get_json(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """The JSON of a GET that succeeds. Raises Refused, BenchError or PeerViolation."""
        return self.read_json(f"GET {path}", self.get(path, query))

    def post_json(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object of a POST that succeeds. Raises Refused, BenchError or PeerViolation."""
        body = json.dumps(content, ensure_ascii=False).encode()
        return self._object(f"POST {path}", self._request("POST", path, body))

    def delete_json(self, path: str) -> dict[str, Any]:
        """The JSON object of a DELETE that succeeds. Raises Refused, BenchError or PeerViolation."""
        return self._object(f"DELETE {path}", self._request("DELETE", path, None))

    def get_object(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object of a GET that succeeds. Raises Refused, BenchError or PeerViolation."""
        return self._object(f"GET {path}", self.get(path, query))

    def read_json(self, request: str, reply: Reply) -> Any:  # noqa: ANN401 - any JSON
        """The JSON of a reply. Raises Refused when it says no and PeerViolation when it is none."""
        try:
            content = json.loads(reply.body)
        except ValueError as error:
            raise self.nonsense(request, reply) from error
        if reply.status >= http.HTTPStatus.BAD_REQUEST:
            if not isinstance(content, dict):
                raise self.nonsense(request, reply)
            raise Refused(self._party, request, reply.status, content)
        return content

    def nonsense(self, request: str, reply: Reply) -> PeerViolation:
        """The error for an answer that nothing can be made of."""
        return PeerViolation(
            f"{self._party} answered {request} with HTTP {reply.status} and {reply.body[:SHOWN]!r}.",
            cause=f"what listens at {self.address} is not {self._party}, or it broke",
            remedy="check the address in the bench file, then the party's log",
        )

    def _object(self, request: str, reply: Reply) -> dict[str, Any]:
        content = self.read_json(request, reply)
        if not isinstance(content, dict):
            raise self.nonsense(request, reply)
        return content

    def _request(self, method: str, target: str, body: bytes | None) -> Reply:
        try:
            return self._exchange(method, target, body)
        except (ConnectionError, ssl.SSLEOFError, http.client.BadStatusLine) as error:
            # A kept connection may have been closed meanwhile; only what changes nothing is asked again.
            stale, self._used = self._used, False
            self._connection.close()
            if not (stale and method == "GET"):
                raise self._unreachable(f"{method} {target}", error) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(f"{method} {target}", error) from error
        try:
            return self._exchange(method, target, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(f"{method} {target}", error) from error

    def _exchange(self, method: str, target: str, body: bytes | None) -> Reply:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json;charset=UTF-8"
        self._connection.request(method, target, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used = True
        return Reply(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=content,
        )

    def _unreachable(self, request: str, error: Exception) -> BenchError:
        told = why_not_trusted(error)
        if told is not None:
            cause, remedy = told
            problem = f"There is no safe connection to {self._party} at {self.address}, so {request} was not sent."
            return BenchError(problem, cause=cause, remedy=remedy)
        return BenchError(
            f"{self._party} at {self.address} gave no answer to {request}: {str(error) or type(error).__name__}.",
            cause="it is not running, at another address, or it hangs",
            remedy="check that the bench is up (`liantiao up` shows the addresses)",
        )
