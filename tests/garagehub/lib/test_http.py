"""The only way out: its limits, against real servers on this machine."""

import contextlib
import gzip
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from garagehub.lib import http


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        routes = {"/ok": self._ok, "/bomb": self._bomb, "/away": self._away, "/loop": self._loop, "/drip": self._drip}
        routes.get(self.path, self._missing)()

    def _send(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ok(self):
        self._send(200, b"fine")

    def _missing(self):
        self._send(404, b"no", Retry_After="7")

    def _bomb(self):
        self._send(200, gzip.compress(b"0" * 5_000_000), Content_Encoding="gzip")

    def _away(self):
        self._send(302, Location="file:///etc/passwd")

    def _loop(self):
        self._send(302, Location="/loop")

    def _drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(20):
            time.sleep(0.1)
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                return

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def read(url, **options):
    with http.open_url("GET", url, is_internal=True, **options) as body:
        return body.status, body.read()


def test_an_answer_is_read_whole(server):
    assert read(f"{server}/ok") == (200, b"fine")


def test_any_status_is_an_answer(server):
    with http.open_url("GET", f"{server}/nothing", is_internal=True) as body:
        assert body.status == 404
        assert http.retry_after_seconds(body.headers) == 7


def test_a_private_address_is_refused_unless_marked_internal(server):
    with pytest.raises(http.ForbiddenAddressError), http.open_url("GET", f"{server}/ok"):
        pass


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0"]
)
def test_no_spelling_of_a_private_address_is_public(host):
    with pytest.raises(http.ForbiddenAddressError):
        http.resolve_public(host.strip("[]"), 80)


def test_a_packed_body_is_bounded_by_what_it_unpacks_to(server):
    with pytest.raises(http.TooLargeError):
        read(f"{server}/bomb", max_bytes=1_000_000)


def test_a_redirect_out_of_http_is_refused(server):
    with pytest.raises(http.ForbiddenAddressError):
        read(f"{server}/away")


def test_a_redirect_loop_ends(server):
    with pytest.raises(http.OutboundError, match="redirects"):
        read(f"{server}/loop")


def test_a_dripping_answer_ends_at_the_total_limit(server):
    started = time.monotonic()
    with pytest.raises(http.TimedOutError):
        read(f"{server}/drip", total_s=0.3)
    assert time.monotonic() - started < 1.9


def test_headers_that_drip_end_at_the_total_limit():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.1):
                    connection.sendall(b"a: b\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        started = time.monotonic()
        with pytest.raises(http.TimedOutError):
            read(f"http://127.0.0.1:{listener.getsockname()[1]}/", read_s=5, total_s=0.6)
        took = time.monotonic() - started
        over.set()
        dripping.join(5)
    assert 0.5 < took < 3


def test_nobody_listening_is_an_outbound_error():
    with pytest.raises(http.OutboundError):
        read("http://127.0.0.1:9/")
