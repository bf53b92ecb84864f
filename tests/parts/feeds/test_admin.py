"""The feed console: what an admin sees and can do, in a constant number of queries."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from parts.feeds.models import Feed, FeedRun
from tests.parts.feeds.conftest import make_feed, row, rows, stock, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    user = get_user_model().objects.create_superuser(email="boss@example.org", password="correct horse")
    client.force_login(user)
    return client


def test_the_console_shows_how_each_feed_stands(boss, server, feed):
    server.snapshot(*rows(100), row("A", quantity="lots", branch="B2"), sequence=1)
    take(feed, timezone.now())

    page = boss.get(reverse("admin:parts_feed_changelist")).content.decode()

    assert "Acme Parts" in page
    assert "Taken in" in page
    assert "Up to date" in page


def test_the_console_costs_the_same_for_many_feeds(boss, server, feed, django_assert_max_num_queries):
    boss.get(reverse("admin:parts_feed_changelist"))
    for number in range(20):
        other = make_feed(f"{server.url}/none", code=f"s{number}")
        take(other, timezone.now())

    with django_assert_max_num_queries(8):
        boss.get(reverse("admin:parts_feed_changelist"))


def test_a_feeds_page_has_its_runs_and_their_chart(boss, server, feed):
    server.snapshot(*rows(3), sequence=1)
    take(feed, timezone.now())

    page = boss.get(reverse("admin:parts_feed_change", args=[feed.pk])).content.decode()

    assert "<polyline" in page
    assert "3 rows" in page
    assert "The only run so far" in page


def test_a_feed_that_never_ran_says_so(boss, feed):
    page = boss.get(reverse("admin:parts_feed_change", args=[feed.pk])).content.decode()

    assert "It has not run yet." in page
    assert "<polyline" not in page


def test_polling_now_makes_the_feed_due(boss, feed):
    Feed.objects.update(next_attempt_at=timezone.now() + timezone.timedelta(hours=1))

    boss.post(reverse("admin:parts_feed_changelist"), {"action": "poll_now", "_selected_action": [feed.pk]})

    assert Feed.objects.get().next_attempt_at <= timezone.now()


def test_a_held_run_is_approved_from_its_page(boss, server, feed):
    server.snapshot(*rows(100), sequence=1)
    take(feed, timezone.now())
    server.snapshot(*rows(50), sequence=2)
    run = take(feed, timezone.now())
    assert run.state == "held"
    page = boss.get(reverse("admin:parts_feedrun_change", args=[run.pk])).content.decode()
    assert "Approve: take this data in" in page

    answer = boss.post(reverse("admin:parts_feedrun_approve", args=[run.pk]), follow=True).content.decode()

    assert "The run is now: Taken in." in answer
    assert len(stock()) == 50
    again = boss.post(reverse("admin:parts_feedrun_approve", args=[run.pk]), follow=True).content.decode()
    assert "not held any more" in again


def test_a_held_run_is_discarded_from_its_page(boss, server, feed):
    server.snapshot(*rows(100), sequence=1)
    take(feed, timezone.now())
    server.snapshot(sequence=2)
    run = take(feed, timezone.now())

    boss.post(reverse("admin:parts_feedrun_discard", args=[run.pk]))

    assert FeedRun.objects.get(pk=run.pk).reason.startswith("Held, then discarded by boss@example.org.")
    assert len(stock()) == 100


def test_refused_rows_are_shown_and_downloaded_and_no_formula_runs(boss, server, feed):
    server.snapshot(row("A"), row("=cmd()", quantity="lots"), sequence=1)
    run = take(feed, timezone.now())
    page = boss.get(reverse("admin:parts_feedrun_change", args=[run.pk])).content.decode()
    assert "quantity: “lots” is not a quantity" in page

    file = boss.get(reverse("admin:parts_feedrun_rejected", args=[run.pk])).content.decode()

    assert file.splitlines()[0] == "line,reason,row as sent"
    assert file.splitlines()[1].startswith("2,quantity: “lots” is not a quantity,")


def test_a_preview_shows_rows_as_they_would_be_read_and_stores_nothing(boss, server, db):
    feed = make_feed(f"{server.url}/s", adapter="csv")
    server.serve("/s/offers.csv", b"Part No,Qty\nLR1,10+\nLR2,lots\n")

    page = boss.get(reverse("admin:parts_feed_preview", args=[feed.pk])).content.decode()

    assert "LR1" in page
    assert "quantity: “lots” is not a quantity" in page
    assert stock() == {}
    assert not FeedRun.objects.exists()


def test_a_preview_says_what_is_wrong_with_the_file(boss, server, db):
    feed = make_feed(f"{server.url}/s", adapter="csv")
    server.serve("/s/offers.csv", b"a,b\n1,2\n")

    assert "No header row" in boss.get(reverse("admin:parts_feed_preview", args=[feed.pk])).content.decode()


def test_settings_are_checked_and_a_change_of_them_reads_the_file_anew(boss, feed):
    Feed.objects.update(etag='"old"', snapshot_sha256="0" * 64)
    values = {
        "supplier": feed.supplier_id,
        "adapter": "csv",
        "url": feed.url,
        "is_internal": "on",
        "config": '{"negative": "perhaps"}',
        "interval_s": 60,
        "drop_limit_percent": 30,
        "requests_per_minute": 60,
        "max_mib": 100,
    }
    address = reverse("admin:parts_feed_change", args=[feed.pk])
    assert "settings are wrong" in boss.post(address, values).content.decode()

    boss.post(address, values | {"config": '{"negative": "zero"}'})

    changed = Feed.objects.get()
    assert (changed.adapter, changed.config, changed.etag, changed.snapshot_sha256) == (
        "csv",
        {"negative": "zero"},
        "",
        "",
    )


def test_who_may_only_look_cannot_decide(client, server, feed):
    server.snapshot(*rows(3), sequence=1)
    take(feed, timezone.now())
    server.snapshot(sequence=2)
    run = take(feed, timezone.now())
    user = get_user_model().objects.create_user(email="eve@example.org", password="correct horse", is_staff=True)
    client.force_login(user)

    assert client.post(reverse("admin:parts_feedrun_approve", args=[run.pk])).status_code == 403
    assert client.get(reverse("admin:parts_feedrun_rejected", args=[run.pk])).status_code == 403


@pytest.mark.parametrize("name", ["supplier", "branch", "offer", "feedrun"])
def test_every_list_opens(boss, server, feed, name):
    server.snapshot(*rows(3), sequence=1)
    take(feed, timezone.now())

    assert boss.get(reverse(f"admin:parts_{name}_changelist")).status_code == 200


def test_offers_are_found_by_number_however_it_is_written(boss, server, feed):
    server.snapshot(row("LR 000-001"), row("XX9"), sequence=1)
    take(feed, timezone.now())

    page = boss.get(reverse("admin:parts_offer_changelist"), {"q": "lr.000001"}).content.decode()

    assert "LR 000-001" in page
    assert "XX9" not in page
