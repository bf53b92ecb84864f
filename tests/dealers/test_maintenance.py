"""Planned work and waves of restoration: told before, moved by the clock as far as it may, closed by people."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from dealers import evidence, incidents, maintenance
from dealers.models import Maintenance, Notice, Status
from garagehub.lib.errors import DomainError
from tests.dealers.statuspage.told import AT, planned
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db
START, END = AT + timedelta(days=1), AT + timedelta(days=1, hours=2)


def stage():
    return Maintenance.objects.get().stage


def test_work_begins_as_planned_and_is_checked_afterwards_but_never_completed_by_the_clock():
    planned()
    assert maintenance.advance(at=START - timedelta(seconds=1)) == 0
    assert maintenance.advance(at=START) == 1
    assert stage() == "in_progress"
    assert maintenance.advance(at=START) == 0
    assert maintenance.advance(at=END) == 1
    assert stage() == "verifying"
    assert maintenance.advance(at=END + timedelta(days=9)) == 0


def test_work_whose_whole_time_was_missed_goes_on_to_be_checked():
    planned()
    maintenance.advance(at=END + timedelta(hours=1))
    assert stage() == "verifying"


@pytest.mark.parametrize("extra", [{"is_published": False}, {"cancelled_at": AT}])
def test_drafts_and_what_was_called_off_do_not_begin(extra):
    planned()
    Maintenance.objects.update(**extra)
    assert maintenance.advance(at=END) == 0


def test_completing_takes_a_persons_word_and_has_its_time():
    work = planned()
    maintenance.update(work, stage="completed", body="Done.", at=END)
    assert Maintenance.objects.get().completed_at == END
    maintenance.update(work, stage="in_progress", body="Not quite.", at=END)
    assert Maintenance.objects.get().completed_at is None


def test_work_cannot_end_before_it_begins():
    with pytest.raises(DomainError):
        planned(scheduled_until=AT)
    planned()
    with pytest.raises(IntegrityError), transaction.atomic():
        Maintenance.objects.update(scheduled_until=AT)


def test_moving_and_cancelling_have_calendars_follow():
    work = planned()
    maintenance.move(work, scheduled_for=START, scheduled_until=END + timedelta(hours=1), body="Later.", at=AT)
    assert Maintenance.objects.get().sequence == 1
    assert maintenance.cancel([work], at=AT) == 1
    assert Maintenance.objects.get().sequence == 2
    assert maintenance.cancel([work], at=AT) == 0


def test_scope_is_that_of_incidents():
    here, there = dealer("JAGUAR", region=4), dealer("LAND ROVER", region=0)
    planned("Make", make=make("JAGUAR"))
    planned("Region", regions=[4])
    planned("Named", dealers=[here])
    planned("All")

    def touching(where):
        return {row.title for row in Maintenance.objects.touching(where)}

    assert touching(here) == {"Make", "Region", "Named", "All"}
    assert touching(there) == {"All"}


@pytest.fixture
def outage():
    cats = make("JAGUAR")
    return incidents.start(title="Outage", body="-", at=AT, make=cats, systems=["diagnostics", "warranty"])


def state_of(where, system="diagnostics"):
    return Status.objects.get(dealer=where, system=system).state


def test_a_completed_wave_is_the_manufacturers_word_for_its_scope_only(outage):
    here, elsewhere = dealer("JAGUAR", region=4), dealer("JAGUAR", region=0)
    wave = planned("First", incident=outage, regions=[4], systems=["diagnostics"])
    maintenance.update(wave, stage="completed", body="Back.", at=END)
    assert state_of(here) == "operational"
    reasons = Status.objects.get(dealer=here, system="diagnostics").reasons
    assert any(reason["kind"] == "manufacturer" for reason in reasons)
    assert not Status.objects.filter(dealer=elsewhere, state="operational").exists()
    assert not Status.objects.filter(dealer=here, system="warranty", state="operational").exists()


def test_a_wave_that_names_dealers_speaks_of_no_other(outage):
    here, beside = dealer("JAGUAR", region=4), dealer("JAGUAR", region=4)
    wave = planned("First", incident=outage, dealers=[here], systems=["diagnostics"])
    maintenance.update(wave, stage="completed", body="Back.", at=END)
    assert state_of(here) == "operational"
    assert not Status.objects.filter(dealer=beside, state="operational").exists()


def test_the_newer_word_of_the_manufacturer_replaces_its_older_one(outage):
    here = dealer("JAGUAR")
    Notice.objects.create(make=outage.make, claim="down", text="Shut.", published_at=END - timedelta(hours=2))
    evidence.recompute(at=END - timedelta(hours=1))
    assert state_of(here) == "down"
    maintenance.update(planned("All", incident=outage), stage="completed", body="Back.", at=END)
    assert state_of(here) == "operational"


def test_a_wave_opened_again_takes_its_word_back_and_may_give_it_anew(outage):
    here = dealer("JAGUAR")
    wave = planned("First", incident=outage)
    for body in ("Back.", "Back, we said."):
        maintenance.update(wave, stage="completed", body=body, at=END)
    assert Notice.objects.filter(withdrawn_at=None).count() == 1
    maintenance.update(wave, stage="in_progress", body="Not quite.", at=END)
    assert not Notice.objects.filter(withdrawn_at=None).exists()
    assert state_of(here) == "unknown"
    maintenance.complete([wave], at=END + timedelta(hours=1))
    assert state_of(here) == "operational"


def test_a_wave_without_a_make_speaks_for_every_make_of_its_dealers():
    cat, dog = dealer("JAGUAR"), dealer("LAND ROVER")
    everything = incidents.start(title="Outage", body="-", at=AT, dealers=[cat])
    maintenance.complete([planned("All", incident=everything)], at=END)
    assert state_of(cat) == "operational"
    assert not Status.objects.filter(dealer=dog, state="operational").exists()


def test_ordinary_work_that_is_done_claims_nothing():
    dealer("JAGUAR")
    maintenance.complete([planned()], at=END)
    assert not Notice.objects.exists()


def test_waves_are_held_against_what_is_known_of_their_dealers(outage, django_assert_max_num_queries):
    here, _there, _far = dealer("JAGUAR", region=4), dealer("JAGUAR", region=4), dealer("JAGUAR", region=0)
    first = planned("First", incident=outage, regions=[4], systems=["diagnostics"])
    planned("Second", incident=outage, regions=[0], scheduled_for=END, scheduled_until=END + timedelta(hours=1))
    said = [
        evidence.Claim(
            dealer_id=here.pk, system="diagnostics", kind="dealer", source="d", claim="operational", observed_at=END
        )
    ]
    evidence.record(said)
    evidence.recompute(at=END)
    with django_assert_max_num_queries(7):
        one, two = maintenance.waves(outage)
    assert (one.work, one.dealers, one.working, one.share, one.is_done) == (first, 2, 1, 50, False)
    assert (two.dealers, two.working) == (1, 0)
