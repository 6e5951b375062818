"""Whom the adapter trusts at https:// addresses: the authority that it was told, for the host that it calls."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What connections over TLS go by; without `ca` the authorities of this machine are trusted."""

    ca: str = ""
    client_cert: str = ""
    client_key: str = ""
    certificate: bool = True
    """The other side's certificate must be in order."""
    name: bool = True
    """It must be for the host that is called."""
    insists: bool = True
    """A connection that was refused for its certificate is not made again without looking at it."""
    survives: bool = True
    """A certificate that is not in order is an answer that did not come, and not the end of the program."""


NOTHING_TOLD = Trust()
Trusting = Callable[[Trust], Trust]


def as_told(trust: Trust) -> Trust:
    """Whom hello says."""
    return trust


def secured(line: socket.socket, host: str, trust: Trust) -> ssl.SSLSocket:
    """The same connection, not shaken hands over yet. Raises OSError for files, ValueError for a strange host."""
    return _context(trust).wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)


@cache
def _context(trust: Trust) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = trust.certificate and trust.name
    context.verify_mode = ssl.CERT_REQUIRED if trust.certificate else ssl.CERT_NONE
    if trust.ca:
        context.load_verify_locations(trust.ca)
    else:
        context.load_default_certs()
    if trust.client_cert:
        context.load_cert_chain(trust.client_cert, trust.client_key or None)
    return context
