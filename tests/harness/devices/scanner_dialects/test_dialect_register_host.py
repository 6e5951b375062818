"""Register boxes: one byte at an address."""

from harness.devices.scanner_dialects.dialect import Reply, Said
from harness.devices.scanner_dialects.register import RegisterDialect
from harness.wire.scanner.framing import ScanFraming


def test_the_register_trigger_writes_register_2() -> None:
    raw = RegisterDialect(ScanFraming()).trigger(on=True).raw
    assert raw[:7] == bytes.fromhex("7E 00 08 01 00 02 01")


def test_register_answers() -> None:
    dialect = RegisterDialect(ScanFraming())
    (done,) = dialect.feed(bytes.fromhex("02 00 00 01 00 33 31"))
    assert isinstance(done, Reply)
    assert done.items[0].said is Said.DONE
    (wrong,) = dialect.feed(bytes.fromhex("02 00 01 01 00 04 01"))
    assert isinstance(wrong, Reply)
    assert wrong.items[0].said is Said.REFUSED
    requests = dialect.settings([("0x0013", "0x85"), ("0", "1")], permanent=True)
    assert [request.raw[:7].hex(" ") for request in requests] == [
        "7e 00 08 01 00 13 85",
        "7e 00 08 01 00 00 01",
        "7e 00 09 01 00 00 00",
    ]
