"""Incidents: opened, updated, resolved, and who sees them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from dealers import incidents
from dealers.models import Incident, Status, UpdateTemplate
from garagehub.lib.errors import DomainError, NotFoundError
from tests.factories import dealer, make, user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def start(title="Parts ordering is down", **extra):
    return incidents.start(title=title, body="We are looking into it.", at=AT, **extra)


def test_an_incident_starts_with_its_first_update():
    person = user()
    incident = start(make=make(), systems=["parts_ordering"], by=person)
    assert incident.slug == "parts-ordering-is-down-2026-03-02"
    update = incident.updates.get()
    assert (update.stage, update.at, update.author) == ("investigating", AT, person)


def test_two_incidents_of_one_title_have_two_addresses():
    assert [start().slug, start().slug][1] == "parts-ordering-is-down-2026-03-02-2"


def test_an_incident_does_not_start_resolved():
    with pytest.raises(DomainError):
        start(stage="resolved")


def test_updates_move_the_incident_and_resolving_sets_its_end():
    incident = start()
    incidents.update(incident, stage="identified", body="Found.", at=AT + timedelta(hours=1))
    incidents.resolve(incident, body="Over.", at=AT + timedelta(hours=2))
    incident.refresh_from_db()
    assert (incident.stage, incident.resolved_at) == ("resolved", AT + timedelta(hours=2))
    assert incidents.current() == []
    assert [update.stage for update in incidents.get(incident.slug).updates.all()] == [
        "resolved",
        "identified",
        "investigating",
    ]


def test_an_incident_can_open_again():
    incident = start()
    incidents.resolve(incident, body="Over.", at=AT)
    incidents.update(incident, stage="investigating", body="It is back.", at=AT + timedelta(hours=1))
    assert [row.resolved_at for row in incidents.current()] == [None]


def test_resolving_all_leaves_the_resolved_alone():
    done, going_on = start(), start()
    incidents.resolve(done, body="Over.", at=AT)
    assert incidents.resolve_all([done, going_on], at=AT) == 1


def test_drafts_are_not_shown_until_published():
    draft = start(is_published=False)
    assert incidents.current() == []
    with pytest.raises(NotFoundError):
        incidents.get(draft.slug)
    assert incidents.publish([draft]) == 1
    assert incidents.current() == [draft]


def test_the_database_refuses_a_resolved_incident_without_an_end():
    start()
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.update(stage="resolved")


@pytest.mark.parametrize(
    ("scope", "touches"),
    [
        ({}, True),
        ({"regions": [4]}, True),
        ({"regions": [0]}, False),
        ({"regions": [0, 4]}, True),
    ],
)
def test_scope_by_region(scope, touches):
    start(**scope)
    assert bool(incidents.touching(dealer(region=4))) is touches


def test_scope_by_make_and_by_named_dealers():
    here, other = dealer("JAGUAR"), dealer("LAND ROVER")
    start("Make", make=make("JAGUAR"))
    start("Named", dealers=[here])
    assert {row.title for row in incidents.touching(here)} == {"Make", "Named"}
    assert incidents.touching(other) == []


def test_reading_the_current_ones_takes_a_fixed_number_of_queries(django_assert_num_queries):
    for _ in range(4):
        start(dealers=[dealer()])
    with django_assert_num_queries(3):
        for incident in incidents.current():
            assert list(incident.updates.all())
            assert list(incident.dealers.all())


def test_a_post_mortem_comes_after_the_end_and_leaves_its_time_alone():
    incident = incidents.start(title="Outage", body="-", at=AT)
    with pytest.raises(DomainError) as caught:
        incidents.update(incident, stage="postmortem", body="Why.", at=AT)
    assert caught.value.code == "not_resolved"
    incidents.resolve(incident, body="Over.", at=AT)
    incidents.update(incident, stage="postmortem", body="Why.", at=AT + timedelta(days=3))
    incident.refresh_from_db()
    assert (incident.stage, incident.resolved_at) == ("postmortem", AT)
    incidents.update(incident, stage="identified", body="Again.", at=AT + timedelta(days=4))
    assert Incident.objects.get().resolved_at is None


def test_a_text_is_filled_in_with_what_is_known_now():
    here, there = dealer("JAGUAR"), dealer("JAGUAR")
    dealer("LAND ROVER")
    Status.objects.create(dealer=here, system="warranty", state="down", since=AT, decided_at=AT)
    Status.objects.create(dealer=there, system="diagnostics", state="down", since=AT, decided_at=AT)
    incident = incidents.start(title="Outage", body="-", at=AT, make=make("JAGUAR"), systems=["warranty"])
    text = UpdateTemplate(stage="identified", body="{systems} at {counts} since {began}; {unheard of}")
    filled = incidents.fill(text, incident=incident)
    assert filled.startswith("warranty at 1 of 2 dealers since ")
    assert filled.endswith("; {unheard of}")
