"""Addresses of a bench file, read and written."""

import pytest

from harness.errors import ConfigError
from harness.line.address import (
    Address,
    Scheme,
    hid_address,
    parse_address,
    rfc2217_address,
    serial_address,
    tcp_address,
    wedge_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("virtual", Address(scheme=Scheme.VIRTUAL)),
        ("serial:/dev/ttyUSB0", Address(scheme=Scheme.SERIAL, target="/dev/ttyUSB0")),
        ("serial:COM3", Address(scheme=Scheme.SERIAL, target="COM3")),
        ("tcp:10.0.0.7:5000", Address(scheme=Scheme.TCP, target="10.0.0.7:5000", host="10.0.0.7", port=5000)),
        ("tcp:[::1]:5000", Address(scheme=Scheme.TCP, target="[::1]:5000", host="::1", port=5000)),
        (
            "rfc2217:box.local:4000",
            Address(scheme=Scheme.RFC2217, target="box.local:4000", host="box.local", port=4000),
        ),
        (
            "http://127.0.0.1:8001",
            Address(scheme=Scheme.HTTP, target="http://127.0.0.1:8001", host="127.0.0.1", port=8001),
        ),
        ("https://centre/base", Address(scheme=Scheme.HTTPS, target="https://centre/base", host="centre", port=443)),
        ("wedge:/dev/input/event3", Address(scheme=Scheme.WEDGE, target="/dev/input/event3")),
        ("hid:/dev/hidraw0", Address(scheme=Scheme.HID, target="/dev/hidraw0")),
        ("visa:TCPIP::10.0.0.9::5025::SOCKET", Address(scheme=Scheme.VISA, target="TCPIP::10.0.0.9::5025::SOCKET")),
    ],
)
def test_an_address_is_read_and_written_back(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "virtual:", "Virtual", "/dev/ttyUSB0", "serial:", "serial:ttyUSB0", "serial:COM", "tcp:10.0.0.7",
        "tcp:10.0.0.7:", "tcp:10.0.0.7:0", "tcp:10.0.0.7:65536", "tcp::5000", "tcp:::1:5000", "tcp:a b:1",
        "tcp:10.0.0.7:5000 ", "rfc2217:", "http:", "http://", "http:/127.0.0.1", "http://h:99999",
        "visa:", "visa: ", "usb:1", "wedge:", "wedge:event3", "hid:hidraw0", "hid:/",
    ],
)  # fmt: skip
def test_nonsense_is_the_users_to_mend(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_address(text)
    assert repr(text) in error.value.problem
    assert "tcp:10.0.0.7:5000" in error.value.remedy


def test_addresses_of_our_own_devices_can_be_read_back() -> None:
    for address in (
        serial_address("/dev/pts/3"),
        tcp_address("127.0.0.1", 4001),
        tcp_address("::1", 4001),
        rfc2217_address("::1", 4001),
        wedge_address("/dev/input/event3"),
        hid_address("/dev/hidraw0"),
    ):
        assert parse_address(str(address)) == address
