"""How fast a served site answers, against an empty view of the same server, before and during a full decision."""

from __future__ import annotations

import os
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django.db import connection
from django.utils import timezone

from bench.decide import build_world, clear_world
from dealers.access import create_api_key
from dealers.models import Dealer
from parts.blocking.decide import decide

REQUESTS = {"small": 300, "full": 1_500}
START_LIMIT_S = 20


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern answers."""
    try:
        build_world(scale)
        decide(at=timezone.now(), full=True)
        with _site() as client:
            return _measure(client, REQUESTS[scale])
    finally:
        clear_world()


def _measure(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    plates, numbers = _column("registration", "parts_vehicle", count), _column("raw", "parts_partnumber", 500)
    key = create_api_key(dealer=Dealer.objects.all()[0], name="bench")[1]
    asks = iter(plates * 3)

    def empty() -> httpx.Response:
        return client.get("/.well-known/security.txt")  # every middleware, no query

    def look_up() -> httpx.Response:
        return client.post("/api/v1/vehicles/lookup", json={"registration": next(asks)})

    def check() -> httpx.Response:
        return client.post(
            "/api/v1/parts/check", json={"part_numbers": numbers}, headers={"Authorization": f"Bearer {key}"}
        )

    def summary() -> httpx.Response:
        return client.get("/api/v2/summary.json")

    nothing = statistics.median(_times(empty, count))
    idle = _times(look_up, count)
    busy = _during_decisions(lambda: _times(look_up, count))
    checks, summaries = _times(check, 10), _times(summary, 50)
    limit = "an empty view of the same server, one connection"
    return [
        _figure("lookup_vs_empty_view", nothing / statistics.median(idle), "higher", f"requests/s of {limit}"),
        _figure(
            "lookup_p99_during_full_decide_vs_idle", _p99(busy) / _p99(idle), "lower", "the same, nothing deciding"
        ),
        _figure("parts_check_500_vs_empty_view", statistics.median(checks) / nothing, "lower", f"the time of {limit}"),
        _figure(
            "summary_json_vs_empty_view", nothing / statistics.median(summaries), "higher", f"requests/s of {limit}"
        ),
    ]


def _times(ask: Callable[[], httpx.Response], count: int) -> list[float]:
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


def _during_decisions(work: Callable[[], list[float]]) -> list[float]:
    """The work, while full decisions run one after the other."""
    done = threading.Event()

    def decisions() -> None:
        while not done.is_set():
            decide(at=timezone.now(), full=True)
        connection.close()

    thread = threading.Thread(target=decisions)
    thread.start()
    try:
        return work()
    finally:
        done.set()
        thread.join()


def _p99(samples: list[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.99)]


def _column(name: str, table: str, count: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY md5(id::text) LIMIT %s", [count])
        return [row[0] for row in cursor.fetchall()]


def _figure(name: str, value: float, better: str, limit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": "ratio", "better": better, "limit": limit, "samples": []}


@contextmanager
def _site() -> Iterator[httpx.Client]:
    """A site served as `make run` serves it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    command += ["--host", "127.0.0.1", "--port", str(port), "garagehub.wsgi:application"]
    quiet = {"THROTTLE_LOOKUP": "100000/min", "THROTTLE_GARAGE": "100000/min", "THROTTLE_PUBLIC": "100000/min"}
    static = {"STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    environment = os.environ | quiet | static | {"SECRET_KEY": secrets.token_hex(16)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                _await(client)
                yield client
        finally:
            server.terminate()


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
