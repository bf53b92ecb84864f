"""Who is told when a source is in trouble: the admin of each fault, and whoever asks of data that has grown old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from tests import factories
from tests.parts.feeds.conftest import NOW, make_feed, row, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(get_user_model().objects.create_superuser(email="boss@example.org", password="correct horse"))
    return client


@pytest.mark.parametrize(
    ("fault", "shown"),
    [("refuse", "Failed"), ("zero_rows", "Held for an admin"), ("old_snapshot", "Ignored: old or repeated")],
)
def test_the_admin_sees_what_a_suppliers_fault_came_to_and_why(sandbox, boss, fault, shown):
    feed = make_feed(f"{sandbox.url}/suppliers/meridian", code="meridian")
    take(feed)
    sandbox.fault("suppliers/meridian", fault)

    run = take(feed, NOW + timedelta(minutes=5))

    assert shown in boss.get(reverse("admin:parts_feed_changelist")).content.decode()
    for page in (
        reverse("admin:parts_feed_change", args=[feed.pk]),
        reverse("admin:parts_feedrun_change", args=[run.pk]),
    ):
        assert escape(run.reason) in boss.get(page).content.decode()


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(hours=2), ("stale", "Old")),
        (timedelta(hours=7), ("source_down", "Source not answering")),
    ],
)
def test_data_that_has_grown_old_is_said_to_be_so_wherever_it_is_used(client, server, feed, age, words):
    state, in_admin = words
    server.snapshot(row("LR000001", quantity=3), sequence=1)
    take(feed, timezone.now() - age)
    garage = factories.dealer()

    answer = client.post(
        "/api/v1/parts/check",
        {"part_numbers": ["LR000001"]},
        content_type="application/json",
        headers=factories.bearer(garage),
    ).json()

    assert [(source["supplier"], source["state"]) for source in answer["sources"]] == [("Acme Parts", state)]
    assert answer["results"][0]["availability"] == "unknown"
    client.force_login(factories.member(garage))
    page = client.get(reverse("garage")).content.decode()
    assert "Some sources could not be checked." in page
    assert "Acme Parts" in page
    client.force_login(get_user_model().objects.create_superuser(email="boss@example.org", password="correct horse"))
    assert f">{in_admin}<" in client.get(reverse("admin:parts_feed_changelist")).content.decode()
    assert f">{in_admin}<" in client.get(reverse("admin:parts_supplier_changelist")).content.decode()
