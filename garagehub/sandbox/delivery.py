"""How an answer's bytes get to the client: whole, in drops, cut short, or not at all."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler

from garagehub.sandbox.faults import Fault
from garagehub.sandbox.messages import Response

_PIECE = 65_536
_WITHOUT_BODY = frozenset({204, 304})


def deliver(handler: BaseHTTPRequestHandler, response: Response) -> None:
    """Write the answer. Ends the connection where the answer, its faults or its length demand it."""
    if response.is_reset:
        reset(handler)
        return
    pieces = _pieces(response.body) if response.chunks is None else response.chunks
    length = len(response.body) if response.chunks is None else response.length
    if length is not None and (cut := response.faults.get("truncated_body")):
        handler.close_connection = True
        kept = length * int(cut.options["keep_percent"]) // 100
        length = kept if cut.options["silent"] else length
        pieces = _first(pieces, kept)
    is_chunked = length is None and handler.request_version != "HTTP/1.0"
    if length is None and not is_chunked:
        handler.close_connection = True
    _send_head(handler, response, length=length, is_chunked=is_chunked)
    if handler.command == "HEAD" or response.status in _WITHOUT_BODY:
        return
    if drip := response.faults.get("slow_drip"):
        pieces = _dripping(pieces, drip)
    for piece in pieces:
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        if drip:
            handler.wfile.flush()
    if is_chunked:
        handler.wfile.write(b"0\r\n\r\n")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Drop the connection with a TCP reset: lingering for 0 seconds throws away what was not sent."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _send_head(handler: BaseHTTPRequestHandler, response: Response, *, length: int | None, is_chunked: bool) -> None:
    handler.send_response(response.status)
    for name, value in response.headers.items():
        handler.send_header(name, value)
    if is_chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    elif length is not None and response.status not in _WITHOUT_BODY:
        handler.send_header("Content-Length", str(length))
    if handler.close_connection:
        handler.send_header("Connection", "close")
    handler.end_headers()


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))


def _first(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _dripping(pieces: Iterable[bytes], drip: Fault) -> Iterator[bytes]:
    """The same bytes in drops, with a wait after each; all at once when the fault is taken down."""
    size = max(1, int(drip.options["bytes"]))
    for piece in pieces:
        sent = 0
        while sent < len(piece) and not drip.cleared.is_set():
            yield piece[sent : sent + size]
            sent += size
            drip.cleared.wait(float(drip.options["every_s"]))
        if sent < len(piece):
            yield piece[sent:]
