from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles import road
from parts.vehicles.road import Note, Road, RoadFacts, first_mot_due, road_status, uk_date
from parts.vehicles.working_days import Nation

TODAY = date(2025, 10, 1)
days = st.dates(date(1960, 1, 1), date(2060, 1, 1))
maybe_days = st.none() | days
facts = st.builds(
    RoadFacts,
    mot_expires_on=maybe_days,
    first_mot_due_on=maybe_days,
    registered_on=maybe_days,
    first_used_on=maybe_days,
    manufactured_on=maybe_days,
    is_sorn=st.booleans(),
    has_failed=st.booleans(),
    is_dangerous=st.booleans(),
    last_tested_on=maybe_days,
    last_source=st.sampled_from(["", "DVSA", "DVA NI", "CVS"]),
    nation=st.sampled_from(Nation),
)


def test_a_running_mot_is_valid():
    answer = road_status(RoadFacts(mot_expires_on=date(2026, 3, 1)), on=TODAY)
    assert (answer.status, answer.until) == (Road.VALID, date(2026, 3, 1))


def test_the_expiry_day_itself_is_still_valid():
    assert road_status(RoadFacts(mot_expires_on=TODAY), on=TODAY).status is Road.VALID


@pytest.mark.parametrize("has_failed", [False, True])
def test_an_mot_that_has_run_out_allows_a_repair_or_test_journey_only_failed_or_not(has_failed):
    known = RoadFacts(mot_expires_on=TODAY - timedelta(1), has_failed=has_failed)
    assert road_status(known, on=TODAY).status is Road.REPAIR_OR_TEST_JOURNEY_ONLY


def test_a_fail_without_a_dangerous_defect_leaves_the_running_mot():
    known = RoadFacts(mot_expires_on=TODAY, has_failed=True)
    answer = road_status(known, on=TODAY)
    assert (answer.status, answer.until) == (Road.MAY_DRIVE_UNTIL, TODAY)
    assert answer.guidance_url == "https://www.gov.uk/getting-an-mot/after-the-test"


def test_a_dangerous_defect_stops_use_at_once_whatever_mot_still_runs():
    known = RoadFacts(mot_expires_on=date(2026, 3, 1), has_failed=True, is_dangerous=True)
    assert road_status(known, on=TODAY).status is Road.DO_NOT_DRIVE


def test_sorn_is_off_the_road_by_choice_before_everything_else():
    known = RoadFacts(is_sorn=True, has_failed=True, is_dangerous=True, mot_expires_on=TODAY)
    assert road_status(known, on=TODAY).status is Road.OFF_ROAD_BY_CHOICE


def test_a_car_never_tested_is_not_due_until_the_day_dvsa_names():
    known = RoadFacts(first_mot_due_on=TODAY, registered_on=date(2022, 10, 2))
    answer = road_status(known, on=TODAY)
    assert (answer.status, answer.until) == (Road.NOT_DUE, TODAY)
    assert road_status(known, on=TODAY + timedelta(1)).status is Road.REPAIR_OR_TEST_JOURNEY_ONLY


def test_without_a_due_date_the_first_mot_is_due_three_years_less_a_day_after_registration():
    assert first_mot_due(RoadFacts(registered_on=date(2023, 9, 15))) == date(2026, 9, 14)


@pytest.mark.parametrize("known", [{"last_source": "DVA NI"}, {"nation": Nation.NORTHERN_IRELAND}])
def test_in_northern_ireland_the_first_mot_is_due_a_year_later(known):
    assert first_mot_due(RoadFacts(registered_on=date(2023, 9, 15), **known)) == date(2027, 9, 14)


def test_a_car_registered_on_a_leap_day_is_due_before_the_end_of_february():
    assert first_mot_due(RoadFacts(registered_on=date(2024, 2, 29))) == date(2027, 2, 27)


def test_a_car_that_failed_its_first_mot_early_may_drive_until_it_was_due():
    known = RoadFacts(first_mot_due_on=TODAY + timedelta(20), has_failed=True)
    answer = road_status(known, on=TODAY)
    assert (answer.status, answer.until) == (Road.MAY_DRIVE_UNTIL, TODAY + timedelta(20))


@pytest.mark.parametrize("has_failed", [False, True])
def test_nothing_known_is_unknown_and_never_fine(has_failed):
    assert road_status(RoadFacts(has_failed=has_failed), on=TODAY).status is Road.UNKNOWN


def test_a_car_over_forty_years_old_without_an_mot_is_unknown_since_exemption_is_declared():
    known = RoadFacts(registered_on=date(1973, 9, 21))
    answer = road_status(known, on=TODAY)
    assert (answer.status, answer.note) == (Road.UNKNOWN, Note.MAY_BE_EXEMPT)


def test_an_old_cars_mot_that_ran_out_has_still_run_out():
    known = RoadFacts(registered_on=date(1973, 9, 21), mot_expires_on=date(2020, 1, 1))
    answer = road_status(known, on=TODAY)
    assert (answer.status, answer.note) == (Road.REPAIR_OR_TEST_JOURNEY_ONLY, Note.MAY_BE_EXEMPT)


def test_a_car_is_no_forty_years_old_on_its_fortieth_birthday():
    known = RoadFacts(registered_on=date(1985, 10, 1))
    assert road_status(known, on=TODAY).note is None
    assert road_status(known, on=TODAY + timedelta(1)).note is Note.MAY_BE_EXEMPT


def test_a_partial_retest_is_possible_for_ten_working_days_after_a_fail():
    known = RoadFacts(mot_expires_on=date(2026, 3, 1), has_failed=True, last_tested_on=date(2025, 9, 24))
    assert road_status(known, on=TODAY).partial_retest_until == date(2025, 10, 8)
    assert road_status(known, on=date(2025, 10, 9)).partial_retest_until is None


def test_no_retest_after_a_pass():
    known = RoadFacts(mot_expires_on=date(2026, 3, 1), last_tested_on=date(2025, 9, 24))
    assert road_status(known, on=TODAY).partial_retest_until is None


def test_a_day_is_a_uk_day():
    assert uk_date(datetime(2025, 7, 1, 23, 30, tzinfo=UTC)) == date(2025, 7, 2)
    assert uk_date(datetime(2025, 12, 1, 23, 30, tzinfo=UTC)) == date(2025, 12, 1)


@given(facts, days)
def test_the_answer_keeps_its_promises(known, on):
    answer = road_status(known, on=on)
    assert answer.guidance_url.startswith("https://www.gov.uk/")
    assert (answer.until is not None) == (answer.status in {Road.VALID, Road.MAY_DRIVE_UNTIL, Road.NOT_DUE})
    if answer.until:
        assert answer.until >= on
        assert road_status(known, on=answer.until).status in {answer.status, Road.UNKNOWN}
    if known.is_dangerous:
        assert answer.status in {Road.DO_NOT_DRIVE, Road.OFF_ROAD_BY_CHOICE}
    if known.has_failed:
        assert answer.status not in {Road.VALID, Road.NOT_DUE}


@given(facts, days)
def test_time_alone_never_makes_an_answer_better(known, on):
    order = [Road.VALID, Road.NOT_DUE, Road.MAY_DRIVE_UNTIL, Road.UNKNOWN, Road.REPAIR_OR_TEST_JOURNEY_ONLY]
    today, later = road_status(known, on=on).status, road_status(known, on=on + timedelta(40)).status
    if today in order and later in order and Road.UNKNOWN not in {today, later}:
        assert order.index(today) <= order.index(later)


def test_road_words_are_those_of_the_contract():
    assert {one.value for one in road.Road} == {
        "valid",
        "may_drive_until",
        "repair_or_test_journey_only",
        "do_not_drive",
        "not_due",
        "off_road_by_choice",
        "unknown",
    }
