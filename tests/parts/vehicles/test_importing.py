from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealers.models import Make
from parts.vehicles import staging
from parts.vehicles.importing import import_path, import_reply, import_stream
from parts.vehicles.models import Defect, MotImport, MotTest, RejectedLine, Vehicle, VehicleModel
from parts.vehicles.records import BadRecordError
from tests.parts.vehicles.dvsa_data import (
    DISC,
    FAILED_CAR,
    SPRING,
    TYRE,
    as_bulk,
    as_old,
    defect,
    encoded,
    mot,
    vehicle,
    zipped,
)
from tests.parts.vehicles.stored import AT, everything, later, marked, take
from tests.parts.vehicles.stored import vehicle as stored

pytestmark = pytest.mark.django_db

PASSED_CAR = vehicle(
    "AB82CDE", mot("700000000001", "2025-03-01T08:00:00", "PASSED", defect(DISC, "ADVISORY"), expires="2026-03-01")
)
NEW_CAR = {
    "registration": "AB83CDE",
    "make": "JAGUAR",
    "model": "F-PACE",
    "manufactureYear": 2023,
    "fuelType": "Petrol",
    "primaryColour": "White",
    "registrationDate": "2023-09-15",
    "manufactureDate": "2023-09-15",
    "motTestDueDate": "2026-09-14",
    "hasOutstandingRecall": "Unknown",
}
PRS_CAR = vehicle(
    "AB84CDE",
    mot("700000000002", "2025-06-01T08:00:00", "FAILED", defect(SPRING, "PRS")),
    mot("700000000003", "2025-06-01T08:00:00", "PASSED", defect(DISC, "ADVISORY"), expires="2026-05-31"),
)
NI_CAR = vehicle("AIZ8234", mot("700000000004", "2025-06-02T08:00:00", "FAILED", source="DVA NI", defects=None))
CARS = [FAILED_CAR, PASSED_CAR, NEW_CAR, PRS_CAR, NI_CAR]


def test_a_failed_car_is_stored_with_what_its_newest_visit_left():
    counts = take(FAILED_CAR)
    car = stored("AB81CDE")
    assert (counts.vehicles_new, counts.tests, counts.defects, counts.rejected) == (1, 3, 3, 0)
    assert (car.model.make.name, car.model.name, car.region) == ("LAND ROVER", "RANGE ROVER EVOQUE", 12)
    assert (car.open_fails, car.is_dangerous, car.mot_expires_on) == (2, True, date(2025, 9, 18))
    assert car.last_tested_at == datetime(2025, 9, 12, 14, 5, 37, tzinfo=UTC)
    assert [test.number for test in car.tests.order_by("-completed_at")] == ["604117382205", "018204763911"]
    found = car.defects.order_by("position").values_list(
        "text", "category", "is_failing", "manual_ref", "lateral", "longitudinal"
    )
    assert list(found) == [
        (SPRING, "major", True, "5.3.1 (b) (i)", "nearside", "front"),
        (TYRE, "dangerous", True, "5.2.3 (e)", "offside", "rear"),
        (DISC, "advisory", False, "1.1.14 (a) (ii)", "", "front"),
    ]


def test_a_car_never_tested_is_stored_with_its_due_date():
    take(NEW_CAR)
    car = stored("AB83CDE")
    assert (car.first_mot_due_on, car.manufacture_year, car.last_tested_at) == (date(2026, 9, 14), 2023, None)
    assert (car.open_fails, car.tests.count()) == (0, 0)


def test_a_fail_put_right_in_the_same_visit_leaves_nothing_open():
    take(PRS_CAR)
    car = stored("AB84CDE")
    assert (car.open_fails, car.is_dangerous, car.mot_expires_on) == (0, False, date(2026, 5, 31))
    assert [one.category for one in car.defects.all()] == ["advisory"]


def test_a_northern_irish_fail_leaves_one_undisclosed_defect():
    take(NI_CAR)
    car = stored("AIZ8234")
    assert (car.open_fails, car.is_dangerous) == (1, False)
    assert [(one.category, one.is_failing, one.text) for one in car.defects.all()] == [("undisclosed", True, "")]


def test_references_from_before_may_2018_keep_their_numbering():
    text = "Nearside Front suspension arm has excessive play |2.4.C.1a|"
    take(vehicle("AB81CDE", mot("1", "2017-05-01T10:00:00", "FAILED", defect(text, "FAIL"))))
    one = Defect.objects.get()
    assert (one.category, one.manual_scheme, one.manual_ref) == ("fail", "old", "2.4.C.1a")


def shapes(tmp_path):
    """The same vehicles, brought in each way there is."""
    bulk = encoded(*[as_bulk(car) for car in CARS])
    files = {
        "bulk-light-vehicle_02-10-2025.zip": zipped(
            part_1=bulk[: bulk.index(b"\n") + 1], part_2=bulk[bulk.index(b"\n") + 1 :]
        ),
        "cars.json.gz": gzip.compress(encoded(*CARS)),
        "cars.jsonl": encoded(*CARS),
        "array.json": json.dumps([as_old(car) if car.get("motTests") else car for car in CARS]).encode(),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        yield name, lambda path=path: import_path(path, at=AT)
    yield "replies", lambda: [import_reply(json.dumps(car).encode(), at=AT) for car in CARS]


def test_the_same_rows_come_of_every_shape(tmp_path):
    found = {}
    for name, bring in shapes(tmp_path):
        Vehicle.objects.all().delete()
        bring()
        found[name] = everything()
    first = found.pop("cars.jsonl")
    assert len(first[0]) == 5
    for name, rows in found.items():
        assert rows == first, name


def test_the_same_data_in_another_shape_writes_nothing(tmp_path):
    take(*CARS)
    marked()
    fields = [field.attname for field in Vehicle._meta.fields if field.attname != "fingerprint"]
    before = (
        list(Vehicle.objects.order_by("id").values(*fields)),
        list(Defect.objects.order_by("id").values_list("id")),
    )
    for _, bring in shapes(tmp_path):
        bring()
        assert marked() == set()
        assert before == (
            list(Vehicle.objects.order_by("id").values(*fields)),
            list(Defect.objects.order_by("id").values_list("id")),
        )


def test_unchanged_vehicles_are_counted_as_such():
    take(*CARS)
    again = take(*CARS)
    assert (again.vehicles_new, again.vehicles_updated, again.vehicles_unchanged) == (0, 0, 5)


def test_vehicles_are_marked_when_what_decides_them_changed():
    take(FAILED_CAR, NEW_CAR)
    assert marked() == {stored("AB81CDE").pk}
    mended = mot("800000000001", "2025-09-20T10:00:00", "PASSED", expires="2026-09-19")
    take(vehicle("AB81CDE", mended, *FAILED_CAR["motTests"]))
    car = stored("AB81CDE")
    assert (car.open_fails, car.is_dangerous, car.mot_expires_on, car.defects.count()) == (
        0,
        False,
        date(2026, 9, 19),
        0,
    )
    assert marked() == {car.pk}


def test_a_change_of_colour_is_stored_and_decides_nothing():
    take(FAILED_CAR)
    marked()
    counts = take({**FAILED_CAR, "primaryColour": "Green"})
    assert (counts.vehicles_updated, stored("AB81CDE").colour) == (1, "Green")
    assert marked() == set()


def test_what_a_line_does_not_say_is_not_forgotten():
    take(NEW_CAR)
    take({"registration": "AB83CDE", "motTests": [mot("9", "2025-09-01T10:00:00", "FAILED", defect())]})
    car = stored("AB83CDE")
    assert (car.first_mot_due_on, car.colour, car.model.name, car.open_fails) == (
        date(2026, 9, 14),
        "White",
        "F-PACE",
        1,
    )


def test_what_people_told_us_survives_an_import():
    take(FAILED_CAR)
    Vehicle.objects.update(region=4, is_sorn=True, vin_last8="KH123456", is_demo=True)
    take({**FAILED_CAR, "primaryColour": "Green"})
    car = stored("AB81CDE")
    assert (car.region, car.is_sorn, car.vin_last8, car.is_demo) == (4, True, "KH123456", True)


def test_a_delta_with_only_the_newest_test_joins_what_is_known():
    old_pass = mot("1", "2024-09-19T10:42:11", "PASSED", expires="2025-09-18")
    take(vehicle("AB81CDE", old_pass))
    take(vehicle("AB81CDE", mot("2", "2025-09-12T10:00:00", "FAILED", defect())))
    car = stored("AB81CDE")
    assert (car.open_fails, car.mot_expires_on, car.tests.count()) == (1, date(2025, 9, 18), 2)


def test_a_pass_that_comes_in_another_file_than_its_fail_still_makes_one_visit():
    take(vehicle("AB81CDE", mot("1", "2025-09-12T10:00:00", "FAILED", defect(SPRING, "MAJOR"))))
    assert stored("AB81CDE").open_fails == 1
    take(vehicle("AB81CDE", mot("2", "2025-09-12T10:00:00", "PASSED", expires="2026-09-11")))
    car = stored("AB81CDE")
    assert (car.open_fails, car.defects.count(), car.tests.count()) == (0, 0, 2)


def test_an_older_file_never_overwrites_newer_facts():
    newer = vehicle("AB81CDE", mot("2", "2025-09-12T10:00:00", "PASSED", expires="2026-09-11"), primaryColour="Red")
    older = vehicle("AB81CDE", mot("1", "2024-09-12T10:00:00", "FAILED", defect()), primaryColour="Blue")
    take(newer)
    before = everything()
    marked()
    counts = take(older)
    assert everything() == before
    assert (counts.vehicles_unchanged, marked()) == (1, set())


def test_an_older_file_may_fill_a_gap():
    take(vehicle("AB81CDE", mot("2", "2025-09-12T10:00:00", "FAILED", defect())))
    take(vehicle("AB81CDE", mot("1", "2024-10-12T10:00:00", "PASSED", expires="2025-10-11"), primaryColour="Blue"))
    car = stored("AB81CDE")
    assert (car.mot_expires_on, car.open_fails, car.colour) == (date(2025, 10, 11), 1, "Grey")


def test_of_two_files_with_the_same_tests_the_later_made_wins():
    take({**FAILED_CAR, "primaryColour": "Red"}, name="bulk-light-vehicle_05-10-2025.zip")
    take({**FAILED_CAR, "primaryColour": "Blue"}, name="bulk-light-vehicle_28-09-2025.zip")
    assert stored("AB81CDE").colour == "Red"
    take({**FAILED_CAR, "primaryColour": "Green"}, name="delta-light-vehicle_07-10-2025.zip")
    assert stored("AB81CDE").colour == "Green"


def test_a_reply_asked_later_is_newer_than_a_file():
    take({**FAILED_CAR, "primaryColour": "Red"}, name="bulk-light-vehicle_28-09-2025.zip")
    import_reply(json.dumps({**FAILED_CAR, "primaryColour": "Blue"}).encode(), at=AT)
    assert stored("AB81CDE").colour == "Blue"


def test_a_correction_of_the_newest_test_is_taken():
    take(FAILED_CAR)
    marked()
    newest = {**FAILED_CAR["motTests"][0], "defects": [defect(SPRING, "MAJOR")], "odometerValue": "70111"}
    take(vehicle("AB81CDE", newest, *FAILED_CAR["motTests"][1:]))
    car = stored("AB81CDE")
    assert (car.open_fails, car.is_dangerous, car.defects.count()) == (1, False, 1)
    assert car.tests.get(number="604117382205").odometer == 70111
    assert marked() == {car.pk}


def test_two_lines_about_one_car_in_one_file_are_taken_in_order():
    take(
        vehicle("AB81CDE", mot("1", "2025-09-12T10:00:00", "FAILED", defect())),
        vehicle("AB81CDE", mot("2", "2025-09-19T10:00:00", "PASSED", expires="2026-09-11")),
        vehicle("AB81CDE", mot("3", "2025-09-20T10:00:00", "FAILED", defect(TYRE, "DANGEROUS"))),
    )
    car = Vehicle.objects.get()
    assert (car.open_fails, car.is_dangerous, car.mot_expires_on) == (1, True, date(2026, 9, 11))


def test_broken_lines_are_kept_with_their_reason_and_a_masked_plate_and_the_rest_goes_in():
    lines = [
        encoded(FAILED_CAR),
        b'{"registration": "AB85CDE", "motTests": [{"testResult": "FAILED"}]}\n',
        b'{"registration":"AB86CDE","make": "LAND\n',
        b"AB87 CDE is not json\n",
        b"\n",
        b"\x00\xff\xfe\n",
        encoded(PASSED_CAR),
    ]
    counts = import_stream(io.BytesIO(b"".join(lines)), name="x", at=AT)
    assert (counts.vehicles_new, counts.rejected, counts.lines) == (2, 4, 6)
    rejected = list(RejectedLine.objects.order_by("line"))
    assert [one.line for one in rejected] == [2, 3, 4, 6]
    assert "completedDate" in rejected[0].reason
    kept = " ".join(one.raw + one.reason for one in rejected)
    for plate in ("AB85CDE", "AB86CDE", "AB87 CDE", "AB87CDE"):
        assert plate not in kept
    assert "AB*****" in rejected[0].raw


def test_of_many_broken_lines_a_sample_is_kept_and_all_are_counted(monkeypatch):
    monkeypatch.setattr("parts.vehicles.importing.REJECTED_KEPT", 3)
    monkeypatch.setattr(staging, "BATCH_LINES", 2)
    monkeypatch.setattr("parts.vehicles.sources.CHUNK_BYTES", 2_500)
    broken = b"broken" + b" " * 1_000 + b"\n"
    counts = import_stream(io.BytesIO(encoded(FAILED_CAR) + broken * 9), name="x", at=AT)
    assert (counts.rejected, RejectedLine.objects.count()) == (9, 3)


def test_only_the_asked_makes_are_kept():
    counts = take(FAILED_CAR, NEW_CAR, {**PASSED_CAR, "make": "FORD"}, makes=["land rover"])
    assert (counts.vehicles_new, counts.filtered, counts.lines) == (1, 2, 3)
    assert not Make.objects.filter(name__in=["FORD", "JAGUAR"]).exists()


def test_makes_and_models_are_made_as_needed_once():
    take(
        FAILED_CAR,
        {**NEW_CAR, "make": "Rolls Royce", "registration": "AB90CDE"},
        {**NEW_CAR, "make": "ROLLS-ROYCE", "registration": "AB91CDE"},
        {**NEW_CAR, "make": "JAGUAR", "model": None, "registration": "AB92CDE"},
        {**NEW_CAR, "make": None, "model": "LOST", "registration": "AB93CDE"},
    )
    take(PASSED_CAR)
    names = set(VehicleModel.objects.values_list("make__name", "name"))
    assert names == {
        ("LAND ROVER", "RANGE ROVER EVOQUE"),
        ("ROLLS ROYCE", "F-PACE"),
        ("ROLLS-ROYCE", "F-PACE"),
        ("JAGUAR", ""),
    }
    assert stored("AB93CDE").model is None
    assert set(Make.objects.values_list("slug", flat=True)) == {"land-rover", "rolls-royce", "rolls-royce-2", "jaguar"}


def test_a_model_not_stated_does_not_erase_the_model_known():
    take(FAILED_CAR)
    take({**FAILED_CAR, "model": None})
    assert stored("AB81CDE").model.name == "RANGE ROVER EVOQUE"


def test_a_reply_gives_the_ids_of_its_vehicles():
    ids = import_reply(json.dumps([FAILED_CAR, PASSED_CAR]).encode(), at=AT)
    assert ids == [stored("AB81CDE").pk, stored("AB82CDE").pk]
    assert import_reply(json.dumps(FAILED_CAR).encode(), at=AT) == ids[:1]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"errorCode": "MOTH-UN-01"}', b'{"registration": "AB81CDE", "motTests": [{}]}']
)
def test_a_reply_that_cannot_be_read_stores_nothing(body):
    with pytest.raises(BadRecordError):
        import_reply(body, at=AT)
    assert Vehicle.objects.count() == 0


def test_the_file_is_remembered_with_what_came_of_it(tmp_path):
    path = tmp_path / "cars.jsonl"
    path.write_bytes(encoded(*CARS))
    import_path(path, at=AT)
    run = MotImport.objects.get()
    assert (run.name, run.finished_at, run.counts["vehicles_new"]) == ("cars.jsonl", AT, 5)
    assert len(run.digest) == 64


def test_progress_is_told_after_each_batch(monkeypatch):
    monkeypatch.setattr(staging, "BATCH_VEHICLES", 2)
    monkeypatch.setattr("parts.vehicles.sources.CHUNK_BYTES", 2_500)
    told = []
    take(*CARS, *CARS, progress=lambda counts: told.append(counts.vehicles))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == 10


def test_statements_do_not_grow_with_the_number_of_vehicles():
    def statements(count, first):
        cars = [
            vehicle(
                f"AB{first + n // 26:02}CD{chr(65 + n % 26)}",
                mot(f"{first}{n:05}", "2025-09-12T10:00:00", "FAILED", defect()),
            )
            for n in range(count)
        ]
        with CaptureQueriesContext(connection) as captured:
            take(*cars)
        return len(captured)

    statements(1, 80)
    assert statements(3, 81) == statements(90, 90)


@st.composite
def fleets(draw):
    """Some cars, each with a history, as several files see them: complete or in part, in any order."""
    lines = []
    for index, plate in enumerate(["AB81CDE", "AB82CDE"]):
        tests = [
            mot(
                f"{index}{number:011}",
                f"2025-0{draw(st.integers(1, 9))}-0{draw(st.integers(1, 3))}T10:{draw(st.sampled_from(['00', '30']))}:00",
                draw(st.sampled_from(["PASSED", "FAILED"])),
                *draw(st.lists(st.sampled_from([defect(), defect(DISC, "ADVISORY"), defect(TYRE, "PRS")]), max_size=2)),
                expires=draw(st.sampled_from([None, "2026-01-01", "2026-02-01"])),
            )
            for number in range(draw(st.integers(0, 5)))
        ]
        for test in tests:
            if test["testResult"] == "FAILED":
                test["expiryDate"] = None
        whole = vehicle(plate, *tests)
        parts = (
            [vehicle(plate, *draw(st.lists(st.sampled_from(tests), unique_by=id))) for _ in range(2)] if tests else []
        )
        lines += [whole, *parts]
    return draw(st.permutations(lines)), lines


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fleets())
def test_files_in_any_order_and_portion_come_to_the_same_rows(fleet):
    mixed, lines = fleet
    Vehicle.objects.all().delete()
    for line in mixed:
        take(line)
    in_portions = everything()
    Vehicle.objects.all().delete()
    take(*lines)
    assert in_portions == everything()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=12), st.text(max_size=12))
def test_any_text_survives_the_way_into_the_tables(text, model, number, colour):
    Vehicle.objects.all().delete()
    car = vehicle(
        "AB81CDE",
        mot(number, "2025-09-12T10:00:00", "FAILED", defect(text, "MAJOR")),
        model=model,
        primaryColour=colour,
    )
    counts = take(car)
    assert (counts.vehicles_new, counts.rejected) == (1, 0)
    one = Defect.objects.get()
    assert one.text == text.replace("\x00", "").strip()
    assert stored("AB81CDE").colour == colour.replace("\x00", "").strip()
    assert take(car).vehicles_unchanged == 1


def test_the_newest_visit_at_a_later_time_is_marked_once():
    take(FAILED_CAR, at=later(days=1))
    assert marked() == {stored("AB81CDE").pk}
    assert MotTest.objects.count() == 2


@pytest.mark.parametrize("may_leave_out_checks", [True, False])
def test_new_vehicles_stand_on_rows_that_exist_with_and_without_the_databases_own_checks(may_leave_out_checks):
    with connection.cursor() as cursor:
        if not may_leave_out_checks:
            cursor.execute("CREATE ROLE plain_owner NOLOGIN")
            cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_owner")
            cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain_owner")
            cursor.execute("SET LOCAL ROLE plain_owner")
        take(*CARS)
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
        cursor.execute("RESET ROLE")
    connection.check_constraints()
    assert MotTest.objects.filter(vehicle__isnull=False).count() == 6
    assert Defect.objects.filter(test__vehicle_id=F("vehicle_id")).count() == Defect.objects.count() == 6


def test_public_ids_of_new_vehicles_are_uuids_that_grow():
    take(*CARS)
    ids = list(Vehicle.objects.order_by("id").values_list("public_id", flat=True))
    assert len(set(ids)) == 5
    assert all((one.version, one.variant) == (7, "specified in RFC 4122") for one in ids)
    take({**NEW_CAR, "registration": "AB99CDE"})
    assert stored("AB99CDE").public_id > max(ids)
