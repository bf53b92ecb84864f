"""Reads of the API cost little while nothing changes, and a tag never hides a change."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dealers import evidence, incidents
from dealers.models import Incident, IncidentUpdate
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return factories.dealer("LAND ROVER")


@pytest.fixture
def paths(here):
    incident = Incident.objects.create(slug="outage", title="Outage", is_published=True, started_at=timezone.now())
    incident.dealers.add(here)
    return [
        f"/api/v1/{path}" for path in ("dealers", f"dealers/{here.code}", "incidents", "incidents/outage", "status")
    ]


@pytest.fixture(autouse=True)
def _one_minute(time_machine):
    time_machine.move_to("2026-11-22 10:00:10Z", tick=False)


def tags(client, paths):
    return {path: client.get(path)["ETag"] for path in paths}


def again(client, path, etag):
    return client.get(path, headers={"If-None-Match": etag})


def test_what_has_not_changed_is_304_after_one_query(client, paths, django_assert_num_queries):
    for path, etag in tags(client, paths).items():
        assert etag.startswith('W/"')
        with django_assert_num_queries(1):
            answer = again(client, path, etag)
        assert (answer.status_code, answer.content) == (304, b""), path
        assert answer["ETag"] == etag
        assert answer["Cache-Control"] == "public, no-cache"
        assert answer["RateLimit"]


def test_a_304_counts_like_any_other_call(client, paths):
    first = client.get(paths[0])
    second = again(client, paths[0], first["ETag"])
    left = [int(answer["RateLimit"].split("r=")[1].split(";")[0]) for answer in (first, second)]
    assert left[1] == left[0] - 1


def told(here, claim):
    at = timezone.now()
    said = evidence.Claim(
        dealer_id=here.pk, system="diagnostics", kind="dealer", source="x", claim=claim, observed_at=at
    )
    evidence.record([said])
    evidence.recompute([here.pk], at=at)


CHANGES = {
    "a status": lambda here: told(here, "down"),
    "a dealer's name": lambda here: type(here).objects.filter(pk=here.pk).update(name="Another"),
    "a dealer's makes": lambda here: here.makes.add(factories.make("JAGUAR")),
    "a dealer more": lambda here: factories.dealer("JAGUAR"),
    "a dealer gone": lambda here: type(here).objects.filter(pk=here.pk).update(is_active=False),
    "a make's name": lambda here: here.makes.update(name="ROVER"),
    "an incident's title": lambda here: Incident.objects.update(title="Worse"),
    "an incident's dealers": lambda here: Incident.objects.get().dealers.clear(),
    "an incident taken back": lambda here: Incident.objects.update(is_published=False),
    "an update": lambda here: IncidentUpdate.objects.create(
        incident=incidents.get("outage"), stage="identified", body="Found", at=timezone.now()
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_tag_changes_with(client, here, paths, change):
    before = tags(client, paths)
    CHANGES[change](here)
    for path, etag in before.items():
        assert again(client, path, etag).status_code != 304, path


def test_the_same_status_confirmed_later_is_a_change(client, here, paths, time_machine):
    told(here, "down")
    before = client.get(paths[1])
    time_machine.shift(20)
    told(here, "down")
    answer = again(client, paths[1], before["ETag"])
    assert answer.status_code == 200
    old, new = (one.json()["systems"]["diagnostics"]["evidence_at"] for one in (before, answer))
    assert new > old


def test_no_tag_outlives_its_minute_since_ages_are_part_of_the_answer(client, paths, time_machine):
    before = tags(client, paths)
    time_machine.shift(timedelta(seconds=49))
    assert [again(client, *one).status_code for one in before.items()] == [304] * 5
    time_machine.shift(timedelta(seconds=1))
    assert [again(client, *one).status_code for one in before.items()] == [200] * 5


def test_another_question_has_another_tag(client, here):
    found = {
        client.get(f"/api/v1/dealers{query}")["ETag"]
        for query in ("", "?page_size=1", "?system=diagnostics", "?region=east-midlands")
    }
    assert len(found) == 4


def test_a_tag_is_found_among_others_and_weak_or_strong(client, paths):
    etag = client.get(paths[0])["ETag"]
    assert again(client, paths[0], f'"a", {etag}').status_code == 304
    assert again(client, paths[0], "*").status_code == 304
    assert again(client, paths[0], '"a"').status_code == 200


def test_head_is_answered_like_get_without_a_body(client, paths):
    for path in paths:
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["ETag"] == got["ETag"]


@pytest.mark.parametrize("path", ["dealers", "status"])
def test_an_answer_to_a_key_or_a_person_is_theirs_alone(client, here, path):
    with_key = client.get(f"/api/v1/{path}", headers=factories.bearer(here))
    client.force_login(factories.member(here))
    for answer in (with_key, client.get(f"/api/v1/{path}")):
        assert answer["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie", "Accept"} <= set(answer["Vary"].replace(" ", "").split(","))


def test_reads_of_a_garage_have_a_tag_of_what_they_say(client, here):
    headers = factories.bearer(here)
    first = client.get("/api/v1/webhooks", headers=headers)
    assert first["Cache-Control"] == "private, no-cache"
    tag = headers | {"If-None-Match": first["ETag"]}
    assert client.get("/api/v1/webhooks", headers=tag).status_code == 304
    body = {"url": "https://hooks.example.com/"}
    made = client.post("/api/v1/webhooks", body, content_type="application/json", headers=headers)
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    assert client.get("/api/v1/webhooks", headers=tag).status_code == 200


def test_a_wrong_question_with_any_tag_is_still_wrong(client, here):
    assert client.get("/api/v1/dealers?status=broken", headers={"If-None-Match": '"x"'}).status_code == 400
