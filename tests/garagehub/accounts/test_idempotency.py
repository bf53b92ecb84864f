"""`Idempotency-Key`, on the call that takes reports."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection, connections, transaction

from dealers.models import Evidence
from garagehub.accounts import idempotency
from garagehub.accounts.models import KeptReply
from tests import factories

REPORTS = "/api/v1/reports"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture
def garage(db):
    return factories.dealer(kind="independent")


@pytest.fixture
def dealer(db):
    return factories.dealer()


@pytest.fixture
def report(client, garage, dealer):
    own = factories.bearer(garage)

    def report(key=KEY, *, by=None, **changed):
        body = {"dealer": dealer.code, "system": "diagnostics", "works": False, **changed}
        headers = (factories.bearer(by) if by else own) | ({"Idempotency-Key": key} if key else {})
        return client.post(REPORTS, body, content_type="application/json", headers=headers)

    return report


def test_a_call_sent_again_does_nothing_more_and_is_answered_as_at_first(report):
    first, rows = report(), Evidence.objects.count()
    again = report()
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Evidence.objects.count() == rows == 1
    assert Evidence.objects.get().observed_at.isoformat()[:19] == first.json()["received_at"][:19]


def test_a_key_as_a_structured_string_is_the_same_key(report):
    report(KEY)
    assert report(f'"{KEY}"')["Idempotent-Replayed"] == "true"


def test_without_a_key_each_call_counts(report):
    report(None)
    assert "Idempotent-Replayed" not in report(None)
    assert not KeptReply.objects.exists()


def test_one_key_for_two_requests_is_a_mistake(report):
    report()
    wrong = report(works=True)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "idempotency_key_reused")
    assert Evidence.objects.get().claim == "down"


@pytest.mark.parametrize("key", ["short", "has blanks in it", "x" * 101, "ümlaut-ümlaut"])
def test_a_key_that_cannot_be_one_is_refused_by_name(report, key):
    response = report(key)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_not_valid")
    assert "Idempotency-Key" in response.json()["fields"]
    assert not Evidence.objects.exists()


def test_what_was_refused_may_be_put_right_under_the_same_key(report):
    assert report(system="steam").status_code == 400
    assert report().status_code == 202


def test_two_callers_may_use_the_same_key(report):
    report()
    assert "Idempotent-Replayed" not in report(by=factories.dealer(kind="independent"))


def test_after_a_day_a_key_is_new_and_its_reply_forgotten(report):
    report()
    KeptReply.objects.update(created_at=datetime.now(UTC) - timedelta(days=1, seconds=1))
    assert "Idempotent-Replayed" not in report()
    assert idempotency.forget_old(at=datetime.now(UTC)) == 0
    assert idempotency.forget_old(at=datetime.now(UTC) + timedelta(days=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_call_waits_for_the_first_with_its_key_and_does_nothing_more(report):
    """The first is still under way, as another connection sees it, and then ends."""
    first = report()
    kept = KeptReply.objects.get()
    KeptReply.objects.all().delete()
    begun, end = threading.Event(), threading.Event()

    def other():
        with transaction.atomic():
            kept.pk = None
            kept.save(force_insert=True)
            begun.set()
            end.wait(5)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(5)
    threading.Timer(0.3, end.set).start()
    again = report()
    thread.join()
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_a_call_that_waits_too_long_is_told_so(report, monkeypatch):
    monkeypatch.setattr(idempotency, "_WAIT_MS", 100)
    report()
    kept = KeptReply.objects.get()
    KeptReply.objects.all().delete()
    begun, end = threading.Event(), threading.Event()

    def other():
        with transaction.atomic():
            kept.pk = None
            kept.save(force_insert=True)
            begun.set()
            end.wait(10)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(5)
    response = report()
    end.set()
    thread.join()
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_in_use")
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
