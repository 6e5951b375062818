"""How the centre spells moments."""

from datetime import UTC, datetime, timedelta

from harness.clock import BEIJING, NS


def spell_moment(at_ns: int) -> str:
    """Beijing time as `2020-10-14 08:30:00`, with nanoseconds behind a point when they are not zero."""
    seconds, ns = divmod(at_ns, NS)
    whole = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(BEIJING)
    text = whole.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{ns:09d}" if ns else text
