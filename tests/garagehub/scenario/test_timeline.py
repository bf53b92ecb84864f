"""The outage: everything down at once, back in stages, never worse again."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garagehub.scenario.dealers import FRANCHISED, demo_dealers
from garagehub.scenario.incidents import incidents, waves
from garagehub.scenario.timeline import (
    AGE_ON_LOAD,
    DEGRADED,
    DOWN,
    OPERATIONAL,
    OVER_AFTER,
    SYSTEMS,
    Timeline,
    has_older_tools,
)

STARTED_AT = datetime(2026, 11, 10, tzinfo=UTC)
LOADED_AT = STARTED_AT + AGE_ON_LOAD
TIMELINE = Timeline(STARTED_AT)
DEALERS = demo_dealers(1)
WORTH = {DOWN: 0, DEGRADED: 1, OPERATIONAL: 2}


def states(system, at, *, kind=FRANCHISED):
    return [
        TIMELINE.state(dealer_code=place.code, region=place.region, system=system, at=at)
        for place in DEALERS
        if place.kind == kind
    ]


@given(
    place=st.sampled_from(DEALERS),
    system=st.sampled_from(SYSTEMS),
    hours=st.floats(0, 24 * 90),
    more=st.floats(0, 24 * 90),
)
def test_from_the_first_day_on_it_only_gets_better(place, system, hours, more):
    earlier, later = (
        TIMELINE.state(
            dealer_code=place.code, region=place.region, system=system, at=STARTED_AT + timedelta(hours=after)
        )
        for after in (hours, hours + more)
    )
    assert WORTH[later] >= WORTH[earlier]


@pytest.mark.parametrize("system", SYSTEMS)
def test_on_the_first_day_everything_is_down_but_older_diagnostic_tools(system):
    for place in DEALERS:
        if place.kind == FRANCHISED:
            state = TIMELINE.state(dealer_code=place.code, region=place.region, system=system, at=STARTED_AT)
            older = has_older_tools(dealer_code=place.code, region=place.region, system=system)
            assert state == (OPERATIONAL if older else DOWN)


def test_about_one_dealer_in_eight_has_older_tools():
    share = states("diagnostics", STARTED_AT).count(OPERATIONAL) / len(states("diagnostics", STARTED_AT))
    assert share == pytest.approx(1 / 8, abs=0.05)


def test_registration_is_by_hand_from_the_seventh_day():
    assert set(states("vehicle_registration", STARTED_AT + timedelta(days=5.9))) == {DOWN}
    assert set(states("vehicle_registration", STARTED_AT + timedelta(days=6))) == {DEGRADED}


def test_on_the_day_of_loading_ordering_is_back_in_some_regions_and_the_rest_waits():
    for system in ("parts_ordering", "parts_distribution"):
        assert {DOWN, DEGRADED} == set(states(system, LOADED_AT))
    assert set(states("parts_catalogue", LOADED_AT)) == {DOWN}
    assert set(states("programming", LOADED_AT)) == {DOWN}
    assert {DOWN, OPERATIONAL} == set(states("diagnostics", LOADED_AT))


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_is_normal_in_the_end(system):
    assert set(states(system, STARTED_AT + OVER_AFTER)) == {OPERATIONAL}


@pytest.mark.parametrize("system", SYSTEMS)
def test_independent_garages_are_no_part_of_it(system):
    assert set(states(system, LOADED_AT, kind="independent")) == {OPERATIONAL}


def test_before_it_began_a_system_stumbles_now_and_then_and_never_falls():
    seen = [
        state
        for days in range(1, 60)
        for system in SYSTEMS
        for state in states(system, STARTED_AT - timedelta(days, 3600 * 13))
    ]
    assert set(seen) == {OPERATIONAL, DEGRADED}
    assert seen.count(DEGRADED) / len(seen) < 0.01


def test_incidents_are_told_in_order_and_end_resolved():
    for told in incidents(STARTED_AT):
        times = [update.at for update in told.updates]
        assert times == sorted(times)
        assert told.started_at <= times[0]
        assert told.updates[-1].stage == "resolved"
        assert "resolved" not in [update.stage for update in told.updates[:-1]]
        assert set(told.systems) <= set(SYSTEMS)


@given(
    place=st.sampled_from(DEALERS),
    system=st.sampled_from(SYSTEMS),
    hours=st.floats(-24 * 60, 24 * 80),
    span=st.floats(0, 999),
)
def test_the_changes_lead_from_the_state_before_to_the_state_after(place, system, hours, span):
    where = {"dealer_code": place.code, "region": place.region, "system": system}
    since = STARTED_AT + timedelta(hours=hours)
    until = since + timedelta(hours=span)
    changes = TIMELINE.changes(**where, since=since, until=until)
    states_met = [TIMELINE.state(**where, at=since), *(state for _, state in changes)]
    assert states_met[-1] == TIMELINE.state(**where, at=until)
    assert all(old != new for old, new in itertools.pairwise(states_met))
    assert all(TIMELINE.state(**where, at=at) == state for at, state in changes)


def test_waves_come_one_after_the_other_and_cover_every_region_once():
    found = waves(STARTED_AT)
    regions = [region for wave in found for region in wave.regions]
    assert sorted(regions) == list(range(12))
    for wave in found:
        assert wave.begins_at < wave.done_at
        assert [update.at for update in wave.updates] == sorted(update.at for update in wave.updates)
    assert [wave.begins_at for wave in found] == sorted(wave.begins_at for wave in found)
