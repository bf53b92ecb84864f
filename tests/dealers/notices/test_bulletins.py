"""Planned work and waves of restoration: each step is told once, to those it concerns, however many there are."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from dealers import incidents, maintenance
from dealers.models import Maintenance, MaintenanceUpdate, Subscriber, Subscription
from dealers.notices import bulletins, telling, webhooks
from garagehub.lib.geography import REGION_NAMES, REGION_SLUGS
from tests.dealers.notices.conftest import SCOPES, begun_before_and_ended_after, reader, reader_of, with_make
from tests.dealers.statuspage.told import AT, planned
from tests.factories import dealer, emails, events, make

pytestmark = pytest.mark.django_db
START, END = AT + timedelta(days=1), AT + timedelta(days=1, hours=2)
LATER = timedelta(minutes=1)
WALES = next(number for number, name in REGION_NAMES.items() if name == "Wales")


def outage(**scope):
    found = incidents.start(title="Outage", body="-", at=AT, make=make("JAGUAR"), systems=["diagnostics"], **scope)
    found.updates.update(notified_at=AT)
    return found


def test_each_step_of_planned_work_is_told_once(hook):
    reader()
    every = hook()
    steps = [
        lambda work: None,
        lambda work: maintenance.move(
            work, scheduled_for=START + LATER, scheduled_until=END, body="A minute later.", at=AT + LATER
        ),
        lambda work: maintenance.advance(at=START + LATER),
        lambda work: maintenance.advance(at=END),
        lambda work: maintenance.complete([work], at=END + LATER),
    ]
    work = planned()
    for step in steps:
        step(work)
        assert telling.tell(at=END + LATER) == 2
        assert telling.tell(at=END + LATER) == 0

    title = "Diagnostics server is replaced"
    assert sorted(mail.subject for mail in emails()) == sorted(
        f"{word}: {title}" for word in ("Planned", "Changed", "Begun", "Being checked", "Done")
    )
    told = [data["works"][0]["change"] for kind, data in events(every) if kind == "maintenance.changed"]
    assert sorted(told) == ["announced", "begun", "changed", "checking", "completed"]


def test_what_is_told_says_when_what_and_where(hook, settings):
    reader()
    every = hook()
    work = planned(make=make("LAND ROVER"), systems=["diagnostics"], regions=[4])

    telling.tell(at=AT)

    [mail] = emails()
    assert "From 21 November 2026 09:00 to 21 November 2026 11:00" in mail.text
    assert f"Diagnostics, Land Rover, in {REGION_NAMES[4]}" in mail.text
    assert "No diagnostics meanwhile." in mail.text
    link = f"{settings.SITE_URL}/incidents/#planned-{work.public_id}"
    assert link in mail.text
    assert "/subscriptions/of/" in mail.headers["List-Unsubscribe"]
    assert mail.kind == "maintenance.changed"
    expected = {
        "id": str(work.public_id),
        "change": "announced",
        "stage": "scheduled",
        "title": "Diagnostics server is replaced",
        "scheduled_for": "2026-11-21T09:00:00Z",
        "scheduled_until": "2026-11-21T11:00:00Z",
        "make": "land-rover",
        "systems": ["diagnostics"],
        "regions": [REGION_SLUGS[4]],
        "link": link,
    }
    assert events(every) == [("maintenance.changed", {"works": [expected]})]


def test_planned_work_and_incidents_are_told_in_the_readers_language(hook):
    Subscriber.objects.filter(pk=reader().subscriber.pk).update(language="cy")
    every = hook()
    planned(make=make("LAND ROVER"), systems=["diagnostics"], regions=[WALES])
    incidents.start(title="Outage", body="We look into it.", at=AT)

    telling.tell(at=AT)

    work, outage = sorted(emails(), key=lambda mail: mail.kind, reverse=True)
    assert work.subject == "Wedi’i gynllunio: Diagnostics server is replaced"
    assert "O 21 Tachwedd 2026 09:00 tan 21 Tachwedd 2026 11:00" in work.text
    assert "Diagnosteg, Land Rover (Cymru)" in work.text
    assert outage.subject == "Yn ymchwilio: Outage"
    assert "We look into it." in outage.text, "as people wrote it"
    assert events(every)[0][1]["stage"] == "investigating", "machines are told English"


def test_the_waves_of_an_outage_are_one_email_and_few_messages(hook):
    reader()
    every = hook()
    hit = outage()
    for region in range(12):
        planned(f"Wave {region}", incident=hit, regions=[region])

    assert telling.tell(at=AT) == 3

    [mail] = emails()
    assert mail.subject == "Planned: Wave 0, and 11 more"
    assert mail.kind == "restoration.changed"
    assert mail.text.count("Diagnostics, Jaguar, in ") == 12, "what a wave leaves open is as its incident has it"
    told = [(kind, len(data["waves"])) for kind, data in events(every)]
    assert sorted(told) == [("restoration.changed", 2), ("restoration.changed", 10)]
    assert {wave["incident"] for _, data in events(every) for wave in data["waves"]} == {hit.slug}


def test_a_wave_that_is_done_is_told(hook):
    reader(incident=(hit := outage()))
    only_waves, only_work = hook(events=["restoration.changed"]), hook(events=["maintenance.changed"])
    wave = planned("First wave", incident=hit)
    telling.tell(at=AT)
    maintenance.update(wave, stage="completed", body="Back.", at=END)

    telling.tell(at=END)

    assert [mail.subject for mail in emails()] == ["Planned: First wave", "Done: First wave"]
    assert [data["waves"][0]["change"] for _, data in events(only_waves)] == ["announced", "completed"]
    assert events(only_work) == []


@pytest.mark.parametrize(("scope", "about", "is_told"), [*SCOPES, ({}, "incident", False)])
def test_planned_work_reaches_those_in_its_scope(scope, about, is_told):
    reader_of(about, incident=outage())
    planned(**with_make(scope))

    assert telling.tell(at=AT) == is_told


def test_work_that_names_dealers_reaches_only_their_readers():
    here, there = dealer(), dealer()
    reader("here@example.com", dealer=here)
    reader("there@example.com", dealer=there)
    planned(dealers=[here])

    telling.tell(at=AT)
    assert [mail.to for mail in emails()] == ["here@example.com"]


def test_a_wave_reaches_only_readers_of_its_incidents_scope():
    reader("jaguar@example.com", make=make("JAGUAR"))
    reader("rover@example.com", make=make("LAND ROVER"))
    reader("other@example.com", system="warranty")
    reader("elsewhere@example.com", dealer=dealer("JAGUAR", region=0))
    planned("Wave", incident=outage(regions=[4]))

    telling.tell(at=AT)
    assert [mail.to for mail in emails()] == ["jaguar@example.com"]


def test_a_webhook_for_other_makes_or_events_hears_nothing(hook):
    for name in ("JAGUAR", "MINI"):
        make(name)
    mine, everything = hook(makes=["jaguar"]), hook()
    strangers = [hook(makes=["mini"]), hook(events=["status.changed", "incident.updated"])]
    turned_off = hook()
    webhooks.endpoints.turn_off(turned_off.endpoint, at=AT)
    planned(make=make("JAGUAR"))
    planned("Wave", incident=outage())

    assert telling.tell(at=AT) == 4
    assert [len(events(one)) for one in (mine, everything, *strangers, turned_off)] == [2, 2, 0, 0, 0]


def test_who_did_not_confirm_or_left_is_told_nothing():
    Subscription.objects.create(subscriber=Subscriber.objects.create(email="x@example.com"))
    gone = reader("gone@example.com")
    gone.subscriber.delete()
    planned()

    assert telling.tell(at=AT) == 0
    assert MaintenanceUpdate.objects.get().notified_at == AT


def test_a_draft_is_told_when_it_is_published():
    reader()
    work = planned()
    Maintenance.objects.update(is_published=False)
    maintenance.move(work, scheduled_for=START, scheduled_until=END + LATER, body="Longer.", at=AT)
    assert telling.tell(at=AT) == 0

    Maintenance.objects.update(is_published=True)
    assert telling.tell(at=AT) == 1
    [mail] = emails()
    assert mail.subject.startswith("Planned: ")
    assert mail.text.index("Longer.") < mail.text.index("No diagnostics meanwhile.")


def test_what_is_called_off_is_told_unless_nobody_had_heard_of_it():
    reader()
    maintenance.cancel([planned("Never heard of")], at=AT)
    work = planned("Heard of")
    telling.tell(at=AT)
    maintenance.cancel([work], at=AT + LATER)

    assert telling.tell(at=AT + LATER) == 1
    assert [mail.subject for mail in emails()] == ["Planned: Heard of", "Called off: Heard of"]
    assert "This has been called off." in emails()[1].text
    assert not MaintenanceUpdate.objects.filter(notified_at=None).exists()


def test_what_happened_between_two_runs_is_told_as_it_stands():
    reader()
    work = planned()
    maintenance.advance(at=START)
    maintenance.complete([work], at=START + LATER)

    assert telling.tell(at=START + LATER) == 1
    [mail] = emails()
    assert mail.subject.startswith("Done: ")
    assert "This has begun as planned." in mail.text


@pytest.mark.django_db(transaction=True)
def test_an_update_whose_transaction_ends_late_is_told_all_the_same():
    reader()
    first, second = planned("Early"), planned("Late")
    telling.tell(at=AT)
    late = partial(maintenance.update, second, stage="in_progress", body="Begun.", at=AT + LATER)
    with begun_before_and_ended_after(late):
        maintenance.update(first, stage="in_progress", body="Begun.", at=AT + 2 * LATER)
        assert telling.tell(at=AT + 2 * LATER) == 1

    assert telling.tell(at=AT + 3 * LATER) == 1
    assert emails()[-1].subject == "Begun: Late"


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_tell_once():
    reader()
    planned()
    start = threading.Barrier(2)

    def run():
        start.wait(20)
        telling.tell(at=AT)
        connection.close()

    runs = [threading.Thread(target=run) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()

    assert len(emails()) == 1


def test_when_writing_fails_no_step_is_marked_as_told(monkeypatch):
    reader()
    planned()
    monkeypatch.setattr(bulletins, "_post_planned", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        telling.tell(at=AT)

    assert MaintenanceUpdate.objects.get().notified_at is None
    assert not emails()


def test_many_works_take_no_more_queries(django_assert_max_num_queries):
    reader()
    hit = outage()
    for number in range(20):
        planned(f"Wave {number}", incident=hit, dealers=[dealer("JAGUAR")])

    with django_assert_max_num_queries(20):
        telling.tell(at=AT)
