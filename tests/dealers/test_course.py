"""The course of an outage: counts of dealers by state, column by column, from the changes alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealers.course import HEIGHT, MOST_COLUMNS, Block, course
from dealers.models import StatusChange
from tests.factories import dealer

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db


def write(where, *changes, system="diagnostics", old="unknown"):
    for at, new in changes:
        StatusChange.objects.create(dealer=where, system=system, old=old, new=new, reason="-", at=at)
        old = new


def blocks(*places, since=AT - 10 * HOUR, until=AT):
    (band,) = course([place.pk for place in places], systems=["diagnostics"], since=since, until=until).bands
    return [(block.start, block.width, {state: n for state, n in block.counts.items() if n}) for block in band.blocks]


def test_a_dealer_that_nothing_was_said_of_is_not_known_all_along():
    assert blocks(dealer()) == [(0, 10, {"unknown": 1})]


def test_each_change_moves_one_dealer_at_the_end_of_its_hour():
    here, there = dealer(), dealer()
    write(here, (AT - 30 * DAY, "operational"), (AT - 5 * HOUR, "down"), (AT - 2 * HOUR, "degraded"))
    write(there, (AT - 20 * DAY, "operational"))
    assert blocks(here, there) == [
        (0, 5, {"operational": 2}),
        (5, 3, {"down": 1, "operational": 1}),
        (8, 2, {"degraded": 1, "operational": 1}),
    ]


def test_before_its_first_change_a_system_was_what_that_change_left():
    here = dealer()
    write(here, (AT - HOUR, "down"), old="operational")
    assert blocks(here) == [(0, 9, {"operational": 1}), (9, 1, {"down": 1})]


def test_other_dealers_systems_and_times_do_not_count():
    here, other = dealer(), dealer()
    write(other, (AT - HOUR, "down"))
    write(here, (AT - HOUR, "down"), system="warranty")
    write(here, (AT + HOUR, "down"))
    assert blocks(here) == [(0, 10, {"unknown": 1})]


@pytest.mark.parametrize("days", [1, 4, 12, 30, 90, 400])
def test_however_long_it_lasts_it_fits_and_its_days_begin_when_peoples_do(days):
    shown = course([dealer().pk], systems=["diagnostics"], since=AT - days * DAY, until=AT)
    assert 4 < shown.columns <= MOST_COLUMNS + 1
    assert shown.since <= AT - days * DAY
    assert shown.since + shown.columns * shown.step >= AT
    if not shown.by_hour:
        assert (shown.since.hour, str(shown.since.tzinfo)) == (0, "Europe/London")


def test_moments_have_their_place_or_none():
    shown = course([dealer().pk], systems=["diagnostics"], since=AT - 10 * HOUR, until=AT)
    assert shown.place(AT - 5 * HOUR) == 5
    assert shown.place(AT - 11 * HOUR) is None
    assert shown.place(AT + HOUR) is None


def test_the_table_tells_each_time_something_changed_of_every_system():
    here = dealer()
    write(here, (AT - 5 * HOUR, "down"))
    write(here, (AT - 2 * HOUR, "operational"), system="warranty")
    shown = course([here.pk], systems=["diagnostics", "warranty"], since=AT - 10 * HOUR, until=AT)
    assert [(moment, [block.words for _, block in row]) for moment, row in shown.rows] == [
        (AT - 10 * HOUR, ["1 not known", "1 not known"]),
        (AT - 5 * HOUR, ["1 not working", "1 not known"]),
        (AT - 2 * HOUR, ["1 not working", "1 working"]),
    ]
    assert shown.bands[0].worst.began == AT - 5 * HOUR


@given(counts=st.fixed_dictionaries({s: st.integers(0, 300) for s in ("operational", "degraded", "down", "unknown")}))
def test_the_pieces_fill_the_height_with_trouble_at_the_bottom(counts):
    pieces = Block(0, 1, AT, counts).pieces
    assert sum(height for _, _, height in pieces) == pytest.approx(HEIGHT if any(counts.values()) else 0, abs=0.05)
    tops = [top for _, top, _ in pieces]
    assert tops == sorted(tops, reverse=True)
    order = ["down", "degraded", "unknown", "operational"]
    assert [state for state, _, _ in pieces] == [state for state in order if counts[state]]


def test_many_dealers_take_one_query(django_assert_num_queries):
    places = [dealer() for _ in range(5)]
    for place in places:
        write(place, (AT - HOUR, "down"))
    with django_assert_num_queries(1):
        course([place.pk for place in places], systems=["diagnostics", "warranty"], since=AT - DAY, until=AT)
