"""The past 90 days of a system: every second counted once, in the state it was in."""

from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealers import uptime
from dealers.models import State, StatusChange
from tests.factories import dealer

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(where, *changes, system="diagnostics"):
    """Changes as (time, new), each from the one before, the first from unknown."""
    old = "unknown"
    for at, new in changes:
        StatusChange.objects.create(dealer=where, system=system, old=old, new=new, reason="-", at=at)
        old = new


def fared(where, *, at=AT, system="diagnostics"):
    return uptime.past([where.pk], at=at)[where.pk, system]


def test_a_system_that_never_failed_was_never_down():
    where = dealer()
    write(where, (AT - timedelta(days=400), "operational"))
    past = fared(where)
    assert (past.share, past.share_degraded, past.share_unknown, past.percent) == (1.0, 0.0, 0.0, "100.0%")
    assert [run.days for run in past.runs] == [90]


def test_what_happened_before_the_first_change_is_not_known_and_counted_apart():
    where = dealer()
    write(where, (AT - 100 * HOUR, "operational"), (AT - 25 * HOUR, "down"))
    past = fared(where)
    assert past.known_s == 100 * 3_600
    assert past.share == 0.75
    assert past.share_unknown == pytest.approx(1 - 100 * 3_600 / (past.known_s + past.seconds("unknown")), abs=1e-4)
    assert past.seconds("down") == 25 * 3_600


def test_partly_working_is_not_down():
    where = dealer()
    write(where, (AT - 10 * HOUR, "degraded"), (AT - 5 * HOUR, "operational"))
    assert (fared(where).share, fared(where).share_degraded) == (1.0, 0.5)


def test_unknown_in_between_is_neither_up_nor_down():
    where = dealer()
    write(where, (AT - 10 * HOUR, "operational"), (AT - 8 * HOUR, "unknown"), (AT - 2 * HOUR, "down"))
    assert fared(where).share == 0.5


def test_nothing_known_has_no_share():
    where = dealer()
    write(where, (AT - timedelta(days=400), "operational"), (AT - timedelta(days=300), "unknown"))
    assert (fared(where).share, fared(where).percent, fared(where).share_unknown) == (None, "", 1.0)


def test_days_are_londons_and_the_day_the_clocks_go_back_has_25_hours():
    where = dealer()
    write(where, (AT - timedelta(days=400), "operational"))
    days = {day.day: day.seconds["operational"] for day in fared(where).days}
    assert days[date(2026, 10, 25)] == 25 * 3_600
    assert days[date(2026, 10, 26)] == 24 * 3_600
    assert days[date(2026, 11, 20)] == 12 * 3_600
    assert len(days) == 90


def test_a_failure_of_seconds_is_never_rounded_away():
    where = dealer()
    write(
        where,
        (AT - timedelta(days=400), "operational"),
        (AT - HOUR, "down"),
        (AT - HOUR + timedelta(seconds=5), "operational"),
    )
    assert fared(where).share < 1
    assert fared(where).percent == "99.9%"
    assert fared(where).days[-1].state == "down"


def test_runs_say_when_it_was_how():
    where = dealer()
    write(where, (AT - timedelta(days=30), "operational"), (datetime(2026, 11, 18, 0, 0, tzinfo=UTC), "down"))
    assert [run.words for run in fared(where).runs][-2:] == [
        "21 October to 17 November: Working",
        "18 to 20 November: Not working",
    ]


moments = st.integers(min_value=1, max_value=120 * 24 * 60).map(lambda minutes: AT - timedelta(minutes=minutes))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(moments, st.sampled_from(State.values)), min_size=1, max_size=12))
def test_every_second_is_counted_once(changes):
    where = dealer()
    write(where, *sorted(changes))
    past = fared(where)
    whole = (AT - datetime(2026, 8, 22, 23, 0, tzinfo=UTC)).total_seconds()
    assert sum(past.seconds(state) for state in State.values) == pytest.approx(whole)
    assert sum(run.days for run in past.runs) == 90


def test_many_dealers_take_one_query(django_assert_num_queries):
    places = [dealer() for _ in range(5)]
    for place in places:
        write(place, (AT - HOUR, "down"))
        write(place, (AT - HOUR, "operational"), system="warranty")
    with django_assert_num_queries(1):
        assert len(uptime.past([place.pk for place in places], at=AT)) == 10


def test_the_api_has_the_share_of_every_system(client):
    where = dealer(code="UPT01")
    write(where, (timezone.now() - 4 * HOUR, "operational"), (timezone.now() - HOUR, "down"))
    shown = client.get("/api/v1/dealers/UPT01").json()["uptime"]
    assert set(shown["diagnostics"]) == {"days", "share", "share_degraded", "share_unknown", "down_s"}
    assert shown["diagnostics"]["share"] == pytest.approx(0.75, abs=0.001)
    assert shown["diagnostics"]["down_s"] == pytest.approx(3_600, abs=5)
    assert shown["warranty"]["share"] is None


def test_the_page_draws_the_days_and_says_them_in_words(client):
    where = dealer(slug="here")
    write(where, (timezone.now() - timedelta(days=200), "operational"), (timezone.now() - 5 * HOUR, "down"))
    page = unescape(client.get("/dealers/here/").content.decode())
    assert 'class="bar-down"' in page
    assert ": Not working</title>" in page
    assert 'role="img" aria-label="' in page
