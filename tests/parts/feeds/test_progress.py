"""How far a run is, on the admin's page, without loading it anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.urls import reverse

from parts.feeds.models import Feed, FeedRun
from parts.feeds.progress import Pace, Progress, pace_of
from tests.parts.feeds.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(get_user_model().objects.create_superuser(email="boss@example.org", password="correct horse"))
    return client


@pytest.fixture
def run(feed):
    """A run under way that has read 100,000 of some 400,000 rows."""
    Feed.objects.update(snapshot_rows=400_000)
    found = FeedRun.objects.create(feed=Feed.objects.get(), kind="snapshot", started_at=NOW)
    said = Progress(found)
    said._said_at -= 2
    said(100_000)
    yield found
    cache.clear()


def fragment(client, run, **headers):
    return client.get(reverse("admin:parts_feedrun_progress", args=[run.pk]), **headers)


def test_the_pace_tells_share_rate_and_time_left(run):
    pace = pace_of(run, at=NOW + timedelta(seconds=10))

    assert (pace.rows, pace.percent, pace.per_second, pace.seconds_left) == (100_000, 25, 10_000, 30)


@pytest.mark.parametrize("pace", [Pace(0, 0, 0), Pace(10, 0, 5), Pace(0, 100, 0)])
def test_where_nothing_tells_no_time_is_made_up(pace):
    assert pace.seconds_left is None


def test_more_rows_than_usual_are_all_of_them():
    pace = Pace(500, 400, 2)

    assert (pace.percent, pace.seconds_left) == (100, None)


@pytest.mark.parametrize("page", ["feed", "feedrun"])
def test_open_pages_ask_for_the_fragment_while_a_run_is_under_way(boss, run, page):
    at = run.feed_id if page == "feed" else run.pk

    found = boss.get(reverse(f"admin:parts_{page}_change", args=[at])).content.decode()

    assert f'hx-get="{reverse("admin:parts_feedrun_progress", args=[run.pk])}"' in found
    assert "htmx" in found
    assert "100,000 rows read" in found
    assert "25% of the usual 400,000" in found
    assert '<a href="">Look again</a>' in found


def test_what_has_not_moved_is_not_sent_again(boss, run):
    first = fragment(boss, run)
    assert first.status_code == 200
    assert first["Cache-Control"] == "private, no-cache"

    assert fragment(boss, run, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_fragment_of_a_run_that_is_over_asks_no_more(boss, run):
    before = fragment(boss, run)
    FeedRun.objects.update(state=FeedRun.State.SUCCEEDED, rows=400_000, updated=12)

    after = fragment(boss, run, headers={"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    page = after.content.decode()
    assert "hx-get" not in page
    assert "Taken in" in page
    assert "400,000 rows" in page


@pytest.mark.parametrize("page", ["feed", "feedrun"])
def test_pages_without_a_run_under_way_load_no_script_for_it(boss, run, page):
    FeedRun.objects.update(state=FeedRun.State.FAILED)
    at = run.feed_id if page == "feed" else run.pk

    assert "hx-get" not in boss.get(reverse(f"admin:parts_{page}_change", args=[at])).content.decode()


def test_only_who_may_see_runs_sees_how_far_one_is(client, run):
    assert fragment(client, run).status_code == 302
    eve = get_user_model().objects.create_user(email="eve@example.org", password="correct horse", is_staff=True)
    client.force_login(eve)

    assert fragment(client, run).status_code == 403
