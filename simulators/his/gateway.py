"""What a request carries for the gateway before the platform: agreed headers, signed headers, a signed envelope.

Written from the interface's description alone; the bench's own codec of the same is not used here, so that a mistake in
one is seen by the other.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from simulators.his.hello import Profile

BEIJING = timezone(timedelta(hours=8))
UNSIGNED = frozenset(("cainfo", "input"))
"""Members of the envelope that cainfo is not over."""


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """A request about to be sent."""

    profile: Profile
    at: str
    """yyyy-MM-dd HH:mm:ss in Beijing."""
    msgid: str
    body: bytes
    again: int = 0
    """A number of its own for each repetition under the same msgid."""

    @property
    def seconds(self) -> int:
        """The time as seconds since 1970."""
        return int(datetime.fromisoformat(self.at).replace(tzinfo=BEIJING).timestamp())


def sealed(request: Sealing) -> dict[str, str]:
    """The headers beyond HTTP's own."""
    gateway = request.profile.gateway
    match gateway.get("kind"):
        case "tif":
            once = f"{request.msgid}/{request.again}" if request.again else request.msgid
            signed = _tif(gateway, str(request.seconds), hashlib.sha256(once.encode()).hexdigest()[:32])
        case "csb":
            headers = csb_headers(gateway, str(request.seconds * 1000))
            signed = {**headers, "_api_signature": csb_signature(gateway, joined(headers).encode())}
        case _:
            signed = {}
    return {**request.profile.headers, **signed}


def envelope_signature(
    gateway: Mapping[str, str], envelope: Mapping[str, object], *, unsigned: Collection[str] = UNSIGNED
) -> str:
    """cainfo: SM2 over the envelope without cainfo and input, sorted by name; empty where none is wanted."""
    if not gateway.get("cainfo"):
        return ""
    from harness.gm import PrivateKey, Signer  # late: few provinces sign, and it takes 45 ms

    text = joined({name: value for name, value in envelope.items() if name not in unsigned})
    key = PrivateKey.from_bytes(bytes.fromhex(gateway["cainfo_key"]))
    return base64.b64encode(Signer(key, repeatable=True).sign(text.encode())).decode("ascii")


def csb_headers(gateway: Mapping[str, str], stamp: str) -> dict[str, str]:
    """The headers that a CSB signature is over."""
    return {
        "_api_access_key": gateway["access_key"],
        "_api_name": gateway["api_name"],
        "_api_timestamp": stamp,
        "_api_version": gateway["api_version"],
    }


def csb_signature(gateway: Mapping[str, str], text: bytes) -> str:
    """_api_signature: Base64 of HMAC-SHA1."""
    mac = hmac.new(gateway["secret_key"].encode(), text, hashlib.sha1)
    return base64.b64encode(mac.digest()).decode("ascii")


def joined(members: Mapping[str, object]) -> str:
    """Members as they are signed: k=v&…, sorted by name."""
    return "&".join(f"{name}={members[name]}" for name in sorted(members))


def _tif(gateway: Mapping[str, str], seconds: str, nonce: str) -> dict[str, str]:
    digest = hashlib.sha256((seconds + gateway["token"] + nonce + seconds).encode())
    return {
        "x-tif-paasid": gateway["paasid"],
        "x-tif-timestamp": seconds,
        "x-tif-nonce": nonce,
        "x-tif-signature": digest.hexdigest(),
    }
