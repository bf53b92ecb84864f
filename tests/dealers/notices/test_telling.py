"""What subscribers and webhooks are told of: once, in one message, and nothing that they did not ask for."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from dealers import incidents
from dealers.models import Incident, IncidentUpdate, StatusChange, Subscriber, Subscription
from dealers.notices import bulletins, telling, webhooks
from garagehub.outbox.models import Message
from tests.dealers.notices.conftest import SCOPES, begun_before_and_ended_after, reader, reader_of, with_make
from tests.factories import dealer, emails, events, make

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return timezone.now()


def change(where, at, *, new="down", old="operational", minutes_ago=10, system="diagnostics"):
    when = at - timedelta(minutes=minutes_ago)
    return StatusChange.objects.create(dealer=where, system=system, old=old, new=new, reason="Check", at=when)


def was(where, state, at, *, system="diagnostics"):
    """The state people were last told of."""
    row = change(where, at, new=state, old="unknown", minutes_ago=600, system=system)
    StatusChange.objects.filter(pk=row.pk).update(notified_at=row.at)


def test_one_change_is_told_once_to_those_who_asked(at):
    here, there = dealer("LAND ROVER", name="Here"), dealer("JAGUAR")
    was(here, "operational", at)
    reader("all@example.com")
    reader("make@example.com", make=make("LAND ROVER"))
    reader("dealer@example.com", dealer=here)
    reader("system@example.com", system="diagnostics")
    reader("not1@example.com", make=make("JAGUAR"))
    reader("not2@example.com", dealer=there)
    reader("not3@example.com", system="warranty")
    change(here, at)

    assert telling.tell(at=at) == 4
    assert telling.tell(at=at + timedelta(hours=1)) == 0

    assert sorted(mail.to.split("@")[0] for mail in emails()) == ["all", "dealer", "make", "system"]
    [mail] = emails(to="all@example.com")
    assert mail.subject == "Here, Diagnostics: now not working"
    assert f"/dealers/{here.slug}/" in mail.text
    assert "/subscriptions/of/" in mail.headers["List-Unsubscribe"]


def test_who_did_not_confirm_is_told_nothing(at):
    Subscription.objects.create(subscriber=Subscriber.objects.create(email="x@example.com"))
    change(dealer(), at)

    assert telling.tell(at=at) == 0
    assert StatusChange.objects.get().notified_at == at


def test_several_subscriptions_of_one_reader_make_one_email(at):
    here = dealer("LAND ROVER")
    for about in ({}, {"make": make("LAND ROVER")}, {"dealer": here}, {"system": "diagnostics"}):
        reader(**about)
    change(here, at)
    change(here, at, system="warranty")

    assert telling.tell(at=at) == 1
    [mail] = emails()
    assert mail.text.count("Diagnostics: now") == 1
    assert "and 1 more" in mail.subject


def test_an_outage_of_a_make_is_one_message_and_a_dealers_own_readers_hear_of_it_too(at, hook):
    here = [dealer("LAND ROVER") for _ in range(40)]
    every, one = reader("all@example.com"), reader("one@example.com", dealer=here[7])
    digests, singles = hook(), hook(events=["status.changed"])
    for place in here:
        change(place, at)

    telling.tell(at=at)

    [mail] = emails(to="all@example.com")
    assert mail.subject == "Land Rover, Diagnostics: changed at 40 dealers, now not working at 40"
    [own] = emails(to="one@example.com")
    assert here[7].name in own.subject
    assert events(digests) == [
        ("status.digest", {"make": "land-rover", "system": "diagnostics", "dealers": 40, "now": {"down": 40}})
    ]
    assert len(events(singles)) == 40
    assert (every.subject, one.subject) == ("Everything", here[7].name)


def test_each_reader_is_told_in_their_language_whoever_writes(at):
    rover, jaguar = [dealer("LAND ROVER") for _ in range(7)], dealer("JAGUAR", name="Yma")
    was(jaguar, "operational", at)
    reader("ada@example.com")
    Subscriber.objects.filter(pk=reader("mair@example.com").subscriber.pk).update(language="cy")
    for place in (*rover, jaguar):
        change(place, at)
    with translation.override("cy"):
        telling.tell(at=at)

    [english], [welsh] = emails(to="ada@example.com"), emails(to="mair@example.com")
    assert english.subject == "Land Rover, Diagnostics: changed at 7 dealers, now not working at 7, and 1 more"
    assert "Yma, Diagnostics: now not working" in english.text
    assert (
        welsh.subject
        == "Land Rover, Diagnosteg: wedi newid gan 7 o ddelwyr, nawr ddim yn gweithio gan 7 (1 arall hefyd)"
    )
    assert "- Yma, Diagnosteg: ddim yn gweithio nawr" in welsh.text
    assert "Fel y mae nawr, a pham:" in welsh.text


def test_stragglers_of_an_outage_wait_for_half_an_hour(at):
    places = [dealer("LAND ROVER") for _ in range(9)]
    reader()
    for place in places[:7]:
        change(place, at)
    telling.tell(at=at)
    change(places[7], at, minutes_ago=0)
    change(places[8], at, minutes_ago=0)

    assert telling.tell(at=at + timedelta(minutes=29)) == 0
    assert telling.tell(at=at + timedelta(minutes=31)) == 1
    assert len(emails()) == 2


def test_a_flapping_system_is_one_email(at):
    here = dealer()
    was(here, "operational", at)
    reader()
    for number in range(6):
        change(here, at, new=["down", "operational"][number % 2], minutes_ago=60 - number * 5)

    for minutes in range(0, 120, 5):
        telling.tell(at=at + timedelta(minutes=minutes))

    [mail] = emails()
    assert "unstable, changed 6 times in two hours, now working" in mail.subject


def test_a_webhook_hears_of_its_makes_and_its_events_only(at, hook):
    jaguar, rover = dealer("JAGUAR"), dealer("LAND ROVER")
    every, one_make = hook(), hook(makes=["jaguar"])
    other, off = hook(events=["incident.published"]), hook()
    webhooks.endpoints.turn_off(off.endpoint, at=at)
    change(jaguar, at)
    change(rover, at)

    assert telling.tell(at=at) == 3
    assert [len(events(one)) for one in (every, one_make, other, off)] == [2, 1, 0, 0]
    kind, data = events(one_make)[0]
    assert kind == "status.changed"
    assert data == {
        "dealer": jaguar.code,
        "slug": jaguar.slug,
        "system": "diagnostics",
        "old": "unknown",
        "new": "down",
    }


def test_a_draft_is_told_when_it_is_published_however_old_it_is(at, hook):
    reader()
    every = hook()
    draft = incidents.start(
        title="Ordering down", body="We look into it.", at=at - timedelta(days=2), is_published=False
    )
    assert telling.tell(at=at) == 0

    incidents.publish([draft])
    assert telling.tell(at=at) == 2
    later = at + timedelta(minutes=1)
    incidents.update(draft, stage=Incident.Stage.IDENTIFIED, body="Found it.", at=later)
    assert telling.tell(at=later) == 2
    assert telling.tell(at=later) == 0

    first, second = emails()
    assert first.subject == "Investigating: Ordering down"
    assert "We look into it." in first.text
    assert second.subject == "Identified: Ordering down"
    assert "We look into it." not in second.text
    assert sorted(kind for kind, _ in events(every)) == ["incident.published", "incident.updated"]


@pytest.mark.parametrize(("scope", "about", "is_told"), [*SCOPES, ({"make": "JAGUAR"}, "incident", True)])
def test_an_incident_reaches_those_in_its_scope(at, scope, about, is_told):
    incident = incidents.start(title="Outage", body="x", at=at, **with_make(scope))
    reader_of(about, incident=incident)

    assert telling.tell(at=at) == is_told


def test_an_incident_that_names_dealers_reaches_only_their_readers(at):
    here, there = dealer(), dealer()
    incidents.start(title="Outage", body="x", at=at, dealers=[here])
    reader("here@example.com", dealer=here)
    reader("there@example.com", dealer=there)

    telling.tell(at=at)
    assert [mail.to for mail in emails()] == ["here@example.com"]


@pytest.mark.django_db(transaction=True)
def test_a_change_whose_transaction_ends_late_is_told_all_the_same(at):
    """A cursor over ids or times would pass over it: it began before, and ended after, those told meanwhile."""
    early, late = dealer(), dealer()
    reader()
    with begun_before_and_ended_after(lambda: change(late, at)):
        change(early, at)
        assert telling.tell(at=at) == 1

    assert telling.tell(at=at + timedelta(minutes=1)) == 1
    assert late.name in emails()[-1].subject


def test_when_writing_fails_nothing_is_marked_as_told(at, monkeypatch):
    reader()
    change(dealer(), at)
    incidents.start(title="Outage", body="x", at=at)
    monkeypatch.setattr(bulletins, "_post_incident", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        telling.tell(at=at)

    assert Message.objects.count() == 0
    assert StatusChange.objects.get().notified_at is None
    assert IncidentUpdate.objects.get().notified_at is None


def test_the_number_of_queries_does_not_grow_with_readers_or_changes(at, django_assert_max_num_queries):
    for number in range(30):
        reader(f"a{number}@example.com")
        change(dealer("LAND ROVER"), at)
    with django_assert_max_num_queries(20):
        assert telling.tell(at=at) == 30
