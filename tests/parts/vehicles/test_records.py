from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles.defects import Category, Reported
from parts.vehicles.records import BadRecordError, parse, vehicles_of
from tests.parts.vehicles.dvsa_data import DISC, FAILED_CAR, SPRING, TYRE, as_bulk, as_old, defect, mot, vehicle


def read(car):
    return parse(json.dumps(car).encode())


def told(record):
    """All that a record says, comparable."""
    cars = (record.registration, record.make, record.model, record.first_used_on, record.registered_on)
    more = (record.manufactured_on, record.manufacture_year, record.fuel_type, record.colour, record.engine_cc)
    tests = [
        (t.number, t.completed_at, t.has_passed, t.expires_on, t.odometer, t.odometer_unit, t.source, t.registration)
        for t in record.tests
    ]
    return cars, more, record.has_recall, record.first_mot_due_on, tests, [t.defects for t in record.tests]


def test_a_tested_vehicle_of_the_api_is_read_whole():
    record = read(FAILED_CAR)
    assert (record.registration, record.make, record.model) == ("AB81CDE", "LAND ROVER", "RANGE ROVER EVOQUE")
    assert (record.first_used_on, record.manufactured_on) == (date(2019, 8, 28), date(2019, 7, 31))
    assert (record.engine_cc, record.colour, record.fuel_type, record.has_recall) == (1999, "Grey", "Diesel", "No")
    first = record.tests[0]
    assert (first.number, first.has_passed, first.expires_on) == ("604117382205", False, None)
    assert first.completed_at == datetime(2025, 9, 12, 14, 5, 37, tzinfo=UTC)
    assert (first.odometer, first.odometer_unit, first.source) == (70110, "mi", "DVSA")
    assert first.defects == (
        Reported(SPRING, Category.MAJOR),
        Reported(TYRE, Category.DANGEROUS),
        Reported(DISC, Category.ADVISORY),
    )


def test_a_vehicle_never_tested_has_a_due_date_and_a_year():
    record = read(
        {
            "registration": "AB81EEE",
            "make": "JAGUAR",
            "model": "F-PACE",
            "manufactureYear": 2023,
            "registrationDate": "2023-09-15",
            "manufactureDate": "2023-09-15",
            "motTestDueDate": "2026-09-14",
            "hasOutstandingRecall": "Unknown",
        }
    )
    assert (record.manufacture_year, record.first_mot_due_on, record.tests) == (2023, date(2026, 9, 14), ())


def test_a_bulk_line_without_tests_is_read():
    record = read(
        {
            "registration": "L2WPS",
            "registrationDate": "1973-09-21",
            "make": "HILLMAN",
            "motTests": [],
            "dataSource": "dvla",
            "last_update_date": "2023-12-04",
        }
    )
    assert (record.registration, record.registered_on, record.tests) == ("L2WPS", date(1973, 9, 21), ())
    assert record.updated_at == datetime(2023, 12, 4, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("shape", [as_bulk, as_old])
def test_every_shape_says_the_same(shape):
    assert told(read(shape(FAILED_CAR))) == told(read(FAILED_CAR))


def test_a_number_that_lost_its_leading_zeros_as_json_number_gets_them_back():
    assert read(vehicle("AB81CDE", mot(18204763911, "2024-09-19T10:42:11"))).tests[0].number == "018204763911"


def test_a_test_without_a_number_gets_the_same_name_in_every_shape():
    car = vehicle("AB81CDE", mot(None, "2024-09-19T10:42:11"))
    other = json.loads(json.dumps(car).replace("2024-09-19T10:42:11.000Z", "2024-09-19 10:42:11"))
    assert read(car).tests[0].number == read(other).tests[0].number
    assert len(read(car).tests[0].number) == 20


def test_a_time_with_an_offset_is_the_same_instant():
    car = vehicle("AB81CDE", mot("1", "2024-09-19T10:42:11", completedDate="2024-09-19T11:42:11+01:00"))
    assert read(car).tests[0].completed_at == datetime(2024, 9, 19, 10, 42, 11, tzinfo=UTC)


def test_a_withheld_plate_is_none_and_the_tests_still_count():
    assert read(vehicle("@AB81@", mot("1", "2024-09-19T10:42:11"))).registration is None
    assert read(vehicle(None, mot("1", "2024-09-19T10:42:11"))).registration is None


def test_unknown_fields_and_results_are_ignored():
    record = read(vehicle("AB81CDE", mot("1", "2024-09-19T10:42:11", "ABANDONED"), somethingNew={"a": [1]}))
    assert record.tests == ()


def test_every_field_may_be_null():
    names = FAILED_CAR.keys() - {"registration", "motTests"}
    test = {**dict.fromkeys(FAILED_CAR["motTests"][0]), "completedDate": "2024-09-19T10:42:11Z", "testResult": "FAILED"}
    record = read({"registration": "AB81CDE", **dict.fromkeys(names), "motTests": [test]})
    assert record.make == ""
    assert record.tests[0].defects == ()


def test_numbers_and_texts_stand_in_for_each_other():
    car = vehicle(
        "AB81CDE", mot("1", "2024-09-19T10:42:11", odometerValue=70110), engineSize=1999, manufactureYear="2019"
    )
    record = read(car)
    assert (record.engine_cc, record.manufacture_year, record.tests[0].odometer) == (1999, 2019, 70110)


@pytest.mark.parametrize("unreadable", ["UNREADABLE", "", None, "12.5.3", -4, 10**12])
def test_an_unreadable_odometer_is_none(unreadable):
    odometer = read(vehicle("AB81CDE", mot("1", "2024-09-19T10:42:11", odometerValue=unreadable))).tests[0].odometer
    assert odometer in {None, 12}


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"nonsense",
        b'{"registration": "AB81CDE"',
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"registration": 5}',
        b'{"make": "LAND ROVER"}',
        b'{"registration": "ABCDEFGHIJKLMNOP"}',
        b'{"registration": "AB81CDE", "motTests": [{"testResult": "FAILED"}]}',
        b'{"registration": "AB81CDE", "motTests": [{"testResult": "FAILED", "completedDate": "soon"}]}',
        b'{"registration": "AB81CDE", "motTests": [{"completedDate": "2024-09-19T10:42:11Z"}]}',
        b'{"registration": "AB81CDE", "motTests": [{"testResult": "PASSED", "completedDate": "2024-09-19", "expiryDate": "2"}]}',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_believed_is_refused_with_a_reason(broken):
    with pytest.raises(BadRecordError) as caught:
        parse(broken)
    assert str(caught.value)
    assert "AB81CDE" not in str(caught.value)


def test_defects_that_cannot_be_read_refuse_the_test():
    record = read(vehicle("AB81CDE", mot("1", "2024-09-19T10:42:11", defects="none")))
    with pytest.raises(BadRecordError):
        _ = record.tests[0].defects


def test_a_flag_may_come_as_text():
    record = read(vehicle("AB81CDE", mot("1", "2024-09-19T10:42:11", "FAILED", defect(kind="MAJOR", dangerous="true"))))
    assert record.tests[0].defects[0].category is Category.DANGEROUS


def test_a_reply_is_one_vehicle_or_the_old_apis_array():
    assert vehicles_of(b' {"registration": "AB81CDE"}') == [b' {"registration": "AB81CDE"}']
    assert vehicles_of(b'[{"registration": "AB81CDE"}, {"registration": "AB82CDE"}]') == [
        b'{"registration": "AB81CDE"}',
        b'{"registration": "AB82CDE"}',
    ]
    with pytest.raises(BadRecordError):
        vehicles_of(b"<html>")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
field_names = st.sampled_from([*FAILED_CAR, "motTestDueDate", "last_update_date", "manufactureYear", "other"])
test_names = st.sampled_from([*FAILED_CAR["motTests"][0], "regMarkTimeOfTest", "rfrAndComments", "other"])


@given(
    st.dictionaries(field_names, json_values, max_size=8),
    st.none() | st.lists(st.dictionaries(test_names, json_values, max_size=6), max_size=3),
)
def test_whatever_json_comes_it_is_read_or_refused(car, tests):
    try:
        record = read({**car, "motTests": tests})
        told(record)
    except BadRecordError:
        return
    assert record.registration or record.tests
    assert all(len(test.number) <= 20 and len(test.source) <= 6 for test in record.tests)
    assert len(record.make) <= 64
    assert len(record.model) <= 80
