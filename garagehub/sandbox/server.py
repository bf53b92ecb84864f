"""The sandbox as an HTTP server: one thread per connection, HTTP/1.1 kept alive, quiet about what it is asked."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from garagehub.sandbox.delivery import deliver
from garagehub.sandbox.messages import Request, json_response
from garagehub.sandbox.refusals import RefusalError, refuse
from garagehub.sandbox.world import World

MAX_BODY = 65_536


class SandboxServer(ThreadingHTTPServer):
    """Serves a world. With a TLS context every connection is wrapped in its own thread, so no handshake holds others up."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], *, world: World, tls: ssl.SSLContext | None = None) -> None:
        self.world = world
        self.tls = tls
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for the machine's name, as the base class would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands first where there is TLS; a client that refuses the certificate is no error of ours."""
        if self.tls:
            request.settimeout(10)
            with contextlib.suppress(OSError), self.tls.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)
        else:
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A lost connection is nothing to speak of."""
        error = sys.exc_info()[1]
        if error and not isinstance(error, OSError):
            _say(error)

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    timeout: ClassVar[float] = 60

    def version_string(self) -> str:
        """The Server header."""
        return "GarageHubSandbox"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep no log: paths hold plates."""

    def _exchange(self) -> None:
        try:
            response = self.server.world.answer(self._read())
        except RefusalError as refusal:
            response = json_response(refusal.body, status=refusal.status, headers=refusal.headers)
        except Exception as error:  # noqa: BLE001 - an edge: whatever went wrong, the client gets an answer
            _say(error)
            response = json_response({"error": "internal_error", "message": "The sandbox failed."}, status=500)
        deliver(self, response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange  # noqa: N815 - the base class names them so

    def _read(self) -> Request:
        """The request with its body; raises a refusal, and ends the connection, if the body is not one we take."""
        size = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not size.isdecimal():
            self.close_connection = True
            raise refuse(411, "length_required", "Send a Content-Length.")
        if int(size) > MAX_BODY:
            self.close_connection = True
            raise refuse(413, "too_large", f"A body may hold {MAX_BODY:,} bytes.")
        url = urlsplit(self.path)
        scheme = "https" if self.server.tls else "http"
        return Request(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(size)),
            base_url=f"{scheme}://{self._host()}",
        )

    def _host(self) -> str:
        host = self.headers.get("Host", "")
        if host and all(letter.isalnum() or letter in ".-:[]" for letter in host):
            return host
        address = self.server.server_address
        return f"{address[0]!s}:{address[1]}"


def _say(error: BaseException) -> None:
    """The kind of error and where it arose, never its text: that could hold a plate."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    print(f"sandbox: {type(error).__name__} at {where}", file=sys.stderr, flush=True)  # noqa: T201 - its log
