"""The centre's line to the settlement platform: it speaks the institution interface on behalf of each institution.

Operator type 3 (mobile), one sign-in an institution and day. Before a message leaves, its msgid has been saved. A
message whose outcome is unknown, also because this process ended, keeps its msgid: asked again with the same content
it is the same message. Sequence numbers begin at 5000, so that an institution's own
messages of the same second (from 0001) have other msgids (own design).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import httpx
import msgspec

from fixtures.population import Institution
from harness.clock import Clock, local_time
from harness.gm import sm3
from harness.wire import institution as wire
from harness.wire.gateway import cainfo, headers_for
from harness.wire.local_codes import to_local
from harness.wire.msgid import make_msgid
from harness.wire.profile import Profile
from simulators.mobile_payment.leg import Sender
from simulators.mobile_payment.store import Kind, Note, Store, key_of, parts_of_key
from simulators.platform.refusals import RefusedError as PlatformRefusal

OPERATOR, OPERATOR_NAME, MOBILE = "MPC", "医保移动支付中心", "3"
FIRST, SEQUENCE = 5000, 5000
_SIGNED_OUT = tuple(PlatformRefusal(why).code for why in ("not-signed-in", "signed-out"))


class Result(StrEnum):
    """What became of a message."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer, or none that can be read: it may have been done."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the platform said; `code` tells a refusal, `message` is for people."""

    result: Result
    msgid: str = ""
    output: Mapping[str, object] = field(default_factory=dict)
    code: str = ""
    message: str = ""


Content = Mapping[str, object] | Callable[[str], Mapping[str, object]]
"""What a message says; a function is given the msgid."""


class PlatformLine:
    """One case's line; `address` is the platform's, `reply_s` real seconds are waited for an answer."""

    def __init__(
        self,
        client: Callable[[], httpx.AsyncClient],
        address: Callable[[], str],
        *,
        profile: Profile,
        clock: Clock,
        reply_s: float,
    ) -> None:
        self._client = client
        self._address = address
        self._profile = profile
        self._clock = clock
        self._timeout = httpx.Timeout(reply_s)
        self._last: tuple[datetime, int] | None = None
        self._signed_in: dict[tuple[str, str], str] = {}
        self._open: dict[tuple[str, ...], tuple[str, str]] = {}
        """Digest and msgid of what may be under way, by transaction, institution and key."""
        self._signing_in: dict[tuple[str, str], asyncio.Future[str | Outcome]] = {}
        self._store: Store | None = None
        self._safe: Callable[[], Awaitable[None]] | None = None
        self._still: Callable[[], None] | None = None

    def journal(self, store: Store, safe: Callable[[], Awaitable[None]], still: Callable[[], None]) -> None:
        """Keep in `store` what is sent; `safe` is awaited before it is. Not called: nothing is kept.

        `still` raises when the work that has waited for an answer counts no more.
        """
        self._store, self._safe, self._still = store, safe, still

    def load(self, store: Store) -> None:
        """Everything as a store has it."""
        self._signing_in = {}
        self._open = {
            parts_of_key(key): (str(body["digest"]), str(body["msgid"])) for key, body in store.read(Kind.SENT)
        }
        last = store.note(Note.MSGID)
        self._last = (datetime.fromisoformat(str(last["at"])), int(str(last["n"]))) if last else None

    def note_numbers(self) -> None:
        """Have the last number saved with the rest; whoever saves saves the latest."""
        if self._store is not None and self._last is not None:
            at, n = self._last
            self._store.put(Kind.NOTE, Note.MSGID, {"at": at.isoformat(), "n": n})

    @property
    def connected(self) -> bool:
        """Whether there is a platform that this line can speak to."""
        return bool(self._address()) and self._profile.protocol == "national"

    async def ask(self, infno: str, sender: Sender, content: Content, *, key: str) -> Outcome:
        """Send a transaction; `key` tells apart what an institution may have under way at once."""
        place = (infno, sender.institution.code, key)
        sign_no = await self._sign_in(sender)
        if isinstance(sign_no, Outcome):
            return sign_no
        digest, msgid = self._open.get(place, ("", ""))
        body = content(msgid) if callable(content) and msgid else None if callable(content) else content
        if not msgid or _digest(body) != digest:
            msgid = self.new_msgid(sender.institution)
            body = content(msgid) if callable(content) else content
        assert body is not None
        self._under_way(place, (_digest(body), msgid))
        outcome = await self._send(infno, sender, body, msgid=msgid, sign_no=sign_no)
        if outcome.code in _SIGNED_OUT:
            if self._signed_in.get(self._today(sender)) == sign_no:  # else another has signed in anew meanwhile
                del self._signed_in[self._today(sender)]
            sign_no = await self._sign_in(sender)
            if isinstance(sign_no, Outcome):
                return sign_no
            outcome = await self._send(infno, sender, body, msgid=msgid, sign_no=sign_no)
        if outcome.result is not Result.UNKNOWN:
            self._under_way(place, None)
        return outcome

    def _under_way(self, place: tuple[str, ...], message: tuple[str, str] | None) -> None:
        if message is None:
            self._open.pop(place, None)
        else:
            self._open[place] = message
        if self._store is not None and message is None:
            self._store.drop(Kind.SENT, key_of(*place))
        elif self._store is not None and message is not None:
            self._store.put(Kind.SENT, key_of(*place), {"digest": message[0], "msgid": message[1]})

    def _today(self, sender: Sender) -> tuple[str, str]:
        return sender.institution.code, f"{local_time(self._clock):%Y%m%d}"

    async def _sign_in(self, sender: Sender) -> str | Outcome:
        """The number of today's sign-in; who comes while it is under way waits for its outcome."""
        today = self._today(sender)
        if (known := self._signed_in.get(today)) is not None:
            return known
        under_way, signing_in = self._signing_in.get(today), self._signing_in
        if under_way is not None:
            if self._safe is not None:
                await self._safe()
            found = await asyncio.shield(under_way)
            if self._still is not None:
                self._still()
            return found
        ended = signing_in[today] = asyncio.get_running_loop().create_future()
        found = Outcome(result=Result.UNKNOWN, message="no sign-in")
        try:
            found = await self._signed_in_anew(sender, today)
        finally:
            del signing_in[today]
            ended.set_result(found)
        return found

    async def _signed_in_anew(self, sender: Sender, today: tuple[str, str]) -> str | Outcome:
        data = {"signIn": {"opter_no": OPERATOR, "mac": "00-00-00-00-00-00", "ip": "127.0.0.1"}}
        outcome = await self._send("9001", sender, data, msgid=self.new_msgid(sender.institution), sign_no="")
        if outcome.result is not Result.DONE:
            return Outcome(result=Result.UNKNOWN, message=outcome.message)
        found = outcome.output.get("signinoutb")
        self._signed_in[today] = str(found.get("sign_no")) if isinstance(found, Mapping) else ""
        return self._signed_in[today]

    async def _send(
        self, infno: str, sender: Sender, data: Mapping[str, object], *, msgid: str, sign_no: str
    ) -> Outcome:
        profile, now, institution = self._profile, local_time(self._clock), sender.institution
        envelope = wire.Envelope(
            infno=infno,
            msgid=msgid,
            at=now,
            institution=institution.code,
            institution_name=institution.name,
            area=institution.admdvs,
            insured_place=sender.insured_place,
            operator=OPERATOR,
            operator_name=OPERATOR_NAME,
            operator_type=MOBILE,
            sign_no=sign_no,
            recer_sys_code=profile.recer_sys_code,
            infver=profile.infver,
            signtype=profile.signtype,
        )
        if profile.cert_type_codes:
            data = to_local(data, profile.cert_type_codes)
        body = wire.request(envelope, data, input_as=profile.input_as, members=profile.envelope)
        if profile.gateway.cainfo:
            body["cainfo"] = cainfo(profile.gateway, body)
        content = msgspec.json.encode(body).decode().encode(profile.charset_in, errors="replace")
        headers = headers_for(profile, at=now, nonce=sm3(msgid.encode()).hex()[:32])
        headers["content-type"] = f"application/json;charset={profile.charset_in.upper()}"
        if self._safe is not None:
            await self._safe()
        outcome = await self._answered(infno, content, headers, msgid)
        if self._still is not None:
            self._still()
        return outcome

    async def _answered(self, infno: str, content: bytes, headers: Mapping[str, str], msgid: str) -> Outcome:
        profile = self._profile
        try:
            answer = await self._client().post(
                self._address() + profile.path_of(infno), content=content, headers=headers, timeout=self._timeout
            )
            answer.raise_for_status()
            said = self._read(answer.content)
            reply = wire.parse_reply(said)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Outcome(result=Result.UNKNOWN, msgid=msgid, message=f"{type(error).__name__}")
        if reply.accepted:
            return Outcome(result=Result.DONE, msgid=msgid, output=reply.output)
        code = str(said.get(profile.refusal_code_in) or "")
        return Outcome(result=Result.REFUSED, msgid=msgid, code=code, message=reply.err_msg)

    def _read(self, raw: bytes) -> Mapping[str, object]:
        text = raw.decode(self._profile.charset_out).encode()
        if self._profile.reply_as == "string":
            text = msgspec.json.decode(text, type=str).encode()
        return wire.decode(text)

    def new_msgid(self, institution: Institution) -> str:
        """A message id that this line has not given before; runs ahead of the clock beyond 5000 in a second."""
        now = local_time(self._clock).replace(microsecond=0)
        at, n = self._last if self._last is not None and self._last[0] >= now else (now, -1)
        at, n = (at, n + 1) if n + 1 < SEQUENCE else (at + timedelta(seconds=1), 0)
        self._last = (at, n)
        return make_msgid(institution.code, at=at, seq=FIRST + n, form=self._profile.msgid_form)


def _digest(body: object) -> str:
    return sm3(msgspec.json.encode(body, order="sorted")).hex()
