"""No test reaches the network. An audit hook sees every way out of this process: connects, datagrams, look-ups.

(pytest-socket replaces `socket.connect` only while a test runs; look-ups, datagrams and threads pass it by.)
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

WITH_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOK_UPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
OWN_NAMES = {None, "", "localhost", socket.gethostname()}
NEVER_REGISTERED = (".invalid", ".test", ".example")  # RFC 2606: they resolve nowhere, so nobody is asked


class NetworkBlockedError(RuntimeError):
    """A test tried to reach another machine."""


def block_network() -> None:
    """From now on, and for good, this process reaches only itself and its machine."""
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in WITH_ADDRESS:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NetworkBlockedError(f"A test tried to reach {address[0]}.")
    elif event in LOOK_UPS and not _is_here(arguments[0]):
        if str(arguments[0]).endswith(NEVER_REGISTERED):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise NetworkBlockedError(f"A test tried to look up {arguments[0]}.")


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in OWN_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
