"""The board that thousands of pages keep open: one body for all, 304 while nothing changed, and soon new when it did."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from dealers import evidence, incidents
from garagehub.web import live
from parts.lookup import overview
from tests.factories import dealer, make, member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted():
    cache.clear()
    overview.refresh(at=timezone.now())
    yield
    cache.clear()


def set_down(where):
    at = timezone.now()
    claim = evidence.Claim(
        dealer_id=where.pk, system="diagnostics", kind="dealer", source="dealer", claim="down", observed_at=at
    )
    evidence.record([claim])
    evidence.recompute([where.pk], at=at)


def poll(client, etag=None):
    cache.delete("live:version:en-gb")  # as two seconds later
    return client.get("/board/", headers={"If-None-Match": etag} if etag else {})


def test_the_board_is_renewed_without_the_rest_of_the_page(client):
    page = poll(client).content.decode()
    assert "<html" not in page
    assert 'id="verdict" hx-swap-oob="innerHTML"' in page
    assert "csrfmiddlewaretoken" not in page


def test_it_may_be_kept_by_shared_caches_as_it_is_the_same_for_everybody(client):
    answer = poll(client)
    assert answer["Cache-Control"].startswith("public, max-age=2")
    assert "Cookie" not in answer["Vary"]
    assert not answer.cookies


def test_nothing_new_is_told_by_two_queries_and_no_page(client, django_assert_max_num_queries):
    dealer("JAGUAR")
    etag = poll(client)["ETag"]
    with django_assert_max_num_queries(2):
        again = poll(client, etag)
    assert (again.status_code, again.content) == (304, b"")
    with django_assert_max_num_queries(0):
        assert client.get("/board/", headers={"If-None-Match": etag}).status_code == 304


def test_a_new_page_takes_what_was_built_for_another(client, django_assert_max_num_queries):
    dealer("JAGUAR")
    first = poll(client).content
    with django_assert_max_num_queries(0):
        assert client.get("/board/").content == first


@pytest.mark.parametrize(
    "happens",
    [
        lambda: set_down(dealer("JAGUAR")),
        lambda: incidents.start(title="Outage", body="-", at=timezone.now()),
        lambda: dealer("JAGUAR"),
    ],
    ids=["a status", "an incident", "a dealer"],
)
def test_what_happens_is_new_at_the_next_poll(client, happens):
    etag = poll(client)["ETag"]
    happens()
    assert poll(client, etag).status_code == 200


def test_an_incident_that_is_over_is_taken_off(client):
    outage = incidents.start(title="Outage of all", body="-", at=timezone.now())
    assert "Outage of all" in poll(client).content.decode()
    incidents.resolve(outage, body="Over.", at=timezone.now())
    assert "Outage of all" not in poll(client).content.decode()


def test_what_stands_still_is_said_again_after_five_minutes():
    now = timezone.now()
    assert live.version(at=now) != live.version(at=now + timedelta(minutes=5))


def test_before_the_fleet_was_ever_counted_nothing_is_kept():
    overview.FleetFigures.objects.all().delete()
    now = timezone.now()
    assert live.version(at=now) != live.version(at=now + timedelta(milliseconds=1))


def test_the_home_page_shows_a_change_at_once_to_who_may_have_made_it(client):
    where = dealer("JAGUAR")
    client.force_login(member(where))
    client.get("/")
    set_down(where)
    assert "1 of 1 dealers" in client.get("/").content.decode()
    assert '<a href="/makes/jaguar/">' in client.get("/").content.decode()
    assert make("JAGUAR").slug == "jaguar"
