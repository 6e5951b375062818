"""Addresses as a bench file spells them: where a device is, and how it is reached.

    virtual                        the bench starts a simulator of the device's kind
    serial:/dev/ttyUSB0            a serial port of this machine (serial:COM3 on Windows)
    tcp:10.0.0.7:5000              a plain TCP line; IPv6 hosts in brackets: tcp:[::1]:5000
    rfc2217:10.0.0.7:4000          a serial port behind a terminal server that speaks RFC 2217
    http://10.0.0.7:8001/base      an HTTP system (https too)
    visa:TCPIP::10.0.0.9::5025::SOCKET   an instrument, by its VISA resource name; visa:ASRL/dev/ttyUSB0::INSTR a port
    wedge:/dev/input/by-id/…-event-kbd   a box that types as a USB keyboard: its event device, or a stream of events
    hid:/dev/hidraw0               a box that sends HID reports (HID-POS): its raw device, or a socket of reports

Parsing opens nothing; a text that is none of these is a ConfigError, since it stands in the user's own file.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from harness.errors import ConfigError

_HOST_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})\Z")
_SERIAL_PORT = re.compile(r"(?:/\S.*|COM\d+)\Z")
_PATH = re.compile(r"/\S.*\Z")
MAX_PORT = 65535


class Scheme(StrEnum):
    """How a device is reached."""

    VIRTUAL = "virtual"
    SERIAL = "serial"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    HTTP = "http"
    HTTPS = "https"
    VISA = "visa"
    WEDGE = "wedge"
    HID = "hid"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One address; `str()` gives it back in the bench file's notation.

    `target` is what follows the scheme: a path, `host:port`, a VISA resource, or the whole URL for HTTP. `host` and
    `port` are filled for `tcp`, `rfc2217` and HTTP.
    """

    scheme: Scheme
    target: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        match self.scheme:
            case Scheme.VIRTUAL:
                return "virtual"
            case Scheme.HTTP | Scheme.HTTPS:
                return self.target
            case _:
                return f"{self.scheme}:{self.target}"


def parse_address(text: str) -> Address:
    """The address that a text names. Raises ConfigError, with what is possible, when it names none."""
    if text == Scheme.VIRTUAL:
        return Address(scheme=Scheme.VIRTUAL)
    name, colon, target = text.partition(":")
    if not colon or name not in set(Scheme) - {Scheme.VIRTUAL}:
        raise _nonsense(text, f"{name!r} is no way to reach a device")
    match Scheme(name):
        case Scheme.SERIAL:
            if _SERIAL_PORT.match(target) is None:
                raise _nonsense(text, "a serial port is an absolute path or COM and a number")
            return Address(scheme=Scheme.SERIAL, target=target)
        case Scheme.TCP | Scheme.RFC2217 as scheme:
            host, port = _host_port(text, target)
            return Address(scheme=scheme, target=target, host=host, port=port)
        case Scheme.HTTP | Scheme.HTTPS as scheme:
            host, port = _url_host_port(text)
            return Address(scheme=scheme, target=text, host=host, port=port)
        case Scheme.WEDGE | Scheme.HID as scheme:
            if _PATH.match(target) is None:
                raise _nonsense(text, "the device's absolute path is due")
            return Address(scheme=scheme, target=target)
        case _:
            if not target.strip():
                raise _nonsense(text, "the VISA resource is missing")
            return Address(scheme=Scheme.VISA, target=target)


def serial_address(path: str) -> Address:
    """The address of a serial port of this machine."""
    return Address(scheme=Scheme.SERIAL, target=path)


def tcp_address(host: str, port: int) -> Address:
    """The address of a plain TCP line."""
    return Address(scheme=Scheme.TCP, target=_spelled(host, port), host=host, port=port)


def rfc2217_address(host: str, port: int) -> Address:
    """The address of a serial port behind RFC 2217."""
    return Address(scheme=Scheme.RFC2217, target=_spelled(host, port), host=host, port=port)


def wedge_address(path: str) -> Address:
    """The address of a box that types."""
    return Address(scheme=Scheme.WEDGE, target=path)


def hid_address(path: str) -> Address:
    """The address of a box that sends HID reports."""
    return Address(scheme=Scheme.HID, target=path)


def _spelled(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_port(text: str, target: str) -> tuple[str, int]:
    match = _HOST_PORT.match(target)
    if match is None:
        raise _nonsense(text, "a host and a port number are due, e.g. 10.0.0.7:5000")
    port = int(match["port"])
    if not 0 < port <= MAX_PORT:
        raise _nonsense(text, f"a port is between 1 and {MAX_PORT}")
    return match["v6"] or match["host"], port


def _url_host_port(text: str) -> tuple[str, int]:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise _nonsense(text, str(error)) from error
    if not host or not text.startswith(f"{url.scheme}://"):
        raise _nonsense(text, "the host is missing")
    return host, port or (443 if url.scheme == Scheme.HTTPS else 80)


def _nonsense(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"{text!r} is no address: {why}.",
        cause="a slip in the bench file's `at`, or in --device NAME=ADDRESS",
        remedy="write virtual, serial:/dev/ttyUSB0, tcp:10.0.0.7:5000, rfc2217:HOST:PORT, http://HOST:PORT, "
        "visa:RESOURCE, wedge:/dev/input/eventN or hid:/dev/hidrawN",
    )
