"""The fleet in a few figures, counted beforehand."""

from datetime import UTC, datetime, timedelta

import pytest

from parts.blocking.models import BlockChange
from parts.lookup import overview
from parts.lookup.models import FleetFigures

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def stored(**values):
    row = {"vehicles": 9, "failed": 5, "blocked": 2, "unknown": 1, "by_reason": {}, "seen": "old", "seconds": 0.0}
    return FleetFigures.objects.create(**row | {"counted_at": AT} | values)


def change():
    BlockChange.objects.create(vehicle_id=1, old="repairable", new="blocked", at=AT)


def test_without_a_count_the_figures_are_counted_now():
    figures = overview.overview()
    assert (figures.vehicles, figures.failed, figures.by_reason) == (0, 0, {})
    assert not FleetFigures.objects.exists()


def test_a_page_reads_the_last_count_and_looks_at_no_vehicle(django_assert_num_queries):
    stored(by_reason={"cannot_order": 1, "part_unavailable": 2})
    with django_assert_num_queries(2):
        figures = overview.overview()
    assert (figures.failed, figures.blocked, figures.unknown, figures.repairable) == (5, 2, 1, 2)
    assert list(figures.by_reason) == ["part_unavailable", "cannot_order"]


def test_it_is_counted_again_only_when_something_was_decided():
    assert overview.refresh(at=AT)
    assert not overview.refresh(at=AT + timedelta(minutes=1))
    change()
    assert overview.refresh(at=AT + timedelta(minutes=1))
    assert FleetFigures.objects.get().counted_at == AT + timedelta(minutes=1)


def test_counting_rests_for_twenty_times_as_long_as_it_took():
    stored(seconds=3.0)
    assert not overview.refresh(at=AT + timedelta(seconds=59))
    assert overview.refresh(at=AT + timedelta(seconds=60))


def test_whoever_has_just_loaded_something_does_not_wait():
    stored(seconds=3.0)
    assert overview.refresh(at=AT, at_once=True)
    assert FleetFigures.objects.get().vehicles == 0


def test_even_without_a_change_it_is_counted_every_ten_minutes():
    overview.refresh(at=AT)
    assert overview.refresh(at=AT + timedelta(minutes=10))
