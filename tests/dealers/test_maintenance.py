"""Planned work and waves of restoration: told before, moved by the clock as far as it may, closed by people."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from dealers import maintenance
from dealers.models import Maintenance
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
