"""Centres with one known defect each in what they write on the wire, and in what they take from it."""

from dataclasses import replace
from http import HTTPStatus

from starlette.responses import Response

from harness.clock import NS
from harness.faults.catalogue import Effect
from harness.wire.mobile_payment import EnvelopeCodec, Variant, encode
from simulators.mobile_payment.app import JSON_TYPE, Answer, MobilePayment
from simulators.mobile_payment.services import RefusedError

OWN_CODE = 999
"""A code that no table has."""
DAY_S = 86_400


class _Writing(MobilePayment):
    """Writes its answers otherwise."""

    def _sealed(self, code: int, message: str, data: Answer | None = None, *, effect: Effect | None = None) -> Response:
        return self._written(code, message, data)

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        raise NotImplementedError

    def _under_seal(
        self, codec: EnvelopeCodec, code: int, message: str, data: Answer | None, *, late_s: int = 0
    ) -> dict[str, object]:
        """The envelope that a codec makes of an answer."""
        now_ns = self._context.clock.now_ns() - late_s * NS
        return codec.seal_reply(code, message, data, now_ns=now_ns)


def _response(envelope: Answer) -> Response:
    return Response(encode(envelope), media_type=JSON_TYPE)


class RefusalsAs500(_Writing):
    """Answers what it refuses with HTTP 500."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        if code:
            return Response(message, HTTPStatus.INTERNAL_SERVER_ERROR)
        return _response(self._under_seal(self._codec, code, message, data))


class AnswersInDer(_Writing):
    """Signs its answers in DER where r‖s is due."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        return _response(self._under_seal(self._codec_of(Effect.SIGNATURE_DER), code, message, data))


class AnswersOfYesterday(_Writing):
    """Writes a time of yesterday into its answers."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        return _response(self._under_seal(self._codec, code, message, data, late_s=DAY_S))


class PlainDataBeside(_Writing):
    """Leaves the plain data beside the cipher text."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        envelope = self._under_seal(self._codec, code, message, data)
        return _response(envelope if data is None else {**envelope, "data": data})


class AlwaysSuccess(_Writing):
    """Says success true in what it refuses, too."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        envelope = self._under_seal(self._codec, code, message, data)
        if code:
            envelope = {**envelope, "success": True}
            envelope.pop("signData", None)
        return _response(envelope)


class OwnCode(_Writing):
    """Refuses an order that it does not know with a code that stands in no table."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        own = OWN_CODE if code == RefusedError("order-unknown").code else code
        return _response(self._under_seal(self._codec, own, message, data))


class RefusalTells(_Writing):
    """Says with a refusal where the order stands."""

    def _written(self, code: int, message: str, data: Answer | None) -> Response:
        told = {"payOrdId": "ORD" + "0" * 27, "ordStas": "6"} if code else data
        return _response(self._under_seal(self._codec, code, message, told))


class _Otherwise(MobilePayment):
    """Goes by another form of the envelope than it says."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]  # handed through
        self._variant = self.changed(self._variant)
        self._codec = self._codec_of()

    def changed(self, variant: Variant) -> Variant:
        """The form that it goes by."""
        raise NotImplementedError


class AnyTime(_Otherwise):
    """Takes messages of any age."""

    def changed(self, variant: Variant) -> Variant:
        """Without a look at the time."""
        return replace(variant, tolerance_s=0)


class PlainAccepted(_Otherwise):
    """Takes messages that are not signed, or not encrypted."""

    def changed(self, variant: Variant) -> Variant:
        """PLAIN is as good."""
        return replace(variant, accept_unsigned=True, accept_plain_data=True)


class _Believes:
    """A machine that calls every signature good."""

    def __init__(self, right: EnvelopeCodec) -> None:
        self._right = right._machine  # noqa: SLF001 - the mutant's own codec

    def sign(self, message: bytes) -> bytes:
        """As the right one."""
        return self._right.sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Always."""
        return bool(message or signature)

    def encrypt(self, data: bytes) -> bytes:
        """As the right one."""
        return self._right.encrypt(data)

    def decrypt(self, data: bytes) -> bytes:
        """As the right one."""
        return self._right.decrypt(data)


class AnySignature(MobilePayment):
    """Does not look at the signature of a message."""

    def _codec_of(self, effect: Effect | None = None) -> EnvelopeCodec:
        right = super()._codec_of(effect)
        return EnvelopeCodec(right._application, _Believes(right), self._variant)  # noqa: SLF001 - its own


class NoticeUnsealed(MobilePayment):
    """Signs its notices with another key than its answers."""

    def _notice(self, data: Answer, effect: Effect | None) -> bytes:
        return super()._notice(data, Effect.KEY_ROTATED if effect is None else effect)
