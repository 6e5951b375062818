"""One call of a transaction as the platform understood it, and how answers to it are written (envelope, §4.2)."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

from fixtures.population import Institution
from harness.clock import BEIJING, NS
from harness.money import Fen, format_yuan
from harness.wire.fields import is_object
from harness.wire.local_codes import to_local
from harness.wire.profile import Profile
from simulators.platform.refusals import RefusedError

_SORTED = msgspec.json.Encoder(order="sorted", decimal_format="number")
_PLAIN = msgspec.json.Encoder(decimal_format="number")
REMEMBERED = 4096
"""How many amounts a writer remembers the spelling of: an answer has some forty, most of them 0.00."""
REFERENCES = 100_000_000
"""How many answers one process may number: inf_refmsgid ends in ten digits."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that follows the interface, of an institution that exists."""

    infno: str
    msgid: str
    institution: Institution
    operator: str
    area: str
    insured_place: str
    signtype: str
    sign_no: str
    data: Mapping[str, object]
    digest: bytes
    at: datetime
    attempt: int = 1
    """How often this message has come to be done, with this time; see `attempts`."""

    def node(self, name: str) -> Mapping[str, object]:
        """An object of the input; the field tables have seen to it that it is there."""
        found = self.data[name]
        assert is_object(found)
        return found


def digest_of(infno: str, institution: str, data: object) -> bytes:
    """What makes two requests with one msgid equal: transaction, institution and input, not time or sign-in."""
    return hashlib.sha256(_SORTED.encode([infno, institution, data])).digest()


class Writer:
    """Writes answers of one platform as its province's profile has them; `part` tells its processes apart, from 0."""

    def __init__(self, profile: Profile, *, amounts_as_numbers: bool, part: int = 0) -> None:
        self._profile = profile
        self._numbers = amounts_as_numbers
        self._references = part * REFERENCES
        self.amount: Callable[[int], str | Decimal] = lru_cache(maxsize=REMEMBERED)(self._amount)
        """An amount in fen as answers carry it."""

    def _amount(self, fen: int) -> str | Decimal:
        text = format_yuan(Fen(fen))
        return Decimal(text) if self._numbers else text

    def number(self, text: str) -> str | Decimal:
        """A number that is no amount (count, price, share), as answers carry it."""
        return Decimal(text) if self._numbers else text

    def accepted(self, call: Call, output: Mapping[str, object] | None, *, now: datetime) -> bytes:
        """The answer to a call that was done; 2601 has no output."""
        answer = self._envelope(call.area, call.signtype, received=call.at, now=now)
        answer["infcode"] = 0 if self._profile.infcode_as == "number" else "0"
        if output is not None:
            if codes := self._profile.cert_type_codes:
                output = to_local(output, codes)
            answer["output"] = _PLAIN.encode(output).decode() if self._profile.output_as == "string" else output
        return _PLAIN.encode(answer)

    def refused(self, error: RefusedError, *, area: str, signtype: str, received: datetime, now: datetime) -> bytes:
        """The answer to a call that was refused: err_msg for people, a code for programs."""
        answer = self._envelope(area, signtype, received=received, now=now)
        failure = self._profile.infcode_failure
        answer["infcode"] = int(failure) if self._profile.infcode_as == "number" else failure
        answer["err_msg"] = error.err_msg
        answer[self._profile.refusal_code_in] = error.code
        return _PLAIN.encode(answer)

    def _envelope(self, area: str, signtype: str, *, received: datetime, now: datetime) -> dict[str, object]:
        self._references += 1
        at = stamp(received)
        return {
            "infcode": 0,
            "inf_refmsgid": f"{area:0>6.6}{at[:14]}{self._references:010d}",
            "refmsg_time": at,
            "respond_time": stamp(now),
            "enctype": "",
            "signtype": signtype,
            "err_msg": "",
            "warn_msg": "",
            "cainfo": "",
        }


def moment(at_ns: int) -> datetime:
    """A moment in Beijing, from nanoseconds since 1970."""
    return second_of(at_ns // NS)


@lru_cache(maxsize=64)
def second_of(seconds: int) -> datetime:
    """The beginning of a second in Beijing, from seconds since 1970; remembered, for each request asks for a few."""
    return datetime.fromtimestamp(seconds, tz=BEIJING)


@lru_cache(maxsize=64)
def stamp(at: datetime) -> str:
    """yyyyMMddHHmmssSSS in Beijing; remembered, since a request's moment is asked for several times."""
    said = _local(at).isoformat("T", "milliseconds")  # strftime takes four times as long
    day, time = f"{said[:4]}{said[5:7]}{said[8:10]}", f"{said[11:13]}{said[14:16]}{said[17:19]}"
    return f"{day}{time}{said[20:23]}"


@lru_cache(maxsize=64)
def spell(at: datetime) -> str:
    """yyyy-MM-dd HH:mm:ss in Beijing."""
    return _local(at).isoformat(" ", "seconds")[:19]


def _local(at: datetime) -> datetime:
    return at if at.tzinfo is BEIJING else at.astimezone(BEIJING)
