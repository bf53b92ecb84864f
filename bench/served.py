"""The site as it is served, to be asked by measurements, with empty views to hold answers against."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

START_LIMIT_S = 20
KEPT_OPEN_S = 10  # the server closes what says nothing for longer than some 30


class Ask:
    """One connection that is kept open, with as little of the client's own work in the times as may be."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._used = time.monotonic()
        self.key = ""

    def __call__(self, method: str, path: str, body: Any = None) -> float:
        """Seconds to a good answer, read to its end."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        text = json.dumps(body) if body is not None else None
        if time.monotonic() - self._used > KEPT_OPEN_S:
            self._connection.close()
            self._connection.connect()
        started = time.perf_counter()
        self._connection.request(method, path, text, headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - started
        self._used = time.monotonic()
        assert answer.status in {200, 204}, f"{path} answered {answer.status}"
        return taken


@contextmanager
def served_site() -> Iterator[httpx.Client]:
    """A site served as `make run` serves it, with some empty views beside it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    command += ["--host", "127.0.0.1", "--port", str(port), "bench.empty_wsgi:application"]
    quiet = {
        "THROTTLE_LOOKUP": "100000/min",
        "THROTTLE_LOOKUP_TOTAL": "100000/min",
        "THROTTLE_GARAGE": "100000/min",
        "THROTTLE_PUBLIC": "100000/min",
    }
    static = {"STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    environment = os.environ | quiet | static | {"SECRET_KEY": secrets.token_hex(16)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                _await(client)
                yield client
        finally:
            server.terminate()


def times(ask: Callable[[], httpx.Response], count: int) -> list[float]:
    """Seconds of each of `count` answers, all of them good."""
    for _ in range(5):
        ask().raise_for_status()
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        answer = ask()
        taken.append(time.perf_counter() - started)
        answer.raise_for_status()
    return taken


def _await(client: httpx.Client) -> None:
    give_up = time.monotonic() + START_LIMIT_S
    while True:
        try:
            client.get("/readyz").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)  # until the site answers; START_LIMIT_S bounds it
        else:
            return
