"""Redis killed and frozen under a working site: nothing is lost, nothing hangs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.utils import timezone

from dealers.models import Evidence, Status
from garagehub.lib.lock import LockKind, try_lock
from parts import pipeline, tasks
from parts.feeds import polling
from parts.feeds.models import Feed, FeedRun
from tests.drills.processes import wait_for
from tests.factories import bearer, member

pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("drills"),  # one after the other: they measure time
    pytest.mark.django_db(transaction=True),
]
LONGEST_S = 5.0
LOOKUP = {"registration": "AB91CDE"}


def test_redis_killed_during_a_feed_run_costs_at_most_that_run_and_work_goes_on_once_it_is_back(shop, drill):
    worker = drill.worker()
    shop.offer(quantity=0)
    let_go = shop.hold_back()
    drill.send(tasks.poll_feed, feed_id=shop.feed.pk)
    shop.wait_until_asked(2)

    drill.redis.kill()
    worker.wait_until_it_says("Connection to broker lost")
    let_go.set()
    wait_for(lambda: not _is_under_way(shop.feed), "nobody works on the feed")
    pipeline.sweep(at=timezone.now() + timedelta(minutes=1))

    assert not FeedRun.objects.filter(state="running").exists()
    run = FeedRun.objects.latest("pk")
    assert (run.state == "succeeded") == (shop.quantities() == {0})
    assert shop.quantities() in ({0}, {3})

    drill.redis.start()
    polling.bring_forward(shop.feed.pk, at=timezone.now())
    drill.send(tasks.poll_due_feeds)
    drill.send(tasks.drain)
    wait_for(lambda: shop.car() == "blocked", "the worker that lost its broker works again")
    assert shop.quantities() == {0}
    assert pipeline.verify_decisions(at=timezone.now())["differences"] == 0


def test_redis_frozen_during_a_feed_run_leaves_the_run_alone_and_work_goes_on_once_it_thaws(shop, drill):
    worker = drill.worker()
    shop.offer(quantity=0)
    let_go = shop.hold_back()
    drill.send(tasks.poll_feed, feed_id=shop.feed.pk)
    shop.wait_until_asked(2)

    drill.redis.freeze()
    let_go.set()
    wait_for(lambda: shop.car() == "blocked", "the run ends and its change is decided")
    assert FeedRun.objects.latest("pk").state == "succeeded"
    worker.wait_until_it_says("Couldn't ack")

    shop.offer(quantity=3)
    drill.redis.thaw()
    drill.send(tasks.poll_feed, feed_id=shop.feed.pk)
    wait_for(lambda: shop.car() == "repairable", "the worker that could not say it was done works again")
    assert not FeedRun.objects.filter(state="running").exists()


def _is_under_way(feed: Feed) -> bool:
    """Whether a worker holds the feed."""
    with transaction.atomic():
        return not try_lock(LockKind.FEED, feed.pk)


def test_while_redis_is_frozen_pages_and_reports_are_answered_and_kept_and_readyz_says_degraded(shop, drill):
    garage, key = shop.here.dealer, bearer(shop.here.dealer)
    person = member(garage)
    # The tests' own way of storing passwords is quick, and unknown to a real site.
    person.password = PBKDF2PasswordHasher().encode("correct horse", salt="drills")
    person.save()
    site = drill.site()
    assert site.get("/readyz").json()["status"] == "ok"
    sign_in = {"username": person.email, "password": "correct horse", "csrfmiddlewaretoken": _form_token(site)}
    drill.redis.freeze()

    report = {"dealer": garage.code, "system": "diagnostics", "works": False}
    answers = {
        "report": _timed(site, "POST", "/api/v1/reports", json=report, headers=key),
        "lookup": _timed(site, "POST", "/api/v1/vehicles/lookup", json=LOOKUP),
        "page": _timed(site, "GET", "/"),
        "sign-in": _timed(site, "POST", "/sign-in/", data=sign_in),
        "readyz": _timed(site, "GET", "/readyz"),
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "report": 202, "lookup": 200, "page": 200, "sign-in": 302, "readyz": 200,
    }  # fmt: skip
    assert answers["lookup"].json()["repair_status"] == "repairable"
    assert answers["readyz"].json()["status"] == "degraded"
    assert Evidence.objects.get().claim == "down"
    assert Status.objects.get(dealer=garage, system="diagnostics").state == "down"

    drill.redis.thaw()
    wait_for(lambda: site.get("/readyz").json()["status"] == "ok", "the site uses Redis again")


def test_while_redis_is_frozen_a_crowd_does_not_queue_up_behind_it(shop, drill):
    site = drill.site()
    with ThreadPoolExecutor(16) as crowd:
        list(crowd.map(lambda _: site.post("/api/v1/vehicles/lookup", json=LOOKUP), range(16)))
        drill.redis.freeze()
        asked = [crowd.submit(_timed, site, "POST", "/api/v1/vehicles/lookup", json=LOOKUP) for _ in range(24)]
        answers = [answer.result() for answer in asked]

    assert {answer.status_code for answer in answers} == {200}


def _timed(site: httpx.Client, method: str, path: str, **sent: Any) -> httpx.Response:
    """Ask, and hold the answer to the limit."""
    started = time.monotonic()
    answer = site.request(method, path, **sent)
    took = time.monotonic() - started
    assert took < LONGEST_S, f"{method} {path} took {took:.1f} s"
    return answer


def _form_token(site: httpx.Client) -> str:
    page = site.get("/sign-in/")
    return page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
