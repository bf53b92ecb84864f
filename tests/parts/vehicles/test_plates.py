"""A plate finds a car but does not identify it: what happens when plates move."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from parts.vehicles.importing import import_reply
from parts.vehicles.models import MotTest, Vehicle
from tests.parts.vehicles.dvsa_data import defect, mot, vehicle
from tests.parts.vehicles.stored import AT, everything, later, marked, take
from tests.parts.vehicles.stored import vehicle as stored

pytestmark = pytest.mark.django_db

TEST_2024 = mot("100000000001", "2024-09-12T10:00:00", "PASSED", expires="2025-09-11")
TEST_2025 = mot("100000000002", "2025-09-12T10:00:00", "FAILED", defect())
OTHER_TEST = mot("200000000001", "2025-08-01T10:00:00", "PASSED", expires="2026-07-31")
OTHER = {"registrationDate": "2021-01-05", "firstUsedDate": "2021-01-05"}


def test_a_car_with_a_new_plate_is_the_same_car():
    take(vehicle("AB81CDE", TEST_2024))
    car = stored("AB81CDE")
    take(vehicle("P12LUX", TEST_2025, TEST_2024))
    assert Vehicle.objects.get() == car
    assert stored("P12LUX").open_fails == 1


def test_a_new_plate_alone_decides_nothing():
    take(vehicle("AB81CDE", TEST_2024))
    marked()
    counts = take(vehicle("P12LUX", TEST_2024))
    assert (counts.vehicles_updated, marked()) == (1, set())


def test_a_car_is_found_by_any_test_of_its_history_not_only_the_newest():
    take(vehicle("AB81CDE", TEST_2024))
    newest = [mot(f"30000000000{n}", f"2025-0{n}-12T10:00:00", "PASSED", expires=f"2026-0{n}-11") for n in (3, 2, 1)]
    take(vehicle("P12LUX", *newest, TEST_2024))
    assert Vehicle.objects.count() == 1


def test_a_plate_given_to_another_car_leaves_the_first_without():
    take(vehicle("AB81CDE", TEST_2024))
    first = stored("AB81CDE")
    take(vehicle("AB81CDE", OTHER_TEST, **OTHER))
    first.refresh_from_db()
    assert first.registration is None
    assert stored("AB81CDE") != first
    assert list(first.tests.values_list("number", flat=True)) == ["100000000001"]


@pytest.mark.parametrize("swapped_first", [True, False])
def test_two_cars_may_swap_plates_in_one_file(swapped_first):
    take(vehicle("AB81CDE", TEST_2024), vehicle("AB82CDE", OTHER_TEST, **OTHER))
    one, two = stored("AB81CDE"), stored("AB82CDE")
    lines = [vehicle("AB82CDE", TEST_2024), vehicle("AB81CDE", OTHER_TEST, **OTHER)]
    take(*(lines if swapped_first else lines[::-1]))
    assert (stored("AB82CDE"), stored("AB81CDE")) == (one, two)


def test_plates_may_go_round_in_a_ring():
    tests = [mot(f"40000000000{n}", "2025-03-01T10:00:00", expires="2026-02-28") for n in range(3)]
    dates = [{"registrationDate": f"2019-0{n + 1}-01", "firstUsedDate": f"2019-0{n + 1}-01"} for n in range(3)]
    plates = ["AB81CDE", "AB82CDE", "AB83CDE"]
    take(*[vehicle(plates[n], tests[n], **dates[n]) for n in range(3)])
    before = [stored(plate) for plate in plates]
    take(*[vehicle(plates[(n + 1) % 3], tests[n], **dates[n]) for n in range(3)])
    assert [stored(plates[(n + 1) % 3]) for n in range(3)] == before


def test_a_car_moves_to_a_new_plate_while_its_old_one_goes_to_a_car_nobody_knew():
    take(vehicle("AB81CDE", TEST_2024))
    first = stored("AB81CDE")
    take(vehicle("AB81CDE", OTHER_TEST, **OTHER), vehicle("P12LUX", TEST_2024))
    assert stored("P12LUX") == first
    assert stored("AB81CDE") != first


def test_a_plate_does_not_come_back_by_an_older_file():
    take(vehicle("P12LUX", TEST_2025, TEST_2024), vehicle("AB81CDE", OTHER_TEST, **OTHER))
    before = everything()
    counts = take(vehicle("AB81CDE", TEST_2024))
    assert everything() == before
    assert counts.vehicles_new == 0


def test_an_older_file_about_a_car_nobody_knows_does_not_take_a_plate():
    take(vehicle("AB81CDE", TEST_2025))
    before = everything()
    older = mot("500000000001", "2021-01-01T10:00:00", expires="2022-01-01")
    counts = take(vehicle("AB81CDE", older, registrationDate="2010-01-05"))
    assert (everything(), counts.outdated, counts.vehicles_new) == (before, 1, 0)


def test_a_private_plate_on_a_new_car_is_taken_from_the_old_one():
    take(vehicle("AB81CDE", TEST_2024))
    never_tested = {
        "registration": "AB81CDE",
        "make": "LAND ROVER",
        "model": "DEFENDER",
        "registrationDate": "2025-09-01",
    }
    take(never_tested)
    assert stored("AB81CDE").model.name == "DEFENDER"
    assert Vehicle.objects.filter(registration=None).count() == 1


def test_a_reply_of_dvsa_today_says_who_has_the_plate():
    take(vehicle("AB81CDE", TEST_2025))
    old_car = vehicle("AB81CDE", mot("500000000001", "2021-01-01T10:00:00"), registrationDate="2010-01-05")
    [found] = import_reply(json.dumps(old_car).encode(), at=AT)
    assert stored("AB81CDE").pk == found
    assert Vehicle.objects.filter(registration=None).count() == 1


@pytest.mark.parametrize(
    "differs", [{"make": "JAGUAR"}, {"registrationDate": "2020-01-01"}, {"firstUsedDate": "2020-01-01"}]
)
def test_the_same_plate_with_another_make_or_date_is_another_car(differs):
    take(vehicle("AB81CDE", TEST_2024))
    take(vehicle("AB81CDE", OTHER_TEST, **differs))
    assert Vehicle.objects.count() == 2


@pytest.mark.parametrize(
    "unknown", [{"make": None}, {"registrationDate": None, "firstUsedDate": None}, {"model": "EVOQUE"}]
)
def test_the_same_plate_with_nothing_against_it_is_the_same_car(unknown):
    take(vehicle("AB81CDE", TEST_2024))
    take(vehicle("AB81CDE", OTHER_TEST, **unknown))
    assert Vehicle.objects.count() == 1


def test_a_first_test_joins_the_car_that_was_never_tested():
    take(
        {
            "registration": "AB81CDE",
            "make": "LAND ROVER",
            "registrationDate": "2022-09-01",
            "motTestDueDate": "2025-08-31",
        }
    )
    take(vehicle("AB81CDE", TEST_2025, registrationDate="2022-09-01"))
    car = Vehicle.objects.get()
    assert (car.open_fails, str(car.first_mot_due_on)) == (1, "2025-08-31")


def test_a_withheld_plate_does_not_take_away_the_known_one():
    take(vehicle("AB81CDE", TEST_2024))
    take(vehicle(None, TEST_2025, TEST_2024))
    assert stored("AB81CDE").open_fails == 1


def test_a_withheld_plate_of_an_unknown_car_is_stored_without():
    take(vehicle(None, TEST_2024))
    assert Vehicle.objects.get().registration is None


def test_two_rows_that_turn_out_to_be_one_car_become_one():
    take(vehicle("AB81CDE", TEST_2024))
    take(vehicle("P12LUX", TEST_2025, registrationDate="2019-08-28"))  # a delta with the newest test and a new plate
    older, newer = stored("AB81CDE"), stored("P12LUX")
    marked()
    take(vehicle("P12LUX", TEST_2025, TEST_2024))
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.registration, older.open_fails, older.tests.count(), older.defects.count()) == ("P12LUX", 1, 2, 1)
    assert (newer.registration, newer.open_fails, newer.tests.count(), newer.defects.count()) == (None, 0, 0, 0)
    assert {older.pk, newer.pk} <= marked()


def test_two_cars_once_taken_for_one_part_again():
    take(vehicle("AB81CDE", TEST_2024, OTHER_TEST))
    take(vehicle("AB81CDE", TEST_2024, TEST_2025), vehicle("AB82CDE", OTHER_TEST, **OTHER))
    assert [test.vehicle.registration for test in MotTest.objects.order_by("number")] == [
        "AB81CDE",
        "AB81CDE",
        "AB82CDE",
    ]
    assert (stored("AB81CDE").open_fails, stored("AB82CDE").open_fails) == (1, 0)


def test_a_moved_plate_is_stored_once_however_often_the_file_comes():
    take(vehicle("AB81CDE", TEST_2024))
    for _ in range(2):
        take(vehicle("AB81CDE", OTHER_TEST, **OTHER), vehicle("P12LUX", TEST_2024), at=later(days=1))
    assert Vehicle.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_replies_about_one_new_car_at_once_make_one_car():
    body = json.dumps(vehicle("AB81CDE", TEST_2025)).encode()

    def bring(_):
        try:
            return import_reply(body, at=AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(bring, range(8)))
    assert found == [[Vehicle.objects.get().pk]] * 8
