"""What can go wrong on a line, each with the place in the field where it comes from.

A fault names a party, the n-th message of a kind that it receives (or sends), and an effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """What a fault does to its message."""

    LOSE_REQUEST = "lose-request"
    """The request never reaches the party; the client hears nothing until it gives up."""
    LOSE_REPLY = "lose-reply"
    """The party acts on the request, and its reply is lost; the client hears nothing until it gives up."""
    LATE_REQUEST = "late-request"
    """The request is held on its way: the client gives up, and the party acts on it after the next one, just before
    that is answered."""
    LATE_REPLY = "late-reply"
    """The party acts, and its reply comes only after the client has given up."""
    BAD_GATEWAY = "bad-gateway"
    """A gateway answers 502 with an HTML page; the party never saw the request."""
    BAD_GATEWAY_AFTER = "bad-gateway-after"
    """A gateway answers 502 although the party acted on the request."""
    GATEWAY_TIMEOUT = "gateway-timeout"
    """A gateway gives up first and answers 504 with an HTML page; the party never saw the request."""
    GATEWAY_TIMEOUT_AFTER = "gateway-timeout-after"
    """A gateway gives up first and answers 504 although the party acted on the request."""
    STALE_REPLY = "stale-reply"
    """The party acts, and what arrives is its answer to the message of that name before this one, as from a pooled
    connection that is out of step or from a relay's cache; so the first message cannot be the one."""
    EMPTY_BODY = "empty-body"
    """The party acts, and the answer is HTTP 200 with nothing in it (front machine down)."""
    CUT_JSON = "cut-json"
    """The party acts, and the second half of its JSON is missing."""
    DOUBLED_JSON = "doubled-json"
    """The party acts, and its JSON comes as a JSON string of JSON, as some relays send it."""
    WRONG_CHARSET = "wrong-charset"
    """The party acts, and its answer is in GBK where UTF-8 is due."""
    CUT_CONNECTION = "cut-connection"
    """The party acts, and the connection is reset instead of an answer."""
    DROP_BYTE = "drop-byte"
    """A byte of a scan is lost on the serial line; `detail.position` counts from 0."""
    GARBLE_BYTE = "garble-byte"
    """A byte of a scan arrives with a bit flipped; `detail.position` counts from 0."""
    DOUBLE_READ = "double-read"
    """The scan arrives twice."""
    SPLIT_READ = "split-read"
    """The scan arrives in two pieces with a pause; `detail.position` is where it is split."""
    CLOSE_UNANSWERED = "close-unanswered"
    """The request is read, nothing is done, and the connection is closed in good order."""
    SILENCE = "silence"
    """From this request on the connection stays open and gets no answer to anything."""
    REFUSE_CONNECTION = "refuse-connection"
    """A client's connection is hung up at once; its message is called `connect`."""
    CUT_IN_HEADER = "cut-in-header"
    """The party acts; its reply breaks off within the first bytes and the connection is closed."""
    CUT_IN_BODY = "cut-in-body"
    """The party acts; half of its reply arrives and the connection is closed."""
    DRIP = "drip"
    """The reply arrives byte by byte, `detail.pause_ms` (5) of real time between two."""
    SLOW = "slow"
    """The reply leaves `detail.pause_ms` (200) of real time late."""
    GLUE_REPLIES = "glue-replies"
    """The reply is held, and leaves in one piece with the next one of its connection."""
    LENGTH_TOO_BIG = "length-too-big"
    """The reply's length field promises more bytes than follow."""
    LENGTH_TOO_SMALL = "length-too-small"
    """The reply's length field promises fewer bytes than follow."""
    LENGTH_ZERO = "length-zero"
    """The reply's length field says 0."""
    WRONG_HEADER = "wrong-header"
    """The reply's header is not that of the request."""
    WRONG_REPLY_CODE = "wrong-reply-code"
    """The reply bears the reply code of another command."""
    UNSOLICITED = "unsolicited"
    """Bytes that nobody asked for arrive before the reply."""
    SWAP_REPLIES = "swap-replies"
    """The reply is held, and leaves after the next one of its connection."""
    DUPLICATE_REPLY = "duplicate-reply"
    """The reply arrives twice."""
    BUSY = "busy"
    """The machine says that it has too much to do."""
    TOO_MANY_CONNECTIONS = "too-many-connections"
    """The machine says that it is busy, and closes the connection."""
    REFUSE = "refuse"
    """The machine refuses with the error code `detail.code`: a host command's hex digits as a number (D2 is 210), or a
    signature server's respValue. A platform refuses since it is busy, whatever it is asked."""
    ANOTHER_SPLIT = "another-split"
    """A platform settles with a yuan less from the account, and a yuan more in cash, than it pre-settled."""
    CLOCK_SKEW = "clock-skew"
    """A platform's clock is ahead by more than is tolerated: its gateway turns the request away (签名超时), or, where
    none looks at the time, the platform refuses its inf_time."""
    SESSION_LOST = "session-lost"
    """The connection's session is gone: the request is refused as not authorised, the next one opens a session."""
    KEY_ABSENT = "key-absent"
    """The machine finds no key at the index."""
    KEY_MISMATCH = "key-mismatch"
    """The key's check value is not that of the key: the machine refuses to use it."""
    KEY_ROTATED = "key-rotated"
    """The machine uses another private key than the one whose public key it has given out."""
    PIN_IS_WRONG = "pin-is-wrong"
    """The machine says that the PIN is wrong."""
    PIN_LOCKED = "pin-locked"
    """The machine says that the index is locked after too many wrong PINs."""
    SIGNATURE_BIT = "signature-bit"
    """One bit of the signature is flipped."""
    SIGNATURE_DER = "signature-der"
    """A DER signature where r‖s is due."""
    SIGNATURE_RAW = "signature-raw"
    """r‖s where a DER signature is due."""
    SIGNATURE_SWAPPED = "signature-swapped"
    """A signature with r and s swapped."""
    SIGNATURE_SHORT = "signature-short"
    """A signature whose r or s begins with a zero byte, and that byte is missing."""
    SIGNATURE_WITHOUT_ZA = "signature-without-za"
    """A signature over the digest of the message alone."""
    SIGNATURE_OTHER_ID = "signature-other-id"
    """A signature made with another user id."""
    OLD_ORDER = "old-order"
    """A ciphertext in the old order C1C2C3."""
    WRONG_PADDING = "wrong-padding"
    """The result of a symmetric operation has a block of padding at its end that was not asked for."""
    TRUNCATED_RESULT = "truncated-result"
    """The last byte of the result is missing, in a reply that is otherwise in order."""
    CONSTANT_RANDOM = "constant-random"
    """Random bytes that are all the same."""
    VERIFY_SAYS_GOOD = "verify-says-good"
    """The machine says that a signature is valid, whatever it is."""
    VERIFY_SAYS_BAD = "verify-says-bad"
    """The machine says that a signature is not valid, whatever it is."""
    CERTIFICATE_EXPIRED = "certificate-expired"
    """The machine says that the certificate's time is over."""
    CERTIFICATE_NOT_YET = "certificate-not-yet"
    """The machine says that the certificate's time has not come."""
    CERTIFICATE_REVOKED = "certificate-revoked"
    """The machine says that the certificate is revoked."""
    CERTIFICATE_UNKNOWN_CA = "certificate-unknown-ca"
    """The machine says that it does not know the certificate's issuer."""
    REVOCATION_UNREACHABLE = "revocation-unreachable"
    """The machine cannot reach the issuer's list of revoked certificates."""
    ALARM = "alarm"
    """The machine's self-test fails: everything but diagnosis and health is refused until it is repaired."""
    KEYS_LOST = "keys-lost"
    """The machine was tampered with: its LMK and keys are gone, diagnosis still answers, until it is repaired."""
    REBOOT = "reboot"
    """The machine restarts: all connections are cut and all sessions lost."""
    RANDOM_FAILURE = "random-failure"
    """The machine's random number generator fails at this request."""
    FIRMWARE_CHANGED = "firmware-changed"
    """From now on the machine shows another firmware, until it is repaired."""
    TLS_EXPIRED = "tls-expired"
    """The client is shown a certificate whose time is over; the message of this and the next two is `handshake`."""
    TLS_WRONG_NAME = "tls-wrong-name"
    """The client is shown a certificate of the right authority that is for another host."""
    TLS_UNKNOWN_CA = "tls-unknown-ca"
    """The client is shown a certificate that an authority has issued which it was not told to trust."""


ON_HTTP = frozenset(
    {
        Effect.LOSE_REQUEST,
        Effect.LOSE_REPLY,
        Effect.LATE_REQUEST,
        Effect.LATE_REPLY,
        Effect.BAD_GATEWAY,
        Effect.BAD_GATEWAY_AFTER,
        Effect.GATEWAY_TIMEOUT,
        Effect.GATEWAY_TIMEOUT_AFTER,
        Effect.STALE_REPLY,
        Effect.EMPTY_BODY,
        Effect.CUT_JSON,
        Effect.DOUBLED_JSON,
        Effect.WRONG_CHARSET,
        Effect.CUT_CONNECTION,
    }
)
"""Effects on an HTTP message."""
ON_TLS = frozenset({Effect.TLS_EXPIRED, Effect.TLS_WRONG_NAME, Effect.TLS_UNKNOWN_CA})
"""Effects on the handshake of a party that speaks TLS."""
HANDSHAKE = "handshake"
"""What a fault calls the beginning of a connection over TLS."""
ON_PLATFORM = frozenset({Effect.REFUSE, Effect.ANOTHER_SPLIT, Effect.CLOCK_SKEW})
"""Effects that a platform itself sees to, besides those of `ON_HTTP`."""
ON_SCAN = frozenset({Effect.DROP_BYTE, Effect.GARBLE_BYTE, Effect.DOUBLE_READ, Effect.SPLIT_READ})
"""Effects on the bytes of a scan."""
ON_MACHINE = frozenset(
    {
        Effect.LOSE_REQUEST,
        Effect.LOSE_REPLY,
        Effect.LATE_REPLY,
        Effect.CUT_CONNECTION,
        Effect.CLOSE_UNANSWERED,
        Effect.SILENCE,
        Effect.REFUSE_CONNECTION,
        Effect.CUT_IN_HEADER,
        Effect.CUT_IN_BODY,
        Effect.DRIP,
        Effect.SLOW,
        Effect.GLUE_REPLIES,
        Effect.LENGTH_TOO_BIG,
        Effect.LENGTH_TOO_SMALL,
        Effect.LENGTH_ZERO,
        Effect.WRONG_HEADER,
        Effect.WRONG_REPLY_CODE,
        Effect.UNSOLICITED,
        Effect.SWAP_REPLIES,
        Effect.DUPLICATE_REPLY,
        Effect.BUSY,
        Effect.REFUSE,
        Effect.TOO_MANY_CONNECTIONS,
        Effect.SESSION_LOST,
        Effect.KEY_ABSENT,
        Effect.KEY_MISMATCH,
        Effect.KEY_ROTATED,
        Effect.PIN_IS_WRONG,
        Effect.PIN_LOCKED,
        Effect.SIGNATURE_BIT,
        Effect.SIGNATURE_DER,
        Effect.SIGNATURE_RAW,
        Effect.SIGNATURE_SWAPPED,
        Effect.SIGNATURE_SHORT,
        Effect.SIGNATURE_WITHOUT_ZA,
        Effect.SIGNATURE_OTHER_ID,
        Effect.OLD_ORDER,
        Effect.WRONG_PADDING,
        Effect.TRUNCATED_RESULT,
        Effect.CONSTANT_RANDOM,
        Effect.VERIFY_SAYS_GOOD,
        Effect.VERIFY_SAYS_BAD,
        Effect.CERTIFICATE_EXPIRED,
        Effect.CERTIFICATE_NOT_YET,
        Effect.CERTIFICATE_REVOKED,
        Effect.CERTIFICATE_UNKNOWN_CA,
        Effect.REVOCATION_UNREACHABLE,
        Effect.ALARM,
        Effect.KEYS_LOST,
        Effect.REBOOT,
        Effect.RANDOM_FAILURE,
        Effect.FIRMWARE_CHANGED,
    }
)
"""Effects on a message of an encryption machine; on its HTTP door those of `ON_HTTP` too.

On a TCP line a late reply comes right before the reply to the next request of its connection.
"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One disturbance: `effect` on the `nth` message called `message` at the device called `party`.

    A message's name is the transaction for an HTTP system (`2102`, `ec.query`), `scan` for a scanner box. With
    `detail.lasting` it happens to every such message from the `nth` on, until the device's faults are cleared.
    """

    party: str
    message: str
    effect: Effect
    nth: int = 1
    detail: Mapping[str, int] = field(default_factory=dict)

    @property
    def lasting(self) -> bool:
        """Whether it goes on until the device's faults are cleared."""
        return bool(self.detail.get("lasting"))

    def __post_init__(self) -> None:
        if self.nth < 1:
            raise ValueError(f"messages are counted from 1, not {self.nth}")
        if self.effect is Effect.STALE_REPLY and self.nth == 1:
            raise ValueError("a stale reply answers the message before; the first has none, so nth is 2 or more")
        if (self.effect in ON_TLS) != (self.message == HANDSHAKE):
            raise ValueError(f"{', '.join(sorted(ON_TLS))} are for the message {HANDSHAKE!r}, and no others are")
