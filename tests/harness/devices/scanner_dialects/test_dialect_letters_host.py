"""Single-letter boxes."""

from harness.devices.scanner_dialects.dialect import Reply, Request
from harness.devices.scanner_dialects.letters import LettersDialect
from harness.wire.scanner.framing import ScanFraming


def test_letters() -> None:
    dialect = LettersDialect(ScanFraming())
    assert dialect.settings([("109902", "")], permanent=False) == [Request(b"#@109902\r", answered=False)]
    (reply,) = dialect.feed(b"\x01\x02PowerScan\x03\x04")
    assert isinstance(reply, Reply)
    assert reply.text == "PowerScan"
