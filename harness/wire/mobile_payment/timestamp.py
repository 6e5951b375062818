"""Moments as envelopes spell them: milliseconds, seconds, or yyyyMMddHHmmss in Beijing."""

import re
from datetime import UTC, datetime, timedelta

from harness.clock import BEIJING, NS
from harness.wire.mobile_payment.variant import TimestampForm

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = "%Y%m%d%H%M%S"
_SHAPES = {
    TimestampForm.MILLISECONDS: re.compile(r"[0-9]{13}\Z"),
    TimestampForm.SECONDS: re.compile(r"[0-9]{10}\Z"),
    TimestampForm.STAMP: re.compile(r"[0-9]{14}\Z"),
}


def spell_timestamp(at_ns: int, form: TimestampForm) -> str:
    """A moment, nanoseconds since 1970, cut to what the form holds."""
    match form:
        case TimestampForm.MILLISECONDS:
            return str(at_ns // 1_000_000)
        case TimestampForm.SECONDS:
            return str(at_ns // NS)
        case TimestampForm.STAMP:
            return (_EPOCH + timedelta(seconds=at_ns // NS)).astimezone(BEIJING).strftime(_STAMP)


def form_of(text: str) -> TimestampForm | None:
    """Which form a text has; None for none."""
    return next((form for form, shape in _SHAPES.items() if shape.match(text)), None)


def parse_timestamp(text: str) -> int:
    """Nanoseconds since 1970. Raises ValueError for a text of no form, and for a date that does not exist."""
    match form_of(text):
        case TimestampForm.MILLISECONDS:
            return int(text) * 1_000_000
        case TimestampForm.SECONDS:
            return int(text) * NS
        case TimestampForm.STAMP:
            at = datetime.strptime(text, _STAMP).replace(tzinfo=BEIJING)
            return (at - _EPOCH) // timedelta(seconds=1) * NS
        case None:
            raise ValueError("13 digits of milliseconds, 10 of seconds or yyyyMMddHHmmss are due")
