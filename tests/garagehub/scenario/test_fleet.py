"""The fleet: repeatable, like DVSA's published figures, and in DVSA's shapes."""

import itertools
import json
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garagehub.lib.geography import UK
from garagehub.scenario.chances import NEW_MANUAL
from garagehub.scenario.fleet import bulk_line, bulk_lines, index_of, region_of, vehicle
from garagehub.scenario.models import MODELS
from garagehub.scenario.plates import MOCK_PLATES
from garagehub.scenario.reasons import CATEGORIES, FAILS, texts

TODAY = date(2026, 11, 22)
FAILING = {"MAJOR", "DANGEROUS", "FAIL", "PRS"}


@pytest.fixture(scope="module")
def fleet():
    return [vehicle(index, seed=1, today=TODAY) for index in range(len(MOCK_PLATES), 30_000)]


@pytest.fixture(scope="module")
def first_tests(fleet):
    """The first test of each car's newest visit in the past year, without Northern Ireland's."""
    found = []
    for car in fleet:
        tests = car.get("motTests", ())
        if not tests or tests[0]["dataSource"] != "DVSA" or tests[0]["completedDate"] < "2025-11-22":
            continue
        passed_again = tests[0]["testResult"] == "PASSED" and len(tests) > 1 and tests[1]["testResult"] == "FAILED"
        found.append((car, tests[1] if passed_again else tests[0]))
    return found


def failing(test):
    return [defect for defect in test["defects"] if defect["type"] in FAILING]


def test_a_vehicle_is_the_same_every_time_and_alone_or_among_others():
    lines = list(bulk_lines(200, seed=3, today=TODAY))
    assert json.loads(lines[150]) == bulk_line(vehicle(150, seed=3, today=TODAY))
    assert lines == list(bulk_lines(200, seed=3, today=TODAY))


def test_another_seed_is_another_fleet():
    assert vehicle(100, seed=1, today=TODAY) != vehicle(100, seed=2, today=TODAY)


@given(index=st.integers(len(MOCK_PLATES), 10**6), days=st.integers(1, 30))
@settings(deadline=None)
def test_days_that_pass_add_tests_and_change_no_older_one(index, days):
    before = vehicle(index, seed=1, today=TODAY)
    after = vehicle(index, seed=1, today=TODAY + timedelta(days=days))
    newer = {test["motTestNumber"]: test for test in after.get("motTests", ())}
    for test in before.get("motTests", ()):
        assert newer.get(test["motTestNumber"], test) == test
    added = set(newer) - {test["motTestNumber"] for test in before.get("motTests", ())}
    newest_before = (before.get("motTests") or [{"completedDate": ""}])[0]["completedDate"]
    assert all(newer[number]["completedDate"] >= newest_before for number in added)


@given(index=st.integers(0, 10**6), seed=st.integers(0, 99))
@settings(deadline=None)
def test_tests_are_newest_first_in_the_past_and_older_than_no_certificate(index, seed):
    car = vehicle(index, seed=seed, today=TODAY)
    tests = car.get("motTests", [])
    times = [test["completedDate"] for test in tests]
    assert times == sorted(times, reverse=True)
    assert all(time[:10] <= TODAY.isoformat() for time in times)
    assert all((test["expiryDate"] is None) == (test["testResult"] == "FAILED") for test in tests)
    assert all(test["expiryDate"] > test["completedDate"][:10] for test in tests if test["expiryDate"])
    assert not tests or car["firstUsedDate"] < times[-1]


def test_test_numbers_are_twelve_digits_and_unique(fleet):
    numbers = [test["motTestNumber"] for car in fleet for test in car.get("motTests", ())]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 12 and number.isdigit() for number in numbers)


def test_initial_fails_are_about_three_in_ten(first_tests):
    share = sum(test["testResult"] == "FAILED" for _, test in first_tests) / len(first_tests)
    assert share == pytest.approx(0.31, abs=0.025)


def test_older_cars_fail_more(first_tests):
    by_age = {True: Counter(), False: Counter()}
    for car, test in first_tests:
        age = TODAY.year - int(car["firstUsedDate"][:4])
        if age <= 5 or age >= 14:
            by_age[age <= 5][test["testResult"]] += 1
    young, old = (by_age[key]["FAILED"] / by_age[key].total() for key in (True, False))
    assert young == pytest.approx(0.15, abs=0.03)
    assert old == pytest.approx(0.48, abs=0.05)


def test_a_fail_lists_two_or_three_defects(first_tests):
    failed = [failing(test) for _, test in first_tests if test["testResult"] == "FAILED"]
    assert sum(map(len, failed)) / len(failed) == pytest.approx(2.59, abs=0.15)
    assert all(failed)


def test_a_quarter_of_fails_are_put_right_at_the_station(first_tests):
    failed = [failing(test) for _, test in first_tests if test["testResult"] == "FAILED"]
    put_right = [defects for defects in failed if any(defect["type"] == "PRS" for defect in defects)]
    assert len(put_right) / len(failed) == pytest.approx(0.25, abs=0.02)
    assert sum(map(len, put_right)) / sum(map(len, failed)) == pytest.approx(0.13, abs=0.02)


def test_a_visit_put_right_passes_in_the_same_second(fleet):
    for car in fleet:
        tests = car.get("motTests", ())
        for later, earlier in itertools.pairwise(tests):
            if any(defect["type"] == "PRS" for defect in earlier.get("defects", ())):
                assert later["testResult"] == "PASSED"
                assert later["completedDate"] == earlier["completedDate"]


def test_categories_of_defects_have_their_published_shares(first_tests):
    category_of = {text: reason.category for reason in FAILS for text in texts(reason)}
    seen = Counter(category_of[defect["text"]] for _, test in first_tests for defect in failing(test))
    for category, (percent, _) in CATEGORIES.items():
        assert 100 * seen[category] / seen.total() == pytest.approx(percent, abs=max(0.4, 0.12 * percent)), category


def test_dangerous_defects_are_one_in_six(first_tests):
    items = [defect for _, test in first_tests for defect in failing(test)]
    assert sum(defect["dangerous"] for defect in items) / len(items) == pytest.approx(0.16, abs=0.02)


def test_advisories_and_minors_are_more_than_twice_the_fails(first_tests):
    items = [defect for _, test in first_tests for defect in test["defects"]]
    failed = sum(defect["type"] in FAILING for defect in items)
    assert (len(items) - failed) / failed == pytest.approx(2.6, abs=0.35)


def test_models_have_their_shares_of_the_road(fleet):
    seen = Counter((car["make"], car["model"]) for car in fleet)
    total = sum(model.licensed for model in MODELS)
    for model in MODELS:
        expected = model.licensed / total
        assert seen[model.make, model.name] / len(fleet) == pytest.approx(expected, abs=0.006)


def test_about_one_car_in_sixty_stands_failed(fleet):
    failed = sum(bool(car.get("motTests")) and car["motTests"][0]["testResult"] == "FAILED" for car in fleet)
    assert failed / len(fleet) == pytest.approx(0.016, abs=0.004)


def test_miles_grow_with_the_years(fleet):
    miles = sorted(
        int(car["motTests"][0]["odometerValue"])
        for car in fleet
        if car.get("motTests") and TODAY.year - int(car["firstUsedDate"][:4]) == 8
    )
    assert miles[len(miles) // 2] == pytest.approx(61_250, rel=0.1)


def test_northern_irish_tests_list_no_defects(fleet):
    tests = [test for car in fleet for test in car.get("motTests", ()) if test["dataSource"] == "DVA NI"]
    assert tests
    assert all("defects" not in test for test in tests)


def test_fails_before_may_2018_have_the_old_type_and_bars_in_bulk_files(fleet):
    day = date.fromordinal(NEW_MANUAL).isoformat()
    old = [car for car in fleet if car.get("motTests") and car["motTests"][0]["completedDate"] < day]
    types = {defect["type"] for car in old for test in car["motTests"] for defect in test.get("defects", ())}
    assert "FAIL" in types
    assert not types & {"MAJOR", "DANGEROUS"}
    lines = [bulk_line(car) for car in old]
    fails = [d for line in lines for test in line["motTests"] for d in test.get("defects", ()) if d["type"] == "FAIL"]
    assert all(defect["text"].endswith("|") for defect in fails)


def test_bulk_lines_differ_from_the_api_as_dvsa_documents():
    car = vehicle(0, seed=1, today=TODAY)
    line = bulk_line(car)
    test = line["motTests"][0]
    assert test["completedDate"] == "2026-11-19 08:12:44"
    assert isinstance(test["motTestNumber"], int)
    assert (test["dataSource"], test["odometerUnit"], test["odometerResultType"]) == ("dvsa", "mi", "OK")
    assert test["regMarkTimeOfTest"] == "AA19AAA"
    assert "registrationAtTimeOfTest" not in test
    assert line["lastMotTestDate"] == "2026-11-19 08:12:44"
    assert line["secondaryColour"] == "Not Stated"
    assert bulk_line(vehicle(3, seed=1, today=TODAY))["dataSource"] == "dvla"


def test_the_example_car_waits_for_a_front_spring():
    car = vehicle(index_of("AA19AAA", seed=1), seed=1, today=TODAY)
    assert (car["make"], car["model"], car["firstUsedDate"]) == ("LAND ROVER", "RANGE ROVER EVOQUE", "2019-03-29")
    failed, passed = car["motTests"]
    assert failed["defects"][0]["text"] == "Nearside Front Coil spring fractured or broken (5.3.1 (b) (i))"
    assert passed["expiryDate"] == "2026-12-02"


def test_seven_regions_in_ten_are_known():
    regions = Counter(region_of(index, seed=1) for index in range(10_000))
    assert regions[UK] / 10_000 == pytest.approx(0.3, abs=0.02)
    assert regions[8] > regions[1] > regions[11] > 0


def test_leap_days_do_not_stop_the_mocks():
    for day in (date(2028, 2, 29), date(2026, 5, 9) + timedelta(days=800)):
        for index in range(len(MOCK_PLATES)):
            assert vehicle(index, seed=1, today=day)["registration"] == MOCK_PLATES[index]
