"""Automatic checks against a real HTTP server, and against the sandbox."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection

from dealers import probes
from dealers.models import Evidence, Probe, Status
from garagehub.scenario.dealers import demo_dealers
from tests.factories import dealer
from tests.sandbox_process import SEED

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db

ANSWERS = {
    "/ok": (200, b'{"status": "ok"}'),
    "/degraded": (200, b'{"status": "degraded"}'),
    "/down": (503, b'{"status": "down"}'),
    "/error": (500, b"oops"),
    "/missing": (404, b"{}"),
    "/limited": (429, b"{}"),
    "/garbage": (200, b"<html>"),
    "/list": (200, b"[1]"),
    "/other": (200, b'{"status": {"a": 1}}'),
    "/big": (200, b'{"status": "ok", "padding": "' + b"x" * 20_000 + b'"}'),
}


class Handler(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - shared on purpose

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/hang":
            time.sleep(0.6)
        status, body = ANSWERS.get(self.path, (200, b'{"status": "ok"}'))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def probe(url, *, where=None, system="diagnostics", **extra):
    fields = {"is_internal": True, "next_at": AT, "interval_s": 120} | extra
    return Probe.objects.create(dealer=where or dealer(), system=system, url=url, **fields)


@pytest.mark.parametrize(
    ("path", "claim"),
    [("/ok", "operational"), ("/degraded", "degraded"), ("/down", "down"), ("/error", "down")],
)
def test_an_answer_becomes_evidence(server, path, claim):
    row = probe(server + path)
    assert probes.run_due(at=AT) == 1
    found = Evidence.objects.get()
    assert (found.claim, found.kind, found.observed_at, found.trust) == (claim, "probe", AT, None)
    row.refresh_from_db()
    assert row.last_at == AT
    assert row.last_result.startswith(claim)
    assert Status.objects.filter(dealer=row.dealer).exists()


@pytest.mark.parametrize("path", ["/missing", "/limited", "/garbage", "/list", "/other"])
def test_an_answer_that_says_nothing_is_no_evidence(server, path):
    row = probe(server + path)
    probes.run_due(at=AT)
    assert not Evidence.objects.exists()
    row.refresh_from_db()
    assert row.last_result.startswith("no use")


def test_silence_is_weak_evidence(server, monkeypatch):
    monkeypatch.setattr(probes, "READ_S", 0.2)
    probe(server + "/hang", interval_s=600)
    probe("http://127.0.0.1:1/nobody", interval_s=600)
    probes.run_due(at=AT)
    assert list(Evidence.objects.values_list("claim", "trust")) == [("down", 0.8)] * 2
    assert set(Status.objects.values_list("state", flat=True)) == {"unknown"}


def test_a_body_without_end_is_cut_off(server):
    probe(server + "/big")
    probes.run_due(at=AT)
    assert "larger than" in Probe.objects.get().last_result


def test_a_private_address_is_not_asked_unless_marked_internal(server):
    Handler.asked.clear()
    probe(server + "/guarded", is_internal=False)
    probes.run_due(at=AT)
    assert "/guarded" not in Handler.asked
    assert not Evidence.objects.exists()
    assert "not a public one" in Probe.objects.get().last_result


def test_when_nearly_everyone_is_silent_our_own_line_is_at_fault(server):
    for _ in range(5):
        probe("http://127.0.0.1:1/nobody")
    probe(server + "/ok")
    probes.run_due(at=AT)
    assert Evidence.objects.count() == 1
    assert Probe.objects.filter(last_result__startswith="our own line").count() == 5


def test_a_check_is_planned_again_soon_until_its_result_is_settled(server):
    row = probe(server + "/ok")
    at, waits = AT, []
    for _ in range(4):
        probes.run_due(at=at)
        row.refresh_from_db()
        waits.append((row.next_at - at).total_seconds())
        at = row.next_at
    assert all(13 <= wait <= 17 for wait in waits[:2])
    assert all(108 <= wait <= 132 for wait in waits[2:])
    assert Evidence.objects.get().repeats == 4


def test_a_dealer_that_fails_alone_is_down_after_three_checks(server):
    row = probe(server + "/down")
    at = AT
    seen = []
    for _ in range(3):
        probes.run_due(at=at)
        seen.append(Status.objects.get().state)
        row.refresh_from_db()
        at = row.next_at
    assert seen == ["unknown", "unknown", "down"]


def test_only_due_enabled_checks_of_active_dealers_run(server):
    probe(server + "/later", next_at=AT + timedelta(seconds=1))
    probe(server + "/off", is_enabled=False)
    probe(server + "/hidden", where=dealer(is_active=False))
    assert probes.run_due(at=AT) == 0


def test_a_run_takes_at_most_its_limit_and_the_oldest_first(server):
    late = probe(server + "/ok", next_at=AT - timedelta(minutes=5))
    probe(server + "/ok")
    assert probes.run_due(at=AT, limit=1) == 1
    late.refresh_from_db()
    assert late.last_at == AT


def test_checks_run_at_the_same_time(server):
    for _ in range(8):
        probe(server + "/hang")
    started = time.monotonic()
    probes.run_due(at=AT)
    assert time.monotonic() - started < 3
    assert Evidence.objects.filter(claim="operational").count() == 8


def test_the_number_of_queries_does_not_depend_on_the_number_of_checks(server, django_assert_num_queries):
    for _ in range(7):
        probe(server + "/ok")
    with django_assert_num_queries(17):
        probes.run_due(at=AT)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_run_the_same_check(server):
    rows = [probe(f"{server}/shared-{number}") for number in range(30)]
    Handler.asked.clear()

    def work(_):
        try:
            return probes.run_due(at=AT, limit=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=3) as pool:
        total = sum(pool.map(work, range(6)))
    shared = [path for path in Handler.asked if path.startswith("/shared")]
    assert total == len(rows) == len(shared) == len(set(shared))


def test_a_claim_left_by_a_dead_worker_lapses(server):
    probe(server + "/ok")
    assert len(probes._claim_due(at=AT, limit=10)) == 1
    assert probes.run_due(at=AT + timedelta(seconds=30)) == 0
    assert probes.run_due(at=AT + timedelta(seconds=61)) == 1


def test_the_sandbox_is_understood(sandbox):
    place = demo_dealers(SEED)[0]
    row = probe(f"{sandbox.url}/dealers/{place.code}/systems/diagnostics", where=dealer(code=place.code))
    for claim in ["operational", "degraded", "down"]:
        sandbox.set_system(place.code, "diagnostics", claim)
        probes.run_now([row], at=AT)
        assert Evidence.objects.get().claim == claim
