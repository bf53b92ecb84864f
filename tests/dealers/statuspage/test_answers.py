"""How the documents are served: to anyone, cheaply, and never older than a change."""

import pytest
from django.core.cache import cache
from django.test import Client

from dealers import incidents, maintenance
from dealers.models import Dealer
from dealers.statuspage import answers
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


@pytest.mark.parametrize("address", [ADDRESS, "/history.atom", "/calendar.ics", "/dealers/none/api/v2/status.json"])
def test_a_browsers_question_whether_it_may_ask_is_answered(client, address):
    answer = client.options(address, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Allow"] == answer["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("address", [ADDRESS, "/dealers/none/api/v2/status.json"])
def test_what_is_no_reading_is_refused_in_json_and_told_what_is_allowed(address, method):
    client = Client(enforce_csrf_checks=True)
    answer = getattr(client, method)(address)
    assert answer.status_code == 405
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_head_is_get_without_a_body(client):
    whole, head = client.get(ADDRESS), client.head(ADDRESS)
    assert (head.status_code, head.content) == (200, b"")
    assert (head["ETag"], head["Content-Type"]) == (whole["ETag"], whole["Content-Type"])


def test_who_asks_within_two_seconds_shares_one_look(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(answers, "SHARED_S", 2)
    etag = client.get(ADDRESS)["ETag"]
    incident()
    with django_assert_num_queries(0):
        assert client.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 304
    cache.delete("statuspage:version")
    assert client.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 200
