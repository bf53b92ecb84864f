"""A DVSA that answers what a test tells it to, and the sandbox's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class StandIn:
    """`answers` maps a path to answers (status, body, headers); the last one stays. `asked` keeps (path, headers)."""

    def __init__(self):
        self.answers = {"/token": [(200, {"access_token": "t0p-secret", "expires_in": 1199}, {})]}
        self.asked = []
        handler = type("Handler", (_Handler,), {"world": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, status, body, **headers):
        self.answers.setdefault(path, []).append((status, body, headers))

    def times_asked(self, path):
        return sum(asked == path for asked, _ in self.asked)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    world: StandIn

    def do_GET(self):
        self.world.asked.append((self.path, dict(self.headers)))
        answers = self.world.answers.get(self.path) or [(404, {"errorCode": "MOTH-NF-02"}, {})]
        status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


def _point_to(settings, api, token):
    settings.DVSA_API_URL, settings.DVSA_TOKEN_URL, settings.DVSA_INTERNAL = api, token, True
    settings.DVSA_CLIENT_ID = settings.DVSA_CLIENT_SECRET = settings.DVSA_API_KEY = "sandbox"


@pytest.fixture
def stand_in(settings):
    """Our client talks to a stand-in."""
    running = StandIn()
    _point_to(settings, running.url, f"{running.url}/token")
    yield running
    running.stop()


@pytest.fixture
def dvsa_sandbox(sandbox, settings):
    """Our client talks to the sandbox."""
    _point_to(settings, f"{sandbox.url}/dvsa", f"{sandbox.url}/dvsa/token")
    return sandbox
