"""The past of one vehicle, and the counts of each day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from garagehub.lib.months import months_of
from parts.blocking import history
from parts.blocking.decide import decide
from parts.blocking.history import DayCount
from parts.blocking.models import BlockChange, BlockedDay
from parts.vehicles.models import Vehicle
from tests.parts.blocking.builders import AT, LONDON, failed_vehicle, mend, restock, sell_out, town

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 1)
DAY = timedelta(days=1)


def refresh(here, at):
    """The supplier confirms its data, and everything is decided."""
    here.supplier.confirmed_at = at
    here.supplier.save()
    decide(at=at)


def test_changes_lie_in_the_partition_of_their_month_and_old_months_go():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    history.keep_months(at=AT)

    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM parts_blockchange")
        assert cursor.fetchall() == [("parts_blockchange_2026_09",)]

    history.keep_months(at=AT + 31 * 27 * DAY)

    assert not BlockChange.objects.exists()
    assert date(2026, 9, 1) not in months_of("parts_blockchange")


def test_a_timeline_tells_each_period_newest_first_with_its_reasons(django_assert_num_queries):
    here = town()
    decide(at=AT)
    sell_out(here.offer)
    refresh(here, AT + 2 * DAY)
    restock(here.offer)
    refresh(here, AT + 5 * DAY)

    with django_assert_num_queries(1):
        found = history.timeline(here.vehicle, at=AT + 6 * DAY)

    assert [(period.verdict, period.reasons, period.days) for period in found] == [
        ("repairable", [], 1),
        ("blocked", ["part_unavailable"], 3),
        ("repairable", [], 2),
    ]
    assert found[0].until is None
    assert found[1].until == found[0].since == AT + 5 * DAY


def test_days_are_counted_by_make_model_region_and_reason():
    here = town()
    failed_vehicle(here.model, registration="AB92CDE")
    failed_vehicle(here.model, registration="AB93CDE", ref="unheard of")
    sell_out(here.offer)
    decide(at=AT)

    history.count_days(at=AT)

    rows = BlockedDay.objects.filter(day=TODAY).values_list(
        "make__slug", "model__name", "region", "reason", "blocked", "unknown", "opened", "closed"
    )
    place = ("land-rover", "RANGE ROVER EVOQUE", LONDON)
    assert set(rows) == {(*place, 0, 2, 1, 2, 0), (*place, 1, 2, 0, 2, 0), (*place, 128, 0, 1, 0, 0)}


def test_days_nobody_counted_are_counted_later_as_they_were():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    restock(here.offer)
    refresh(here, AT + 3 * DAY)
    sell_out(here.offer)
    refresh(here, AT + 5 * DAY)

    assert history.count_days(at=AT + 6 * DAY) == [TODAY + n * DAY for n in range(7)]

    assert history.counts_by_day(at=AT + 6 * DAY) == [
        DayCount(TODAY, 1, 0, 1, 0),
        DayCount(TODAY + DAY, 1, 0, 0, 0),
        DayCount(TODAY + 2 * DAY, 1, 0, 0, 0),
        DayCount(TODAY + 3 * DAY, 0, 0, 0, 1),
        DayCount(TODAY + 4 * DAY, 0, 0, 0, 0),
        DayCount(TODAY + 5 * DAY, 1, 0, 1, 0),
        DayCount(TODAY + 6 * DAY, 1, 0, 0, 0),
    ]
    assert history.count_days(at=AT + 6 * DAY) == [TODAY + 5 * DAY, TODAY + 6 * DAY]


def test_counting_again_counts_the_same_and_a_make_is_counted_apart(django_assert_num_queries):
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    history.count_days(at=AT)
    first = list(BlockedDay.objects.values_list("day", "reason", "blocked"))

    history.count_days(at=AT)

    assert list(BlockedDay.objects.values_list("day", "reason", "blocked")) == first
    with django_assert_num_queries(2):
        assert [count.blocked for count in history.counts_by_day(at=AT, make="land-rover")] == [1]
        assert history.counts_by_day(at=AT, make="jaguar") == []
    assert [count.unknown for count in history.counts_by_day(at=AT, reason=1)] == [0]


def test_a_day_ends_when_peoples_day_does():
    here = town()
    sell_out(here.offer)
    late = datetime(2026, 9, 1, 23, 30, tzinfo=UTC)  # half past midnight in British Summer Time
    here.supplier.confirmed_at = late
    here.supplier.save()
    decide(at=late)

    history.count_days(at=late)

    assert [count.day for count in history.counts_by_day(at=late)] == [date(2026, 9, 2)]


def test_a_car_off_the_road_by_choice_is_not_counted_and_no_row_outlives_its_time():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    Vehicle.objects.update(is_sorn=True)
    BlockedDay.objects.create(
        day=TODAY - timedelta(days=2_000), region=0, reason=0, blocked=1, unknown=0, opened=0, closed=0
    )

    history.count_days(at=AT)

    assert not BlockedDay.objects.exists()


def test_a_car_that_passed_is_a_closed_one():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    mend(here.vehicle)
    decide(at=AT + timedelta(hours=1))

    history.count_days(at=AT + timedelta(hours=1))

    assert history.counts_by_day(at=AT) == [DayCount(TODAY, 0, 0, 1, 1)]
    assert history.counts_by_day(at=AT, reason=1) == [DayCount(TODAY, 0, 0, 1, 1)]
