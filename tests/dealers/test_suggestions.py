"""Drafts of incidents: one when a make goes down, none for what is told already, none twice."""

from datetime import timedelta

import pytest

from dealers import incidents, suggestions
from dealers.models import Incident, IncidentRule, Suggestion
from tests.dealers.statuspage.told import AT, tell
from tests.factories import dealer, make, user

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def places():
    """Ten dealers of one make; all that is known of them is that diagnostics work."""
    found = [dealer() for _ in range(10)]
    for place in found:
        tell(place, "operational")
    return found


def fail(places, *, system="diagnostics", share=0.5):
    for place in places[: round(share * len(places))]:
        tell(place, "down", system=system)


def test_nothing_is_suggested_below_the_published_share(places):
    fail(places, share=0.4)
    assert suggestions.suggest(at=AT) == 0
    assert not Incident.objects.exists()


def test_at_the_share_one_draft_is_made_and_not_shown_until_published(places):
    fail(places)
    assert suggestions.suggest(at=AT) == 1
    draft = Incident.objects.get()
    assert draft.title == "Diagnostics are not working at Land Rover dealers"
    assert (draft.make, draft.systems, draft.is_published) == (make(), ["diagnostics"], False)
    assert "5 of 10" in draft.updates.get().body
    assert incidents.current() == []
    incidents.publish([draft])
    assert incidents.current() == [draft]


def test_a_draft_is_made_once_even_when_an_admin_deletes_it(places):
    fail(places)
    suggestions.suggest(at=AT)
    assert suggestions.suggest(at=LATER) == 0
    Incident.objects.all().delete()
    assert suggestions.suggest(at=LATER) == 0


@pytest.mark.parametrize(
    ("scope", "drafts"),
    [
        ({}, 0),
        ({"systems": ["diagnostics", "warranty"]}, 0),
        ({"systems": ["warranty"]}, 1),
        ({"regions": [0]}, 1),
    ],
)
def test_what_people_are_told_already_needs_no_draft(places, scope, drafts):
    incidents.start(title="Known", body="-", at=AT, **scope)
    fail(places)
    assert suggestions.suggest(at=AT) == drafts


@pytest.mark.parametrize(("share", "drafts"), [(0.6, 0), (0.2, 1)])
def test_an_incident_that_names_dealers_counts_if_it_names_half_of_them(places, share, drafts):
    incidents.start(title="Known", body="-", at=AT, dealers=places[: round(share * 10)])
    fail(places)
    assert suggestions.suggest(at=AT) == drafts


def test_systems_that_fail_together_are_told_in_one_draft(places):
    fail(places)
    fail(places, system="warranty", share=1)
    assert suggestions.suggest(at=AT) == 1
    fail(places, system="programming", share=1)
    assert suggestions.suggest(at=LATER) == 0
    draft = Incident.objects.get()
    assert draft.systems == ["diagnostics", "programming", "warranty"]
    assert draft.title == "Diagnostics, programming and warranty are not working at Land Rover dealers"
    assert "programming: 10 of 10" in draft.updates.get().body


def test_a_draft_somebody_has_worked_on_is_left_alone(places):
    fail(places)
    suggestions.suggest(at=AT)
    incidents.update(Incident.objects.get(), stage="identified", body="I know.", at=AT, by=user())
    fail(places, system="warranty", share=1)
    assert suggestions.suggest(at=LATER) == 1


def test_when_it_works_again_an_untold_draft_is_closed_and_a_told_one_left_to_people(places):
    fail(places)
    fail(places, system="warranty", share=1)
    suggestions.suggest(at=AT)
    for place in places:
        tell(place, "operational")
    suggestions.suggest(at=LATER)
    assert Incident.objects.get().resolved_at is None, "warranty is still down"
    for place in places:
        tell(place, "operational", system="warranty")
    suggestions.suggest(at=LATER)
    assert Incident.objects.get().resolved_at == LATER
    assert not Suggestion.objects.filter(ended_at=None).exists()


def test_a_published_one_is_only_marked_when_it_works_again(places):
    fail(places)
    suggestions.suggest(at=AT)
    incidents.publish(list(Incident.objects.all()))
    for place in places:
        tell(place, "operational")
    suggestions.suggest(at=LATER)
    assert Incident.objects.get().resolved_at is None
    assert Suggestion.objects.get().ended_at == LATER


def test_going_down_again_is_a_new_draft(places):
    fail(places)
    suggestions.suggest(at=AT)
    for place in places:
        tell(place, "operational")
    suggestions.suggest(at=LATER)
    fail(places)
    assert suggestions.suggest(at=LATER) == 1


def test_partly_working_again_is_not_over(places):
    fail(places)
    suggestions.suggest(at=AT)
    for place in places[:4]:
        tell(place, "operational")
    suggestions.suggest(at=LATER)
    assert Suggestion.objects.get().ended_at is None


def rule(**fields):
    return IncidentRule.objects.create(**({"share": 0.5, "least_dealers": 1} | fields))


def test_a_rule_publishes_at_once_from_its_own_share(places):
    rule(make=make(), system="diagnostics", share=0.2, least_dealers=2, is_published_at_once=True)
    fail(places, share=0.1)
    assert suggestions.suggest(at=AT) == 0
    fail(places, share=0.2)
    assert suggestions.suggest(at=AT) == 1
    (told,) = incidents.current()
    assert told.title == "Diagnostics are not working at Land Rover dealers"


def test_a_rule_asks_for_so_many_dealers_however_high_the_share(places):
    rule(share=0.2, least_dealers=6)
    fail(places)
    assert suggestions.suggest(at=AT) == 0
    fail(places, share=0.6)
    assert suggestions.suggest(at=AT) == 1


def test_the_closest_rule_holds(places):
    rule(is_published_at_once=True)
    rule(make=make(), is_published_at_once=False)
    fail(places)
    suggestions.suggest(at=AT)
    assert not Incident.objects.get().is_published


def rise(places, at):
    for place in places:
        tell(place, "operational")
    suggestions.suggest(at=at)


def test_what_a_rule_told_is_watched_once_it_works_again_and_not_resolved(places):
    rule(is_published_at_once=True)
    fail(places)
    suggestions.suggest(at=AT)
    rise(places, LATER)
    told = Incident.objects.get()
    assert (told.stage, told.resolved_at) == ("monitoring", None)
    newest = told.updates.order_by("-at").first()
    assert (newest.stage, newest.author) == ("monitoring", None)
    assert "diagnostics. Still not working: 0 of 10 dealers" in newest.body


def test_what_was_watched_and_fails_again_goes_on_in_the_same_incident(places):
    rule(is_published_at_once=True)
    fail(places)
    suggestions.suggest(at=AT)
    rise(places, LATER)
    fail(places)
    assert suggestions.suggest(at=LATER + timedelta(hours=3)) == 0
    told = Incident.objects.get()
    assert told.stage == "investigating"
    assert told.updates.count() == 3


def test_what_a_person_has_written_on_is_left_to_people(places):
    rule(is_published_at_once=True)
    fail(places)
    suggestions.suggest(at=AT)
    incidents.update(Incident.objects.get(), stage="identified", body="I know.", at=AT, by=user())
    rise(places, LATER)
    assert Incident.objects.get().stage == "identified"


def test_what_is_told_at_once_and_what_waits_are_not_one_incident(places):
    rule(system="diagnostics", is_published_at_once=True)
    for place in places:
        tell(place, "down", system="warranty")
    fail(places)
    assert suggestions.suggest(at=AT) == 2
    assert sorted(Incident.objects.values_list("systems", "is_published")) == [
        (["diagnostics"], True),
        (["warranty"], False),
    ]
