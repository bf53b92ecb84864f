"""The rows that go to COPY say what `parse` reads, whatever was said before and is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles import rows
from parts.vehicles.history import judge
from parts.vehicles.records import parse, read
from parts.vehicles.rows import NULL, escaped, make_and_model, vehicle_row
from tests.parts.vehicles.dvsa_data import FAILED_CAR, as_bulk, as_old, mot, vehicle

AT = datetime(2025, 10, 1, tzinfo=UTC)
DAYS = ["2019-08-28", "2019.08.28", " 2019-08-28 ", "2019-08-28T10:00:00", "20190828", "1800-01-01", "soon", ""]
STAMPS = ["2025-09-30", "2025-10-02", "2025-10-01T00:00:00Z", "2025-10-01 12:00:00", "soon"]
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 2019, -1, 10**12, "", "1", "1.0", "true", "a\tb\\", "2,019"])
CARS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ["make", "model", "manufactureYear", "fuelType", "primaryColour", "engineSize", "hasOutstandingRecall"],
            SCALARS | st.text(max_size=90),
        ),
        **dict.fromkeys(
            ["firstUsedDate", "registrationDate", "manufactureDate", "motTestDueDate", "motTestExpiryDate"],
            SCALARS | st.sampled_from(DAYS),
        ),
        **dict.fromkeys(
            ["lastUpdateTimestamp", "last_update_date", "lastUpdateDate"], SCALARS | st.sampled_from(STAMPS)
        ),
    },
)


def columns_of(line, *, current_at):
    account = read(line)
    return vehicle_row(account, judge(account.tests), current_at=current_at, mark=7).removesuffix("\n").split("\t")


def written(value):
    return NULL if value is None else escaped(value if isinstance(value, str) else str(value))


@given(CARS, st.none() | st.just(AT))
def test_a_vehicles_row_says_what_is_read_column_by_column(car, current_at):
    line = json.dumps({"registration": "AB81CDE", **car}).encode()
    record = parse(line)
    stamp = max(filter(None, (record.updated_at, current_at)), default=None)
    said = (record.registration, record.first_used_on, record.registered_on, record.manufactured_on)
    more = (record.manufacture_year, record.fuel_type, record.colour, record.engine_cc, record.has_recall)
    judged = (None, 0, "f", None)
    expected = [written(one) for one in (*said, *more, record.first_mot_due_on, *judged)]
    assert columns_of(line, current_at=current_at) == [*expected, stamp.isoformat() if stamp else NULL, "7"]
    asked = read(line).said
    assert make_and_model(asked.make, asked.model) == (record.make, record.model)


@pytest.mark.parametrize("shape", [dict, as_bulk, as_old])
def test_a_tests_row_is_the_same_in_every_shape(shape):
    first = rows.test_row(read(json.dumps(shape(FAILED_CAR)).encode()).tests[0]).split("\t")
    assert datetime.fromisoformat(first[1]) == datetime(2025, 9, 12, 14, 5, 37, tzinfo=UTC)
    assert [first[0], *first[2:]] == ["604117382205", "failed", NULL, "70110", "mi", "DVSA", "AB81CDE\n"]


@pytest.mark.parametrize(
    "said",
    [
        "2015-03-11 11:41:11",
        "2015-03-11T11:41:11",
        "2015.03.11 11:41:11",
        "2015-03-11T12:41:11+01:00",
        "2015-W11-3T11:41:11",
        "20150311T114111.123",
    ],
)
def test_a_moment_is_written_as_it_was_read_however_it_was_said(said):
    line = json.dumps(vehicle("AB81CDE", mot("1", "", completedDate=said))).encode()
    (test,) = read(line).tests
    assert test.completed_at == datetime(2015, 3, 11, 11, 41, 11, tzinfo=UTC)
    for text in (rows.test_row(test).split("\t")[1], columns_of(line, current_at=None)[13]):
        assert datetime.fromisoformat(text) == test.completed_at


def test_what_is_kept_does_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(rows, "_MOST_KEPT", 3)
    for number in range(10):
        assert rows._words[f"colour {number}"] == f"colour {number}"
    assert len(rows._words) <= 3
