"""How the documents are served: to anyone, cheaply, and never older than a change."""

import pytest

from dealers import incidents, maintenance
from dealers.models import Dealer
from tests.dealers.statuspage.told import AT, incident, planned, tell
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v2/summary.json"


def test_any_page_may_read_it(client):
    answer = client.get(ADDRESS)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Content-Type"].startswith("application/json")
    assert answer["Cache-Control"] == "public, max-age=30"
    assert not answer.cookies


def test_who_has_it_already_gets_304_for_one_query(client, django_assert_num_queries):
    tell(dealer(), "down")
    etag = client.get(ADDRESS)["ETag"]
    with django_assert_num_queries(1):
        again = client.get(ADDRESS, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Access-Control-Allow-Origin"] == "*"


def test_what_did_not_change_is_not_built_again(client, django_assert_num_queries):
    tell(dealer(), "down")
    body = client.get(ADDRESS).content
    with django_assert_num_queries(1):
        assert client.get(ADDRESS).content == body


@pytest.mark.parametrize(
    "change",
    [
        lambda where: tell(where, "down"),
        lambda where: Dealer.objects.update(name="Another name"),
        lambda where: where.makes.add(make("JAGUAR")),
        lambda where: incident(),
        lambda where: planned(),
        lambda where: dealer(),
    ],
)
def test_every_change_is_seen_at_once(client, change):
    where = dealer()
    tell(where, "operational")
    etag = client.get(ADDRESS)["ETag"]
    change(where)
    assert client.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 200


def test_publishing_updating_and_cancelling_are_seen_at_once(client):
    draft, work = incident(is_published=False), planned()
    seen = [client.get(ADDRESS)["ETag"]]
    for change in (
        lambda: incidents.publish([draft]),
        lambda: incidents.update(draft, stage="identified", body="Found.", at=AT),
        lambda: maintenance.update(work, stage="in_progress", body="Begun.", at=AT),
        lambda: maintenance.cancel([work], at=AT),
    ):
        change()
        seen.append(client.get(ADDRESS)["ETag"])
    assert len(set(seen)) == len(seen)


def test_a_system_has_an_address_for_people_too(client):
    assert client.get("/systems/diagnostics/")["Location"] == "/dealers/?system=diagnostics"


def test_nothing_but_reading_is_allowed(client):
    assert client.post(ADDRESS).status_code == 405
