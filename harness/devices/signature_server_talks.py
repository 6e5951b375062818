"""What a connection to a signature server says: GM/T 0029 bodies over HTTP/1.1, and DER messages.

HTTP is h11's: strict, without compression and redirects, and with the whole reply read before the next request. A reply
that ends with the connection is taken too; the connection is then over. Statuses other than 200 are errors by blame:
4xx the configuration's (a wrong path or prefix), 5xx the server's or a gateway's.
"""

from urllib.parse import urlsplit

import h11

from harness.clock import Clock, local_time
from harness.devices.machine_errors import SIGNATURE_SERVER, MachineSpeaksNonsense, refused
from harness.line.address import Address
from harness.wire.encryption_machine.profile import ErrorEntry
from harness.wire.encryption_machine.reasons import Blame
from harness.wire.encryption_machine.svs import SvsAnswer, SvsMalformed, SvsReply, SvsRequest
from harness.wire.encryption_machine.svs_der import SvsDerClientCodec
from harness.wire.encryption_machine.svs_http import SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import SvsProfile

OK, CLIENT_ERROR, SERVER_ERROR = 200, 400, 500
USER_AGENT = "liantiao"


class DerTalk:
    """DER messages of one connection."""

    def __init__(self, profile: SvsProfile, clock: Clock) -> None:
        self._codec = SvsDerClientCodec(profile)
        self._clock = clock

    def spell(self, request: SvsRequest, number: int) -> bytes:
        """A request."""
        del number
        return self._codec.send(request, when=local_time(self._clock))

    def feed(self, data: bytes) -> SvsReply | None:
        """The reply, when it is whole."""
        match self._codec.feed(data):
            case []:
                return None
            case [SvsAnswer(reply=reply)]:
                return reply
            case [*_, SvsMalformed(reason=reason)]:
                raise _nonsense(reason)
            case _:
                raise _nonsense("it answers more than was asked")

    def ended(self) -> SvsReply | None:
        """No message ends with the connection."""
        return None

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._codec.pending

    @property
    def reusable(self) -> bool:
        """Whether nothing is due any more."""
        return self._codec.outstanding == 0 and not self._codec.pending


class HttpTalk:
    """HTTP requests and replies of one connection; `address` may have a path, which stands before the profile's."""

    def __init__(self, profile: SvsProfile, address: Address, clock: Clock) -> None:
        parts = urlsplit(str(address))
        self._host = parts.netloc
        self._base = parts.path.rstrip("/")
        self._codec = SvsHttpCodec(profile)
        self._longest = profile.max_body
        self._clock = clock
        self._http = h11.Connection(h11.CLIENT)
        self._request: SvsRequest | None = None
        self._response: h11.Response | None = None
        self._body = bytearray()
        self._begun = False

    def spell(self, request: SvsRequest, number: int) -> bytes:
        """A POST."""
        del number
        message = self._codec.call(request, when=local_time(self._clock))
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        self._request, self._response, self._begun = request, None, False
        self._body.clear()
        headers = {
            "host": self._host,
            "user-agent": USER_AGENT,
            "accept-encoding": "identity",
            "content-type": message.content_type,
            "content-length": str(len(message.body)),
            **message.headers,
        }
        head = h11.Request(method="POST", target=self._base + message.path, headers=list(headers.items()))
        parts = (self._http.send(event) for event in (head, h11.Data(data=message.body), h11.EndOfMessage()))
        return b"".join(part for part in parts if part)

    def feed(self, data: bytes) -> SvsReply | None:
        """The reply, when it is whole."""
        self._begun = True
        return self._received(data)

    def ended(self) -> SvsReply | None:
        """The reply, if it said neither its length nor that it comes in chunks."""
        return self._received(b"") if self._response is not None else None

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._begun and self._request is not None

    @property
    def reusable(self) -> bool:
        """Whether another request may follow."""
        over = self._request is None and self._http.their_state is h11.DONE and self._http.our_state is h11.DONE
        return over or self._http.our_state is h11.IDLE

    def _received(self, data: bytes) -> SvsReply | None:
        try:
            self._http.receive_data(data)
            while True:
                match self._http.next_event():
                    case h11.Response() as response:
                        self._response = response
                    case h11.Data(data=piece):
                        self._body += piece
                        if len(self._body) > self._longest:
                            raise _nonsense(f"its reply has more than {self._longest} bytes")
                    case h11.EndOfMessage():
                        return self._reply()
                    case h11.InformationalResponse():
                        continue
                    case _:
                        return None
        except h11.RemoteProtocolError as error:
            raise _nonsense(f"its reply is no HTTP: {error}") from error

    def _reply(self) -> SvsReply:
        response, request = self._response, self._request
        assert response is not None
        assert request is not None
        if self._http.trailing_data[0]:
            raise _nonsense("it answers more than was asked")
        self._request = None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        if response.status_code != OK:
            raise _http_error(response.status_code)
        if headers.get("content-encoding", "identity") != "identity":
            raise _nonsense("its reply is compressed, which nobody asked for")
        match self._codec.read_answer(request, headers.get("content-type", ""), bytes(self._body)):
            case SvsAnswer(reply=reply):
                return reply
            case SvsMalformed(reason=reason):
                raise _nonsense(reason)


def _nonsense(what: str) -> MachineSpeaksNonsense:
    return MachineSpeaksNonsense(what, party=SIGNATURE_SERVER)


def _http_error(status: int) -> Exception:
    if CLIENT_ERROR <= status < SERVER_ERROR:
        what, chinese, blame = "it takes no such path, method or body there", "请求路径或方法不被接受", Blame.CALLER
    elif status >= SERVER_ERROR:
        what, chinese, blame = "it has failed, or a gateway before it", "服务器或网关故障", Blame.MACHINE
    else:
        return _nonsense(f"it answers with HTTP {status}; only 200 is a reply")
    entry = ErrorEntry(code=f"HTTP {status}", name=f"http-{status}", english=what, chinese=chinese, blame=blame)
    return refused(entry, "the request", party=SIGNATURE_SERVER)
