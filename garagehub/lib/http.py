"""The only way out. Every outbound request is bounded in time and size, guarded against private addresses,
and never logged with its URL, which may carry a plate.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

USER_AGENT = "GarageHub/1.0"


class OutboundError(Exception):
    """An outside service did not give a usable answer. `permanent`: trying again will not help."""

    def __init__(self, message: str, *, permanent: bool = False, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class ForbiddenAddressError(OutboundError):
    """The address is private, local or reserved, and this target is not marked internal."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class TooLargeError(OutboundError):
    """The body is larger than allowed."""


class TimedOutError(OutboundError):
    """The answer took longer than allowed, in total or between bytes."""


def resolve_public(host: str, port: int) -> str:
    """The address to connect to, or ForbiddenAddressError if any of the host's addresses is not public."""
    addresses = [host] if _is_address(host) else _look_up(host, port)
    for address in addresses:
        ip = ipaddress.ip_address(address.split("%")[0])
        mapped = getattr(ip, "ipv4_mapped", None)
        if not (mapped or ip).is_global or ip.is_multicast:
            raise ForbiddenAddressError("The address is not a public one, and this source is not marked internal.")
    return addresses[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OutboundError(f"The host name could not be found ({error.strerror or error}).") from error
    return [str(item[4][0]) for item in found]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading the authorities' certificates takes longer than a request, so it is done once."""
    return httpx.create_ssl_context()


class _GuardedTransport(httpx.HTTPTransport):
    """Connects to the address that was checked, so that DNS cannot change between check and use.

    `trusted_host` may have a private address: the host an admin marked internal, but none it redirects to.
    """

    def __init__(self, *, trusted_host: str | None) -> None:
        super().__init__(verify=_tls())
        self._trusted_host = trusted_host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host == self._trusted_host:
            return super().handle_request(request)
        address = resolve_public(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        request.headers["Host"] = request.url.netloc.decode()
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return super().handle_request(request)


class _Deadline:
    """Cuts the connection when time is up. Time-outs are for single reads: without it, a server that sends its headers
    byte by byte keeps us for as long as it likes.
    """

    def __init__(self, deadline: float) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """What httpcore's `trace` extension calls: here is the connection."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")

    def end(self) -> None:
        """All is done."""
        self._timer.cancel()

    def _cut(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # past TLS, which would say goodbye first


class Body:
    """A response being read: status, headers, and its bytes as they come, counted and bounded."""

    def __init__(self, response: httpx.Response, *, max_bytes: int, deadline: float) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._max_bytes = max_bytes
        self._deadline = deadline
        self.bytes_read = 0

    def chunks(self) -> Iterator[bytes]:
        """The decoded body in pieces; raises TooLargeError or TimedOutError past the limits."""
        return self._bounded(self._response.iter_bytes())  # as they arrive, so that a slow drip meets the deadline

    def raw_chunks(self) -> Iterator[bytes]:
        """The body as sent, still compressed if it was (see Content-Encoding); bounded like `chunks`."""
        return self._bounded(self._response.iter_raw())

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.bytes_read += len(chunk)
            if self.bytes_read > self._max_bytes:
                raise TooLargeError(f"The answer is larger than {self._max_bytes:,} bytes.")
            if time.monotonic() > self._deadline:
                raise TimedOutError("The answer took too long.")
            yield chunk
        if time.monotonic() > self._deadline:
            raise TimedOutError("The answer took too long.")  # cut off, it may look like one that ended

    def read(self) -> bytes:
        """The whole body, bounded by the same limits."""
        return b"".join(self.chunks())


@contextmanager
def open_url(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
    data: dict[str, Any] | None = None,
    is_internal: bool = False,
    connect_s: float = 5,
    read_s: float = 15,
    total_s: float = 60,
    max_bytes: int = 10_000_000,
    max_redirects: int = 3,
) -> Iterator[Body]:
    """Ask a URL and stream the answer. Redirects are followed, each target checked anew, GET only.

    Raises OutboundError (or a child) for anything but an HTTP answer; any status is an answer.
    `is_internal` allows a private address for this host, as an admin marked it so; not for others it redirects to.
    """
    deadline = time.monotonic() + total_s
    transport = _GuardedTransport(trusted_host=httpx.URL(url).host if is_internal else None)
    timeout = httpx.Timeout(read_s, connect=connect_s)
    limit = _Deadline(deadline)
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})}
    try:
        with httpx.Client(transport=transport, timeout=timeout, trust_env=False) as client:
            for _ in range(max_redirects + 1):
                if urlsplit(url).scheme not in {"http", "https"}:
                    raise ForbiddenAddressError("Only http and https addresses are asked.")
                request = client.build_request(
                    method, url, headers=sent, content=content, data=data, extensions={"trace": limit.watch}
                )
                response = client.send(request, stream=True)
                try:
                    if not response.has_redirect_location:
                        yield Body(response, max_bytes=max_bytes, deadline=deadline)
                        return
                    if method != "GET":
                        raise OutboundError("The service answered with a redirect.", permanent=True)
                    url = urljoin(url, response.headers["Location"])
                    sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
                finally:
                    response.close()
            raise OutboundError(f"More than {max_redirects} redirects.", permanent=True)
    except httpx.HTTPError as error:
        raise _explained(error, is_over=limit.is_over) from error
    finally:
        limit.end()


def _explained(error: httpx.HTTPError, *, is_over: bool) -> OutboundError:
    if is_over:
        return TimedOutError("The answer took too long.")
    if isinstance(error, httpx.TimeoutException):
        return TimedOutError("The service did not answer in time.")
    if isinstance(error, httpx.RemoteProtocolError):
        return OutboundError("The answer broke off, or was not HTTP.")
    return OutboundError(f"The connection failed ({type(error).__name__}).")


def retry_after_seconds(headers: httpx.Headers, *, limit_s: int = 86_400) -> int | None:
    """The wait a service asks for by `Retry-After` in seconds, bounded; None if absent or a date we cannot read."""
    raw = headers.get("Retry-After", "")
    return min(int(raw), limit_s) if raw.isdigit() else None
