"""Who polls when: claims, back-off, the breaker, and runs whose worker died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from garagehub.lib.lock import LockKind, try_lock
from parts.feeds import breaker, polling, sweeping
from parts.feeds.models import Feed, FeedRun
from parts.stock.models import Supplier
from tests.parts.feeds.conftest import NOW, make_feed, ndjson, row, rows, stock, take


def test_a_due_feed_is_claimed_once_longest_overdue_first(db):
    late = make_feed("http://h/a", code="a", next_attempt_at=NOW - timedelta(minutes=9))
    due = make_feed("http://h/b", code="b", next_attempt_at=NOW)
    make_feed("http://h/c", code="c", next_attempt_at=NOW + timedelta(seconds=1))
    make_feed("http://h/d", code="d", next_attempt_at=NOW, is_enabled=False)

    assert sorted(polling.due(at=NOW)) == sorted([late.pk, due.pk])
    assert polling.due(at=NOW) == []


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_claim_the_same_feed():
    for number in range(20):
        make_feed("http://h/a", code=f"s{number}", next_attempt_at=NOW)

    def claim(_):
        try:
            return polling.due(at=NOW, limit=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        claimed = [feed for found in pool.map(claim, range(8)) for feed in found]

    assert sorted(claimed) == sorted(Feed.objects.values_list("pk", flat=True))


def test_failures_open_the_breaker_and_one_success_closes_it(server, feed):
    server.serve("/s/offers.ndjson", b"", status=500)
    for _ in range(breaker.OPEN_AFTER):
        take(feed)
    feed.refresh_from_db()
    assert (feed.failures, feed.opened_at) == (breaker.OPEN_AFTER, NOW)
    assert feed.next_attempt_at >= NOW + timedelta(seconds=150)
    assert polling.due(at=NOW + timedelta(seconds=100)) == []
    assert polling.due(at=feed.next_attempt_at) == [feed.pk]
    assert polling.due(at=feed.next_attempt_at) == []

    server.snapshot(row(), sequence=1)
    take(feed)
    feed.refresh_from_db()
    assert (feed.failures, feed.opened_at) == (0, None)


@given(st.integers(1, 200), st.floats(0, 1))
def test_waits_grow_to_a_limit_and_never_vanish(failures, draw):
    wait = breaker.wait_s(failures, draw=draw)
    assert 1 <= wait <= 3_600
    if failures >= breaker.OPEN_AFTER:
        assert wait >= 150


def test_a_run_whose_worker_died_is_closed_and_its_feed_asked_again(feed):
    stuck = FeedRun.objects.create(feed=feed, kind="snapshot", started_at=NOW - timedelta(minutes=1))
    fresh = FeedRun.objects.create(feed=feed, kind="snapshot", started_at=NOW)

    assert sweeping.sweep(at=NOW) == 1

    stuck.refresh_from_db()
    fresh.refresh_from_db()
    assert (stuck.state, stuck.reason) == ("failed", "The worker of this run stopped before it was done.")
    assert fresh.state == "running"
    assert Feed.objects.get().next_attempt_at <= NOW + timedelta(seconds=21)


@pytest.mark.django_db(transaction=True)
def test_a_run_under_way_is_left_alone_however_long_it_takes():
    feed = make_feed("http://h/a")
    FeedRun.objects.create(feed=feed, kind="snapshot", started_at=NOW - timedelta(hours=1))
    held, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            assert try_lock(LockKind.FEED, feed.pk)
            held.set()
            over.wait(10)
        connection.close()

    worker = threading.Thread(target=hold)
    worker.start()
    held.wait(10)
    assert sweeping.sweep(at=NOW) == 0
    over.set()
    worker.join()
    assert sweeping.sweep(at=NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_four_suppliers_that_bring_the_same_new_parts_at_once_all_get_in(server):
    def numbers(turn: int) -> list[dict[str, object]]:
        found = [row(f"NEW{number}", branch=f"B{number % 3}") for number in range(turn * 50, turn * 50 + 400)]
        return found if turn % 2 else found[::-1]

    feeds = []
    for turn in range(4):
        feeds.append(make_feed(f"{server.url}/w{turn}", code=f"w{turn}"))
        server.serve(f"/w{turn}/offers.ndjson", ndjson(*numbers(turn)))

    def run(feed: Feed) -> str:
        try:
            return take(feed).state
        finally:
            connection.close()

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            states = list(pool.map(run, feeds))
        assert set(states) <= {"succeeded", "unchanged"}
    assert [len(stock(f"w{turn}")) for turn in range(4)] == [400] * 4
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM parts_part p WHERE NOT EXISTS (SELECT FROM parts_partnumber n WHERE n.part_id = p.id)"
        )
        assert cursor.fetchone() == (0,)


POLL = """
import os, sys, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[2]
from django.utils import timezone
from parts.feeds import polling
polling.poll(int(sys.argv[1]), at=timezone.now())
"""


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_moment_leaves_the_old_stock_or_the_new(server):
    feed = make_feed(f"{server.url}/s")
    before, after = rows(4_000), rows(4_000, quantity=9)
    server.snapshot(*before, sequence=1)
    take(feed)
    server.snapshot(*after, sequence=2)
    command = [sys.executable, "-c", POLL, str(feed.pk), str(connection.settings_dict["NAME"])]
    seen = set()
    for number in range(8):
        worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=dict(os.environ))
        _wait_until_running(feed, number)
        time.sleep(number * 0.08)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        _wait_until_free(feed)
        quantities = {quantity for quantity, _ in stock().values()}
        assert quantities in ({3}, {9})
        assert len(stock()) == 4_000
        seen |= quantities
    sweeping.sweep(at=NOW + timedelta(days=3_650))

    run = take(feed)

    assert run.state in {"succeeded", "unchanged"}
    assert {quantity for quantity, _ in stock().values()} == {9}
    assert not FeedRun.objects.filter(state="running").exists()
    assert Supplier.objects.get().confirmed_at == NOW


def _wait_until_running(feed: Feed, number: int) -> None:
    """Until the worker has written the row of its run, or the work was done by an earlier one."""
    deadline = time.monotonic() + 30
    while FeedRun.objects.filter(feed=feed).count() <= number + 1 and time.monotonic() < deadline:
        time.sleep(0.01)


def _wait_until_free(feed: Feed) -> None:
    """Until PostgreSQL has noticed that the worker is gone."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with transaction.atomic():
            if try_lock(LockKind.FEED, feed.pk):
                return
        time.sleep(0.05)
    raise AssertionError("the feed's lock was not let go")
